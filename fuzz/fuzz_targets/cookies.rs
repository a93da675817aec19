//! Cookies: read as browsers and servers read them, written so that they arrive unchanged or not at all.

#![no_main]

use arbitrary::Arbitrary;
use authmint_protocol::{
    cookie::{
        self, AuthCookie, CookieNames, CookieOptions, CookiePair, CookiePolicy, Expiry, MAX_NAME_AND_VALUE,
        SameSite, Scope, clear_cookie, is_loopback_host, set_cookie,
    },
    id::ProjectId,
    time::Timestamp,
};
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    fields: Vec<Vec<Part>>,
    host: String,
    written: Written,
    json: Vec<u8>,
}

/// A piece of a `Cookie` header.
#[derive(Arbitrary, Debug)]
enum Part {
    Bytes(Vec<u8>),
    Name(u8),
    Mark(u8),
}

#[derive(Arbitrary, Debug)]
struct Written {
    value: String,
    cookie: bool,
    scoped: bool,
    loopback: bool,
    expires: Option<(i64, i64)>,
    options: Options,
}

#[derive(Arbitrary, Debug)]
struct Options {
    http_only: Option<bool>,
    jwt_http_only: bool,
    secure: Option<bool>,
    same_site: u8,
    domain: Option<String>,
    path: Option<String>,
    partitioned: bool,
    name_prefix: Option<(u8, String)>,
}

const PROJECT: ProjectId = ProjectId::from_bytes([7; 16]);

fn header(parts: &[Part]) -> Vec<u8> {
    let (plain, scoped) = (CookieNames::plain(""), CookieNames::scoped(PROJECT));
    let names = [&plain.jwt, &plain.refresh_token, &scoped.jwt, &scoped.refresh_token];
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Part::Bytes(given) => bytes.extend_from_slice(given),
            Part::Name(index) => bytes.extend_from_slice(names[usize::from(*index) % 4].as_bytes()),
            Part::Mark(index) => bytes.push(b"=;\" \t,\\"[usize::from(*index) % 7]),
        }
    }
    bytes
}

/// The same reading, done one byte at a time.
fn read_slowly(fields: &[Vec<u8>]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    for field in fields {
        let (mut name, mut value, mut split) = (Vec::new(), Vec::new(), false);
        for &byte in field.iter().chain(b";") {
            match byte {
                b';' => {
                    if split {
                        found.push((trimmed(&name), trimmed(&value)));
                    }
                    (name, value, split) = (Vec::new(), Vec::new(), false);
                }
                b'=' if !split => split = true,
                _ if split => value.push(byte),
                _ => name.push(byte),
            }
        }
    }
    found
}

fn trimmed(bytes: &[u8]) -> Vec<u8> {
    let blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let from = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    let to = bytes.iter().rposition(|byte| !blank(byte)).map_or(from, |last| last + 1);
    bytes[from..to].to_vec()
}

fn text_of(value: &[u8]) -> Option<String> {
    let quoted = value.len() >= 2 && value.starts_with(b"\"") && value.ends_with(b"\"");
    let inner = if quoted { &value[1..value.len() - 1] } else { value };
    String::from_utf8(inner.to_vec()).ok().filter(|text| !text.is_empty())
}

fn reading(fields: &[Vec<u8>]) {
    let slow = read_slowly(fields);
    let (plain, scoped) = (CookieNames::plain(""), CookieNames::scoped(PROJECT));
    let both = CookiePair::read_each(fields.iter().map(Vec::as_slice), [&scoped, &plain]);
    for (names, together) in [(&scoped, both[0]), (&plain, both[1])] {
        let pair = CookiePair::read(fields.iter().map(Vec::as_slice), names);
        assert_eq!(
            (pair.jwt, pair.refresh_token, pair.repeated),
            (together.jwt, together.refresh_token, together.repeated)
        );
        let all = |name: &str| slow.iter().filter(|(found, _)| found == name.as_bytes()).collect::<Vec<_>>();
        let (jwts, tokens) = (all(&names.jwt), all(&names.refresh_token));
        let first = |values: &[&(Vec<u8>, Vec<u8>)]| values.first().and_then(|(_, value)| text_of(value));
        assert_eq!(pair.jwt.map(str::to_owned), first(&jwts));
        assert_eq!(pair.refresh_token.map(str::to_owned), first(&tokens));
        assert_eq!(pair.repeated, jwts.len() > 1 || tokens.len() > 1);
        assert_eq!(pair.is_empty(), first(&jwts).is_none() && first(&tokens).is_none());
    }
    for field in fields {
        let pairs: Vec<_> =
            cookie::pairs(field).map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        assert_eq!(pairs, read_slowly(std::slice::from_ref(field)));
    }
}

impl Options {
    fn cookie_options(&self) -> CookieOptions {
        let prefixes = ["__Host-", "__Secure-", "__Http-", "__Host-Http-", "__hOST-", ""];
        CookieOptions {
            http_only: self.http_only,
            jwt_http_only: self.jwt_http_only,
            secure: self.secure,
            same_site: [None, Some(SameSite::None), Some(SameSite::Lax), Some(SameSite::Strict)]
                [usize::from(self.same_site % 4)],
            domain: self.domain.clone(),
            path: self.path.clone(),
            partitioned: self.partitioned,
            name_prefix: self.name_prefix.as_ref().map_or_else(String::new, |(index, more)| {
                format!("{}{more}", prefixes[usize::from(*index) % prefixes.len()])
            }),
        }
    }
}

/// A browser's view of a `Set-Cookie` value: its name, its value, its attributes.
fn as_a_browser(text: &str) -> (String, String, Vec<(String, String)>) {
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "a header cannot hold it: {text:?}");
    assert!(HeaderValue::from_str(text).is_ok());
    let mut parts = text.split("; ");
    let split = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (name.to_owned(), value.to_owned())
    };
    let (name, value) = split(parts.next().expect("a first part"));
    (name, value, parts.map(split).collect())
}

fn writing(written: &Written) {
    let Ok(policy) = CookiePolicy::new(written.options.cookie_options()) else { return };
    let which = if written.cookie { AuthCookie::Jwt } else { AuthCookie::RefreshToken };
    let scope = if written.scoped { Scope::Scoped } else { Scope::Plain };
    let scoped = CookieNames::scoped(PROJECT);
    let name = if written.scoped { scoped.of(which) } else { policy.names().of(which) };
    let attributes = policy.attributes(which, scope, written.loopback);
    let expiry = match written.expires {
        None => Expiry::Session,
        Some((expires, now)) => {
            let [expires, now] = [expires, now].map(Timestamp::from_unix_millis);
            Expiry::At { expires, now }
        }
    };
    let cleared = clear_cookie(name, &attributes).expect("a cookie that can be set can be cleared");
    assert!(cleared.starts_with(&format!("{name}=; Max-Age=0; ")), "{cleared}");
    let Ok(text) = set_cookie(name, &written.value, &attributes, expiry) else { return };
    assert!(name.len() + written.value.len() <= MAX_NAME_AND_VALUE);

    let (found, value, listed) = as_a_browser(&text);
    assert_eq!((found.as_str(), value.as_str()), (name, written.value.as_str()), "it arrives changed");
    let again = cookie::find(format!("a=b; {name}={value}").as_bytes(), name).map(<[u8]>::to_vec);
    assert_eq!(again, Some(written.value.clone().into_bytes()), "what is written is read");

    let has = |wanted: &str| listed.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let known = ["Max-Age", "Domain", "Path", "Expires", "HttpOnly", "Secure", "Partitioned", "SameSite"];
    for (index, (name, _)) in listed.iter().enumerate() {
        assert!(known.contains(&name.as_str()), "an attribute that nobody wrote: {text}");
        assert!(listed[..index].iter().all(|(earlier, _)| earlier != name), "twice: {text}");
    }
    let (same_site, path) = (has("SameSite").expect("always"), has("Path").expect("always"));
    assert!(path.starts_with('/'));
    assert_eq!(has("Max-Age").is_some(), has("Expires").is_some());
    if let Some(age) = has("Max-Age") {
        let _seconds: u64 = age.parse().expect("a number");
    }
    let lower = name.to_ascii_lowercase();
    let prefixed = ["__host-", "__secure-", "__http-"].iter().any(|prefix| lower.starts_with(prefix));
    if prefixed || same_site == "None" || has("Partitioned").is_some() {
        assert!(has("Secure").is_some(), "browsers drop it: {text}");
    }
    if lower.starts_with("__host-") {
        assert!(has("Domain").is_none() && path == "/", "browsers drop it: {text}");
    }
    if lower.starts_with("__http-") || lower.starts_with("__host-http-") {
        assert!(has("HttpOnly").is_some(), "browsers drop it: {text}");
    }
    if written.scoped {
        assert!(
            has("Domain").is_none() && path == "/" && same_site == "Lax",
            "the browser SDK's form: {text}"
        );
    }
}

fuzz_target!(|input: Input| {
    let fields: Vec<_> = input.fields.iter().map(|parts| header(parts)).collect();
    reading(&fields);
    writing(&input.written);
    if is_loopback_host(&input.host) {
        let host = input.host.to_ascii_lowercase();
        assert!(
            host.contains("localhost") || host.starts_with("127.") || host.starts_with("[::1]"),
            "{host}"
        );
    }
    if let Ok(options) = serde_json::from_slice::<CookieOptions>(&input.json) {
        let _checked = CookiePolicy::new(options);
    }
});
