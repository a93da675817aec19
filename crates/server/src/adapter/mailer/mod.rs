//! Who delivers mail: an SMTP server, the inbox of development mode, or both. All deliver the same letter.

mod inbox;
mod letter;
mod smtp;

pub use inbox::{Inbox, InboxMail};
pub use letter::Preview;
pub use smtp::{InvalidSmtp, SmtpConfig, SmtpCredentials, SmtpSecurity};

use crate::metrics::Counters;
use authmint_domain::port::{CodeMail, MailError, Mailer};
use letter::Letter;
use smtp::SmtpMailer;

const HANDED_OVER: [(&str, &str); 1] = [("outcome", "handed_over")];
const REFUSED: [(&str, &str); 1] = [("outcome", "refused")];

/// Delivers mail where it was told to.
pub struct ServiceMailer {
    inbox: Option<Inbox>,
    smtp: Option<SmtpMailer>,
    counts: Counters<1>,
}

impl ServiceMailer {
    /// Keeps mail in `inbox` alone: development mode.
    #[must_use]
    pub fn inbox(inbox: Inbox) -> Self {
        Self::new(Some(inbox), None)
    }

    /// Hands mail to an SMTP server. Call it within a Tokio runtime: the connection pool lives there.
    ///
    /// # Errors
    /// [`InvalidSmtp`] if the configuration cannot work.
    pub fn smtp(config: &SmtpConfig) -> Result<Self, InvalidSmtp> {
        Ok(Self::new(None, Some(SmtpMailer::new(config)?)))
    }

    /// Does both: development mode with a mail server to try.
    ///
    /// # Errors
    /// As [`smtp`](Self::smtp).
    pub fn both(inbox: Inbox, config: &SmtpConfig) -> Result<Self, InvalidSmtp> {
        Ok(Self::new(Some(inbox), Some(SmtpMailer::new(config)?)))
    }

    fn new(inbox: Option<Inbox>, smtp: Option<SmtpMailer>) -> Self {
        let counts = Counters::default();
        for outcome in [HANDED_OVER, REFUSED] {
            // Told as 0 from the start, so that a first refusal is seen as a rise.
            drop(counts.get_or_create(&outcome));
        }
        Self { inbox, smtp, counts }
    }

    /// How many mails were handed over, and how many were not taken.
    pub(crate) fn counts(&self) -> &Counters<1> {
        &self.counts
    }

    async fn deliver(&self, mail: &CodeMail) -> Result<(), MailError> {
        let letter = Letter::write(mail)?;
        if let Some(inbox) = &self.inbox {
            inbox.put(mail, &letter);
        }
        match &self.smtp {
            Some(smtp) => smtp.send(mail, &letter).await,
            None => Ok(()),
        }
    }
}

impl Mailer for ServiceMailer {
    async fn send_code(&self, mail: CodeMail) -> Result<(), MailError> {
        let delivered = self.deliver(&mail).await;
        let outcome = if delivered.is_ok() { HANDED_OVER } else { REFUSED };
        self.counts.get_or_create(&outcome).inc();
        delivered
    }
}
