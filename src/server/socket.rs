//! The socket of a connection. It notes that bytes came, and gives up on a client that does not take what it is sent:
//! without this, one that never reads its answers would keep a connection and their bytes for ever. It never looks at
//! what goes through it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// How long a client may take nothing while there is something for it.
const STALL: Duration = Duration::from_mins(1);

/// What is known of a connection's traffic outside of hyper.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    reads: AtomicU64,
    is_broken: AtomicBool,
}

/// A socket whose client has to keep up.
#[derive(Debug)]
pub(super) struct ClientSocket<S = TcpStream> {
    socket: S,
    traffic: Arc<Traffic>,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Traffic {
    /// How often bytes have come.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Whether something could not be sent.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }
}

impl<S> ClientSocket<S> {
    pub(super) fn new(socket: S) -> Self {
        Self { socket, traffic: Arc::default(), stalled: None }
    }

    pub(super) fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.traffic)
    }

    pub(super) fn socket(&self) -> &S {
        &self.socket
    }

    /// What a write comes to: one that waits may not wait longer than [`STALL`].
    fn in_time<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let written = if written.is_pending() {
            let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL)));
            stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
        } else {
            self.stalled = None;
            written
        };
        if matches!(written, Poll::Ready(Err(_))) {
            self.traffic.is_broken.store(true, Ordering::Relaxed);
        }
        written
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
            self.traffic.reads.fetch_add(1, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientSocket<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.in_time(context, written)
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
    async fn a_client_that_takes_nothing_is_given_up_after_a_minute() {
        let (ours, theirs) = duplex(16);
        let mut stream = ClientSocket::new(ours);
        let traffic = stream.traffic();
        let started = Instant::now();
        let written = timeout(2 * STALL, stream.write_all(&[0; 17])).await.expect("the write gives up by itself");
        assert_eq!(written.expect_err("nobody read").kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed(), STALL);
        assert!(traffic.is_broken());
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_a_little_now_and_then_is_served_to_the_end() {
        let (ours, mut theirs) = duplex(16);
        let mut stream = ClientSocket::new(ours);
        let traffic = stream.traffic();
        let reader = tokio::spawn(async move {
            let mut portion = [0; 16];
            for _ in 0..8 {
                sleep(STALL * 59 / 60).await;
                theirs.read_exact(&mut portion).await.expect("the other end is there");
            }
        });
        stream.write_all(&[0; 8 * 16]).await.expect("each portion went in time");
        reader.await.expect("it read everything");
        assert!(!traffic.is_broken());
    }

    #[tokio::test]
    async fn bytes_that_come_are_noted_and_an_end_is_none() {
        let (ours, mut theirs) = duplex(16);
        let mut stream = ClientSocket::new(ours);
        theirs.write_all(b"abc").await.expect("there is room");
        drop(theirs);
        stream.read_to_end(&mut Vec::new()).await.expect("it ends");
        assert_eq!(stream.traffic().reads(), 1);
    }
}
