//! Traces for an OpenTelemetry collector, by OTLP over HTTP (feature `otlp`).
//!
//! One span a request, under the names of OpenTelemetry's conventions. It continues the trace that a trusted proxy's
//! `traceparent` names (W3C Trace Context); anybody else's word about whose trace this is counts for nothing. What is
//! in a span stands in the log as well: no token, code, address or path that somebody sent.

use crate::command::CommandError;
use authmint_server::ContinueTrace;
use opentelemetry::{Key, propagation::TextMapPropagator as _, trace::TracerProvider as _};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    Protocol, SpanExporter as OtlpExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::runtime::Handle;
use tracing::{Level, Metadata};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Our fields, and what OpenTelemetry's conventions call them.
const NAMES: [(&str, &str); 6] = [
    ("id", "http.request.header.x-request-id"),
    ("method", "http.request.method"),
    ("route", "http.route"),
    ("status", "http.response.status_code"),
    ("code", "error.type"),
    ("project", "authmint.project.id"),
];

/// Where spans go, if anywhere.
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// To the collector at this address, such as `http://127.0.0.1:4318`. Call it within a Tokio runtime.
    pub(crate) fn to(endpoint: Option<&str>) -> Result<Self, CommandError> {
        let Some(endpoint) = endpoint else { return Ok(Self(None)) };
        let client = Client {
            http: reqwest::Client::builder().timeout(PATIENCE).build()?,
            runtime: Handle::current(),
        };
        let exporter = OtlpExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()?;
        let exporter = Renaming { inner: exporter, failing: AtomicBool::new(false) };
        let service = Resource::builder()
            .with_service_name("authmint")
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self(Some(
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(service).build(),
        )))
    }

    /// What sends spans there.
    pub(crate) fn layer(&self) -> Option<impl Layer<Registry> + use<>> {
        let provider = self.0.as_ref()?;
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("authmint"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        // Requests, and what went wrong in them; not the insides of libraries.
        let ours = |about: &Metadata<'_>| {
            about.target().starts_with("authmint")
                && if about.is_span() { *about.level() <= Level::INFO } else { *about.level() <= Level::WARN }
        };
        Some(spans.with_filter(filter_fn(ours)))
    }

    /// How a request continues the trace of the proxy before it.
    pub(crate) fn continues(&self) -> Option<ContinueTrace> {
        self.0.as_ref().map(|_| -> ContinueTrace {
            |span, headers| {
                let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
                // Refused only if nobody collects this span: then there is nothing to continue.
                let _not_collected = span.set_parent(parent);
            }
        })
    }

    /// Sends what has not been sent yet.
    pub(crate) async fn flush(self) {
        if let Some(provider) = self.0 {
            // It blocks until the collector has answered, which it does through this very runtime.
            let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE)).await;
            if !matches!(flushed, Ok(Ok(()))) {
                tracing::warn!("the last traces could not be handed over to otlp_endpoint and are lost");
            }
        }
    }
}

/// Gives attributes their names, and says when the collector is away and when it is back.
#[derive(Debug)]
struct Renaming {
    inner: OtlpExporter,
    failing: AtomicBool,
}

impl SpanExporter for Renaming {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for attribute in batch.iter_mut().flat_map(|span| &mut span.attributes) {
            if let Some((_, name)) = NAMES.iter().find(|(ours, _)| *ours == attribute.key.as_str()) {
                attribute.key = Key::from_static_str(name);
            }
        }
        let exported = self.inner.export(batch).await;
        match (&exported, self.failing.swap(exported.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => tracing::warn!(
                %error,
                "the collector at otlp_endpoint takes no traces, so they are lost until it does; nothing else depends on it"
            ),
            (Ok(()), true) => tracing::info!("the collector at otlp_endpoint takes traces again"),
            _ => {}
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Sends on the service's runtime: the exporter calls from a thread of its own that has none.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

type Sending<'s> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 's>>;

impl HttpClient for Client {
    fn send_bytes<'s, 'a>(&'s self, request: Request<Bytes>) -> Sending<'a>
    where
        's: 'a,
    {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let answer = http.execute(request.try_into()?).await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            Ok::<_, HttpError>(Response::builder().status(status).body(body)?)
        });
        Box::pin(async move { sent.await? })
    }
}
