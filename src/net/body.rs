//! The body of a request, read whole within its limit and in time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
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
    /// It broke off, or its chunks were malformed.
    Broken,
}

/// Reads `body`, refusing by its announced length alone where there is one.
pub(super) async fn read(mut body: Incoming, limit_bytes: usize) -> Result<Bytes, Unread> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = body.size_hint().exact();
    if announced.is_some_and(|bytes| bytes > limit_bytes as u64) {
        return Err(Unread::TooLarge);
    }
    let started = Instant::now();
    let mut whole = Portions::default();
    loop {
        let frame = timeout_at(due(started, whole.len()), body.frame()).await.map_err(|_| Unread::TooSlow)?;
        let Some(frame) = frame else { return Ok(whole.join()) };
        // Trailers mean nothing here.
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if data.len() > limit_bytes - whole.len() {
            return Err(Unread::TooLarge);
        }
        whole.add(data);
        if body.is_end_stream() {
            return Ok(whole.join());
        }
    }
}

/// Waits for the first bytes of a body.
pub(super) async fn touch(mut body: Incoming) {
    // What becomes of them is nobody's business any more.
    let _ = tokio::time::timeout(DEADLINE, body.frame()).await;
}

/// When the next bytes must have come, after `received` so far.
fn due(started: Instant, received: usize) -> Instant {
    let earned = Duration::from_secs(received as u64 / LEAST_BYTES_A_SECOND);
    started + (GRACE + earned).min(DEADLINE)
}

/// The portions of a body; one alone is not copied.
#[derive(Default)]
struct Portions {
    first: Bytes,
    rest: BytesMut,
}

impl Portions {
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
