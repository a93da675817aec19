//! The demo app, on the service's clock: where a test moves that clock, both must move.

use super::{CommandError, project::DemoKeys};
use authmint::{
    Auth,
    client::{Host, SystemHost},
    error::TransportError,
};
use authmint_domain::port::{Clock as _, Entropy as _};
use authmint_example_axum::{DemoConfig, options, router_with};
use authmint_protocol::time::Timestamp;
use authmint_server::adapter::{clock::ServiceClock, entropy::ServiceEntropy};
use axum::{
    Router,
    body::Bytes,
    http::{Request, Response},
};
use std::time::Duration;

/// Builds the demo app; it reaches the service over real HTTP like any other.
pub(super) fn router(base_url: &str, keys: &DemoKeys, clock: ServiceClock) -> Result<Router, CommandError> {
    let config = DemoConfig {
        service_url: base_url.to_owned(),
        client_key: keys.client.reveal().to_owned(),
        server_key: keys.server.reveal().to_owned(),
        inbox_url: Some(format!("{base_url}/dev/inbox")),
    };
    let host = OnServiceClock { network: SystemHost::new()?, clock };
    let auth = Auth::with_host(&options(&config), ServiceEntropy::system().draw(), host)?;
    Ok(router_with(config, auth)?)
}

/// The system's network, the service's clock.
struct OnServiceClock {
    network: SystemHost,
    clock: ServiceClock,
}

impl Host for OnServiceClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn sleep(&self, span: Duration) {
        self.network.sleep(span).await;
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.network.send(request).await
    }
}
