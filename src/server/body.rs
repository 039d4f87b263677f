//! Reads the body of a request into memory, within a size limit, a time limit and the memory budget of all bodies.

use std::error::Error;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::{Instant, timeout_at};

use super::budget::{BodyBudget, OverBudget, Reservation};
use crate::emulator::BodyLimits;

/// The time limit for the first bytes of a body that is not read.
const FIRST_BYTES: Duration = Duration::from_mins(1);

/// The time during which a body may arrive at any rate.
const GRACE: Duration = Duration::from_secs(20);

/// The average rate that a body must have after the grace period.
const MIN_BYTES_PER_SECOND: u64 = 1024;

/// The smallest memory block for a body that arrives in several pieces.
const MIN_BLOCK_BYTES: usize = 64 * 1024;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is larger than the limit.
    TooLarge,
    /// The bodies in flight together would exceed their budget.
    OverBudget(OverBudget),
    /// It arrived too slowly.
    TooSlow,
    /// Its chunked encoding is malformed.
    Malformed,
    /// The client closed the connection, or its half of it, before the end of the body.
    ClientGone,
}

/// A body that was read to its end.
#[derive(Debug)]
pub(super) struct ReceivedBody {
    pub(super) bytes: Bytes,
    /// Keep it as long as the bytes: it counts them against the budget of all bodies.
    pub(super) reservation: Reservation,
    /// How long it was paused.
    pub(super) paused: Duration,
}

/// The limits within which a body is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadLimits<'a> {
    /// Those of the body itself.
    pub(super) limits: BodyLimits,
    /// That of all bodies in flight.
    pub(super) budget: &'a BodyBudget,
}

impl From<OverBudget> for BodyError {
    fn from(error: OverBudget) -> Self {
        Self::OverBudget(error)
    }
}

/// Reads the whole of `body`; `on_wait` is called if it did not arrive together with its head. A `content-length` over
/// the limit or the budget is an error before any byte is read. `pause` is called with the number of bytes of each
/// piece; the time that it reports does not count towards the time limit.
pub(super) async fn read<B, P>(
    mut body: B,
    ReadLimits { limits, budget }: ReadLimits<'_>,
    on_wait: impl FnOnce(),
    pause: impl Fn(usize) -> P,
) -> Result<ReceivedBody, BodyError>
where
    P: Future<Output = Duration>,
    B: Body<Data = Bytes, Error: Error + 'static> + Unpin,
{
    let mut buffer = BodyBuffer::default();
    if body.is_end_stream() {
        return Ok(buffer.into_body());
    }
    if let Some(announced) = body.size_hint().exact() {
        if announced > limits.bytes as u64 {
            return Err(BodyError::TooLarge);
        }
        budget.check_announced(announced)?;
        buffer.announced = usize::try_from(announced).ok();
    }
    let mut started = Instant::now();
    let mut first = poll_twice(body.frame()).await;
    let mut on_wait = Some(on_wait);
    loop {
        let frame = if let Some(frame) = first.take() {
            frame
        } else {
            if let Some(on_wait) = on_wait.take() {
                on_wait();
            }
            let deadline = next_deadline(started, buffer.len(), limits.duration);
            timeout_at(deadline, body.frame()).await.map_err(|_| BodyError::TooSlow)?
        };
        let Some(frame) = frame else { return Ok(buffer.into_body()) };
        // Trailers are ignored.
        let Ok(data) = frame.map_err(|error| to_body_error(&error))?.into_data() else { continue };
        if data.len() > limits.bytes - buffer.len() {
            return Err(BodyError::TooLarge);
        }
        budget.extend(&mut buffer.reservation, data.len())?;
        let pause = pause(data.len()).await;
        started += pause;
        buffer.paused += pause;
        buffer.push(data);
        if body.is_end_stream() {
            return Ok(buffer.into_body());
        }
    }
}

/// The output of `future` if it is ready within two polls. hyper returns body bytes on the second poll at the earliest;
/// a body that arrived together with its head therefore needs no timer.
async fn poll_twice<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    let mut is_second = false;
    poll_fn(|context| match Pin::new(&mut future).poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if is_second => Poll::Ready(None),
        Poll::Pending => {
            is_second = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// Waits for the first bytes of a body and discards them.
pub(super) async fn wait_for_first_bytes(mut body: impl Body + Unpin) {
    // The caller resets the connection next, whether bytes came, the body broke or the time is over.
    let _ = tokio::time::timeout(FIRST_BYTES, body.frame()).await;
}

/// Distinguishes a client that has disconnected from a malformed body.
fn to_body_error(error: &(dyn Error + 'static)) -> BodyError {
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    match cause {
        Some(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => BodyError::ClientGone,
        _ => BodyError::Malformed,
    }
}

/// The time at which more bytes must have arrived, if `received` bytes arrived so far.
fn next_deadline(started: Instant, received: usize, max_duration: Duration) -> Instant {
    let earned = Duration::from_secs(received as u64 / MIN_BYTES_PER_SECOND);
    started + (GRACE + earned).min(max_duration)
}

/// The bytes of a body received so far. A body that arrives in one piece is not copied.
#[derive(Default)]
struct BodyBuffer {
    first: Bytes,
    rest: Vec<u8>,
    /// The length of the whole body, if the client announced it.
    announced: Option<usize>,
    reservation: Reservation,
    paused: Duration,
}

impl BodyBuffer {
    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        let first = std::mem::take(&mut self.first);
        self.make_room(first.len() + data.len());
        self.rest.extend_from_slice(&first);
        self.rest.extend_from_slice(&data);
    }

    /// Makes room for more bytes. The block doubles, but does not grow beyond the announced length: an announcement
    /// alone takes no memory, and a complete body has no memory to spare.
    fn make_room(&mut self, bytes: usize) {
        let needed = self.rest.len() + bytes;
        if needed <= self.rest.capacity() {
            return;
        }
        let doubled = (2 * self.rest.capacity()).max(MIN_BLOCK_BYTES);
        let wanted = self.announced.map_or(doubled, |announced| doubled.min(announced)).max(needed);
        self.rest.reserve_exact(wanted - self.rest.len());
    }

    fn into_body(mut self) -> ReceivedBody {
        self.rest.shrink_to_fit();
        let bytes = if self.rest.is_empty() { self.first } else { self.rest.into() };
        ReceivedBody { bytes, reservation: self.reservation, paused: self.paused }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::Full;

    use super::*;
    use crate::clock::{Clock, Mode};
    use crate::response::Pace;
    use crate::server::paced::PacedBody;
    use crate::server::pieces::Pieces;

    const LIMIT: usize = 1 << 20;

    /// The limits of a JSON body.
    const JSON: BodyLimits = BodyLimits { bytes: LIMIT, flag: "", duration: Duration::from_mins(1) };

    /// The limits of an upload.
    const UPLOAD: BodyLimits = BodyLimits { bytes: 100 * LIMIT, flag: "", duration: Duration::from_mins(10) };

    /// A body that arrives at this rate.
    fn slow_body(length: usize, bytes_per_second: usize) -> PacedBody {
        let clock = Arc::new(Clock::new(Mode::Real, None, 1.0));
        let pace = Pace::Dribble { bytes: bytes_per_second, every: Duration::from_secs(1) };
        PacedBody::new(Pieces::of(vec![b' '; length].into(), &pace), clock)
    }

    /// The result of reading a body, as its length.
    async fn read_length(
        body: impl Body<Data = Bytes, Error: Error + 'static> + Unpin,
        limits: BodyLimits,
    ) -> Result<usize, BodyError> {
        read_with_pauses(body, limits, Duration::ZERO).await
    }

    /// The same with this pause after each piece.
    async fn read_with_pauses(
        body: impl Body<Data = Bytes, Error: Error + 'static> + Unpin,
        limits: BodyLimits,
        pause: Duration,
    ) -> Result<usize, BodyError> {
        let pause = |_| async move {
            tokio::time::sleep(pause).await;
            pause
        };
        let budget = &BodyBudget::new(2 * limits.bytes);
        let received = read(body, ReadLimits { limits, budget }, || (), pause).await?;
        Ok(received.bytes.len())
    }

    /// The result of reading a body, and the seconds that it took.
    async fn timed_read(body: PacedBody, limits: BodyLimits) -> (Result<usize, BodyError>, u64) {
        let started = Instant::now();
        let result = read_length(body, limits).await;
        (result, started.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_below_the_minimum_rate_is_refused_after_the_grace_period() {
        assert_eq!(timed_read(slow_body(4096, 1), JSON).await, (Err(BodyError::TooSlow), GRACE.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_above_the_minimum_rate_may_take_longer_than_the_grace_period() {
        let (length, bytes_per_second) = (40 * 1200, 1200);
        assert_eq!(timed_read(slow_body(length, bytes_per_second), JSON).await, (Ok(length), 39));
    }

    #[tokio::test(start_paused = true)]
    async fn no_body_may_take_longer_than_the_maximum_duration() {
        for limits in [JSON, UPLOAD] {
            let expected = (Err(BodyError::TooSlow), limits.duration.as_secs());
            assert_eq!(timed_read(slow_body(LIMIT, 1200), limits).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_of_100_mib_at_200_kib_per_second_is_read() {
        let length = 100 * LIMIT;
        assert_eq!(timed_read(slow_body(length, 200 * 1024), UPLOAD).await, (Ok(length), 511));
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_below_the_minimum_rate_is_refused_after_the_grace_period() {
        assert_eq!(timed_read(slow_body(4096, 1), UPLOAD).await, (Err(BodyError::TooSlow), GRACE.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_do_not_count_towards_the_time_limit() {
        let started = Instant::now();
        assert_eq!(read_with_pauses(slow_body(3, 1), JSON, Duration::from_hours(1)).await, Ok(3));
        assert!(started.elapsed() >= Duration::from_hours(3));
        let too_slow = read_with_pauses(slow_body(4096, 1), JSON, Duration::from_secs(1)).await;
        assert_eq!(too_slow, Err(BodyError::TooSlow), "the time between the pauses does");
    }

    /// The capacity of a buffer after each of `count` pieces of 1,000 bytes.
    fn capacities(announced: Option<usize>, count: usize) -> Vec<usize> {
        let mut buffer = BodyBuffer { announced, ..BodyBuffer::default() };
        let mut push = || {
            buffer.push(Bytes::from(vec![b' '; 1000]));
            buffer.rest.capacity()
        };
        (0..count).map(|_| push()).collect()
    }

    #[test]
    fn an_announced_body_takes_its_length_in_memory_and_not_more() {
        let capacities = capacities(Some(500_000), 500);
        assert_eq!(capacities.last(), Some(&500_000));
        let received = (1..).map(|count| count * 1000);
        assert!(capacities.iter().zip(received).all(|(capacity, bytes)| *capacity <= 2 * bytes + MIN_BLOCK_BYTES));
    }

    #[test]
    fn a_body_without_a_length_takes_at_most_twice_its_length_and_none_of_it_at_the_end() {
        let received = (1..).map(|count| count * 1000);
        let capacities = capacities(None, 500);
        assert!(capacities.iter().zip(received).all(|(capacity, bytes)| *capacity <= 2 * bytes + MIN_BLOCK_BYTES));
        let mut buffer = BodyBuffer::default();
        (0..500).for_each(|_| buffer.push(Bytes::from(vec![b' '; 1000])));
        let bytes = buffer.into_body().bytes;
        let vec = Vec::from(bytes);
        assert_eq!((vec.len(), vec.capacity()), (500_000, 500_000));
    }

    #[tokio::test]
    async fn a_body_of_the_limit_is_read_and_one_byte_more_is_refused() {
        let body = |length: usize| Full::new(Bytes::from(vec![b' '; length]));
        assert_eq!(read_length(body(LIMIT), JSON).await, Ok(LIMIT));
        assert_eq!(read_length(body(LIMIT + 1), JSON).await, Err(BodyError::TooLarge));
    }
}
