//! From where a key may be used, as an operator writes it: exact web origins, or identifiers of native apps.

use super::project::{Callers, Scope};
use authmint_protocol::api_key::Usage;
use url::{Origin, Url};

/// Someone in the list of a key's callers cannot stand there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallerFault {
    /// No web origin.
    #[error(
        "{0:?} is no web origin; write scheme, host and perhaps port, such as https://app.example.com: no path, no *"
    )]
    Origin(String),
    /// No identifier of an app.
    #[error("{0:?} is no app identifier; write what the app is published as, such as com.example.app")]
    App(String),
    /// A client key is public, so it says from where it may be used.
    #[error("a client key is public: list its web origins or app identifiers, or say that anyone may use it")]
    Nobody,
    /// Two kinds of callers in one key.
    #[error("a key serves web origins, app identifiers or anyone, one of the three; make a key for each")]
    Mixed,
    /// A server key is secret, and servers send no origin.
    #[error("a server key has no origins and no app identifiers: whoever holds it may use it")]
    Server,
}

/// Who may use a key, as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedCallers {
    /// Web origins.
    pub origins: Vec<String>,
    /// App identifiers.
    pub apps: Vec<String>,
    /// Anyone at all.
    pub anyone: bool,
}

impl AskedCallers {
    /// What a key of this usage keeps.
    ///
    /// # Errors
    /// Every [`CallerFault`] at once.
    pub fn check(&self, usage: Usage) -> Result<Callers, Vec<CallerFault>> {
        let mut faults = Vec::new();
        let mut keep = |list: &[String], read: fn(&str) -> Result<String, CallerFault>| {
            let mut kept: Vec<String> = Vec::new();
            for text in list {
                match read(text) {
                    Ok(one) if kept.contains(&one) => {}
                    Ok(one) => kept.push(one),
                    Err(fault) => faults.push(fault),
                }
            }
            kept
        };
        let (origins, apps) = (keep(&self.origins, web_origin), keep(&self.apps, app_identifier));
        let kinds = [!self.origins.is_empty(), !self.apps.is_empty(), self.anyone];
        match (usage, kinds.into_iter().filter(|kind| *kind).count()) {
            (Usage::Server, _) if kinds[0] || kinds[1] => faults.push(CallerFault::Server),
            (Usage::Client, 0) => faults.push(CallerFault::Nobody),
            (Usage::Client, 2..) => faults.push(CallerFault::Mixed),
            _ => {}
        }
        match kinds {
            _ if !faults.is_empty() => Err(faults),
            [true, ..] => Ok(Callers::Origins(origins)),
            [_, true, _] => Ok(Callers::Apps(apps)),
            _ => Ok(Callers::Any),
        }
    }
}

/// The origin as browsers write it (RFC 6454, section 6.1): lower case, punycode, no default port.
fn web_origin(text: &str) -> Result<String, CallerFault> {
    let fault = || CallerFault::Origin(text.to_owned());
    let url = Url::parse(text).map_err(|_| fault())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !text.contains('*');
    match url.origin() {
        origin @ Origin::Tuple(..) if plain => Ok(origin.ascii_serialization()),
        _ => Err(fault()),
    }
}

fn app_identifier(text: &str) -> Result<String, CallerFault> {
    let sound = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if sound { Ok(text.to_owned()) } else { Err(CallerFault::App(text.to_owned())) }
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 8] = [
        Self::UsersCreate,
        Self::UsersRead,
        Self::UsersWrite,
        Self::SessionsRead,
        Self::SessionsRevoke,
        Self::EventsRead,
        Self::FeedRead,
        Self::ProjectWrite,
    ];

    /// Its name, as it is stored and written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsersCreate => "users.create",
            Self::UsersRead => "users.read",
            Self::UsersWrite => "users.write",
            Self::SessionsRead => "sessions.read",
            Self::SessionsRevoke => "sessions.revoke",
            Self::EventsRead => "events.read",
            Self::FeedRead => "feed.read",
            Self::ProjectWrite => "project.write",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// What a key of this usage may do if nothing else is asked for: pages sign up, servers read, and follow what has ended.
    #[must_use]
    pub fn usual(usage: Usage) -> Vec<Self> {
        match usage {
            Usage::Client => vec![Self::UsersCreate],
            Usage::Server => vec![Self::UsersRead, Self::FeedRead],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(list: &[&str]) -> AskedCallers {
        AskedCallers {
            origins: list.iter().map(|text| (*text).to_owned()).collect(),
            ..AskedCallers::default()
        }
    }

    #[test]
    fn origins_are_kept_as_browsers_write_them_and_once() {
        let asked =
            origins(&["HTTPS://App.Example:443/", "https://app.example", "http://bücher.example:8080"]);
        let kept = ["https://app.example".to_owned(), "http://xn--bcher-kva.example:8080".to_owned()];
        assert_eq!(asked.check(Usage::Client), Ok(Callers::Origins(kept.into())));
    }

    #[test]
    fn what_is_no_origin_is_refused_and_all_of_it_at_once() {
        let bad = [
            "*",
            "https://*.example",
            "null",
            "app.example",
            "https://app.example/path",
            "https://app.example?x",
            "https://app.example#x",
            "https://a@app.example",
            "ftp://app.example",
            "file:///x",
            "",
        ];
        let faults = bad.map(|text| CallerFault::Origin(text.to_owned()));
        assert_eq!(origins(&bad).check(Usage::Client), Err(faults.to_vec()));
    }

    #[test]
    fn a_public_key_says_from_where_and_a_secret_one_does_not() {
        let app = AskedCallers { apps: vec!["com.example.app".into()], ..AskedCallers::default() };
        assert_eq!(app.check(Usage::Client), Ok(Callers::Apps(vec!["com.example.app".into()])));
        let spaced = AskedCallers { apps: vec!["a b".into()], ..AskedCallers::default() };
        assert_eq!(spaced.check(Usage::Client), Err(vec![CallerFault::App("a b".into())]));
        let anyone = AskedCallers { anyone: true, ..AskedCallers::default() };
        assert_eq!(anyone.check(Usage::Client), Ok(Callers::Any));
        assert_eq!(AskedCallers::default().check(Usage::Client), Err(vec![CallerFault::Nobody]));
        assert_eq!(AskedCallers::default().check(Usage::Server), Ok(Callers::Any));
        assert_eq!(app.check(Usage::Server), Err(vec![CallerFault::Server]));
        let mixed = AskedCallers { anyone: true, ..app };
        assert_eq!(mixed.check(Usage::Client), Err(vec![CallerFault::Mixed]));
    }

    #[test]
    fn a_scope_is_written_as_it_is_stored() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
            assert_eq!(Scope::from_name(scope.as_str()), Some(scope));
        }
    }
}
