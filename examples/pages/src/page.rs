//! The templates stand in `templates/` and escape whatever they are given.

use crate::site::Site;
use askama::Template;
use authmint::{Auth, Session, client::Host};
use serde::Serialize;

#[derive(Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOut<'a> {
    pub(crate) site: &'a Site,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
pub(crate) struct SignedIn<'a> {
    pub(crate) site: &'a Site,
    pub(crate) me: &'a Me,
}

#[derive(Template)]
#[template(path = "unavailable.html")]
pub(crate) struct Unavailable<'a> {
    pub(crate) site: &'a Site,
}

/// The visitor, as the page and `/api/me` show them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The user's stable ID.
    pub user_id: String,
    /// Where their codes go.
    pub email: Option<String>,
    /// The session's ID, which stays the same while its tokens rotate.
    pub session_id: String,
    /// How the user proved who they are (RFC 8176).
    pub amr: Vec<String>,
    /// When the session JWT was made.
    pub issued_at: String,
    /// When it ends.
    pub expires_at: String,
}

impl Me {
    /// What there is to say of a session. All of it stands in the JWT, but for the email address, which is there only
    /// where the project asks for it: a JWT in a cookie should carry no personal data.
    pub async fn of<H: Host>(auth: &Auth<H>, session: &Session) -> Self {
        let claims = session.claims();
        let claimed = claims.claims.get("email").and_then(|email| email.as_str()).map(str::to_owned);
        let email = match claimed {
            Some(email) => Some(email),
            None => auth.get_user(session.user_id()).await.ok().and_then(|user| user.email),
        };
        let amr = claims.claims.get("amr").and_then(|amr| amr.as_array());
        Self {
            user_id: session.user_id().to_owned(),
            email,
            session_id: session.session_id().map(|id| id.to_string()).unwrap_or_default(),
            amr: amr.into_iter().flatten().filter_map(|method| Some(method.as_str()?.to_owned())).collect(),
            issued_at: claims.issued_at.map(|at| at.to_iso8601()).unwrap_or_default(),
            expires_at: session.jwt_expires_at().to_iso8601(),
        }
    }

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
