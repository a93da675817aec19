//! Who delivers mail: an SMTP server, the inbox of development mode, or both. All deliver the same letter.

mod inbox;
mod letter;
mod smtp;

pub use inbox::{Inbox, InboxMail};
pub use smtp::{InvalidSmtp, SmtpConfig, SmtpCredentials, SmtpSecurity};

use authmint_domain::port::{CodeMail, MailError, Mailer};
use letter::Letter;
use smtp::SmtpMailer;

/// Delivers mail where it was told to.
pub struct ServiceMailer {
    inbox: Option<Inbox>,
    smtp: Option<SmtpMailer>,
}

impl ServiceMailer {
    /// Keeps mail in `inbox` alone: development mode.
    #[must_use]
    pub const fn inbox(inbox: Inbox) -> Self {
        Self { inbox: Some(inbox), smtp: None }
    }

    /// Hands mail to an SMTP server. Call it within a Tokio runtime: the connection pool lives there.
    ///
    /// # Errors
    /// [`InvalidSmtp`] if the configuration cannot work.
    pub fn smtp(config: &SmtpConfig) -> Result<Self, InvalidSmtp> {
        Ok(Self { inbox: None, smtp: Some(SmtpMailer::new(config)?) })
    }

    /// Does both: development mode with a mail server to try.
    ///
    /// # Errors
    /// As [`smtp`](Self::smtp).
    pub fn both(inbox: Inbox, config: &SmtpConfig) -> Result<Self, InvalidSmtp> {
        Ok(Self { inbox: Some(inbox), smtp: Some(SmtpMailer::new(config)?) })
    }
}

impl Mailer for ServiceMailer {
    async fn send_code(&self, mail: CodeMail) -> Result<(), MailError> {
        let letter = Letter::write(&mail)?;
        if let Some(inbox) = &self.inbox {
            inbox.put(&mail, &letter);
        }
        match &self.smtp {
            Some(smtp) => smtp.send(&mail, &letter).await,
            None => Ok(()),
        }
    }
}
