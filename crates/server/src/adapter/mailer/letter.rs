//! The text of a mail with a code: one letter, in plain text and in HTML, in the project's colours and its reader's language.

use crate::texts::{Language, Texts};
use askama::Template;
use authmint_domain::{
    model::project::Brand,
    port::{CodeMail, MailError},
};
use authmint_protocol::{secret::EmailCode, time::Timestamp};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::time::Duration;

/// Where the HTML finds the picture that travels with it (RFC 2392).
const LOGO: &str = "cid:logo@authmint";

/// A letter as every way of delivery sends it.
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) text: String,
    html: String,
    logo: Option<Picture>,
}

/// A picture that travels with the HTML: mail programs load none from elsewhere, and few show one from a `data:` URL.
pub(super) struct Picture {
    /// Under what the HTML finds it.
    pub(super) id: &'static str,
    /// Its media type.
    pub(super) kind: String,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    url: String,
}

#[derive(Template)]
#[template(path = "code.txt", escape = "none")]
struct CodeText<'m> {
    t: Language,
    project: &'m str,
    code: &'m str,
    minutes: &'m str,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodeHtml<'m> {
    t: Language,
    project: &'m str,
    accent: &'m str,
    logo: &'m str,
    code: &'m str,
    minutes: &'m str,
}

impl Letter {
    pub(super) fn write(mail: &CodeMail) -> Result<Self, MailError> {
        let t = Texts::all().choose(None, Some(&mail.languages));
        let project = &*one_line(&mail.brand.name);
        let (accent, code) = (mail.brand.accent_color.as_str(), mail.code.reveal());
        let minutes = &*mail.valid_for.as_secs().div_ceil(60).to_string();
        let picture = Picture::read(&mail.brand.logo);
        let logo = if picture.is_some() { LOGO } else { "" };
        let broken = |error: askama::Error| MailError { reason: format!("the template failed: {error}") };
        Ok(Self {
            // The code itself stays out of the subject, which mail servers write into their logs.
            subject: t.with("mail-subject", "project", project),
            text: CodeText { t, project, code, minutes }.render().map_err(broken)?,
            html: CodeHtml { t, project, accent, logo, code, minutes }.render().map_err(broken)?,
            logo: picture,
        })
    }

    /// The HTML as a mail carries it, beside its picture.
    pub(super) fn html(&self) -> (&str, Option<&Picture>) {
        (&self.html, self.logo.as_ref())
    }

    /// The HTML with the picture in it, for a browser.
    pub(super) fn whole_html(&self) -> String {
        self.logo.as_ref().map_or_else(|| self.html.clone(), |logo| self.html.replace(LOGO, &logo.url))
    }
}

impl Picture {
    fn read(url: &str) -> Option<Self> {
        let (kind, text) = url.strip_prefix("data:")?.split_once(";base64,")?;
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        let id = LOGO.strip_prefix("cid:").unwrap_or(LOGO);
        Some(Self { id, kind: kind.to_owned(), bytes, url: url.to_owned() })
    }
}

/// How a project's mail looks, with a code that nobody was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML, whole in itself.
    pub html: String,
}

impl Preview {
    /// Writes the mail of a project as a reader of these languages would get it.
    ///
    /// # Errors
    /// [`MailError`] if a template fails.
    pub fn of(brand: Brand, languages: &str, valid_for: Duration) -> Result<Self, MailError> {
        let letter = Letter::write(&CodeMail {
            to: String::new(),
            code: EmailCode::new("123456".to_owned()),
            brand,
            languages: languages.to_owned(),
            valid_for,
            at: Timestamp::EPOCH,
        })?;
        Ok(Self { html: letter.whole_html(), subject: letter.subject, text: letter.text })
    }
}

/// A name without what could end a header line or hide what follows; the library that writes headers encodes anyway.
fn one_line(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(100).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A PNG of one pixel.
    pub(in super::super) const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    pub(in super::super) fn mail(project_name: &str) -> CodeMail {
        let brand = Brand { name: project_name.into(), accent_color: "#0b7285".into(), logo: String::new() };
        CodeMail {
            to: "ada@example.com".into(),
            code: EmailCode::new("042137".into()),
            brand,
            languages: String::new(),
            valid_for: Duration::from_secs(600),
            at: Timestamp::from_unix_seconds(1_790_000_000),
        }
    }

    #[test]
    fn both_texts_carry_the_code_the_name_and_the_time() {
        let letter = Letter::write(&mail("Fish & Chips")).unwrap();
        for part in ["042137", "Fish & Chips", "10 minutes"] {
            assert!(letter.text.contains(part), "{part} in {}", letter.text);
        }
        for part in ["042137", "Fish &#38; Chips", "10 minutes", "#0b7285", "lang=\"en\""] {
            assert!(letter.html.contains(part), "{part} in {}", letter.html);
        }
        assert!(!letter.subject.contains("042137"));
    }

    #[test]
    fn a_mail_speaks_its_readers_language() {
        let mail = CodeMail { languages: "es-MX,en;q=0.5".into(), ..mail("Tienda") };
        let letter = Letter::write(&mail).unwrap();
        assert_eq!(letter.subject, "Tu código para iniciar sesión en Tienda");
        assert!(letter.html.contains("lang=\"es\"") && letter.html.contains("10 minutos"), "{}", letter.html);
        assert!(letter.text.contains("10 minutos") && letter.text.contains("042137"), "{}", letter.text);
    }

    #[test]
    fn a_logo_travels_with_the_mail_and_stands_in_what_a_browser_shows() {
        let mut mail = mail("Shop");
        mail.brand.logo = PIXEL.into();
        let letter = Letter::write(&mail).unwrap();
        let (html, picture) = letter.html();
        let picture = picture.unwrap();
        assert!(html.contains("src=\"cid:logo@authmint\"") && html.contains("alt=\"Shop\""), "{html}");
        assert_eq!((picture.id, picture.kind.as_str()), ("logo@authmint", "image/png"));
        assert!(picture.bytes.starts_with(b"\x89PNG"));
        assert!(letter.whole_html().contains(&format!("src=\"{PIXEL}\"")));
    }

    #[test]
    fn a_project_name_adds_neither_a_header_nor_markup() {
        let letter = Letter::write(&mail("Evil\r\nBcc: all@example.com\r\n\r\n<script>x</script>")).unwrap();
        assert!(!letter.subject.contains(['\r', '\n']));
        assert!(!letter.html.contains("<script>"));
    }
}
