//! The state that the requests of a connection share with the task that runs it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::delivery::Delivery;
use super::shared_stream::SharedStream;
use super::state::ServerState;
use super::wire::WirePlan;

/// State shared by the requests of a connection and the task that runs it.
#[derive(Debug)]
pub(super) struct ConnectionState {
    pub(super) server: Arc<ServerState>,
    /// Set by a request whose response is written without hyper; hyper then gets no response from it.
    pub(super) plan: Mutex<Option<Box<WirePlan>>>,
    /// Set by a request that got its response before its body was read to the end.
    pub(super) has_unread_body: AtomicBool,
    /// The response that is delivered now.
    pub(super) delivery: Arc<Delivery>,
    /// Whether the connection was accepted while the server shuts down: its requests are refused.
    pub(super) is_late: bool,
    /// The address of the client.
    pub(super) peer: SocketAddr,
    /// The socket, to watch while a request waits.
    pub(super) stream: SharedStream,
    /// Changes when the server begins to shut down.
    pub(super) draining: watch::Receiver<()>,
}

impl ConnectionState {
    pub(super) fn new(
        server: Arc<ServerState>,
        stream: SharedStream,
        peer: SocketAddr,
        draining: watch::Receiver<()>,
    ) -> Self {
        let feed = Arc::clone(server.instance.tenants.journal_limits().feed());
        let (plan, delivery) = (Mutex::default(), Arc::new(Delivery::new(feed)));
        let is_late = server.instance.is_draining();
        server.instance.counters.connections.fetch_add(1, Ordering::Relaxed);
        Self { server, plan, has_unread_body: AtomicBool::new(false), delivery, is_late, peer, stream, draining }
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        self.server.instance.counters.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
