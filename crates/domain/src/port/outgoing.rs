//! Calls to servers of others.

use crate::model::outgoing::{NotReachable, OutgoingUrl};
use std::future::Future;

/// The largest answer that is read.
pub const LARGEST_ANSWER: usize = 256 * 1024;

/// A server of others gave no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The service does not call there.
    #[error("{url} {why}")]
    NotReachable {
        /// The URL.
        url: String,
        /// The rule that it breaks.
        why: NotReachable,
    },
    /// The name has no address, nobody answers there, or TLS fails.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// The answer did not arrive in time.
    #[error("{host} did not answer in time")]
    Late {
        /// The host.
        host: String,
    },
    /// Another status than 200; a redirect is one, too, and is not followed.
    #[error("{host} answered with status {status}, and 200 is needed; redirects are not followed")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// The answer is no JSON by its own word.
    #[error("{host} answered with another content type than JSON")]
    ContentType {
        /// The host.
        host: String,
    },
    /// The answer is larger than [`LARGEST_ANSWER`].
    #[error("{host} answered with more than 256 KiB")]
    TooLarge {
        /// The host.
        host: String,
    },
}

/// Who calls servers of others, within the rules of [`Reach`](crate::model::outgoing::Reach).
pub trait Outgoing: Send + Sync + 'static {
    /// Judges a URL before anything is sent.
    ///
    /// # Errors
    /// [`OutgoingError::NotReachable`].
    fn url(&self, text: &str) -> Result<OutgoingUrl, OutgoingError>;

    /// Fetches a JSON document: one request, no redirect, bounded in time and size.
    fn get_json(&self, url: &OutgoingUrl) -> impl Future<Output = Result<Vec<u8>, OutgoingError>> + Send;
}
