//! `authmint dev`: the service and the demo app as two listeners in one process, for development only.
//!
//! The two talk over real loopback HTTP, as they would in production; nothing is wired through.

mod banner;
mod demo;
mod project;

use super::CommandError;
use crate::{
    data_dir::DevelopmentDir,
    stop::{stop_signal, until},
    telemetry,
};
use authmint_domain::model::policy::Policy;
use authmint_server::{
    App, AppConfig,
    adapter::{
        clock::ServiceClock,
        entropy::ServiceEntropy,
        mailer::{Inbox, ServiceMailer, SmtpConfig},
        signer::ServiceSigner,
    },
};
use authmint_store::{Options as StoreOptions, Store, StoreUrl};
use std::{net::Ipv4Addr, path::PathBuf, time::Duration};
use tokio::net::TcpListener;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Where an app under development waits for its users, if it listens where most do.
const APP_CALLBACK: &str = "http://localhost:3000/auth/callback";

/// Options of `authmint dev`; everything has a default.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Port of the service; 0 takes any free one.
    #[arg(long, default_value_t = 8420)]
    port: u16,
    /// Port of the demo app; 0 takes any free one.
    #[arg(long, default_value_t = 8421)]
    demo_port: u16,
    /// Folder for the database and the key ring, made if missing.
    #[arg(long, value_name = "DIR", default_value = ".authmint")]
    data: PathBuf,
    /// Print one line of JSON with addresses and keys instead of the greeting.
    #[arg(long)]
    json: bool,
    /// Life of a session JWT, in seconds; at most 3600.
    #[arg(long, value_name = "SECONDS")]
    session_jwt_ttl: Option<u64>,
    /// Grace window G: how long after a rotation its contenders get the same answer, in seconds.
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
    /// Settling time M: how long a session answers without rotating again, in seconds; 0 rotates at every refresh.
    #[arg(long, value_name = "SECONDS")]
    settle: Option<u64>,
    /// Let `POST /dev/clock {"advance_s": n}` move the service's clock.
    #[arg(long)]
    virtual_clock: bool,
    /// Switch the rate limits off, for load tests.
    #[arg(long)]
    no_limits: bool,
    /// Where the sign-in page may send people back to, beside the demo app and http://localhost:3000/auth/callback; repeat
    /// it for each.
    #[arg(long = "redirect-uri", value_name = "URL")]
    redirect_uris: Vec<String>,
    /// Also send mail through this server, such as smtp://127.0.0.1:2525; the inbox page shows it in any case.
    #[arg(long, value_name = "URL")]
    smtp: Option<SmtpConfig>,
}

impl Options {
    fn policy(&self) -> Policy {
        let seconds = |given: Option<u64>, default| given.map_or(default, Duration::from_secs);
        let default = Policy { email_in_jwt: true, ..Policy::default() };
        Policy {
            session_jwt_ttl: seconds(self.session_jwt_ttl, default.session_jwt_ttl),
            grace: seconds(self.grace, default.grace),
            settle: seconds(self.settle, default.settle),
            ..default
        }
    }
}

/// What a person, or a program reading `--json`, needs to know of a running `authmint dev`.
pub(crate) struct Running {
    base_url: String,
    demo_url: String,
    keys: project::DemoKeys,
    data: PathBuf,
}

/// Runs the command until it is told to stop.
pub(crate) fn run(options: &Options) -> Result<(), CommandError> {
    let quiet = Targets::new().with_default(LevelFilter::WARN);
    telemetry::log_to_stderr(&if options.json {
        quiet
    } else {
        quiet.with_target("authmint_server", LevelFilter::INFO)
    });
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(options))
}

async fn serve(options: &Options) -> Result<(), CommandError> {
    let mut policy = options.policy();
    let service = listen(options.port, "--port").await?;
    let demo = listen(options.demo_port, "--demo-port").await?;
    let (base_url, demo_url) = (url_of(&service)?, url_of(&demo)?);
    let known = [demo_url.clone(), format!("{demo_url}/auth/callback"), APP_CALLBACK.to_owned()];
    policy.redirect_uris = known.into_iter().chain(options.redirect_uris.iter().cloned()).collect();
    let faults: Vec<_> = policy.faults(true).iter().map(ToString::to_string).collect();
    if !faults.is_empty() {
        return Err(faults.join("; ").into());
    }

    let (app, keys) = start_app(options, policy, &base_url).await?;
    let demo_app = demo::router(&base_url, &keys, app.context().clock.clone())?;

    // Before anybody is told that it runs: whoever reads that may ask it to stop at once.
    let stop = stop_signal()?;
    telemetry::say(&banner::text(
        &Running { base_url, demo_url, keys, data: options.data.clone() },
        options.json,
    ));

    let demo_served = axum::serve(demo, demo_app).with_graceful_shutdown(until(stop.clone()));
    let service_served = authmint_server::serve(app, service, until(stop));
    let (demo_served, service_served) = tokio::join!(demo_served.into_future(), service_served);
    Ok(demo_served.and(service_served)?)
}

async fn start_app(
    options: &Options,
    policy: Policy,
    base_url: &str,
) -> Result<(App, project::DemoKeys), CommandError> {
    let dir = DevelopmentDir::open(&options.data)?;
    let entropy = ServiceEntropy::system();
    let key_ring = dir.key_ring(&entropy)?;
    let clock = if options.virtual_clock { ServiceClock::shiftable() } else { ServiceClock::system() };
    let store = Store::open(&StoreUrl::Sqlite(dir.database()), &StoreOptions::default()).await?;
    let keys = project::register(&store, &key_ring, policy, &clock).await?;

    let inbox = Inbox::default();
    let mailer = match &options.smtp {
        Some(smtp) => ServiceMailer::both(inbox.clone(), smtp)?,
        None => ServiceMailer::inbox(inbox.clone()),
    };
    let mut config = AppConfig::development(base_url, inbox)?;
    config.limited = !options.no_limits;
    let app = App::start(config, store, clock, entropy, ServiceSigner::default(), mailer, key_ring).await?;
    Ok((app, keys))
}

async fn listen(port: u16, option: &'static str) -> Result<TcpListener, CommandError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listener.map_err(|error| {
        format!("cannot listen on port {port}: {error}; give another one with {option}").into()
    })
}

/// The name `localhost` rather than a number: browsers treat it as a secure context, passkeys accept no number.
fn url_of(listener: &TcpListener) -> std::io::Result<String> {
    Ok(format!("http://localhost:{}", listener.local_addr()?.port()))
}
