//! A browser: a cookie jar, requests that leave with what it holds then, and answers that land when they land.

use axum::{Router, body::Body};
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::collections::BTreeMap;
use tower::ServiceExt as _;

const HOST: &str = "app.example";

/// A browser with one cookie jar; a copy of it is a copied profile, or a thief's loot.
#[derive(Clone)]
pub(crate) struct Browser {
    app: Router,
    jar: BTreeMap<String, String>,
}

/// A request that has left, with the cookies of that moment.
pub(crate) struct Request {
    app: Router,
    request: http::Request<Body>,
}

/// An answer that has not landed yet.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Request {
    /// Goes to the app's server and comes back.
    pub(crate) async fn answered(self) -> Answer {
        let Ok(response) = self.app.oneshot(self.request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

impl Browser {
    pub(crate) fn new(app: Router) -> Self {
        Self { app, jar: BTreeMap::new() }
    }

    /// From now on another process of the app answers this browser.
    pub(crate) fn routed_to(mut self, app: Router) -> Self {
        self.app = app;
        self
    }

    /// A page load leaves.
    pub(crate) fn depart(&self) -> Request {
        self.leave(Method::GET, "/", "document", None)
    }

    /// A script's request leaves.
    pub(crate) fn depart_in_background(&self) -> Request {
        self.leave(Method::GET, "/", "empty", None)
    }

    /// An answer lands: its cookies overwrite the jar's, whatever has happened since its request left.
    pub(crate) fn land(&mut self, answer: &Answer) {
        for value in answer.headers.get_all("set-cookie") {
            let text = value.to_str().unwrap();
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() || attributes.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A page load, there and back.
    pub(crate) async fn load(&mut self) -> Answer {
        let answer = self.depart().answered().await;
        self.land(&answer);
        answer
    }

    /// A script posts JSON to the app's own server.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Answer {
        let answer = self.leave(Method::POST, path, "empty", Some(body)).answered().await;
        self.land(&answer);
        answer
    }

    /// What the jar holds under a name.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.get(name).map(String::as_str)
    }

    /// Forgets a cookie, as a browser does when its time is over.
    pub(crate) fn drop_cookie(&mut self, name: &str) {
        self.jar.remove(name);
    }

    fn leave(&self, method: Method, path: &str, destination: &str, body: Option<&Value>) -> Request {
        let cookies: Vec<_> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("cookie", cookies.join("; "))
            .header("sec-fetch-dest", destination)
            .header("sec-fetch-site", "same-origin");
        if body.is_some() {
            request = request
                .header("content-type", "application/json")
                .header("origin", format!("https://{HOST}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        Request { app: self.app.clone(), request: request.body(body).unwrap() }
    }
}
