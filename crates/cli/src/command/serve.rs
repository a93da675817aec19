//! `authmint serve`: the service for users.

use super::{CommandError, offline};
use crate::{
    config::{ServiceConfig, ServiceOptions},
    stop::{stop_signal, until},
    telemetry,
};
use authmint_server::{
    App, AppConfig,
    adapter::{clock::ServiceClock, entropy::ServiceEntropy, mailer::ServiceMailer, signer::ServiceSigner},
};
use authmint_store::Options as StoreOptions;
use tokio::net::TcpListener;

/// Runs the service until it is told to stop, then finishes what was accepted.
pub(crate) fn run(options: &ServiceOptions) -> Result<(), CommandError> {
    let config = ServiceConfig::load(options)?;
    telemetry::log_as(&config.log);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))
}

/// Says that a configuration has no fault, or every one that it has.
pub(crate) fn check_config(options: &ServiceOptions) -> Result<(), CommandError> {
    let config = ServiceConfig::load(options)?;
    telemetry::say(&format!("no fault: serves {} from {}", config.public_url, config.database.url));
    Ok(())
}

async fn serve(config: ServiceConfig) -> Result<(), CommandError> {
    let stop = stop_signal()?;
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        format!("cannot listen on {}: {error}; give another address with --listen", config.listen)
    })?;
    let (address, database) = (listener.local_addr()?, config.database.url.to_string());
    let signing_keys = config.database.signing_keys;
    let (store, key_ring) = offline::open(config.database, &StoreOptions::default()).await?;
    let mut app_config = AppConfig::production(config.public_url.as_str())?;
    app_config.trusted_proxies = config.trusted_proxies;
    app_config.limits = config.limits;
    app_config.signing_keys = signing_keys;
    let app = App::start(
        app_config,
        store,
        ServiceClock::system(),
        ServiceEntropy::system(),
        ServiceSigner::default(),
        ServiceMailer::smtp(&config.smtp)?,
        key_ring,
    )
    .await?;
    let (version, public_url) = (env!("CARGO_PKG_VERSION"), config.public_url);
    tracing::info!(target: telemetry::START, version, database, %address, %public_url, "authmint serves");
    Ok(authmint_server::serve(app, listener, until(stop)).await?)
}
