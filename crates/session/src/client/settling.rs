//! A future that is often ready when it is made.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// What an operation comes to. It borrows nothing, and costs nothing where nobody had to be asked.
///
/// The operation has begun when this is made; the clock was read then.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Settling<T>(State<T>);

enum State<T> {
    Ready(Option<T>),
    Waiting(Pin<Box<dyn Future<Output = T> + Send>>),
}

impl<T: 'static> Settling<T> {
    pub(super) fn ready(value: T) -> Self {
        Self(State::Ready(Some(value)))
    }

    pub(super) fn waiting(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(State::Waiting(Box::pin(future)))
    }

    pub(super) fn map<U: 'static>(self, change: impl FnOnce(T) -> U + Send + 'static) -> Settling<U> {
        match self.0 {
            State::Ready(value) => Settling(State::Ready(value.map(change))),
            State::Waiting(future) => Settling::waiting(async move { change(future.await) }),
        }
    }

    /// The value, if nobody has to be waited for.
    #[cfg(feature = "tower")]
    pub(crate) fn try_now(self) -> Result<T, Self> {
        match self.0 {
            State::Ready(Some(value)) => Ok(value),
            state => Err(Self(state)),
        }
    }
}

// The value is never pinned: it is moved out once.
impl<T> Unpin for Settling<T> {}

impl<T> Future for Settling<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            State::Ready(value) => Poll::Ready(value.take().expect("a future is not polled after its end")),
            State::Waiting(future) => future.as_mut().poll(context),
        }
    }
}
