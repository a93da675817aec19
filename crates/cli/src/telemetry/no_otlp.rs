//! The program without the feature `otlp`: there is nowhere to send traces to, and the configuration says so.

use crate::command::CommandError;
use authmint_server::ContinueTrace;
use tracing_subscriber::layer::Identity;

/// Nowhere.
pub(crate) struct Traces;

impl Traces {
    #[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
    pub(crate) fn to(_endpoint: Option<&str>) -> Result<Self, CommandError> {
        Ok(Self)
    }

    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn layer(&self) -> Option<Identity> {
        None
    }

    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn continues(&self) -> Option<ContinueTrace> {
        None
    }

    pub(crate) async fn flush(self) {}
}
