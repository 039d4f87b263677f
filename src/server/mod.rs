//! The async part of the program: it accepts connections, reads requests, waits, writes responses, injects wire faults
//! and shuts down gracefully. `emulator` decides every response; this module only carries it out.

mod body;
mod budget;
mod connection;
mod connection_state;
mod delivery;
mod exchange;
mod guard;
mod head_timer;
mod incidents;
mod live;
mod log;
mod paced;
mod persistence;
mod pieces;
mod refusal;
mod service;
#[cfg(test)]
mod service_tests;
mod shared_stream;
mod socket;
mod state;
mod waits;
mod wire;
mod work_queue;
mod written;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::counters::Incident;
use crate::instance::Instance;
use refusal::RefusalReceiver;
use state::ServerState;

/// Time limit for requests in flight after a shutdown was requested. With the rest of the log, the program ends within
/// ten seconds.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(9);

/// The pause after `accept` failed because the process has no free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How often binding is tried to find a port that is free on both loopback addresses.
const PORT_ATTEMPTS: usize = 16;

/// A server that is bound to its address.
#[derive(Debug)]
pub(crate) struct Server {
    state: Arc<ServerState>,
    listeners: Vec<TcpListener>,
    refusals: RefusalReceiver,
    address: SocketAddr,
}

/// A server that handles no new request, except those that ask how it is.
#[derive(Debug)]
pub(crate) struct Drain {
    state: Arc<ServerState>,
    begin: Arc<watch::Sender<()>>,
    listening: JoinHandle<io::Error>,
}

impl Server {
    /// Binds the address of the settings; for `127.0.0.1` also `[::1]`, because `localhost` may resolve to either.
    ///
    /// Fails if the address cannot be bound.
    pub(crate) async fn bind(instance: Arc<Instance>) -> io::Result<Self> {
        let settings = &instance.settings;
        let listeners = bind_listeners(*settings.host, settings.port).await?;
        let address = listeners[0].local_addr()?;
        let (sender, refusals) = refusal::channel();
        let state = ServerState::new(instance, sender);
        Ok(Self { state: Arc::new(state), listeners, refusals, address })
    }

    /// The address that it listens on.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Handles requests until `shutdown` completes, then waits up to [`DRAIN_TIMEOUT`] for requests in flight.
    ///
    /// Fails like [`Server::listen`].
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let (result, drain) = self.listen(shutdown).await;
        drain.finish().await;
        result
    }

    /// Handles requests until `shutdown` completes; returns the server that drains now.
    ///
    /// Fails if connections were refused for a time, and an address cannot be bound again afterwards. The log says so.
    pub(crate) async fn listen(self, shutdown: impl Future<Output = ()>) -> (io::Result<()>, Drain) {
        let drain = Arc::new(watch::Sender::new(()));
        let (state, to_drain) = (Arc::clone(&self.state), Arc::clone(&drain));
        let accepting = move |listener| accept(listener, Arc::clone(&state), Arc::clone(&to_drain));
        let mut listening = tokio::spawn(self.refusals.listen(self.listeners, accepting));
        let result = tokio::select! {
            () = shutdown => Ok(()),
            ended = &mut listening => Err(ended.unwrap_or_else(io::Error::other)),
            never = refusal::follow(&self.state.instance.refusals, &self.state.refusals) => match never {},
        };
        if let Err(error) = &result {
            self.state.log.error(&error.to_string());
        }
        self.state.instance.start_draining();
        (result, Drain { state: self.state, begin: drain, listening })
    }
}

impl Drain {
    /// Gives requests in flight ten seconds to end, and writes the rest of the log.
    pub(crate) async fn finish(self) {
        // Every connection that was open before holds a receiver until it ends.
        let all_closed = async {
            let _ = self.begin.send(());
            self.begin.closed().await;
        };
        // Connections that are still open after the timeout are cut when the runtime ends.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, all_closed).await;
        self.listening.abort();
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

/// Accepts connections until it is aborted. One file descriptor is kept in reserve: if the process has no other, the
/// reserve is closed, so that the next connection can be accepted and closed at once instead of waiting.
async fn accept(listener: TcpListener, state: Arc<ServerState>, drain: Arc<watch::Sender<()>>) {
    // Connections that are accepted while the server drains get a 503, and do not prolong the drain.
    let (_late_drain, late) = watch::channel(());
    let mut reserve = TcpSocket::new_v4().ok();
    loop {
        let accepted = match listener.accept().await {
            Err(_) if reserve.take().is_some() => tokio::time::timeout(ACCEPT_PAUSE, listener.accept()).await,
            accepted => Ok(accepted),
        };
        let had_reserve = reserve.is_some();
        reserve = reserve.or_else(|| TcpSocket::new_v4().ok());
        match accepted {
            Ok(Ok((stream, peer))) if reserve.is_some() => {
                let draining = if state.instance.is_draining() { late.clone() } else { drain.subscribe() };
                spawn_connection((stream, peer), &state, draining);
            }
            Ok(Err(_)) if !had_reserve => tokio::time::sleep(ACCEPT_PAUSE).await,
            _ => {}
        }
    }
}

/// Runs a connection in a task of its own, or closes it at once if `--max-connections` are open.
fn spawn_connection(accepted: (TcpStream, SocketAddr), state: &Arc<ServerState>, draining: watch::Receiver<()>) {
    let Ok(permit) = Arc::clone(&state.connections).try_acquire_owned() else {
        return state.note_incident(Incident::ConnectionLimit);
    };
    let state = Arc::clone(state);
    tokio::spawn(async move {
        connection::run(accepted, state, draining).await;
        drop(permit);
    });
}
