//! The service behind a listener: HTTP/1.1, bounded in every direction, drained at the end.

use crate::{
    api::metrics,
    app::{App, HttpLimits},
    background,
};
use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tower::Service as _;

/// The rest until the next try after the system refused a connection, such as for want of file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(200);
/// What the HTTP library reads of a head before it gives up without a word of ours.
const HARD_HEAD_LIMIT: usize = 64 * 1024;
const HARD_HEADERS_LIMIT: usize = 128;
/// Connections to the metrics: a handful of those who collect them.
const METRICS_CONNECTIONS: usize = 16;
/// How long a page of metrics that was asked for may still take at the end.
const METRICS_DRAIN: Duration = Duration::from_secs(1);

/// Serves until `shutdown` is done, then stops accepting, finishes what was accepted, and returns.
///
/// # Errors
/// If the service is in development mode and the listener is open to other machines. Nothing ends a running service
/// but `shutdown`: a listener's passing faults are waited out.
pub async fn serve(app: App, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    serve_with(app, Router::new(), listener, shutdown).await
}

/// The same with routes added, see [`App::router_with`].
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    app: App,
    added: Router<App>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    if app.inbox().is_some() && !listener.local_addr()?.ip().to_canonical().is_loopback() {
        let text = "development mode shows everyone's mail: it listens on loopback addresses only";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let (stop, stopped) = watch::channel(false);
    let work = background::run(&app, until(stopped));
    let serving = async {
        let router = app.router_with(added);
        let connections = accept(&app, router, app.config().limits, listener, shutdown).await;
        app.begin_draining();
        stop.send_replace(true);
        drain(connections, app.config().limits.drain_timeout).await;
    };
    tokio::join!(serving, work);
    background::keep_last_used(&app).await;
    Ok(())
}

/// Serves `/metrics` and nothing else until `shutdown` is done, as bounded as the service itself.
///
/// Give it an address that only the operator's own machines reach: what is counted tells about the business.
pub async fn serve_metrics(app: App, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let limits = HttpLimits { connections: METRICS_CONNECTIONS, ..app.config().limits };
    let connections = accept(&app, metrics::router(&app), limits, listener, shutdown).await;
    drain(connections, METRICS_DRAIN).await;
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender lives as long as the service; its end would mean the same.
    let _stopped = stopped.wait_for(|stopped| *stopped).await;
}

/// Takes connections until `shutdown` is done; the listener is closed then, so that new ones go elsewhere.
async fn accept(
    app: &App,
    router: Router,
    limits: HttpLimits,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> GracefulShutdown {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await.expect("the semaphore is never closed");
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            biased;
            () = &mut shutdown => return graceful,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (app, watcher) = (app.clone(), graceful.watcher());
                let connection = connection(stream, peer, router.clone(), limits, watcher);
                tokio::spawn(async move {
                    let (_permit, _open) = (permit, app.metrics().connections.enter());
                    connection.await;
                });
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(
                    %error,
                    "a connection could not be accepted; if files are too many, let the process open more than \
                     max_connections (LimitNOFILE, ulimit -n)"
                );
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: HttpLimits,
    watcher: Watcher,
) {
    // Answers are written whole: waiting for more to send would only delay them.
    let _unsupported = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(HARD_HEAD_LIMIT)
        .max_headers(HARD_HEADERS_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(served).await {
        // A client that goes away, or speaks something else than HTTP; not the service's fault.
        tracing::debug!(%error, "a connection ended");
    }
}

async fn drain(connections: GracefulShutdown, most: Duration) {
    let open = connections.count();
    if open > 0 {
        tracing::info!(open, "finishing what was accepted");
    }
    if tokio::time::timeout(most, connections.shutdown()).await.is_err() {
        tracing::warn!(
            "some requests did not finish within drain_timeout and are cut off; nothing that was acknowledged is lost"
        );
    }
}

/// Whether only the connection that was to be accepted is gone.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}
