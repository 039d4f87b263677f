//! The async part of the program: it accepts connections, reads requests, waits, writes responses, injects wire faults and
//! shuts down gracefully. The emulator decides every response; this module only carries it out.

mod body;
mod budget;
mod connection;
mod guard;
mod head_timer;
mod log;
mod paced;
mod service;
mod socket;
mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hyper::server::conn::http1;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::emulator::Emulator;
use budget::BodyBudget;
use guard::Guard;
use log::Log;

/// Maximum size of the head of a request.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How long requests in flight may take to end after a shutdown was requested. Writing the rest of the log after that still
/// ends within ten seconds.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(9);

/// The pause after `accept` failed because the process has no free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How often binding is tried to find a port that is free on both loopback addresses.
const PORT_ATTEMPTS: usize = 16;

/// A server that is bound to its address.
#[derive(Debug)]
pub struct Server {
    state: Arc<ServerState>,
    listeners: Vec<TcpListener>,
    address: SocketAddr,
}

/// State shared by all connections.
#[derive(Debug)]
struct ServerState {
    emulator: Arc<Emulator>,
    guard: Guard,
    log: Log,
    http: http1::Builder,
    connections: Arc<Semaphore>,
    body_budget: BodyBudget,
    warned_of_real_key: AtomicBool,
}

impl Server {
    /// Binds the address of the settings; for `127.0.0.1` also `[::1]`, because `localhost` may resolve to either.
    ///
    /// Fails if the address cannot be bound.
    pub async fn bind(emulator: Arc<Emulator>) -> io::Result<Self> {
        let settings = emulator.settings();
        let listeners = bind_listeners(settings.host, settings.port).await?;
        let address = listeners[0].local_addr()?;
        let mut http = http1::Builder::new();
        // half_close: without it hyper drops a request whose client has closed its sending half. The header timeout has no
        // effect without a timer, which each connection sets for itself.
        http.header_read_timeout(head_timer::IDLE).half_close(true);
        // Both are needed: max_buf_size bounds how far hyper reads ahead, but a larger head that arrives in one read passes it.
        http.max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_HEAD_BYTES);
        let state = ServerState {
            guard: Guard::new(settings),
            log: Log::start(settings.log_level, settings.log_format),
            http,
            connections: Arc::new(Semaphore::new(settings.max_connections)),
            body_budget: BodyBudget::new(settings.max_inflight_bytes),
            warned_of_real_key: AtomicBool::new(false),
            emulator: Arc::clone(&emulator),
        };
        Ok(Self { state: Arc::new(state), listeners, address })
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Handles requests until `shutdown` completes, then gives requests in flight ten seconds to end.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (drain, draining) = watch::channel(());
        let accepting: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| tokio::spawn(accept(listener, Arc::clone(&self.state), draining.clone())))
            .collect();
        drop(draining);
        shutdown.await;
        accepting.iter().for_each(tokio::task::JoinHandle::abort);
        // Every connection holds a receiver until it ends.
        let all_closed = async {
            let _ = drain.send(());
            drain.closed().await;
        };
        // Connections that are still open after the timeout are cut when the runtime ends.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, all_closed).await;
        self.state.log.finish();
    }
}

/// Binds the listeners; a port of 0 stands for one that is free on both loopback addresses.
async fn bind_listeners(host: IpAddr, port: u16) -> io::Result<Vec<TcpListener>> {
    for _ in 0..PORT_ATTEMPTS {
        let first = TcpListener::bind((host, port)).await?;
        if host != Ipv4Addr::LOCALHOST {
            return Ok(vec![first]);
        }
        match TcpListener::bind((Ipv6Addr::LOCALHOST, first.local_addr()?.port())).await {
            Ok(second) => return Ok(vec![first, second]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && port == 0 => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            // The machine has no IPv6.
            Err(_) => return Ok(vec![first]),
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no port is free on both 127.0.0.1 and [::1]"))
}

/// Accepts connections for ever. One file descriptor is kept in reserve: when the process has no other, the reserve is closed
/// so that the next connection can be accepted and closed at once, and its client is not left waiting.
async fn accept(listener: TcpListener, state: Arc<ServerState>, draining: watch::Receiver<()>) {
    let mut reserve = TcpSocket::new_v4().ok();
    loop {
        let accepted = match listener.accept().await {
            Err(_) if reserve.take().is_some() => tokio::time::timeout(ACCEPT_PAUSE, listener.accept()).await,
            accepted => Ok(accepted),
        };
        let had_reserve = reserve.is_some();
        reserve = reserve.or_else(|| TcpSocket::new_v4().ok());
        match accepted {
            Ok(Ok((stream, _))) if reserve.is_some() => spawn_connection(stream, &state, &draining),
            Ok(Err(_)) if !had_reserve => tokio::time::sleep(ACCEPT_PAUSE).await,
            _ => {}
        }
    }
}

/// Runs a connection in a task of its own, or closes it at once if `--max-connections` are open.
fn spawn_connection(stream: TcpStream, state: &Arc<ServerState>, draining: &watch::Receiver<()>) {
    let Ok(permit) = Arc::clone(&state.connections).try_acquire_owned() else { return };
    let (state, draining) = (Arc::clone(state), draining.clone());
    tokio::spawn(async move {
        connection::run(stream, state, draining).await;
        drop(permit);
    });
}
