//! Style, scripts and mark, part of the program: nothing to copy beside it.

use axum::{Router, routing::get};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// Path, content type, content.
const ASSETS: [(&str, &str, &str); 4] = [
    ("/style.css", "text/css; charset=utf-8", include_str!("../static/style.css")),
    ("/sign-in.js", "text/javascript; charset=utf-8", include_str!("../static/sign-in.js")),
    ("/session.js", "text/javascript; charset=utf-8", include_str!("../static/session.js")),
    ("/mark.svg", "image/svg+xml", include_str!("../static/mark.svg")),
];

/// One route for each file. Their names hold no version, so browsers are told to ask every time.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.into_iter().fold(Router::new(), |router, (path, content_type, content)| {
        let answer = ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache")], content);
        router.route(path, get(move || async move { answer }))
    })
}
