//! The body of a request, read whole within its limit and in time.

use std::error::Error;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::{Instant, timeout_at};

/// How long a body may take, however fast it comes.
const DEADLINE: Duration = Duration::from_mins(1);

/// How long a body may take however slowly it comes.
const GRACE: Duration = Duration::from_secs(20);

/// What it must keep up with after that.
const LEAST_BYTES_A_SECOND: u64 = 1024;

/// Why a body could not be had whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It has more bytes than it may.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// Its chunks were malformed.
    Broken,
    /// It record_panic off: the client went, or stopped sending.
    Gone,
}

/// Reads `body`, refusing by its announced length alone where there is one.
pub(super) async fn read<B>(mut body: B, limit_bytes: usize) -> Result<Bytes, Unread>
where
    B: Body<Data = Bytes, Error: Error + 'static> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = body.size_hint().exact();
    if announced.is_some_and(|bytes| bytes > limit_bytes as u64) {
        return Err(Unread::TooLarge);
    }
    let started = Instant::now();
    let mut whole = Gathered::default();
    let mut first = at_once(body.frame()).await;
    loop {
        let frame = match first.take() {
            Some(frame) => frame,
            None => timeout_at(due(started, whole.len()), body.frame()).await.map_err(|_| Unread::TooSlow)?,
        };
        let Some(frame) = frame else { return Ok(whole.join()) };
        // Trailers mean nothing here.
        let Ok(data) = frame.map_err(|error| why(&error))?.into_data() else { continue };
        if data.len() > limit_bytes - whole.len() {
            return Err(Unread::TooLarge);
        }
        whole.add(data);
        if body.is_end_stream() {
            return Ok(whole.join());
        }
    }
}

/// What `future` comes to within two polls. hyper hands out a body when it is asked for the second time; one that came
/// together with its head needs no timer.
async fn at_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    let mut asked = false;
    poll_fn(|context| match Pin::new(&mut future).poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if asked => Poll::Ready(None),
        Poll::Pending => {
            asked = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// Waits for the first bytes of a body.
pub(super) async fn touch(mut body: impl Body + Unpin) {
    // What becomes of them is nobody's business any more.
    let _ = tokio::time::timeout(DEADLINE, body.frame()).await;
}

/// Why a body's frame could not be had.
fn why(error: &(dyn Error + 'static)) -> Unread {
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    match cause {
        Some(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => Unread::Gone,
        _ => Unread::Broken,
    }
}

/// When the next bytes must have come, after `received` so far.
fn due(started: Instant, received: usize) -> Instant {
    let earned = Duration::from_secs(received as u64 / LEAST_BYTES_A_SECOND);
    started + (GRACE + earned).min(DEADLINE)
}

/// What has come of a body; one portion alone is not copied.
#[derive(Default)]
struct Gathered {
    first: Bytes,
    rest: BytesMut,
}

impl Gathered {
    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn add(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.rest.is_empty() {
            self.rest.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.rest.extend_from_slice(&data);
    }

    fn join(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::Full;

    use super::*;
    use crate::clock::{Clock, Mode};
    use crate::server::paced::{Paced, Portions};

    const LIMIT: usize = 1 << 20;

    /// A body of which so many bytes come a second.
    fn slow(length: usize, bytes_a_second: usize) -> Paced {
        let clock = Arc::new(Clock::new(Mode::Real, None, 1.0));
        let portions = Portions { bytes: bytes_a_second, every: Duration::from_secs(1) };
        Paced::new(vec![b' '; length].into(), portions, clock)
    }

    async fn took(body: Paced) -> (Result<usize, Unread>, u64) {
        let started = Instant::now();
        let whole = read(body, LIMIT).await.map(|whole| whole.len());
        (whole, started.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_refused_after_its_grace() {
        assert_eq!(took(slow(4096, 1)).await, (Err(Unread::TooSlow), GRACE.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_keeps_up_may_take_longer_than_its_grace() {
        let (length, a_second) = (40 * 1200, 1200);
        assert_eq!(took(slow(length, a_second)).await, (Ok(length), 39));
    }

    #[tokio::test(start_paused = true)]
    async fn no_body_takes_longer_than_its_deadline() {
        assert_eq!(took(slow(LIMIT, 1200)).await, (Err(Unread::TooSlow), DEADLINE.as_secs()));
    }

    #[tokio::test]
    async fn the_last_byte_of_the_limit_is_read_and_the_first_beyond_it_refused() {
        let whole = |length: usize| Full::new(Bytes::from(vec![b' '; length]));
        assert_eq!(read(whole(LIMIT), LIMIT).await.map(|whole| whole.len()), Ok(LIMIT));
        assert_eq!(read(whole(LIMIT + 1), LIMIT).await, Err(Unread::TooLarge));
    }
}
