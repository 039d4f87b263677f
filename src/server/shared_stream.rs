//! A TCP stream that hyper reads and writes, and that a delayed request watches for the disconnection of its client.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// The pause between two looks at whether a client with unread bytes has stopped sending.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// A TCP stream with several owners. One reads and one writes.
#[derive(Debug, Clone)]
pub(super) struct SharedStream(Arc<TcpStream>);

impl SharedStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(stream))
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.0
    }

    /// Waits until the client has closed the connection, or its sending half: the two look the same until something is
    /// written. Never completes if there are unread bytes from the client.
    pub(super) async fn client_gone(&self) {
        if let Ok(1..) = self.0.peek(&mut [0]).await {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the client has closed the connection, or its sending half, also if there are unread bytes.
    pub(super) async fn client_stops_sending(&self) {
        while self.0.ready(Interest::READABLE).await.is_ok_and(|ready| !ready.is_read_closed()) {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }

    /// Waits until the client has reset the connection. Never completes if the client has closed it or its sending
    /// half, or if there are unread bytes from it.
    pub(super) async fn client_reset(&self) {
        if self.0.peek(&mut [0]).await.is_ok() {
            std::future::pending::<()>().await;
        }
    }
}

impl AsyncRead for SharedStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read_buf(buffer) {
                Ok(_) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for SharedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Every write goes to the system at once.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket2::SockRef::from(&*self.0).shutdown(std::net::Shutdown::Write))
    }
}
