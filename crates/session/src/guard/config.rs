//! What an app says when it makes its guard, checked once.

use super::Revocation;
use crate::error::ConfigError;
use authmint_protocol::{
    api_key::{ApiKey, ApiKeyError, Environment, Usage},
    cookie::{CookieNames, CookieOptions, CookiePolicy},
    id::{ProjectId, UserId},
    issuer::IssuerTerms,
    redirect,
    secret::ApiKeyText,
    token::Expected,
};
use http::{HeaderValue, Uri};
use std::time::Duration;

/// Where the endpoints that existing clients know lie below the base URL.
const SESSION_PATH: &str = "/api/2024-09-26/session/sdk/auth";
const USER_PATH: &str = "/api/2024-09-26/sdk/auth/user";
const JWKS_PATH: &str = "/.well-known/jwks.json";
const FEED_PATH: &str = "/api/v1/revocations";
const TRADE_PATH: &str = "/api/v1/sessions";

/// The options of a guard; all but the API key and the base URL have defaults.
#[derive(Clone)]
pub struct AuthOptions {
    pub(crate) api_key: ApiKeyText,
    pub(crate) base_url: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) cookies: CookieOptions,
    pub(crate) try_limit: Duration,
    pub(crate) total_limit: Duration,
    pub(crate) jwt_capacity: usize,
    pub(crate) revocation: Revocation,
    pub(crate) issuers: Vec<IssuerTerms>,
    pub(crate) issuer_cookie: Option<String>,
    /// The service is Crossmint's hosted one, whose claims are not published.
    pub(crate) hosted: bool,
    pub(crate) client_key: bool,
    pub(crate) page_key: Option<ApiKeyText>,
    pub(crate) redirect_uri: Option<String>,
}

impl AuthOptions {
    /// Starts from a server key (`sk_…`).
    #[must_use]
    pub fn new(api_key: impl Into<String>) -> Self {
        Self {
            api_key: ApiKeyText::new(api_key.into()),
            base_url: None,
            issuer: None,
            cookies: CookieOptions::default(),
            try_limit: Duration::from_secs(3),
            total_limit: Duration::from_secs(6),
            jwt_capacity: 10_000,
            revocation: Revocation::default(),
            issuers: Vec::new(),
            issuer_cookie: None,
            hosted: false,
            client_key: false,
            page_key: None,
            redirect_uri: None,
        }
    }

    /// Takes Crossmint's hosted service where no base URL is given and the key is one of theirs; `check` verifies an
    /// Ed25519 signature.
    ///
    /// # Errors
    /// [`ConfigError::ApiKey`] if the key is none; [`ConfigError::BaseUrlMissing`] if it is another's.
    pub fn or_crossmint(
        mut self,
        check: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Self, ConfigError> {
        if self.base_url.is_none() {
            let key = ApiKey::parse(self.api_key.reveal())?;
            if !key.signed_by_crossmint(check) {
                return Err(ConfigError::BaseUrlMissing);
            }
            self.hosted = true;
            self.base_url = Some(match key.environment {
                Environment::Development | Environment::Staging => "https://staging.crossmint.com".to_owned(),
                Environment::Production => "https://www.crossmint.com".to_owned(),
            });
        }
        Ok(self)
    }

    /// Takes a client key too, for apps that come from an SDK which did. Such a key may not follow the revocation
    /// feed, nor read users.
    #[must_use]
    pub fn accept_client_key(mut self) -> Self {
        self.client_key = true;
        self
    }

    /// A client key (`ck_…`) of the same project, which the service's sign-in page is asked with: for the routes `sign-in`
    /// and `callback`.
    #[must_use]
    pub fn client_key(mut self, key: impl Into<String>) -> Self {
        self.page_key = Some(ApiKeyText::new(key.into()));
        self
    }

    /// Where the sign-in page sends people back to, if it is not the route `callback` under the name by which the browser
    /// knows the app (`https`, but for a loopback name). It must be registered for the project, to the letter.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// The service's public URL; a path is allowed.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The `iss` that JWTs must have, if it is not the base URL: where the app reaches the service under another
    /// name than its users do.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Trusts another issuer, too: a JWT of it in the `Authorization` header is verified offline, and its user is signed
    /// in for as long as it lasts. The app's own sessions go on beside it.
    #[must_use]
    pub fn trust(mut self, issuer: IssuerTerms) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// The name of a cookie in which a JWT of a trusted issuer may come, too. It counts where no session of the service
    /// came, and is never written.
    #[must_use]
    pub fn issuer_cookie(mut self, name: impl Into<String>) -> Self {
        self.issuer_cookie = Some(name.into());
        self
    }

    /// How the session cookies are written.
    #[must_use]
    pub fn cookies(mut self, cookies: CookieOptions) -> Self {
        self.cookies = cookies;
        self
    }

    /// How long one try of a call may take (default 3 s), and all of its tries together (default 6 s).
    #[must_use]
    pub fn limits(mut self, one_try: Duration, all: Duration) -> Self {
        (self.try_limit, self.total_limit) = (one_try, all);
        self
    }

    /// How many verified JWTs are remembered (default 10,000, about a kilobyte each).
    #[must_use]
    pub fn jwt_capacity(mut self, capacity: usize) -> Self {
        self.jwt_capacity = capacity;
        self
    }

    /// Whether the revocation feed is followed, and what holds while it cannot be; the key needs the scope `feed.read`.
    #[must_use]
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.revocation = revocation;
        self
    }
}

/// Options that hold together, in the form in which the guard uses them.
pub(crate) struct Settings {
    pub(crate) base_url: String,
    pub(crate) revocation: Revocation,
    pub(crate) project_id: ProjectId,
    pub(crate) api_key: HeaderValue,
    pub(crate) expected: Expected,
    pub(crate) cookies: CookiePolicy,
    pub(crate) scoped_names: CookieNames,
    pub(crate) try_limit: Duration,
    pub(crate) total_limit: Duration,
    pub(crate) urls: Urls,
    /// What the service's sign-in page is asked with; none: no such routes.
    pub(crate) page: Option<SignInPage>,
}

/// What the service's sign-in page is asked with.
pub(crate) struct SignInPage {
    pub(crate) client_key: ApiKeyText,
    pub(crate) redirect_uri: Option<String>,
    /// Where it is, as browsers reach it.
    pub(crate) url: String,
}

impl SignInPage {
    /// The key that was given for it; an app that has a client key alone needs no other.
    fn new(options: &AuthOptions, key: &ApiKey, base: &str) -> Result<Option<Self>, ConfigError> {
        let own = (key.usage == Usage::Client).then(|| options.api_key.clone());
        let Some(client_key) = options.page_key.clone().or(own) else { return Ok(None) };
        let parsed = ApiKey::parse(client_key.reveal())?;
        if parsed.usage != Usage::Client {
            return Err(ApiKeyError::ClientRequired.into());
        }
        if parsed.project_id != key.project_id {
            return Err(ConfigError::ClientKeyForeign);
        }
        let redirect_uri = options.redirect_uri.clone();
        redirect_uri.as_deref().map(redirect::check_sound).transpose()?;
        // Where the app reaches the service under another name than its users do, the issuer is the name that they know.
        let public = options.issuer.as_deref().and_then(|issuer| base_url(issuer).ok());
        let url = format!("{}/sign-in", public.as_deref().unwrap_or(base));
        Ok(Some(Self { client_key, redirect_uri, url }))
    }
}

/// The addresses of the service's endpoints.
pub(crate) struct Urls {
    pub(crate) refresh: Uri,
    pub(crate) logout: Uri,
    pub(crate) trade: Uri,
    pub(crate) jwks: Uri,
    user: String,
    feed: Uri,
}

impl Settings {
    pub(super) fn new(options: &AuthOptions) -> Result<Self, ConfigError> {
        let key = ApiKey::parse(options.api_key.reveal())?;
        let key = if options.client_key { key } else { key.require_server()? };
        let follows = !options.hosted && key.usage == Usage::Server;
        if !follows && options.revocation == Revocation::Required {
            return Err(ConfigError::FeedMissing);
        }
        let mut api_key =
            HeaderValue::from_str(options.api_key.reveal()).map_err(|_| ConfigError::ApiKey(malformed()))?;
        api_key.set_sensitive(true);
        let base = base_url(options.base_url.as_deref().ok_or(ConfigError::BaseUrlMissing)?)?;
        let page = SignInPage::new(options, &key, &base)?;
        let limits = [options.try_limit, options.total_limit];
        if limits.iter().any(Duration::is_zero) || options.try_limit > options.total_limit {
            return Err(ConfigError::LimitsInvalid);
        }
        let mut expected = Expected::new(base.clone(), key.project_id.to_string());
        if options.hosted {
            expected.issuer = None;
            expected.accept_absent_audience = true;
        }
        if let Some(issuer) = &options.issuer {
            expected.issuer = Some(issuer.clone());
        }
        Ok(Self {
            revocation: if follows { options.revocation } else { Revocation::Off },
            project_id: key.project_id,
            api_key,
            expected,
            cookies: CookiePolicy::new(options.cookies.clone())?,
            scoped_names: CookieNames::scoped(key.project_id),
            try_limit: options.try_limit,
            total_limit: options.total_limit,
            urls: Urls::new(&base)?,
            page,
            base_url: base,
        })
    }
}

impl Urls {
    fn new(base: &str) -> Result<Self, ConfigError> {
        let uri =
            |path: &str| format!("{base}{path}").parse::<Uri>().map_err(|_| ConfigError::BaseUrlInvalid);
        Ok(Self {
            refresh: uri(&format!("{SESSION_PATH}/refresh"))?,
            logout: uri(&format!("{SESSION_PATH}/logout"))?,
            trade: uri(TRADE_PATH)?,
            jwks: uri(JWKS_PATH)?,
            user: format!("{base}{USER_PATH}/"),
            feed: uri(FEED_PATH)?,
        })
    }

    /// The address of the revocation feed, from a cursor on if there is one.
    pub(crate) fn feed(&self, cursor: Option<&str>, wait: Duration) -> Uri {
        let Some(cursor) = cursor else { return self.feed.clone() };
        // A cursor too long for a URL is of no use: the feed begins anew.
        format!("{}?cursor={}&wait_s={}", self.feed, escaped(cursor), wait.as_secs())
            .parse()
            .unwrap_or_else(|_| self.feed.clone())
    }

    /// The address of a user; the ID is a type whose text cannot leave its place in the path.
    pub(crate) fn user(&self, id: UserId) -> Uri {
        format!("{}{id}", self.user)
            .parse()
            .expect("the base was checked, and an ID is hex digits and hyphens")
    }
}

/// A text as the value of a query: all but letters, digits and a few marks by their bytes.
fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    text.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The URL without the slash at its end, as JWTs name it in `iss`.
#[cfg(not(target_arch = "wasm32"))]
fn base_url(text: &str) -> Result<String, ConfigError> {
    let url = url::Url::parse(text).map_err(|_| ConfigError::BaseUrlInvalid)?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(ConfigError::BaseUrlInvalid);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The same, for a URL that the host's own parser wrote: every JavaScript host has one, and ours would be a third of
/// the module.
#[cfg(target_arch = "wasm32")]
fn base_url(text: &str) -> Result<String, ConfigError> {
    let url = text.parse::<Uri>().map_err(|_| ConfigError::BaseUrlInvalid)?;
    let scheme = url.scheme_str().is_some_and(|scheme| matches!(scheme, "http" | "https"));
    if !scheme || url.host().is_none_or(str::is_empty) || text.contains(['@', '?', '#']) {
        return Err(ConfigError::BaseUrlInvalid);
    }
    Ok(text.trim_end_matches('/').to_owned())
}

const fn malformed() -> ApiKeyError {
    ApiKeyError::Malformed
}
