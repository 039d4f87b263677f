//! A response body that is sent slowly: in portions, with pauses that run on the tenant's clock.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::delivery::Delivery;
use crate::clock::Clock;
use crate::emulator::RequestContext;
use crate::response::Pace;

/// Number of portions per second for a bandwidth.
const PORTIONS_PER_SECOND: u64 = 20;

/// The size of a portion, and the pause after each but the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portions {
    pub(super) bytes: usize,
    pub(super) every: Duration,
}

impl Portions {
    /// The portions for `pace`; a single one if the pace is free.
    pub(super) fn of(pace: &Pace) -> Self {
        match *pace {
            Pace::Free => Self { bytes: usize::MAX, every: Duration::ZERO },
            Pace::Dribble { bytes, every } => Self { bytes, every },
            Pace::Bandwidth(bytes_per_second) => {
                let bytes = (bytes_per_second / PORTIONS_PER_SECOND).max(1);
                let every = Duration::from_secs(1).mul_f64(to_float(bytes) / to_float(bytes_per_second));
                Self { bytes: usize::try_from(bytes).unwrap_or(usize::MAX), every }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for the ratio of two byte counts ten exact digits are enough")]
fn to_float(bytes: u64) -> f64 {
    bytes as f64
}

/// The wait between two portions, or until the fault rules are reset.
type Wait = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// A body sent in portions.
pub(super) struct PacedBody {
    rest: Bytes,
    portions: Portions,
    clock: Arc<Clock>,
    /// The request, which counts as open until the last portion is handed to hyper, and the delivery that then ends.
    request: Option<(Box<RequestContext>, Arc<Delivery>)>,
    pause: Option<Wait>,
    /// Completes when the fault rules of the request are reset.
    release: Option<Wait>,
}

impl PacedBody {
    pub(super) fn new(body: Bytes, portions: Portions, clock: Arc<Clock>) -> Self {
        Self { rest: body, portions, clock, request: None, pause: None, release: None }
    }

    /// The same body, which keeps its request open until it is sent.
    pub(super) fn keeping_open(self, context: Box<RequestContext>, delivery: Arc<Delivery>) -> Self {
        let (clock, is_released) = (Arc::clone(&self.clock), context.release_check());
        let release: Wait = Box::pin(async move { clock.wait_until(is_released).await });
        Self { request: Some((context, delivery)), release: Some(release), ..self }
    }

    /// Whether the fault rules were reset. Then the rest is not sent; hyper closes the connection, because the body is shorter
    /// than announced.
    fn is_released(&mut self, context: &mut Context<'_>) -> bool {
        let Some(release) = &mut self.release else { return false };
        if release.as_mut().poll(context).is_pending() {
            return false;
        }
        self.release = None;
        if let Some((_, delivery)) = self.request.take() {
            delivery.is_cut();
        }
        true
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Before the pause, which a reset of the clock may end.
        if self.pause.is_some() && self.is_released(context) {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.portions.bytes.min(self.rest.len());
        let portion = self.rest.split_to(length);
        let (clock, every) = (Arc::clone(&self.clock), self.portions.every);
        self.pause = (!self.rest.is_empty()).then(|| Box::pin(async move { clock.sleep(every).await }) as Wait);
        if self.rest.is_empty()
            && let Some((_, delivery)) = self.request.take()
        {
            delivery.body_ends();
        }
        Poll::Ready(Some(Ok(Frame::data(portion))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
