//! A response body that hyper sends in pieces, with pauses that run on the tenant's clock: a slow body, or events.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::connection_state::ConnectionState;
use super::delivery::Delivery;
use super::pieces::{LastPiece, Pieces};
use crate::clock::Clock;
use crate::emulator::{Context, Reply};

/// A pause, or the wait for an early end.
type Wait<T = ()> = Pin<Box<dyn Future<Output = T> + Send + Sync>>;

/// Why a stream ends at a shutdown, as its last event says.
pub(super) const SHUTDOWN: &str = "The server is shutting down";

/// Why the rest of a body is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EarlyEnd {
    /// The fault rules were reset.
    Released,
    /// The server shuts down.
    Shutdown,
    /// The client has reset the connection.
    ClientGone,
}

/// A body sent in pieces.
pub(super) struct PacedBody {
    /// The pieces after the next one.
    pieces: Pieces,
    next: Option<Bytes>,
    /// The pause before the next piece.
    pause: Option<Wait>,
    clock: Arc<Clock>,
    /// Whether hyper is to write what it has before it gets the next piece.
    is_flushing: bool,
    /// The request, which counts as open until the last piece is handed to hyper, and the delivery that then ends.
    request: Option<(Box<Context>, Arc<Delivery>)>,
    /// Completes when the rest is not to be sent.
    early_end: Option<Wait<EarlyEnd>>,
    /// Completes when the client closes the connection, or its sending half: the rest is sent all the same.
    client_leaves: Option<Wait>,
}

impl PacedBody {
    /// A body that belongs to no request.
    pub(super) fn new(pieces: Pieces, clock: Arc<Clock>) -> Self {
        let (next, pause, request, early_end, client_leaves) = (None, None, None, None, None);
        let mut body = Self { pieces, next, pause, clock, is_flushing: false, request, early_end, client_leaves };
        body.advance();
        body
    }

    /// The body of a reply, which keeps its request open until it is sent. A reset of the fault rules or of the
    /// connection ends it early, and a shutdown of the server ends a stream of events early.
    pub(super) fn of_reply(
        connection: &ConnectionState,
        context: Box<Context>,
        reply: Reply,
        clock: Arc<Clock>,
    ) -> Self {
        let Reply { response, release, .. } = reply;
        let pieces = Pieces::of(response.body, &response.wire.pace);
        let (mut draining, is_chunked) = (connection.draining.clone(), pieces.is_chunked);
        let (on_clock, stream) = (Arc::clone(&clock), connection.stream.clone());
        let early_end = async move {
            tokio::select! {
                () = on_clock.wait_until(|| release.has_come()) => EarlyEnd::Released,
                Ok(()) = draining.changed(), if is_chunked => EarlyEnd::Shutdown,
                () = stream.client_reset() => EarlyEnd::ClientGone,
            }
        };
        let stream = connection.stream.clone();
        let client_leaves = async move { stream.client_gone().await };
        let body = Self::new(pieces, clock);
        if body.next.is_none() {
            connection.delivery.body_ends();
            return body;
        }
        let request = Some((context, Arc::clone(&connection.delivery)));
        let (early_end, client_leaves) = (Some(Box::pin(early_end) as _), Some(Box::pin(client_leaves) as _));
        Self { request, early_end, client_leaves, ..body }
    }

    /// Takes the next piece and starts the pause before it.
    fn advance(&mut self) {
        let next = self.pieces.next();
        self.pause = next.as_ref().filter(|(pause, _)| !pause.is_zero()).map(|(pause, _)| {
            let (clock, pause) = (Arc::clone(&self.clock), *pause);
            Box::pin(async move { clock.sleep(pause).await }) as Wait
        });
        self.next = next.map(|(_, piece)| piece);
        if self.next.is_none()
            && let Some((_, delivery)) = self.request.take()
        {
            delivery.body_ends();
        }
    }

    /// Why the rest is not to be sent, if it is not.
    fn poll_early_end(&mut self, task: &mut TaskContext<'_>) -> Option<EarlyEnd> {
        let Poll::Ready(end) = self.early_end.as_mut()?.as_mut().poll(task) else { return None };
        self.early_end = None;
        Some(end)
    }

    /// Notes that the client has left, if it has.
    fn watch_client(&mut self, task: &mut TaskContext<'_>) {
        if self.client_leaves.as_mut().is_some_and(|leaves| leaves.as_mut().poll(task).is_ready()) {
            self.client_leaves = None;
            if let Some((_, delivery)) = &self.request {
                delivery.client_leaves();
            }
        }
    }

    /// What is sent in the place of the rest: at a shutdown the last event of a stream. An error makes hyper close the
    /// connection without the end of the body.
    fn end_early(&mut self, end: EarlyEnd) -> io::Result<Frame<Bytes>> {
        let unsent = self.next.take().unwrap_or_default();
        self.pause = None;
        let last = self.pieces.drop_rest(&unsent, SHUTDOWN).filter(|_| end == EarlyEnd::Shutdown);
        if let Some((_, delivery)) = self.request.take() {
            match (end, &last) {
                (EarlyEnd::ClientGone, _) => delivery.client_is_gone(),
                (_, Some(LastPiece { is_complete: true, .. })) => delivery.body_ends(),
                _ => delivery.is_cut(),
            }
        }
        last.map(|last| Frame::data(last.bytes)).ok_or_else(|| io::ErrorKind::ConnectionAborted.into())
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        // hyper writes what it has when a body has nothing more for the moment.
        if std::mem::take(&mut self.is_flushing) {
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        // Before the pause, which a reset of the clock may end.
        if self.pause.is_some()
            && let Some(end) = self.poll_early_end(task)
        {
            return Poll::Ready(Some(self.end_early(end)));
        }
        if self.pause.is_some() {
            self.watch_client(task);
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(task));
        }
        let Some(piece) = self.next.take() else { return Poll::Ready(None) };
        self.is_flushing = self.pieces.is_chunked;
        self.advance();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.pieces.is_chunked {
            return SizeHint::default();
        }
        let next = self.next.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact((next + self.pieces.len()) as u64)
    }
}
