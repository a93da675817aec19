//! The mailbox of development mode: what would have been mailed, kept in memory for its pages.

use super::letter::Letter;
use authmint_domain::port::CodeMail;
use serde::Serialize;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// How many mails are kept; older ones go first.
const KEPT: usize = 100;

/// A mailbox in memory; a copy is the same mailbox.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    mails: VecDeque<InboxMail>,
    received: u64,
}

/// A mail as `/dev/inbox.json` shows it.
#[derive(Clone, Serialize)]
pub struct InboxMail {
    /// Its number, counted from 1.
    pub id: String,
    /// Whom it is for.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
    /// The code in it.
    pub code: String,
    /// When it was written: ISO 8601 in UTC.
    pub at: String,
}

impl Inbox {
    pub(super) fn put(&self, mail: &CodeMail, letter: &Letter) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.received += 1;
        let mail = InboxMail {
            id: kept.received.to_string(),
            to: mail.to.clone(),
            subject: letter.subject.clone(),
            text: letter.text.clone(),
            html: letter.whole_html(),
            code: mail.code.reveal().to_owned(),
            at: mail.at.to_iso8601(),
        };
        kept.mails.push_front(mail);
        kept.mails.truncate(KEPT);
    }

    /// The mails kept, the newest first.
    #[must_use]
    pub fn mails(&self) -> Vec<InboxMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).mails.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::mailer::letter::tests::mail;

    #[test]
    fn the_newest_come_first_and_the_oldest_go() {
        let inbox = Inbox::default();
        let mail = mail("Shop");
        for _ in 0..KEPT + 3 {
            inbox.put(&mail, &Letter::write(&mail).unwrap());
        }
        let mails = inbox.mails();
        assert_eq!(mails.len(), KEPT);
        assert_eq!((mails[0].id.as_str(), mails[KEPT - 1].id.as_str()), ("103", "4"));
        assert_eq!(mails[0].code, "042137");
    }
}
