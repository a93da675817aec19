//! The one middleware: what holds for every request and every answer, whatever route it takes.

use super::{
    body, caller, cors, flood, headers, host,
    problem::{Problem, Refused},
    request_id::X_REQUEST_ID,
};
use crate::{
    app::{App, HttpLimits},
    metrics::Route,
    router, telemetry,
};
use authmint_domain::port::Clock as _;
use authmint_protocol::ErrorCode;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Method, header};
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};
use tracing::Instrument as _;

/// Admits a request, has it answered within its time, and finishes the answer's headers and log line.
pub(crate) async fn edge(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = app.request_ids().of(request.headers());
    let span = telemetry::span(app.config(), &request, &id);
    async move {
        let began = app.context().clock.now();
        let (route, _in_flight) = (Route::of(&request), app.metrics().in_flight.enter());
        let crossing = is_cross_origin(&app, request.uri().path());
        let config = app.config();
        let https = config.public_url.is_https()
            || config.trusted_proxies.saw_tls(caller::peer(request.extensions()), request.headers());
        let origin = request.headers().get(header::ORIGIN).filter(|_| crossing).cloned();
        let mut response = match admit(&app, &request) {
            Err(problem) => problem.into_response(),
            Ok(()) if crossing && request.method() == Method::OPTIONS => cors::preflight(),
            Ok(()) => match body::take_in(request, &app.config().limits).await {
                Err(problem) => problem.into_response(),
                // After the body: who is told off in the middle of writing sees a broken connection instead.
                Ok(request) => match flood::check(&app, &request) {
                    Err(problem) => problem.into_response(),
                    Ok(()) => answer(&app, next.run(request)).await,
                },
            },
        };
        let finished = response.headers_mut();
        headers::set(finished, https);
        if crossing {
            cors::allow(finished, origin);
        }
        finished.insert(X_REQUEST_ID, id.into_header());
        let code = response.extensions().get::<Refused>().map(|refused| refused.0);
        let took = app.context().clock.now().since(began);
        app.metrics().routes.answered(route, response.status(), code, took);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        telemetry::answered(response.status(), code, ms);
        telemetry::note_answer(app.config(), response.status(), code);
        response
    }
    .instrument(span)
    .await
}

fn is_cross_origin(app: &App, path: &str) -> bool {
    path.strip_prefix(app.config().public_url.path_prefix()).is_some_and(router::is_cross_origin)
}

fn admit(app: &App, request: &Request) -> Result<(), Problem> {
    let HttpLimits { head, headers, .. } = app.config().limits;
    let fields = request.headers();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let size = fields.iter().fold(target, |size, (name, value)| size + name.as_str().len() + value.len() + 4);
    if size > head || fields.len() > headers {
        return Err(Problem::new(
            ErrorCode::HeadersTooLarge,
            format!("request target and headers are limited to {head} bytes in {headers} fields"),
        ));
    }
    host::check(request, app.inbox().is_some())
}

/// The answer of a route, or of its failure to give one.
async fn answer(app: &App, route: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(app.config().limits.request_timeout, caught(route)).await {
        Ok(Some(response)) => response,
        Ok(None) => {
            tracing::error!(
                "a request ended in a panic, which is a fault of this program: report it with what standard error \
                 says before this line"
            );
            Problem::internal().into_response()
        }
        Err(_elapsed) => {
            tracing::error!(
                "an answer took longer than request_timeout and was given up: look at the load, and at what is said \
                 of the database around this line"
            );
            Problem::unavailable().into_response()
        }
    }
}

/// Runs to the end, or to a panic: one request's fault must not take the connection's other requests with it.
async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
        Ok(Poll::Pending) => Poll::Pending,
        // The future is not polled again: what the panic left behind is dropped with it.
        Err(_panic) => Poll::Ready(None),
    })
    .await
}
