//! Where a person lands after a sign-in, and what a page says when it could not be finished.

use super::outcome::{Outcome, SetCookies};
use crate::error::AuthError;

/// What the app's answer is, where it is an answer to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// 303, to this address.
    Redirect(String),
    /// A page in HTML; its status is 200 if there is a session, else the error's.
    Page(String),
}

/// What [`Then::Page`] may load and do.
pub const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// The routes around the one that was asked for.
pub(super) struct Way<'t> {
    target: &'t str,
    folder: &'t str,
}

impl<'t> Way<'t> {
    pub(super) fn of(target: &'t str) -> Self {
        // It becomes a link of ours: two slashes would begin another host, and none at all might begin a scheme.
        let slashes = target.bytes().take_while(|byte| *byte == b'/').count();
        let target = if slashes == 0 { "/" } else { &target[slashes - 1..] };
        let path = target.split(['?', '#']).next().unwrap_or_default();
        Self { target, folder: path.rsplit_once('/').map_or("", |(folder, _)| folder) }
    }

    pub(super) fn callback(&self) -> String {
        format!("{}/callback", self.folder)
    }

    fn sign_in(&self) -> String {
        format!("{}/sign-in", self.folder)
    }
}

/// The end of a person's way back.
pub(super) struct Landing {
    /// What forgets the flow, once it is of no more use.
    pub(super) used: SetCookies,
    /// The answer is a page that leads on: browsers withhold `SameSite=Strict` cookies from whoever is being sent here by
    /// another site, redirects included.
    pub(super) through_page: bool,
    return_to: String,
    again: String,
    anew: String,
}

impl Landing {
    pub(super) fn at(way: &Way<'_>, return_to: String) -> Self {
        Self {
            used: SetCookies::default(),
            through_page: false,
            return_to,
            again: way.target.to_owned(),
            anew: way.sign_in(),
        }
    }

    /// The end of a sign-in that came to nothing before it was known whose it is.
    pub(super) fn failed(way: &Way<'_>, error: AuthError) -> Outcome {
        let then = Some(Self::at(way, String::new()).told(&error));
        Outcome { then, ..Outcome::of(Err(error)) }
    }

    /// Into the app.
    pub(super) fn arrive(&self) -> Then {
        if !self.through_page {
            return Then::Redirect(self.return_to.clone());
        }
        let to = escaped(&self.return_to);
        Then::Page(page(
            &format!("<meta http-equiv=\"refresh\" content=\"0; url={to}\">"),
            "You are signed in",
            "",
            (&self.return_to, "Continue"),
        ))
    }

    /// Why not. What may yet succeed is tried again by the same address, with the flow as it is.
    pub(super) fn told(&self, error: &AuthError) -> Then {
        let (href, label) =
            if error.is_retryable() { (&self.again, "Try again") } else { (&self.anew, "Start again") };
        Then::Page(page("", "The sign-in could not be finished", &error.to_string(), (href, label)))
    }
}

fn page(head: &str, heading: &str, text: &str, (href, label): (&str, &str)) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">{head}<title>{heading}</title><style>\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:20vh auto;padding:0 1rem;text-align:center}}\
         a{{display:inline-block;padding:.6rem 1.2rem;border:1px solid;border-radius:.5rem;color:inherit;text-decoration:none}}\
         </style></head><body><main><h1>{heading}</h1><p>{}</p><p><a href=\"{}\">{label}</a></p></main></body></html>",
        escaped(text),
        escaped(href),
    )
}

/// A text as it may stand in HTML, between quotes, too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            char => out.push(char),
        }
    }
    out
}
