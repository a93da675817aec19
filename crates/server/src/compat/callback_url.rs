//! The callback URL of a sign-in: given back with the one-time secret in its query, and never redirected to.

use crate::http::problem::Problem;
use authmint_protocol::{ErrorCode, secret::OneTimeSecret};
use url::Url;

const PARAMETER: &str = "oneTimeSecret";

/// Schemes that run or read something in whoever opens the URL.
const DANGEROUS: [&str; 9] =
    ["javascript", "data", "vbscript", "blob", "file", "filesystem", "about", "view-source", "ws"];

/// A callback URL that may carry a secret; none if the client named none.
pub(super) struct CallbackUrl(Option<Url>);

impl CallbackUrl {
    /// Reads what the client gave: an absolute http or https URL, or one of an app's own scheme.
    pub(super) fn parse(given: Option<&str>) -> Result<Self, Problem> {
        let Some(given) = given else { return Ok(Self(None)) };
        let url = Url::parse(given).map_err(|_| refused())?;
        let allowed = match url.scheme() {
            "http" | "https" => url.has_host(),
            // An app's scheme names something inside the app: `myapp://signed-in`, not `tel:112`.
            scheme => !DANGEROUS.contains(&scheme) && scheme != "wss" && !url.cannot_be_a_base(),
        };
        // A name before an @ makes a foreign host look like one's own.
        if allowed && url.username().is_empty() && url.password().is_none() {
            Ok(Self(Some(url)))
        } else {
            Err(refused())
        }
    }

    /// The URL with the secret in its query, all else kept; a secret that was in it before is not.
    pub(super) fn with_secret(self, secret: &OneTimeSecret) -> String {
        let Some(mut url) = self.0 else { return String::new() };
        if url.query_pairs().any(|(name, _)| name == PARAMETER) {
            let kept: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != PARAMETER).collect();
            url.query_pairs_mut().clear().extend_pairs(kept);
        }
        url.query_pairs_mut().append_pair(PARAMETER, secret.reveal());
        url.into()
    }
}

fn refused() -> Problem {
    Problem::new(
        ErrorCode::CallbackUrlNotAllowed,
        "callbackUrl must be an absolute http or https URL, or a URL of your app's own scheme",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(given: &str) -> String {
        let Ok(url) = CallbackUrl::parse(Some(given)) else { panic!("{given} was refused") };
        url.with_secret(&OneTimeSecret::new("s3cret".into()))
    }

    #[test]
    fn the_secret_is_added_and_the_rest_kept() {
        for (given, expected) in [
            ("http://localhost:3000/cb", "http://localhost:3000/cb?oneTimeSecret=s3cret"),
            (
                "https://a.example/cb?x=1%202&y=a+b#top",
                "https://a.example/cb?x=1%202&y=a+b&oneTimeSecret=s3cret#top",
            ),
            ("myapp://signed-in?x=1", "myapp://signed-in?x=1&oneTimeSecret=s3cret"),
            ("exp://192.168.0.2:8081", "exp://192.168.0.2:8081?oneTimeSecret=s3cret"),
            ("https://a.example/?oneTimeSecret=planted&x=1", "https://a.example/?x=1&oneTimeSecret=s3cret"),
        ] {
            assert_eq!(filled(given), expected);
        }
        assert_eq!(
            CallbackUrl::parse(None)
                .unwrap_or_else(|_| panic!())
                .with_secret(&OneTimeSecret::new("s".into())),
            ""
        );
    }

    #[test]
    fn threat_35_what_is_no_plain_callback_is_refused() {
        for bad in [
            "//evil.example",
            "/relative",
            "cb",
            "javascript:alert(1)",
            "javascript://x/%0aalert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://a.example/1",
            "file:///etc/passwd",
            "tel:112",
            "mailto:a@b.example",
            "https://shop.example@evil.example/",
            "https://",
        ] {
            match CallbackUrl::parse(Some(bad)) {
                Err(problem) => assert_eq!(problem.code(), ErrorCode::CallbackUrlNotAllowed),
                Ok(_) => panic!("{bad} was taken"),
            }
        }
    }
}
