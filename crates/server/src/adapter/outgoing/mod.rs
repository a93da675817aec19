//! The one way out: calls to servers of others, held to the rules of [`Reach`].

mod resolver;

pub use resolver::{Lookup, NameLookup};

use authmint_domain::{
    model::outgoing::{OutgoingUrl, Reach},
    port::{LARGEST_ANSWER, Outgoing, OutgoingError},
};
use http::{HeaderValue, StatusCode, header};
use reqwest::{Client, Response, redirect};
use resolver::GuardedResolver;
use std::{
    error::Error as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// How long a call may take in all, from the look-up of the name to the last byte.
const DEADLINE: Duration = Duration::from_secs(5);

/// How the service calls servers of others; a copy shares its connections.
#[derive(Clone)]
pub struct ServiceOutgoing(Arc<Inner>);

struct Inner {
    reach: Arc<Reach>,
    lookup: Lookup,
    deadline: Duration,
    /// Made at the first call: it reads the machine's trusted certificates, without which all else of the service works.
    client: OnceLock<Result<Client, String>>,
}

impl ServiceOutgoing {
    /// Calls within `reach`; names are looked up by `lookup` once a connection, and the addresses that were judged are
    /// those that are connected to.
    #[must_use]
    pub fn new(reach: Reach, lookup: Lookup) -> Self {
        Self::within(DEADLINE, reach, lookup)
    }

    fn within(deadline: Duration, reach: Reach, lookup: Lookup) -> Self {
        Self(Arc::new(Inner { reach: Arc::new(reach), lookup, deadline, client: OnceLock::new() }))
    }

    fn client(&self, url: &OutgoingUrl) -> Result<&Client, OutgoingError> {
        let made = self.0.client.get_or_init(|| self.0.connectable().map_err(|error| root_cause(&error)));
        made.as_ref().map_err(|reason| {
            let reason = format!("TLS cannot be set up ({reason}); are trusted certificates installed here?");
            OutgoingError::Unreachable { host: url.host().to_owned(), reason }
        })
    }

    async fn answer(&self, url: &OutgoingUrl) -> Result<Response, OutgoingError> {
        let request = self.client(url)?.get(url.as_str()).header(header::ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| told(&error, url))?;
        let host = || url.host().to_owned();
        let status = response.status();
        if status != StatusCode::OK {
            return Err(OutgoingError::Status { host: host(), status: status.as_u16() });
        }
        if !response.headers().get(header::CONTENT_TYPE).is_some_and(is_json) {
            return Err(OutgoingError::ContentType { host: host() });
        }
        Ok(response)
    }
}

impl Inner {
    fn connectable(&self) -> reqwest::Result<Client> {
        Client::builder()
            .user_agent(concat!("authmint/", env!("CARGO_PKG_VERSION")))
            .timeout(self.deadline)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // A proxy of the environment would look names up itself, past the rules.
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(2)
            .dns_resolver(GuardedResolver::new(Arc::clone(&self.reach), self.lookup.clone()))
            .build()
    }
}

impl Outgoing for ServiceOutgoing {
    fn url(&self, text: &str) -> Result<OutgoingUrl, OutgoingError> {
        let refused = |why| OutgoingError::NotReachable { url: text.to_owned(), why };
        self.0.reach.url(text).map_err(refused)
    }

    async fn get_json(&self, url: &OutgoingUrl) -> Result<Vec<u8>, OutgoingError> {
        let mut response = self.answer(url).await?;
        let too_large = || OutgoingError::TooLarge { host: url.host().to_owned() };
        let announced = response.content_length().unwrap_or(0);
        if announced > LARGEST_ANSWER as u64 {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| told(&error, url))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// `application/json`, and what is built on it, such as `application/jwk-set+json` (RFC 6839, section 3.1).
fn is_json(content_type: &HeaderValue) -> bool {
    let kind = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// What the client says, without the URL: its query may hold something that no log should show.
fn told(error: &reqwest::Error, url: &OutgoingUrl) -> OutgoingError {
    let host = url.host().to_owned();
    if error.is_timeout() {
        return OutgoingError::Late { host };
    }
    let mut cause = error.source();
    let mut reason = String::from("the connection failed");
    while let Some(error) = cause {
        if let Some(resolver::Refused(why)) = error.downcast_ref() {
            return OutgoingError::NotReachable { url: format!("the address of {host}"), why: *why };
        }
        reason = error.to_string();
        cause = error.source();
    }
    OutgoingError::Unreachable { host, reason }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = error.to_string();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
