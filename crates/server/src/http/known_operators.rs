//! Operator tokens that were looked up a moment ago, so that a tool which calls often costs the store little.

use super::last_used::LastUsed;
use crate::app::ServerPorts;
use authmint_domain::{
    Context,
    flow::authorise::{KnownOperator, OperatorError, find_operator},
    model::{key_ring::sha256, operator_token::OperatorTokenRefused},
    port::{Clock as _, Shown},
};
use authmint_protocol::{secret::OperatorTokenText, time::Timestamp};
use quick_cache::sync::Cache;
use std::time::Duration;

/// Tokens kept at most: more than a service has operators, little enough that made-up tokens cannot fill memory.
const CAPACITY: usize = 256;

/// What is known of operator tokens, by the SHA-256 of their texts.
pub(crate) struct KnownOperators {
    seen: Cache<[u8; 32], Seen>,
    ttl: Duration,
}

#[derive(Clone)]
struct Seen {
    at: Timestamp,
    /// None: the store has no such token.
    token: Option<KnownOperator>,
}

impl KnownOperators {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self { seen: Cache::new(CAPACITY), ttl }
    }

    /// Finds a token, asking the store at most once in `ttl`; a revoked token is refused that much later at worst.
    pub(crate) async fn find(
        &self,
        cx: &Context<ServerPorts>,
        text: &OperatorTokenText,
        last_used: &LastUsed,
    ) -> Result<KnownOperator, OperatorError> {
        let (now, hash) = (cx.clock.now(), sha256(text.reveal().as_bytes()));
        if let Some(seen) = self.seen.get(&hash)
            && now.since(seen.at) < self.ttl
        {
            return seen.token.ok_or_else(|| OperatorTokenRefused::Unknown.into());
        }
        let found = find_operator(cx, text).await;
        match &found {
            Ok(known) => {
                last_used.note(Shown::OperatorToken(known.token.id), now);
                self.seen.insert(hash, Seen { at: now, token: Some(known.clone()) });
            }
            Err(OperatorError::Refused(_)) => self.seen.insert(hash, Seen { at: now, token: None }),
            // A store that failed said nothing about the token.
            Err(OperatorError::Store(_)) => {}
        }
        found
    }
}
