//! API keys that were looked up a moment ago, so that a refresh costs the store one call, not two.

use super::last_used::LastUsed;
use crate::app::ServerPorts;
use authmint_domain::{
    Context,
    flow::authorise::{AuthoriseError, KnownKey, find_key},
    model::key_ring::sha256,
    port::{Clock as _, Shown},
};
use authmint_protocol::{secret::ApiKeyText, time::Timestamp};
use quick_cache::sync::Cache;
use std::time::Duration;

/// Keys kept at most: more than a service has projects, little enough that made-up keys cannot fill memory.
const CAPACITY: usize = 4096;

/// What is known of keys, by the SHA-256 of their texts.
pub(crate) struct KnownKeys {
    seen: Cache<[u8; 32], Seen>,
    ttl: Duration,
}

#[derive(Clone)]
struct Seen {
    at: Timestamp,
    /// None: the store has no such key.
    key: Option<KnownKey>,
}

impl KnownKeys {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self { seen: Cache::new(CAPACITY), ttl }
    }

    /// Finds a key, asking the store at most once in `ttl`; a revoked key is refused that much later at worst.
    pub(crate) async fn find(
        &self,
        cx: &Context<ServerPorts>,
        text: &ApiKeyText,
        last_used: &LastUsed,
    ) -> Result<KnownKey, AuthoriseError> {
        let (now, hash) = (cx.clock.now(), sha256(text.reveal().as_bytes()));
        if let Some(seen) = self.seen.get(&hash)
            && now.since(seen.at) < self.ttl
        {
            return seen.key.ok_or(AuthoriseError::Unknown);
        }
        let found = find_key(cx, text).await;
        match &found {
            Ok(known) => {
                last_used.note(Shown::ApiKey(known.key.id), now);
                self.seen.insert(hash, Seen { at: now, key: Some(known.clone()) });
            }
            Err(AuthoriseError::Unknown) => self.seen.insert(hash, Seen { at: now, key: None }),
            // A broken text never reached the store, and a store that failed said nothing about the key.
            Err(_) => {}
        }
        found
    }
}
