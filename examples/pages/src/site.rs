use crate::page::{Me, SignedIn, SignedOut, Unavailable};
use askama::Template;
use http::Uri;

/// What pages may show of the configuration, which is all but the server key, and the pages themselves.
pub struct Site {
    pub(crate) framework: &'static str,
    pub(crate) service_url: String,
    /// Where the endpoints for browsers lie.
    pub(crate) auth_url: String,
    /// Every visitor's browser gets to see it.
    pub(crate) client_key: String,
    /// Where the service shows the mail that it sends, in development.
    pub(crate) inbox_url: Option<String>,
    headers: [(&'static str, String); 5],
}

/// The service's URL has no origin that a browser could call.
#[derive(Debug, thiserror::Error)]
#[error("the service URL must be an http or https URL, such as https://auth.example.com")]
pub struct ServiceUrlInvalid;

impl Site {
    /// The pages of an app in this web framework, whose users sign in at this service.
    ///
    /// # Errors
    /// [`ServiceUrlInvalid`].
    pub fn new(
        framework: &'static str,
        service_url: &str,
        client_key: String,
        inbox_url: Option<String>,
    ) -> Result<Self, ServiceUrlInvalid> {
        let service_url = service_url.trim_end_matches('/').to_owned();
        let headers = headers(&origin(&service_url).ok_or(ServiceUrlInvalid)?);
        let auth_url = format!("{service_url}/api/2024-09-26/session/sdk/auth");
        Ok(Self { framework, service_url, auth_url, client_key, inbox_url, headers })
    }

    /// The sign-in form.
    #[must_use]
    pub fn signed_out(&self) -> String {
        html(&SignedOut { site: self })
    }

    /// Who is signed in, and the state of the session.
    #[must_use]
    pub fn signed_in(&self, me: &Me) -> String {
        html(&SignedIn { site: self, me })
    }

    /// The service does not answer, which is no reason to show a sign-in form to someone who is signed in.
    #[must_use]
    pub fn unavailable(&self) -> String {
        html(&Unavailable { site: self })
    }

    /// What every answer of the app should tell the browser not to do, names in lower case.
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }
}

fn html(page: &impl Template) -> String {
    page.render().expect("texts are always written")
}

/// `service_origin` is the one other origin that scripts may call: where the browser signs in.
fn headers(service_origin: &str) -> [(&'static str, String); 5] {
    // Scripts and styles only from this app's own files: injected markup finds nothing to run. No form is ever
    // submitted by the browser itself, so that an address typed before the script has loaded stays out of the URL.
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self' {service_origin}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'"
    );
    [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-frame-options", "DENY".to_owned()),
        ("referrer-policy", "same-origin".to_owned()),
        ("cross-origin-opener-policy", "same-origin".to_owned()),
    ]
}

fn origin(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let scheme = url.scheme_str().filter(|scheme| ["http", "https"].contains(scheme))?;
    Some(format!("{scheme}://{}", url.authority()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site::new("this", "https://auth.example.com/", "ck_of_this_test".to_owned(), None).unwrap()
    }

    fn me(email: &str) -> Me {
        Me {
            user_id: "6f1c2f0e-4b0d-4c55-9d0a-6f7a9b1c2d3e".to_owned(),
            email: Some(email.to_owned()),
            session_id: "0b9d6a54-1f1e-4a53-b7e0-2f3d4c5b6a79".to_owned(),
            amr: vec!["otp".to_owned()],
            issued_at: "2026-01-01T12:00:00Z".to_owned(),
            expires_at: "2026-01-01T12:15:00Z".to_owned(),
        }
    }

    #[test]
    fn pages_hold_nothing_that_the_policy_would_block() {
        let site = site();
        for html in [site.signed_out(), site.signed_in(&me("ada@example.com")), site.unavailable()] {
            let tags = html.split('<').filter_map(|tag| tag.split('>').next());
            let inline: Vec<_> = tags
                .filter(|tag| tag.starts_with("style") || tag.contains(" style=") || tag.contains(" on"))
                .collect();
            assert_eq!(inline, [""; 0]);
            assert_eq!(
                html.matches("<script").count(),
                html.matches(r#"<script type="module" src="/"#).count()
            );
        }
    }

    #[test]
    fn markup_in_an_address_stays_text() {
        let html = site().signed_in(&me("<img src=x>@example.com"));
        assert!(!html.contains("<img") && html.contains("&#60;img src=x&#62;"));
    }

    #[test]
    fn a_service_url_without_an_origin_is_refused() {
        for url in ["localhost", "/auth", "ftp://localhost", ""] {
            assert!(Site::new("this", url, String::new(), None).is_err(), "{url}");
        }
    }
}
