//! A response body whose events are sent as they come, until the client leaves or the server shuts down.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame};

use super::connection_state::ConnectionState;
use crate::response::{EventSource, SharedPart};

/// A body of events that come at any time.
pub(super) struct LiveBody {
    events: SharedPart<dyn EventSource>,
    /// Completes when no more events are to be sent.
    end: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
    /// Whether hyper is to write what it has before it gets the next event.
    is_flushing: bool,
}

impl LiveBody {
    pub(super) fn new(connection: &ConnectionState, events: SharedPart<dyn EventSource>) -> Self {
        let (mut draining, stream) = (connection.draining.clone(), connection.stream.clone());
        let end = async move {
            tokio::select! {
                _ = draining.changed() => {}
                () = stream.client_gone() => {}
            }
        };
        Self { events, end: Box::pin(end), is_flushing: false }
    }
}

impl Body for LiveBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.end.as_mut().poll(task).is_ready() {
            return Poll::Ready(None);
        }
        // hyper writes what it has when a body has nothing more for the moment.
        if std::mem::take(&mut self.is_flushing) {
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        let event = ready!(self.events.0.poll_next(task));
        self.is_flushing = true;
        Poll::Ready(event.map(|event| Ok(Frame::data(event))))
    }
}
