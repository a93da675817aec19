//! The text of a mail with a code: one letter, in plain text and in HTML, branded with the project's name.

use askama::Template;
use authmint_domain::port::{CodeMail, MailError};

/// A letter as every way of delivery sends it.
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

#[derive(Template)]
#[template(path = "code.txt", escape = "none")]
struct CodeText<'m> {
    project: &'m str,
    code: &'m str,
    minutes: u64,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodeHtml<'m> {
    project: &'m str,
    code: &'m str,
    minutes: u64,
}

impl Letter {
    pub(super) fn write(mail: &CodeMail) -> Result<Self, MailError> {
        let project = one_line(&mail.project_name);
        let (project, code) = (project.as_str(), mail.code.reveal());
        let minutes = mail.valid_for.as_secs().div_ceil(60);
        let broken = |error: askama::Error| MailError { reason: format!("the template failed: {error}") };
        Ok(Self {
            // The code itself stays out of the subject, which mail servers write into their logs.
            subject: format!("Your sign-in code for {project}"),
            text: CodeText { project, code, minutes }.render().map_err(broken)?,
            html: CodeHtml { project, code, minutes }.render().map_err(broken)?,
        })
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
    use authmint_protocol::{secret::EmailCode, time::Timestamp};
    use std::time::Duration;

    pub(in super::super) fn mail(project_name: &str) -> CodeMail {
        CodeMail {
            to: "ada@example.com".into(),
            code: EmailCode::new("042137".into()),
            project_name: project_name.into(),
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
        for part in ["042137", "Fish &#38; Chips", "10 minutes"] {
            assert!(letter.html.contains(part), "{part} in {}", letter.html);
        }
        assert!(!letter.subject.contains("042137"));
    }

    #[test]
    fn a_project_name_adds_neither_a_header_nor_markup() {
        let letter = Letter::write(&mail("Evil\r\nBcc: all@example.com\r\n\r\n<script>x</script>")).unwrap();
        assert!(!letter.subject.contains(['\r', '\n']));
        assert!(!letter.html.contains("<script>"));
    }
}
