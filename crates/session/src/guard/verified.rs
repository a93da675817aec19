//! JWTs that were verified before, found again by their whole text.

use super::seed::Seeded;
use crate::session::{Source, VerifiedJwt};
use authmint_protocol::time::Timestamp;
use quick_cache::{
    UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};
use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    sync::Arc,
};

type Jwts = Cache<ByText, Arc<VerifiedJwt>, UnitWeighter, Seeded, DefaultLifecycle<ByText, Arc<VerifiedJwt>>>;

/// The bounded cache of verified JWTs.
pub(super) struct VerifiedJwts(Jwts);

impl VerifiedJwts {
    pub(super) fn new(capacity: usize, seeded: Seeded) -> Self {
        let weight = u64::try_from(capacity).unwrap_or(u64::MAX);
        Self(Cache::with(capacity, weight, UnitWeighter, seeded, DefaultLifecycle::default()))
    }

    /// The JWT, if these very keys of the service vouched for it and its time is not over.
    pub(super) fn get(&self, jwt: &str, keys_version: u64, now: Timestamp) -> Option<Arc<VerifiedJwt>> {
        let verified = self.0.get(jwt)?;
        (verified.source == Source::Service).then(|| self.current(verified, keys_version, now)).flatten()
    }

    /// The JWT, if another issuer vouched for it, by the keys of now.
    pub(super) fn get_foreign(
        &self,
        jwt: &str,
        keys_version: impl FnOnce(usize) -> Option<u64>,
        now: Timestamp,
    ) -> Option<Arc<VerifiedJwt>> {
        let verified = self.0.get(jwt)?;
        let Source::Issuer(index) = verified.source else { return None };
        self.current(verified, keys_version(index)?, now)
    }

    fn current(
        &self,
        verified: Arc<VerifiedJwt>,
        keys_version: u64,
        now: Timestamp,
    ) -> Option<Arc<VerifiedJwt>> {
        if verified.keys_version == keys_version && now < verified.claims.expires_at {
            return Some(verified);
        }
        self.0.remove(verified.jwt.reveal());
        None
    }

    pub(super) fn remove(&self, jwt: &str) {
        self.0.remove(jwt);
    }

    pub(super) fn insert(&self, verified: &Arc<VerifiedJwt>) {
        self.0.insert(ByText(Arc::clone(verified)), Arc::clone(verified));
    }
}

/// A key that is the value's own text, so that the text is kept once.
struct ByText(Arc<VerifiedJwt>);

impl Borrow<str> for ByText {
    fn borrow(&self) -> &str {
        self.0.jwt.reveal()
    }
}

impl Hash for ByText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<str>::borrow(self).hash(state);
    }
}

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        Borrow::<str>::borrow(self) == Borrow::<str>::borrow(other)
    }
}

impl Eq for ByText {}
