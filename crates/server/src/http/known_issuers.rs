//! Issuers of projects that were looked up a moment ago: an exchange reads and parses none of them.

use crate::app::ServerPorts;
use authmint_domain::{
    Context,
    flow::exchange::{Trusted, trusted},
    port::{Clock as _, StoreError},
};
use authmint_protocol::{id::ProjectId, time::Timestamp};
use quick_cache::sync::Cache;
use std::{sync::Arc, time::Duration};

/// Projects whose issuers are kept at most.
const CAPACITY: usize = 1024;

/// What is known of issuers, by project.
pub(crate) struct KnownIssuers {
    seen: Cache<ProjectId, (Timestamp, Arc<Trusted>)>,
    ttl: Duration,
}

impl KnownIssuers {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self { seen: Cache::new(CAPACITY), ttl }
    }

    /// The issuers of a project as they were at most `ttl` ago, if anybody asked since.
    pub(crate) fn recent(&self, cx: &Context<ServerPorts>, project_id: ProjectId) -> Option<Arc<Trusted>> {
        let (at, trusted) = self.seen.get(&project_id)?;
        (cx.clock.now().since(at) < self.ttl).then_some(trusted)
    }

    /// The issuers of a project as they are.
    pub(crate) async fn current(
        &self,
        cx: &Context<ServerPorts>,
        project_id: ProjectId,
    ) -> Result<Arc<Trusted>, StoreError> {
        let now = cx.clock.now();
        let trusted = Arc::new(trusted(cx, project_id).await?);
        self.seen.insert(project_id, (now, Arc::clone(&trusted)));
        Ok(trusted)
    }
}
