//! A body that is made piece by piece, when the connection can take one: nothing is queued in between.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;

type Making<S> = Pin<Box<dyn Future<Output = Option<(Bytes, S)>> + Send>>;

/// Asks `next` for one piece after the other until there is none.
pub(super) fn body<S: Send + 'static, F>(state: S, next: impl Fn(S) -> F + Send + 'static) -> Body
where
    F: Future<Output = Option<(Bytes, S)>> + Send + 'static,
{
    Body::new(Pull {
        state: Some(state),
        next: move |state| Box::pin(next(state)) as Making<S>,
        making: None,
    })
}

struct Pull<S, N> {
    state: Option<S>,
    next: N,
    making: Option<Making<S>>,
}

// Nothing in it is pinned: what is made lies in a box.
impl<S, N> Unpin for Pull<S, N> {}

impl<S: Send + 'static, N: Fn(S) -> Making<S>> HttpBody for Pull<S, N> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let pull = self.get_mut();
        if let Some(state) = pull.state.take() {
            pull.making = Some((pull.next)(state));
        }
        let Some(making) = &mut pull.making else { return Poll::Ready(None) };
        let Poll::Ready(made) = making.as_mut().poll(cx) else { return Poll::Pending };
        pull.making = None;
        Poll::Ready(made.map(|(bytes, state)| {
            pull.state = Some(state);
            Ok(Frame::data(bytes))
        }))
    }
}
