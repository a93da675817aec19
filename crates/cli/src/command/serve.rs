//! `authmint serve`: the service for users.

use super::{CommandError, offline};
use crate::{
    config::{ServiceConfig, ServiceOptions},
    stop::{stop_signal, until},
    telemetry::{self, Traces},
};
use authmint_server::{
    App, AppConfig,
    adapter::{clock::ServiceClock, entropy::ServiceEntropy, mailer::ServiceMailer, signer::ServiceSigner},
};
use authmint_store::Options as StoreOptions;
use std::net::SocketAddr;
use tokio::{net::TcpListener, sync::oneshot};
use tracing::field;

/// Runs the service until it is told to stop, then finishes what was accepted.
pub(crate) fn run(options: &ServiceOptions) -> Result<(), CommandError> {
    let config = ServiceConfig::load(options)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let traces = Traces::to(config.otlp_endpoint.as_deref())?;
        telemetry::log_as(&config.log, &traces);
        let served = serve(config, &traces).await;
        traces.flush().await;
        served
    })
}

/// Says that a configuration has no fault, or every one that it has.
pub(crate) fn check_config(options: &ServiceOptions) -> Result<(), CommandError> {
    let config = ServiceConfig::load(options)?;
    telemetry::say(&format!("no fault: serves {} from {}", config.public_url, config.database.url));
    Ok(())
}

async fn serve(config: ServiceConfig, traces: &Traces) -> Result<(), CommandError> {
    let stop = stop_signal()?;
    let listener = listen(config.listen, "--listen").await?;
    let metrics = match config.metrics_listen {
        Some(address) => Some(listen(address, "metrics_listen").await?),
        None => None,
    };
    let metrics_address = metrics.as_ref().map(TcpListener::local_addr).transpose()?.map(field::display);
    let (address, database) = (listener.local_addr()?, config.database.url.to_string());
    let (signing_keys, reach) = (config.database.signing_keys, config.database.reach.clone());
    let (store, key_ring) = offline::open(config.database, StoreOptions::default()).await?;
    let mut app_config = AppConfig::production(config.public_url.as_str())?;
    app_config.trusted_proxies = config.trusted_proxies;
    app_config.limits = config.limits;
    app_config.audit_kept_for = Some(config.audit_kept_for);
    app_config.signing_keys = signing_keys;
    app_config.reach = reach;
    app_config.continue_trace = traces.continues();
    let clock = ServiceClock::of_store();
    clock.set_by(&store).await?;
    let hides_clients = app_config.hides_clients();
    let app = App::start(
        app_config,
        store,
        clock,
        ServiceEntropy::system(),
        ServiceSigner::default(),
        ServiceMailer::smtp(&config.smtp)?,
        key_ring,
    )
    .await?;
    let (version, public_url) = (env!("CARGO_PKG_VERSION"), config.public_url);
    tracing::info!(
        target: telemetry::START,
        version, database, %address, %public_url, metrics = metrics_address,
        "authmint serves"
    );
    if hides_clients {
        tracing::warn!(
            "trust_proxy names no proxy, yet the public URL is https and this service speaks no TLS: all clients look \
             like one, so they share each other's limits; name the proxy that ends TLS"
        );
    }
    // The metrics outlive the service: how its draining goes is what an operator wants to see.
    let (over, is_over) = oneshot::channel::<()>();
    let told = async {
        if let Some(listener) = metrics {
            authmint_server::serve_metrics(app.clone(), listener, async {
                let _over = is_over.await;
            })
            .await;
        }
    };
    let serving = async {
        let served = authmint_server::serve(app.clone(), listener, until(stop)).await;
        drop(over);
        served
    };
    let (served, ()) = tokio::join!(serving, told);
    Ok(served?)
}

async fn listen(address: SocketAddr, key: &'static str) -> Result<TcpListener, CommandError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| {
        format!("cannot listen on {address}: {error}; give another address with {key}").into()
    })
}
