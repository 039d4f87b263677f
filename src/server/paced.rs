//! A response's body that goes out slowly: in portions with a pause between them, on the tenant's clock.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::clock::Clock;
use crate::emulator::RequestContext;
use crate::response::Pace;

/// Portions a second in which a bandwidth is kept.
const PORTIONS_A_SECOND: u64 = 20;

/// So many bytes, a pause, so many bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portions {
    pub(super) bytes: usize,
    pub(super) every: Duration,
}

impl Portions {
    /// The portions in which `pace` goes; all at once when it is free.
    pub(super) fn of(pace: &Pace) -> Self {
        match *pace {
            Pace::Free => Self { bytes: usize::MAX, every: Duration::ZERO },
            Pace::Dribble { bytes, every } => Self { bytes, every },
            Pace::Bandwidth(a_second) => {
                let bytes = (a_second / PORTIONS_A_SECOND).max(1);
                let every = Duration::from_secs(1).mul_f64(seconds(bytes) / seconds(a_second));
                Self { bytes: usize::try_from(bytes).unwrap_or(usize::MAX), every }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the ratio of two byte counts; no digit beyond the tenth matters")]
fn seconds(bytes: u64) -> f64 {
    bytes as f64
}

/// The wait between two portions.
type Pause = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// A body in portions.
pub(super) struct Paced {
    rest: Bytes,
    portions: Portions,
    clock: Arc<Clock>,
    /// The request, open until the last portion is out.
    context: Option<Box<RequestContext>>,
    pause: Option<Pause>,
}

impl Paced {
    pub(super) fn new(body: Bytes, portions: Portions, clock: Arc<Clock>) -> Self {
        Self { rest: body, portions, clock, context: None, pause: None }
    }

    /// The same body; the request stays open as long as it goes out.
    pub(super) fn of(self, context: Box<RequestContext>) -> Self {
        Self { context: Some(context), ..self }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.portions.bytes.min(self.rest.len());
        let portion = self.rest.split_to(length);
        let (clock, every) = (Arc::clone(&self.clock), self.portions.every);
        self.pause = (!self.rest.is_empty()).then(|| Box::pin(async move { clock.sleep(every).await }) as Pause);
        if self.rest.is_empty() {
            self.context = None;
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
