/// A file that is part of the program: nothing to copy beside it.
#[derive(Clone, Copy)]
pub struct Asset {
    /// Where it is served. Its name holds no version, so browsers should be told to ask every time.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// What it holds.
    pub content: &'static str,
}

/// Style, scripts and mark.
pub const ASSETS: [Asset; 4] = [
    asset("/style.css", "text/css; charset=utf-8", include_str!("../static/style.css")),
    asset("/sign-in.js", "text/javascript; charset=utf-8", include_str!("../static/sign-in.js")),
    asset("/session.js", "text/javascript; charset=utf-8", include_str!("../static/session.js")),
    asset("/mark.svg", "image/svg+xml", include_str!("../static/mark.svg")),
];

const fn asset(path: &'static str, content_type: &'static str, content: &'static str) -> Asset {
    Asset { path, content_type, content }
}
