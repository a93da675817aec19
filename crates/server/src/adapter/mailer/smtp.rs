//! Mail over SMTP: TLS always, but on this machine; a pool of connections, each step under a time-out.

use super::letter::Letter;
use authmint_domain::port::{CodeMail, MailError};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        PoolConfig,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use std::{
    net::IpAddr,
    str::FromStr,
    time::{Duration, UNIX_EPOCH},
};
use url::Url;
use zeroize::Zeroizing;

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// STARTTLS, insisted upon: no mail is handed over without it.
    StartTls,
    /// None at all; only a mail server on this machine is spoken to so.
    PlainOnLoopback,
}

/// What a mail server asks of who sends.
#[derive(Clone)]
pub struct SmtpCredentials {
    /// The account.
    pub user: String,
    /// Its password.
    pub password: Zeroizing<String>,
}

/// A mail server and how to speak to it.
#[derive(Clone)]
pub struct SmtpConfig {
    /// Its name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// The account to send by, if it asks for one.
    pub credentials: Option<SmtpCredentials>,
    /// Who the mail is from: an address, or `Name <address>`.
    pub from: String,
    /// How long a connection attempt, and each command, may take.
    pub timeout: Duration,
    /// How many connections are kept at most.
    pub connections: u32,
}

/// The configuration cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtp {
    /// The text is no SMTP URL.
    #[error(
        "not an SMTP URL: write smtps://user:password@host?from=address, smtp+starttls://… or smtp://localhost:port"
    )]
    Url,
    /// Unprotected mail to another machine.
    #[error("mail to another machine needs TLS: write smtps:// or smtp+starttls://")]
    PlainRemote,
    /// The sender is no address.
    #[error("from must be an email address, or a name with one: Name <name@example.com>")]
    From,
    /// The host's name cannot be verified against a certificate.
    #[error("the mail server's host name is not one that a certificate can carry")]
    Host,
}

impl FromStr for SmtpConfig {
    type Err = InvalidSmtp;

    /// Reads `smtps://user:password@host:port?from=address`; `smtp+starttls://` and, on this machine, `smtp://` too.
    fn from_str(text: &str) -> Result<Self, InvalidSmtp> {
        let url = Url::parse(text).map_err(|_| InvalidSmtp::Url)?;
        let (security, default_port) = match url.scheme() {
            "smtps" => (SmtpSecurity::Tls, 465),
            "smtp+starttls" => (SmtpSecurity::StartTls, 587),
            "smtp" => (SmtpSecurity::PlainOnLoopback, 25),
            _ => return Err(InvalidSmtp::Url),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidSmtp::Url)?;
        let mut from = None;
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "from" if from.is_none() => from = Some(value.into_owned()),
                _ => return Err(InvalidSmtp::Url),
            }
        }
        let decode = |part: &str| {
            // One decoder for all of the URL: the query's, told that a plus is a plus.
            let part = format!("v={}", part.replace('+', "%2B"));
            url::form_urlencoded::parse(part.as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        let credentials = match (decode(url.username()), url.password().and_then(decode)) {
            (Some(user), Some(password)) if !user.is_empty() => {
                Some(SmtpCredentials { user, password: Zeroizing::new(password) })
            }
            (Some(user), None) if user.is_empty() => None,
            _ => return Err(InvalidSmtp::Url),
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(default_port),
            security,
            credentials,
            from: from.unwrap_or_else(|| "sign-in@localhost".to_owned()),
            timeout: Duration::from_secs(10),
            connections: 8,
        })
    }
}

impl SmtpConfig {
    /// Says what cannot work before anything is sent: sender, host, unprotected mail to another machine.
    ///
    /// # Errors
    /// [`InvalidSmtp`], as starting to send by it would answer.
    pub fn check(&self) -> Result<(), InvalidSmtp> {
        self.sender()?;
        self.tls().map(drop)
    }

    fn sender(&self) -> Result<Mailbox, InvalidSmtp> {
        self.from.parse().map_err(|_| InvalidSmtp::From)
    }

    fn tls(&self) -> Result<Tls, InvalidSmtp> {
        let verified = || TlsParameters::new(self.host.clone()).map_err(|_| InvalidSmtp::Host);
        match self.security {
            SmtpSecurity::Tls => Ok(Tls::Wrapper(verified()?)),
            SmtpSecurity::StartTls => Ok(Tls::Required(verified()?)),
            SmtpSecurity::PlainOnLoopback if is_loopback(&self.host) => Ok(Tls::None),
            SmtpSecurity::PlainOnLoopback => Err(InvalidSmtp::PlainRemote),
        }
    }
}

/// Speaks to one mail server.
pub(super) struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Over all steps of one mail: connecting, greeting, signing in, handing over.
    deadline: Duration,
}

impl SmtpMailer {
    pub(super) fn new(config: &SmtpConfig) -> Result<Self, InvalidSmtp> {
        let (from, tls) = (config.sender()?, config.tls()?);
        let pool = PoolConfig::new().max_size(config.connections).idle_timeout(Duration::from_secs(60));
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(config.timeout))
            .pool_config(pool);
        if let Some(SmtpCredentials { user, password }) = &config.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.to_string()));
        }
        Ok(Self { transport: builder.build(), from, deadline: config.timeout * 3 })
    }

    pub(super) async fn send(&self, mail: &CodeMail, letter: &Letter) -> Result<(), MailError> {
        let message = message(&self.from, mail, letter)?;
        let sent = tokio::time::timeout(self.deadline, self.transport.send(message)).await;
        match sent {
            Ok(Ok(_taken)) => Ok(()),
            Ok(Err(error)) => Err(MailError { reason: without_addresses(&error.to_string()) }),
            Err(_elapsed) => Err(MailError { reason: "it did not answer in time".to_owned() }),
        }
    }
}

/// What a mail server says, without the addresses that it quotes: the reason is for the log, where nobody's stands.
fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.contains('@') { "(address)" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// The letter in its envelope (RFC 5322): headers and both texts, the better one last (RFC 2046, section 5.1.4).
fn message(from: &Mailbox, mail: &CodeMail, letter: &Letter) -> Result<Message, MailError> {
    let unsendable = |what: &str| MailError { reason: format!("the mail has {what} that cannot be sent") };
    let to: Address = mail.to.parse().map_err(|_| unsendable("an address"))?;
    let at = Duration::from_millis(u64::try_from(mail.at.unix_millis()).unwrap_or(0));
    // Told that a program wrote it, a mailbox with a vacation notice does not answer (RFC 3834).
    let automatic =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let (html, picture) = letter.html();
    let mut html = MultiPart::related().singlepart(SinglePart::html(html.to_owned()));
    if let Some(picture) = picture {
        let kind = ContentType::parse(&picture.kind).map_err(|_| unsendable("a picture"))?;
        html =
            html.singlepart(Attachment::new_inline(picture.id.to_owned()).body(picture.bytes.clone(), kind));
    }
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(letter.subject.clone())
        .date(UNIX_EPOCH + at)
        .message_id(None)
        .raw_header(automatic)
        .multipart(
            MultiPart::alternative().singlepart(SinglePart::plain(letter.text.clone())).multipart(html),
        )
        .map_err(|_| unsendable("a form"))
}

fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        // To the letter: `%6cocalhost` would be decoded by a URL parser, but not by whoever looks the name up.
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::mailer::letter::tests::mail;

    fn fault(text: &str) -> InvalidSmtp {
        match text.parse::<SmtpConfig>().and_then(|config| SmtpMailer::new(&config).map(|_| ())) {
            Err(fault) => fault,
            Ok(()) => panic!("{text} was taken"),
        }
    }

    #[tokio::test]
    async fn unprotected_mail_goes_to_this_machine_only() {
        assert_eq!(fault("smtp://mail.example.com"), InvalidSmtp::PlainRemote);
        for named_so_by_url_parsers_alone in
            ["localhost.example.com", "%6cocalhost", "%EF%BC%AC%4f%63%61%6c%68%6f%73%74"]
        {
            let url = format!("smtp://{named_so_by_url_parsers_alone}:25");
            assert_eq!(fault(&url), InvalidSmtp::PlainRemote, "{url}");
        }
        for good in [
            "smtp://127.0.0.1:2525",
            "smtp://LOCALHOST:2525",
            "smtp://localhost:2525?from=Shop%20%3Cno-reply@shop.example%3E",
            "smtp://[::1]:2525",
            "smtps://user:pass@mail.example.com?from=no-reply@example.com",
            "smtp+starttls://mail.example.com",
        ] {
            let config: SmtpConfig = good.parse().expect(good);
            assert!(SmtpMailer::new(&config).is_ok(), "{good}");
        }
    }

    #[tokio::test]
    async fn a_broken_url_is_refused_with_a_remedy() {
        for bad in [
            "",
            "mail.example.com",
            "http://mail.example.com",
            "smtps://",
            "smtps://user@host",
            "smtps://h?x=1",
        ] {
            assert_eq!(fault(bad), InvalidSmtp::Url, "{bad}");
        }
        assert_eq!(fault("smtps://mail.example.com?from=nobody"), InvalidSmtp::From);
    }

    #[test]
    fn credentials_are_decoded_as_they_were_meant() {
        let config: SmtpConfig = "smtps://me%40shop.example:p%2Fa+b@mail.example.com".parse().unwrap();
        let credentials = config.credentials.unwrap();
        assert_eq!(credentials.user, "me@shop.example");
        assert_eq!(*credentials.password, "p/a+b");
        assert_eq!(config.port, 465);
    }

    #[test]
    fn the_message_has_its_headers_once_and_both_texts() {
        let mail = mail("Caf\u{e9}\r\nBcc: all@example.com");
        let from: Mailbox = "Shop <no-reply@shop.example>".parse().unwrap();
        let message = message(&from, &mail, &Letter::write(&mail).unwrap()).unwrap();
        let raw = String::from_utf8(message.formatted()).unwrap();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let names: Vec<_> = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect();
        for name in
            ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "MIME-Version"]
        {
            assert_eq!(names.iter().filter(|found| **found == name).count(), 1, "{name} in {head}");
        }
        assert!(!names.contains(&"Bcc"), "{head}");
        assert!(head.contains("Date: Mon, 21 Sep 2026 14:13:20 +0000"), "{head}");
        assert!(head.contains("multipart/alternative"), "{head}");
        let (plain, html) = (body.find("text/plain").unwrap(), body.find("text/html").unwrap());
        assert!(plain < html, "the better form comes last");
        assert_eq!(body.matches("042137").count(), 2);
        assert_eq!(message.envelope().to().len(), 1);
        assert!(!body.contains("image/"));
        let mut branded = mail;
        branded.brand.logo = crate::adapter::mailer::letter::tests::PIXEL.into();
        let message = super::message(&from, &branded, &Letter::write(&branded).unwrap()).unwrap();
        let raw = String::from_utf8(message.formatted()).unwrap();
        for part in ["multipart/related", "Content-Type: image/png", "Content-ID: <logo@authmint>", "inline"]
        {
            assert!(raw.contains(part), "{part} in {raw}");
        }
    }

    #[test]
    fn threat_mail_header_injection_an_address_adds_no_recipient() {
        let mut mail = mail("Shop");
        let from: Mailbox = "no-reply@shop.example".parse().unwrap();
        for to in [
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@example.com, eve@example.com",
            "ada@example.com\nX: y",
        ] {
            mail.to = to.into();
            assert!(message(&from, &mail, &Letter::write(&mail).unwrap()).is_err(), "{to:?}");
        }
    }
}
