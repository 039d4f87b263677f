//! The socket of a connection: it counts reads, and fails a write that makes no progress for a minute. Without that
//! limit a client that never reads its responses would keep a connection and the buffered responses without a time
//! limit.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::delivery::Delivery;
use super::shared_stream::SharedStream;

/// Time limit for a write that waits for the client to read.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

/// Facts about the reads and writes of a connection's socket; shared with the code around hyper.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    reads: AtomicU64,
    reads_before_last_write: AtomicU64,
    is_broken: AtomicBool,
    /// The first three bytes of the connection, the first in the lowest bits.
    first_bytes: AtomicU32,
}

/// A socket with a time limit for writes.
#[derive(Debug)]
pub(super) struct ClientSocket<S = SharedStream> {
    socket: S,
    delivery: Arc<Delivery>,
    traffic: Arc<Traffic>,
    /// The time limit of the write that is waiting, if one is.
    write_timeout: Option<Pin<Box<Sleep>>>,
}

impl Traffic {
    /// The number of reads that returned bytes.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// The number of reads that had returned bytes when the last write was complete: bytes of later reads belong to
    /// later requests.
    pub(super) fn reads_before_last_write(&self) -> u64 {
        self.reads_before_last_write.load(Ordering::Relaxed)
    }

    /// The first three bytes of the connection; zeros before they arrived.
    pub(super) fn first_bytes(&self) -> [u8; 3] {
        let [first, second, third, _] = self.first_bytes.load(Ordering::Relaxed).to_le_bytes();
        [first, second, third]
    }

    fn note_read(&self, bytes: &[u8]) {
        if self.reads.fetch_add(1, Ordering::Relaxed) == 0
            && let [first, second, third, ..] = *bytes
        {
            self.first_bytes.store(u32::from_le_bytes([first, second, third, 0]), Ordering::Relaxed);
        }
    }

    /// Whether a write failed.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }
}

impl<S> ClientSocket<S> {
    pub(super) fn new(socket: S, delivery: Arc<Delivery>) -> Self {
        Self { socket, delivery, traffic: Arc::default(), write_timeout: None }
    }

    pub(super) fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }

    pub(super) fn socket(&self) -> &S {
        &self.socket
    }

    /// The result of a write of this many bytes: an error if it has waited for [`WRITE_TIMEOUT`].
    fn finish_write(
        &mut self,
        context: &mut Context<'_>,
        bytes: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(written)) if written == bytes) {
            self.traffic.reads_before_last_write.store(self.traffic.reads(), Ordering::Relaxed);
            self.delivery.write_is_complete();
        } else {
            self.delivery.write_is_incomplete();
        }
        let written = if written.is_pending() {
            let timeout = self.write_timeout.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_TIMEOUT)));
            timeout.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
        } else {
            self.write_timeout = None;
            written
        };
        if matches!(written, Poll::Ready(Err(_))) {
            self.traffic.is_broken.store(true, Ordering::Relaxed);
        }
        written
    }
}

impl ClientSocket {
    /// Whether the client had closed the connection before it got its response, for example because of a timeout. A
    /// closed and a half-closed connection look the same until something is sent: the system of a client that has
    /// closed then responds with a reset, and a reset after a FIN is reported as this error.
    pub(super) fn was_closed_by_client(&self) -> bool {
        matches!(self.socket.tcp().take_error(), Ok(Some(error)) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.traffic.note_read(&buffer.filled()[before..]);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientSocket<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.delivery.write_begins();
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.finish_write(context, bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.delivery.write_begins();
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.finish_write(context, slices.iter().map(|slice| slice.len()).sum(), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, sleep, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_that_the_client_never_reads_fails_after_a_minute() {
        let (ours, theirs) = duplex(16);
        let mut stream = ClientSocket::new(ours, Arc::default());
        let traffic = stream.traffic();
        let started = Instant::now();
        let written = timeout(2 * WRITE_TIMEOUT, stream.write_all(&[0; 17])).await.expect("the write ends by itself");
        assert_eq!(written.expect_err("nothing was read").kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed(), WRITE_TIMEOUT);
        assert!(traffic.is_broken());
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_a_portion_within_each_minute_gets_everything() {
        let (ours, mut theirs) = duplex(16);
        let mut stream = ClientSocket::new(ours, Arc::default());
        let traffic = stream.traffic();
        let reader = tokio::spawn(async move {
            let mut portion = [0; 16];
            for _ in 0..8 {
                sleep(WRITE_TIMEOUT * 59 / 60).await;
                theirs.read_exact(&mut portion).await.expect("the other end is open");
            }
        });
        stream.write_all(&[0; 8 * 16]).await.expect("each portion was read in time");
        reader.await.expect("it read everything");
        assert!(!traffic.is_broken());
    }

    #[tokio::test]
    async fn reads_are_counted_and_the_end_of_the_stream_is_not_one() {
        let (ours, mut theirs) = duplex(16);
        let mut stream = ClientSocket::new(ours, Arc::default());
        theirs.write_all(b"abc").await.expect("the buffer has room");
        drop(theirs);
        stream.read_to_end(&mut Vec::new()).await.expect("the stream ends");
        assert_eq!(stream.traffic().reads(), 1);
    }
}
