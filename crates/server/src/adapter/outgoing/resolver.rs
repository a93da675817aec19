//! Names into addresses that were judged: what is connected to is what was looked at.

use authmint_domain::model::outgoing::{NotReachable, Reach};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

/// A look-up under way.
pub type NameLookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// How names are looked up.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Fn(String) -> NameLookup + Send + Sync>);

impl Lookup {
    /// As the operating system does it.
    #[must_use]
    pub fn system() -> Self {
        Self::by(|host| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        })
    }

    /// By any function; tests name addresses so.
    #[must_use]
    pub fn by(lookup: impl Fn(String) -> NameLookup + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }
}

/// A name stands for an address that the service does not call.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) NotReachable);

/// Looks a name up once, and hands on only what was judged.
pub(super) struct GuardedResolver {
    reach: Arc<Reach>,
    lookup: Lookup,
}

impl GuardedResolver {
    pub(super) fn new(reach: Arc<Reach>, lookup: Lookup) -> Self {
        Self { reach, lookup }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, host) = (Arc::clone(&self.reach), name.as_str().to_owned());
        let looking = (self.lookup.0)(host.clone());
        Box::pin(async move {
            let found = looking.await?;
            if found.is_empty() {
                return Err("the name has no address".into());
            }
            // One private address among public ones is no accident: such a name is not called at all.
            for address in &found {
                reach.address(&host, *address).map_err(Refused)?;
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
