//! Issuers of others that the app trusts: whose JWT a request brings, and which keys they publish.
//!
//! A JWT in the `Authorization` header speaks for the request, whatever cookies came beside it: who sends one means it.
//! One in a cookie that the app named counts only where no session of ours came. Either is verified offline and never
//! refreshed, and nothing of it is written into a cookie.

use super::{
    Guard,
    begin::{Candidate, Conversation, Purpose, Stage, Step},
    keys::Keys,
    outcome::Outcome,
    request::RequestHead,
};
use crate::{
    error::ConfigError,
    session::{Session, Source},
};
use authmint_protocol::{
    issuer::{IssuerTerms, KeyPlace, Rules, claimed_issuer, discovery},
    secret::SessionJwt,
    time::Timestamp,
};
use http::Uri;
use std::sync::{PoisonError, RwLock};

/// Every issuer that the app trusts besides the service.
pub(super) struct Foreign {
    issuers: Vec<Issuer>,
    /// The cookie in which a JWT of one of them may come.
    cookie: Option<String>,
}

/// One issuer: its rules and its keys, which no other shares.
pub(super) struct Issuer {
    pub(super) rules: Rules,
    pub(super) keys: Keys,
    /// Where its discovery document says that its keys are.
    discovered: RwLock<Option<Uri>>,
}

impl Foreign {
    /// Reads what the app says of the issuers that it trusts, besides that of the service's JWTs.
    pub(super) fn new(
        terms: &[IssuerTerms],
        cookie: Option<&str>,
        own: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let mut issuers: Vec<Issuer> = Vec::with_capacity(terms.len());
        for terms in terms {
            let rules = Rules::of(terms).map_err(|faults| {
                let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
                ConfigError::IssuerInvalid(faults.join("; "))
            })?;
            let twice = issuers.iter().any(|known| known.rules.issuer() == rules.issuer());
            if twice || own == Some(rules.issuer()) {
                let why =
                    format!("{:?} is trusted already: give it all its audiences in one", rules.issuer());
                return Err(ConfigError::IssuerInvalid(why));
            }
            if rules.keys().url().parse::<Uri>().is_err() {
                return Err(ConfigError::IssuerInvalid("jwks_uri is no URL".to_owned()));
            }
            issuers.push(Issuer { rules, keys: Keys::new(), discovered: RwLock::default() });
        }
        Ok(Self { issuers, cookie: cookie.map(str::to_owned) })
    }

    pub(super) fn get(&self, index: usize) -> Option<&Issuer> {
        self.issuers.get(index)
    }

    /// The first whose keys should be renewed beside the requests.
    pub(super) fn take_renewal(&self, now: Timestamp) -> Option<usize> {
        self.issuers.iter().position(|issuer| issuer.keys.take_renewal(now))
    }
}

impl Issuer {
    /// What is to be asked next: the key set, or the document that says where it is.
    pub(super) fn uri(&self) -> Uri {
        let discovered = self.discovered.read().unwrap_or_else(PoisonError::into_inner);
        discovered.clone().unwrap_or_else(|| {
            self.rules.keys().url().parse().expect("it was parsed when the guard was made")
        })
    }

    /// Whether the document must be read before the keys.
    pub(super) fn is_undiscovered(&self) -> bool {
        matches!(self.rules.keys(), KeyPlace::Discovery(_))
            && self.discovered.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Takes in the discovery document; `false` if it is of no use.
    pub(super) fn discover(&self, document: &[u8]) -> bool {
        let uri = discovery::jwks_uri(document, self.rules.issuer()).ok().and_then(|uri| uri.parse().ok());
        let found = uri.is_some();
        if found {
            *self.discovered.write().unwrap_or_else(PoisonError::into_inner) = uri;
        }
        found
    }

    /// The key set is not where the document said: it is read anew before the next try.
    pub(super) fn forget_place(&self) {
        *self.discovered.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Guard {
    /// Serves a request that brings a JWT of another issuer; nothing if it brings none.
    pub(super) fn begin_foreign(
        &self,
        head: RequestHead<'_>,
        purpose: Purpose,
        now: Timestamp,
    ) -> Option<Step> {
        if self.foreign.issuers.is_empty() {
            return None;
        }
        if let Some(step) = head.bearer().and_then(|jwt| self.examine_foreign(jwt, purpose, now)) {
            return Some(step);
        }
        let name = self.foreign.cookie.as_deref()?;
        if self.pairs(head).iter().any(|pair| !pair.is_empty()) {
            return None;
        }
        self.examine_foreign(head.cookie(name)?, purpose, now)
    }

    /// Nothing if none of the issuers is the one that the JWT names.
    pub(super) fn examine_foreign(&self, jwt: &str, purpose: Purpose, now: Timestamp) -> Option<Step> {
        if self.foreign.issuers.is_empty() {
            return None;
        }
        let version = |index| self.foreign.get(index).map(|issuer| issuer.keys.version());
        if let Some(verified) = self.verified.get_foreign(jwt, version, now) {
            let session = Session { verified, refresh_token: None, renewed: None };
            return Some(Step::Done(Outcome::of(Ok(session))));
        }
        let named = claimed_issuer(jwt)?;
        let index = self.foreign.issuers.iter().position(|issuer| issuer.rules.issuer() == named)?;
        let jwt = Some(SessionJwt::new(jwt.to_owned()));
        let talk = Conversation::bare(purpose, Candidate { jwt, ..Candidate::default() });
        Some(self.examine(talk, Stage::Presented(Source::Issuer(index)), now))
    }
}
