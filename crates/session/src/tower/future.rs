use super::Checked;
use crate::{
    client::Settling,
    guard::{Outcome, SetCookies},
};
use http::{Request, Response};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower::Service;

/// The answer to come: first the session is checked, then the request served, then its cookies written.
pub struct ResponseFuture<S: Service<Request<B>>, B> {
    state: State<S, B>,
}

enum State<S: Service<Request<B>>, B> {
    Checking { outcome: Settling<Outcome>, waiting: Option<Box<(S, Request<B>)>> },
    Serving { answer: Pin<Box<S::Future>>, cookies: SetCookies },
}

impl<S: Service<Request<B>>, B> ResponseFuture<S, B> {
    pub(super) fn checking(outcome: Settling<Outcome>, service: S, request: Request<B>) -> Self {
        Self { state: State::Checking { outcome, waiting: Some(Box::new((service, request))) } }
    }

    pub(super) fn serving(mut service: S, mut request: Request<B>, outcome: Outcome) -> Self {
        request.extensions_mut().insert(Checked(outcome.session));
        Self { state: State::Serving { answer: Box::pin(service.call(request)), cookies: outcome.cookies } }
    }
}

// Neither the service nor the request is ever pinned: only what is boxed is.
impl<S: Service<Request<B>>, B> Unpin for ResponseFuture<S, B> {}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.state {
                State::Checking { outcome, waiting } => {
                    let outcome = ready!(Pin::new(outcome).poll(context));
                    let (service, request) = *waiting.take().expect("a future is not polled after its end");
                    *self = Self::serving(service, request, outcome);
                }
                State::Serving { answer, cookies } => {
                    let mut answer = ready!(answer.as_mut().poll(context))?;
                    // Only here, while the head of the answer has not left yet.
                    cookies.apply(answer.headers_mut());
                    return Poll::Ready(Ok(answer));
                }
            }
        }
    }
}
