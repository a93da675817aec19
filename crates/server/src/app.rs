//! The running service as one value.

mod config;
pub(crate) mod public_url;

pub use config::{AUDIT_KEPT_FOR, AppConfig, ContinueTrace, HttpLimits, Mode};
pub use public_url::{InvalidPublicUrl, PublicUrl};

use crate::{
    adapter::{
        clock::ServiceClock, entropy::ServiceEntropy, issuer_keys::ServiceIssuerKeys, mailer::Inbox,
        mailer::ServiceMailer, outgoing::ServiceOutgoing, signer::ServiceSigner,
    },
    http::{
        flood::Flood, known_issuers::KnownIssuers, known_keys::KnownKeys, known_operators::KnownOperators,
        last_used::LastUsed, request_id::RequestIds,
    },
    metrics::Metrics,
    router,
};
use authmint_domain::{
    Context,
    context::Ports,
    flow::{
        signing_keys::{Keeper, Kept, KeysError},
        start::{self, StartError},
    },
    model::key_ring::KeyRing,
    port::{Clock as _, Signer as _, Store as _, StoreError},
};
use authmint_store::Store;
use axum::Router;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The adapters of a running service.
pub struct ServerPorts;

impl Ports for ServerPorts {
    type Store = Store;
    type Clock = ServiceClock;
    type Entropy = ServiceEntropy;
    type Signer = ServiceSigner;
    type Mailer = ServiceMailer;
    type IssuerKeys = ServiceIssuerKeys<ServiceOutgoing>;
    type Outgoing = ServiceOutgoing;
}

/// A service that was made ready; a copy is the same service.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    context: Arc<Context<ServerPorts>>,
    config: AppConfig,
    known_keys: KnownKeys,
    known_issuers: KnownIssuers,
    known_operators: KnownOperators,
    last_used: LastUsed,
    request_ids: RequestIds,
    metrics: Metrics,
    flood: Flood,
    /// What is known of the signing keys in use.
    kept: Mutex<Kept>,
    draining: watch::Sender<bool>,
}

impl App {
    /// Makes a service ready: holds the key ring against the database and installs the signing keys.
    ///
    /// # Errors
    /// [`StartError`] says why it must not serve; nothing was changed then.
    #[expect(clippy::too_many_arguments, reason = "one adapter a port: this list is the composition itself")]
    pub async fn start(
        config: AppConfig,
        store: Store,
        clock: ServiceClock,
        entropy: ServiceEntropy,
        signer: ServiceSigner,
        mailer: ServiceMailer,
        key_ring: KeyRing,
    ) -> Result<Self, StartError> {
        let metrics = Metrics::new(clock.now(), config.limits.connections, mailer.counts().clone());
        let outgoing = ServiceOutgoing::new(config.reach.clone(), config.lookup.clone());
        let context = Context {
            store,
            clock,
            entropy,
            signer,
            mailer,
            issuer_keys: ServiceIssuerKeys::new(outgoing.clone()),
            outgoing,
            key_ring: Arc::new(key_ring),
            issuer: config.public_url.to_string(),
            signing_keys: config.signing_keys,
            limited: config.limited,
            audit_kept_for: config.audit_kept_for,
        };
        if matches!(config.mode, Mode::Production) {
            start::refuse_public_key(&context.store).await?;
        }
        let kept = start::start(&context).await?;
        Ok(Self(Arc::new(Inner {
            known_keys: KnownKeys::new(config.key_cache_ttl),
            known_issuers: KnownIssuers::new(config.key_cache_ttl),
            known_operators: KnownOperators::new(config.key_cache_ttl),
            last_used: LastUsed::default(),
            request_ids: RequestIds::new(&context.entropy),
            metrics,
            flood: Flood::new(&config, &context.clock),
            context: Arc::new(context),
            config,
            kept: Mutex::new(kept),
            draining: watch::channel(false).0,
        })))
    }

    /// What the flows work with.
    #[must_use]
    pub fn context(&self) -> &Arc<Context<ServerPorts>> {
        &self.0.context
    }

    /// How the service runs.
    #[must_use]
    pub fn config(&self) -> &AppConfig {
        &self.0.config
    }

    /// Everything that the service serves, ready to be called in the same process.
    ///
    /// A request without a connection behind it counts as one from this machine.
    pub fn router(&self) -> Router {
        self.router_with(Router::new())
    }

    /// The same with routes added, which get the same treatment as the service's own: load tests compare by them.
    pub fn router_with(&self, added: Router<Self>) -> Router {
        router::router(self, added)
    }

    /// Rotates signing keys that have come of age, and follows what other processes did to them.
    ///
    /// It is cheap where nothing is to be done; a served app does it every second.
    ///
    /// # Errors
    /// [`KeysError`]; the keys in use stay so.
    pub async fn keep_signing_keys(&self) -> Result<(), KeysError> {
        let (context, now) = (&self.0.context, self.0.context.clock.now());
        let kept = *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if now < kept.due && context.store.signing_mark().await? == kept.mark {
            return Ok(());
        }
        let before = kept.mark;
        let kept = Keeper::of(context).keep(now).await?;
        if kept.mark != before {
            let published = context.signer.key_set().keys().len();
            tracing::info!(published, "the signing keys have changed and are in use");
        }
        *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(())
    }

    /// Puts signing keys to use that were just changed here; else the next second does it.
    pub(crate) async fn follow_signing_keys(&self) {
        if let Err(error) = self.keep_signing_keys().await {
            tracing::warn!(%error, "the signing keys could not be looked after; it will be tried again");
        }
    }

    /// Writes down when API keys and operator tokens were last shown; a served app does it every minute.
    ///
    /// # Errors
    /// [`StoreError`]; what was noted is kept for the next time.
    pub async fn keep_last_used(&self) -> Result<(), StoreError> {
        let notes = self.0.last_used.take();
        if notes.is_empty() {
            return Ok(());
        }
        let kept = self.0.context.store.note_shown(notes.clone()).await;
        if kept.is_err() {
            self.0.last_used.put_back(notes);
        }
        kept
    }

    pub(crate) fn known_issuers(&self) -> &KnownIssuers {
        &self.0.known_issuers
    }

    pub(crate) fn known_keys(&self) -> &KnownKeys {
        &self.0.known_keys
    }

    pub(crate) fn known_operators(&self) -> &KnownOperators {
        &self.0.known_operators
    }

    pub(crate) fn last_used(&self) -> &LastUsed {
        &self.0.last_used
    }

    pub(crate) fn request_ids(&self) -> &RequestIds {
        &self.0.request_ids
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn flood(&self) -> &Flood {
        &self.0.flood
    }

    /// The inbox, in development mode.
    pub(crate) fn inbox(&self) -> Option<&Inbox> {
        match &self.0.config.mode {
            Mode::Development { inbox } => Some(inbox),
            Mode::Production => None,
        }
    }

    pub(crate) fn begin_draining(&self) {
        self.0.draining.send_replace(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.0.draining.borrow()
    }

    /// Waits until the service means to stop.
    pub(crate) async fn drained(&self) {
        let mut draining = self.0.draining.subscribe();
        // The sender is part of this very value, so it cannot be gone.
        let _draining = draining.wait_for(|draining| *draining).await;
    }
}
