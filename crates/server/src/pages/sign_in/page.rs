//! The page as it is shown: one template, and a step of it for each thing that a person is asked.

use super::asked::Asked;
use crate::texts::Language;
use askama::Template;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a person is asked, and what with.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Step {
    /// For an address.
    Email { address: String },
    /// For the code that was mailed.
    Code(Mailed),
    /// Whether to continue as whom the page recognises.
    #[serde(skip)]
    Continue { address: String },
}

/// A code that is on its way.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Mailed {
    /// Where it was sent to.
    pub(super) address: String,
    /// What binds the answer to it.
    pub(super) email_id: String,
    /// From when on another may be asked for, in milliseconds since the Unix epoch.
    pub(super) resend_at: i64,
}

/// A fault that a person can mend, or wait out.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Notice {
    /// By the name of its text.
    Plain(Cow<'static, str>),
    /// With the seconds to wait.
    Wait(Cow<'static, str>, u64),
}

impl Notice {
    /// The text of this name.
    pub(super) const fn plain(id: &'static str) -> Self {
        Self::Plain(Cow::Borrowed(id))
    }
}

/// The sign-in page.
#[derive(Template)]
#[template(path = "sign_in/page.html")]
pub(super) struct Page<'p> {
    pub(super) t: Language,
    pub(super) base: &'p str,
    pub(super) project: &'p str,
    pub(super) accent: &'p str,
    pub(super) logo: &'p str,
    pub(super) kept: &'p [(&'static str, String)],
    pub(super) form: &'p str,
    pub(super) step: Step,
    pub(super) notice: Option<Notice>,
    /// The step as the page's address carries it.
    pub(super) at: &'p str,
    /// Seconds until another code may be asked for.
    pub(super) wait: u64,
}

impl<'p> Page<'p> {
    pub(super) fn new(asked: &'p Asked, t: Language, base: &'p str, form: &'p str, step: Step) -> Self {
        let project = asked.grant.project();
        Self {
            t,
            base,
            project: &project.name,
            accent: project.policy.accent_color.trim_start_matches('#'),
            logo: &project.policy.logo,
            kept: &asked.kept,
            form,
            step,
            notice: None,
            at: "",
            wait: 0,
        }
    }

    /// The name of the step, as the form says it.
    fn name(&self) -> &'static str {
        match self.step {
            Step::Email { .. } => "email",
            Step::Code(_) => "code",
            Step::Continue { .. } => "continue",
        }
    }

    /// What the window is called: a fault first, since it is what a screen reader says first.
    fn title(&self) -> String {
        let title = match self.step {
            Step::Email { .. } => self.t.with("title-email", "project", self.project),
            Step::Code(_) => self.t.get("title-code"),
            Step::Continue { .. } => self.t.with("title-continue", "project", self.project),
        };
        if self.notice.is_some() { format!("{}: {title}", self.t.get("title-error")) } else { title }
    }

    /// Whom the page recognises.
    fn recognised(&self, address: &str) -> String {
        self.t.with_all("lead-continue", &[("project", self.project), ("email", address)])
    }

    fn told(&self) -> Option<String> {
        self.notice.as_ref().map(|notice| match notice {
            Notice::Plain(id) => self.t.with(id, "project", self.project),
            Notice::Wait(id, seconds) => self.t.with(id, "seconds", &seconds.to_string()),
        })
    }
}

/// A page that ends the matter: a request that may not go on, or a window that has done its work.
#[derive(Template)]
#[template(path = "sign_in/end.html")]
pub(super) struct End<'p> {
    pub(super) t: Language,
    pub(super) base: &'p str,
    pub(super) accent: &'p str,
    pub(super) heading: &'static str,
    pub(super) lead: &'static str,
    pub(super) hint: &'static str,
    /// What is posted to the page that opened this one, and to which origin.
    pub(super) message: Option<(&'p str, &'p str)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Texts;

    impl Page<'static> {
        /// The page at each of its steps, with a notice and without, as a person of this language sees it.
        fn samples(t: Language) -> Vec<Self> {
            let address = || "ada@example.com".to_owned();
            let mailed = Mailed { address: address(), email_id: "id".to_owned(), resend_at: 0 };
            let steps = [
                Step::Email { address: address() },
                Step::Code(mailed),
                Step::Continue { address: address() },
            ];
            let notices =
                [None, Some(Notice::plain("error-code")), Some(Notice::Wait("error-limited".into(), 7))];
            let sample = |(step, notice): (Step, Option<Notice>)| Page {
                t,
                base: "",
                project: "Tea & Co",
                accent: "0b7285",
                logo: "",
                kept: &[],
                form: "1.token",
                step,
                notice,
                at: "sealed",
                wait: 30,
            };
            let each = |step: Step| notices.clone().map(|notice| sample((step.clone(), notice)));
            steps.into_iter().flat_map(each).collect()
        }
    }

    #[test]
    fn every_step_can_be_shown_in_every_language_with_every_kind_of_notice() {
        for (wanted, lang) in [("en", "lang=\"en\""), ("es", "lang=\"es\"")] {
            let samples = Page::samples(Texts::all().choose(Some(wanted), None));
            assert_eq!(samples.len(), 9);
            for page in samples {
                let (name, told) = (page.name(), page.told());
                let html = page.render().unwrap();
                assert!(html.contains(lang), "{html}");
                assert!(html.contains(&format!("data-step=\"{name}\"")), "{html}");
                assert_eq!(html.contains("role=\"alert\""), told.is_some());
                // A text that is missing stands there by its name.
                for missing in ["title-", "heading-", "lead-", "label-", "button-", "error-", "{ $"] {
                    assert!(!html.contains(missing), "{missing} in {html}");
                }
            }
        }
    }
}
