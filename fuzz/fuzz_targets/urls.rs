//! URLs that are given to us: the public one, the mail server's, where a sign-in calls back, and where issuers have their
//! keys.

#![no_main]

use arbitrary::Arbitrary;
use authmint_domain::model::outgoing::Reach;
use authmint_protocol::secret::OneTimeSecret;
use authmint_server::{
    PublicUrl,
    adapter::mailer::{ServiceMailer, SmtpConfig, SmtpSecurity},
};
use authmint_store::StoreUrl;
use axum::{Router, routing::get};
use libfuzzer_sys::fuzz_target;
use std::{net::IpAddr, sync::LazyLock};
use tokio::runtime::Runtime;
use url::{Host, Url};

#[path = "../../crates/server/src/compat/callback_url.rs"]
mod callback_url;

/// All that the included file knows of the service.
mod http {
    pub(crate) mod problem {
        #[derive(Debug)]
        #[expect(dead_code, reason = "who reads a refusal is not asked here")]
        pub(crate) struct Problem(authmint_protocol::ErrorCode);

        impl Problem {
            pub(crate) fn new(code: authmint_protocol::ErrorCode, _text: &'static str) -> Self {
                Self(code)
            }
        }
    }
}

use callback_url::CallbackUrl;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));

const PASSWORD: &str = "sesame-street-123";
const SECRET: &str = "amsx-one-time_secret";

#[derive(Arbitrary, Debug)]
enum Input {
    Text(String),
    Parts {
        scheme: u8,
        user: Option<String>,
        host: Word,
        port: Option<u16>,
        path: Vec<Word>,
        query: Vec<Word>,
        fragment: Option<Word>,
    },
    Smtp {
        scheme: u8,
        user: String,
        host: Word,
        port: Option<u16>,
        more: Word,
    },
}

#[derive(Arbitrary, Debug)]
enum Word {
    Text(String),
    Usual(u8),
}

const SCHEMES: [&str; 16] = [
    "https://",
    "http://",
    "HTTPS://",
    "https:",
    "//",
    "myapp://",
    "javascript:",
    "data:text/html,",
    "file://",
    "wss://",
    "java\tscript:",
    "view-source:https://",
    "tel:",
    "blob:https://",
    "https:\\\\",
    "mailto:",
];
const WORDS: [&str; 32] = [
    "auth.example.com",
    "localhost",
    "app.localhost",
    "127.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0x7f.1",
    "2130706433",
    "127.0.0.1.example.com",
    "xn--nxasmq6b",
    "ＬＯＣＡＬＨＯＳＴ",
    "auth",
    "%2e%2e",
    "..",
    "{id}",
    "*",
    ":id",
    "//",
    "/",
    "\\",
    "oneTimeSecret=old",
    "oneTimeSecret",
    "%6fneTimeSecret=1",
    "a=b",
    "&",
    "+",
    "%00",
    "\r\n",
    "from=a@example.com",
    "from=",
    " ",
    "@",
];

impl Word {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Usual(index) => WORDS[usize::from(*index) % WORDS.len()],
        }
    }
}

fn joined(words: &[Word], between: &str) -> String {
    words.iter().map(Word::text).collect::<Vec<_>>().join(between)
}

fn port_text(port: Option<u16>) -> String {
    port.map(|port| format!(":{port}")).unwrap_or_default()
}

impl Input {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts { scheme, user, host, port, path, query, fragment } => {
                let mut text = SCHEMES[usize::from(*scheme) % SCHEMES.len()].to_owned();
                text.extend(user.iter().map(|user| format!("{user}@")));
                text.push_str(host.text());
                text.push_str(&port_text(*port));
                text.extend(path.iter().map(|word| format!("/{}", word.text())));
                if !query.is_empty() {
                    text.push_str(&format!("?{}", joined(query, "&")));
                }
                text.extend(fragment.iter().map(|word| format!("#{}", word.text())));
                text
            }
            Self::Smtp { scheme, user, host, port, more } => {
                let scheme = ["smtps", "smtp+starttls", "smtp", "SMTP"][usize::from(scheme % 4)];
                format!("{scheme}://{user}:{PASSWORD}@{}{}?{}", host.text(), port_text(*port), more.text())
            }
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

fn public_url(text: &str) {
    let Ok(public) = PublicUrl::parse(text) else { return };
    let whole = public.as_str();
    assert_eq!(PublicUrl::parse(whole).as_ref(), Ok(&public), "the one form is its own form");
    let url = Url::parse(whole).expect("a URL");
    assert!(
        !whole.ends_with('/') && !whole.contains(['?', '#', ' ']) && url.username().is_empty(),
        "{whole}"
    );
    assert_eq!(public.is_https(), whole.starts_with("https://"));
    assert!(whole.starts_with("http") && whole.ends_with(public.path_prefix()));
    assert_eq!(public.is_loopback(), is_loopback(&url));
    let prefix = public.path_prefix();
    if !prefix.is_empty() {
        assert!(prefix.starts_with('/'));
        // A prefix that the route table does not take would panic here, as it would at the start.
        let inner = Router::new().route("/a", get(async || "")).route("/b/{id}", get(async || ""));
        let _router: Router = Router::new().nest(prefix, inner).route("/healthz", get(async || ""));
    }
}

/// What the service calls is https, and a name or an address of the public internet.
fn outgoing_url(text: &str) {
    let Ok(reached) = Reach::default().url(text) else { return };
    let url = Url::parse(reached.as_str()).expect("a URL");
    assert_eq!((url.scheme(), url.username(), url.password(), url.fragment()), ("https", "", None, None));
    match url.host() {
        Some(Host::Ipv4(address)) => assert!(
            !(address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_multicast())
                && !(address.is_unspecified() || address.is_broadcast() || address.is_documentation())
        ),
        Some(Host::Ipv6(address)) => assert!(
            !(address.is_loopback() || address.is_unspecified() || address.is_multicast())
                && !(address.is_unique_local() || address.is_unicast_link_local())
                && address.to_ipv4_mapped().is_none()
        ),
        Some(Host::Domain(name)) => assert_eq!(reached.host(), name),
        None => panic!("{text} has no host"),
    }
    let development = Reach { loopback: true, ..Reach::default() };
    assert_eq!(development.url(text), Ok(reached), "development only adds to what may be called");
}

fn smtp_url(text: &str) {
    let parsed = text.parse::<SmtpConfig>();
    let checked = parsed.as_ref().map_err(Clone::clone).and_then(SmtpConfig::check);
    let Err(error) = &checked else {
        let config = parsed.expect("parsed");
        if config.security == SmtpSecurity::PlainOnLoopback {
            let host = config.host.parse::<IpAddr>();
            assert!(
                config.host.eq_ignore_ascii_case("localhost")
                    || host.is_ok_and(|host| host.to_canonical().is_loopback()),
                "{}",
                config.host
            );
        }
        assert!(config.credentials.is_none_or(|credentials| !credentials.user.is_empty()));
        let _entered = RUNTIME.enter();
        let config = text.parse::<SmtpConfig>().expect("as before");
        assert!(ServiceMailer::smtp(&config).is_ok(), "a configuration that was checked is refused later");
        return;
    };
    assert!(!error.to_string().contains(PASSWORD), "the fault tells the password");
}

fn callback_url(text: &str) {
    let secret = OneTimeSecret::new(SECRET.to_owned());
    let Ok(given) = Url::parse(text) else {
        assert!(CallbackUrl::parse(Some(text)).is_err());
        return;
    };
    let Ok(callback) = CallbackUrl::parse(Some(text)) else { return };
    let answered = callback.with_secret(&secret);
    let url = Url::parse(&answered).expect("a URL");
    assert!(url.username().is_empty() && url.password().is_none(), "{answered}");
    assert!(!answered.contains(char::is_control) && !answered.contains(' '), "{answered:?}");
    let dangerous = ["javascript", "data", "vbscript", "file", "blob", "about", "view-source"];
    assert!(!dangerous.contains(&url.scheme()) && !url.cannot_be_a_base(), "{answered}");
    assert!(!matches!(url.scheme(), "http" | "https") || url.has_host());
    assert_eq!(
        (url.scheme(), url.host(), url.port(), url.path()),
        (given.scheme(), given.host(), given.port(), given.path())
    );
    assert_eq!(url.fragment(), given.fragment());
    let secrets: Vec<_> = url.query_pairs().filter(|(name, _)| name == "oneTimeSecret").collect();
    assert!(secrets.len() == 1 && secrets[0].1 == SECRET, "{answered}");
    let others = |url: &Url| -> Vec<(String, String)> {
        url.query_pairs().into_owned().filter(|(name, _)| name != "oneTimeSecret").collect()
    };
    assert_eq!(others(&url), others(&given), "the rest of the query changed");
    let again =
        CallbackUrl::parse(Some(&answered)).expect("what was allowed is allowed").with_secret(&secret);
    assert_eq!(Url::parse(&again).map(|url| others(&url)), Ok(others(&url)));
}

fuzz_target!(|input: Input| {
    let text = input.text();
    public_url(&text);
    smtp_url(&text);
    callback_url(&text);
    outgoing_url(&text);
    if let Ok(url) = text.parse::<StoreUrl>() {
        assert_eq!(url.to_string().parse::<StoreUrl>().as_ref(), Ok(&url));
    }
});
