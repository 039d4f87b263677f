//! Refuses connections for a time: the listening sockets are closed, and then bound again to the same addresses.
//! Connections that are open stay open.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// The sender of commands to refuse connections.
#[derive(Debug)]
pub(super) struct RefusalSender(mpsc::Sender<Refusal>);

/// The receiver of commands to refuse connections.
#[derive(Debug)]
pub(super) struct RefusalReceiver(mpsc::Receiver<Refusal>);

#[derive(Debug)]
struct Refusal {
    /// In real time.
    duration: Duration,
    /// A message is sent when the sockets are closed.
    closed: oneshot::Sender<()>,
}

/// A sender and a receiver of commands.
pub(super) fn channel() -> (RefusalSender, RefusalReceiver) {
    let (sender, receiver) = mpsc::channel(1);
    (RefusalSender(sender), RefusalReceiver(receiver))
}

impl RefusalSender {
    /// Refuses connections from now on for `duration`, also if they are refused already. Returns when the sockets are
    /// closed.
    pub(super) async fn refuse(&self, duration: Duration) {
        let (closed, is_closed) = oneshot::channel();
        // An error means that the server is stopping, and has closed its sockets.
        if self.0.send(Refusal { duration, closed }).await.is_ok() {
            let _ = is_closed.await;
        }
    }
}

/// Refuses connections in these windows of time from now on. Never returns.
pub(super) async fn follow(windows: &[Range<Duration>], sender: &RefusalSender) -> Infallible {
    let start = Instant::now();
    for window in windows {
        tokio::time::sleep_until(start + window.start).await;
        sender.refuse(window.end.saturating_sub(window.start)).await;
    }
    std::future::pending().await
}

impl RefusalReceiver {
    /// Runs `accept` for each listener, except while connections are refused. Returns only when an address cannot be
    /// bound again, with the reason.
    pub(super) async fn listen<F>(
        mut self,
        mut listeners: Vec<TcpListener>,
        accept: impl Fn(TcpListener) -> F,
    ) -> io::Error
    where
        F: Future<Output = ()> + Send + 'static,
    {
        loop {
            let addresses: Vec<SocketAddr> =
                listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
            let mut accepting: JoinSet<()> = listeners.into_iter().map(&accept).collect();
            let Some(refusal) = self.0.recv().await else { return std::future::pending().await };
            accepting.shutdown().await;
            self.wait_for_end(refusal).await;
            listeners = match bind_again(&addresses).await {
                Ok(listeners) => listeners,
                Err(error) => return error,
            };
        }
    }

    /// Waits until the time of a command, and of those that arrive meanwhile, is over.
    async fn wait_for_end(&mut self, first: Refusal) {
        let mut next = Some(first);
        while let Some(Refusal { duration, closed }) = next {
            // An error means that the client that sent the command has disconnected.
            let _ = closed.send(());
            next = timeout(duration, self.0.recv()).await.unwrap_or_default();
        }
    }
}

async fn bind_again(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        let with_address = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("cannot listen on {address} again after refusing connections: {error}"),
            )
        };
        listeners.push(TcpListener::bind(address).await.map_err(with_address)?);
    }
    Ok(listeners)
}
