//! What a visitor sees; the templates stand in `templates/` and escape whatever they are given.

use askama::Template;
use serde::Serialize;

/// The sign-in form.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOut<'a> {
    pub(crate) service_url: &'a str,
    pub(crate) auth_url: &'a str,
    pub(crate) client_key: &'a str,
    pub(crate) inbox_url: Option<&'a str>,
}

/// Who is signed in, and the state of the session.
#[derive(Template)]
#[template(path = "signed_in.html")]
pub(crate) struct SignedIn<'a> {
    pub(crate) service_url: &'a str,
    pub(crate) me: &'a Me,
}

/// The service does not answer, which is no reason to show a sign-in form to someone who is signed in.
#[derive(Template)]
#[template(path = "unavailable.html")]
pub(crate) struct Unavailable<'a> {
    pub(crate) service_url: &'a str,
}

/// The visitor, as the page and `/api/me` show them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    pub(crate) user_id: String,
    pub(crate) email: Option<String>,
    pub(crate) session_id: String,
    /// How the user proved who they are (RFC 8176).
    pub(crate) amr: Vec<String>,
    pub(crate) issued_at: String,
    pub(crate) expires_at: String,
}

impl Me {
    /// The email address, cut where a narrow screen may break it.
    fn email_parts(&self) -> Option<(&str, &str)> {
        self.email.as_deref()?.rsplit_once('@')
    }

    fn initial(&self) -> String {
        let name = self.email.as_ref().unwrap_or(&self.user_id);
        name.chars().take(1).flat_map(char::to_uppercase).collect()
    }

    fn signed_in_with(&self) -> String {
        match self.amr.join(", ").as_str() {
            "" => String::new(),
            "otp" => "with a code sent by email".to_owned(),
            others => format!("with {others}"),
        }
    }
}
