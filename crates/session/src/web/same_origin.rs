//! Who may call a route that changes state: the app's own pages, and programs that are no browser.

use crate::{error::AuthError, guard::RequestHead};

/// Refuses what another site can send, where a form of the app's own pages may come, too: for that the browser's word is
/// needed.
pub(crate) fn check_form(head: RequestHead<'_>) -> Result<(), AuthError> {
    check(head, false)
}

/// Refuses what a page of another site can send with the user's cookies: forms, simple requests, other origins.
///
/// A JSON body cannot be sent across origins without a preflight, which these routes do not answer. A request without
/// a body needs the browser's word that it comes from the same origin.
pub(crate) fn check(head: RequestHead<'_>, has_body: bool) -> Result<(), AuthError> {
    let own = match (head.header("sec-fetch-site"), head.header("origin")) {
        (Some(site), _) => Some(site == "same-origin"),
        (None, Some(origin)) => Some(
            authority(origin)
                .is_some_and(|origin| head.host().is_some_and(|host| host.eq_ignore_ascii_case(origin))),
        ),
        (None, None) => None,
    };
    let json = head.header("content-type").is_some_and(is_json);
    match own {
        Some(false) => Err(AuthError::RequestRefused("it comes from another origin")),
        Some(true) if !has_body => Ok(()),
        _ if json => Ok(()),
        _ => Err(AuthError::RequestRefused("its content type must be application/json")),
    }
}

fn authority(origin: &str) -> Option<&str> {
    origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))
}

fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
