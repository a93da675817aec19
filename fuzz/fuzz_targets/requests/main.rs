//! The whole service, called with arbitrary requests: it never fails, answers every refusal in the one form, tells
//! nothing that it was given in confidence, and serves nothing without its credential.

#![no_main]

mod service;

use arbitrary::Arbitrary;
use authmint_protocol::ErrorCode;
use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use service::{A, Service, USER};
use std::{cell::RefCell, time::Duration};

#[derive(Arbitrary, Debug)]
struct Input {
    later: u8,
    calls: Vec<Call>,
}

#[derive(Arbitrary, Debug)]
struct Call {
    method: u8,
    path: Target,
    query: Vec<(Word, Word)>,
    raw_query: Option<String>,
    headers: Vec<(u8, Word)>,
    key: u8,
    body: Content,
}

#[derive(Arbitrary, Debug)]
enum Target {
    Usual(u8),
    Below(u8, String),
    Text(String),
}

#[derive(Arbitrary, Debug)]
enum Word {
    Usual(u8),
    Text(String),
}

#[derive(Arbitrary, Debug)]
enum Content {
    Empty,
    Bytes(Vec<u8>),
    Object(Vec<(Word, Word)>),
    Odd(Word, u8),
    Long(u8),
}

const METHODS: [&str; 8] = ["POST", "GET", "POST", "HEAD", "OPTIONS", "PUT", "TRACE", "BREW"];
const HEADERS: [&str; 16] = [
    "content-type",
    "origin",
    "authorization",
    "host",
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "user-agent",
    "cookie",
    "content-length",
    "expect",
    "x-client-name",
    "x-app-identifier",
    "accept",
    "x-api-key",
    "content-encoding",
];

impl Service {
    fn word<'w>(&'w self, word: &'w Word) -> &'w str {
        let usual = match word {
            Word::Text(text) => return text,
            Word::Usual(index) => usize::from(*index),
        };
        let words = [
            "refresh",
            "email",
            "token",
            "state",
            "callbackUrl",
            "signinAuthenticationMethod",
            "locale",
            "cursor",
            "wait_s",
            "ada@example.com",
            "alan@example.com",
            "123456",
            "https://shop.example/back",
            "javascript:alert(1)",
            "en",
            "",
            &self.email_id,
            &self.token,
            &self.jwt,
            &self.one_time_secret,
            "application/json",
            "https://shop.example",
            "localhost:8420",
            "evil.example",
            "203.0.113.9, 10.0.0.1",
            "https",
            "100-continue",
            "id with\tspaces",
            "Bearer ",
            "id",
            "advance_s",
            "null",
        ];
        words[usual % words.len()]
    }

    /// The call as a request, and whether a key came with it.
    fn request(&self, call: &Call) -> Option<(Request<Body>, bool)> {
        let paths = [
            format!("{A}/otps/send"),
            format!("{A}/authenticate"),
            format!("{A}/refresh"),
            format!("{A}/logout"),
            USER.to_owned(),
            format!("{A}/social/google/start"),
            format!("{A}/crypto_wallets/authenticate"),
            "/.well-known/jwks.json".to_owned(),
            "/.well-known/openid-configuration".to_owned(),
            "/api/v1/revocations".to_owned(),
            "/dev/inbox.json".to_owned(),
            "/dev/inbox".to_owned(),
            "/dev/clock".to_owned(),
            "/healthz".to_owned(),
            "/readyz".to_owned(),
            "/".to_owned(),
        ];
        let usual = |index: u8| {
            let path = &paths[usize::from(index) % paths.len()];
            if path.ends_with('z') { path.clone() } else { format!("/prefix{path}") }
        };
        let mut target = match &call.path {
            Target::Usual(index) => usual(*index),
            Target::Below(index, more) => format!("{}/{more}", usual(*index)),
            Target::Text(text) => text.clone(),
        };
        let pairs = call.query.iter().map(|(name, value)| (self.word(name), self.word(value)));
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let query = call.raw_query.as_ref().map_or(query.clone(), |raw| format!("{query}&{raw}"));
        if !query.is_empty() {
            target = format!("{target}?{query}");
        }
        let mut request = Request::new(self.body(&call.body));
        *request.uri_mut() = target.parse::<Uri>().ok()?;
        *request.method_mut() =
            Method::from_bytes(METHODS[usize::from(call.method) % METHODS.len()].as_bytes()).ok()?;
        let headers = request.headers_mut();
        headers.insert("host", HeaderValue::from_static("localhost:8420"));
        for (name, value) in call.headers.iter().take(8) {
            let name = HeaderName::from_static(HEADERS[usize::from(*name) % HEADERS.len()]);
            let text = match (name.as_str(), value) {
                // A page's origin is told back to it, and no page is named by a secret.
                ("origin", Word::Usual(index)) => ["https://shop.example", "https://evil.example", "null"]
                    [usize::from(index % 3)]
                .to_owned(),
                ("authorization", Word::Usual(index)) if index % 2 == 0 => format!("Bearer {}", self.jwt),
                _ => self.word(value).to_owned(),
            };
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                headers.append(name, value);
            }
        }
        let key = match call.key % 4 {
            0 | 1 => Some(&self.client_key),
            2 => Some(&self.server_key),
            _ => None,
        };
        if let Some(key) = key {
            headers.insert("x-api-key", HeaderValue::from_str(key).expect("ASCII"));
        }
        Some((request, key.is_some()))
    }

    fn body(&self, content: &Content) -> Body {
        match content {
            Content::Empty => Body::empty(),
            Content::Bytes(bytes) => Body::from(bytes.clone()),
            Content::Object(members) => {
                let object: Value = members
                    .iter()
                    .map(|(name, value)| (self.word(name).to_owned(), json!(self.word(value))))
                    .collect();
                Body::from(object.to_string())
            }
            Content::Odd(name, kind) => {
                let value = [json!(null), json!(1), json!([]), json!({}), json!(true), json!(["a"])]
                    [usize::from(kind % 6)]
                .clone();
                Body::from(json!({ self.word(name): value }).to_string())
            }
            Content::Long(times) => Body::from(vec![b' '; usize::from(*times) * 1024]),
        }
    }

    fn call(&self, call: &Call) {
        let Some((request, keyed)) = self.request(call) else { return };
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let bearer = request.headers().contains_key("authorization");
        let (status, headers, body) = self.send(request);
        let told = String::from_utf8_lossy(&body);
        assert!((200..500).contains(&status), "{method} {path} answered {status}: {told}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(!headers.contains_key("set-cookie"), "the service sets no cookie");
        let id = headers["x-request-id"].as_bytes();
        assert!(
            (1..=64).contains(&id.len())
                && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
        );

        if status >= 400 {
            self.must_tell_nothing(&told, &headers);
            if method != Method::HEAD {
                let problem: Value =
                    serde_json::from_slice(&body).unwrap_or_else(|_| panic!("no problem: {status} {told}"));
                let code = problem["code"]
                    .as_str()
                    .and_then(ErrorCode::from_text)
                    .unwrap_or_else(|| panic!("{told}"));
                assert_eq!((problem["error"].as_bool(), code.status()), (Some(true), status), "{told}");
                assert!(problem["message"].as_str().is_some_and(|message| message.contains(' ')));
            }
        } else if path.contains("/api/") && method != Method::OPTIONS {
            let by_jwt = path.ends_with("/user") && bearer;
            assert!(keyed || by_jwt, "{method} {path} is served to nobody in particular");
            assert!(
                headers["cache-control"].to_str().is_ok_and(|value| value.contains("no-store")),
                "{path}"
            );
        }
    }

    /// A refusal is shown to people and logged by proxies: nothing that opens a door stands in it.
    fn must_tell_nothing(&self, told: &str, headers: &HeaderMap) {
        for secret in [&self.client_key, &self.server_key, &self.jwt, &self.token, &self.one_time_secret] {
            assert!(!told.contains(secret.as_str()), "a refusal tells a secret: {told}");
            let in_header = |value: &HeaderValue| {
                value.as_bytes().windows(secret.len()).any(|part| part == secret.as_bytes())
            };
            assert!(!headers.values().any(in_header), "a refusal's header tells a secret");
        }
    }
}

thread_local! {
    static SERVICE: RefCell<Option<Service>> = const { RefCell::new(None) };
}

fuzz_target!(|input: Input| {
    SERVICE.with_borrow_mut(|kept| {
        if kept.as_ref().is_none_or(|service| service.left == 0) {
            *kept = Some(Service::start());
        }
        let service = kept.as_mut().expect("just made");
        service.left -= 1;
        service.clock.advance(Duration::from_secs(u64::from(input.later))).expect("forwards");
        for call in input.calls.iter().take(8) {
            service.call(call);
        }
    });
});
