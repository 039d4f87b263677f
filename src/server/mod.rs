//! The shell: accepts connections, reads requests, waits, writes, cuts and drains. It obeys responses and decides nothing
//! about the emulated API.

mod body;
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
use guard::Guard;
use log::Log;

/// Bytes that the head of a request may have.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How long requests in flight have to end once the server drains: what the log takes then still fits into ten seconds.
const DRAIN: Duration = Duration::from_secs(9);

/// How long to wait after the system could not hand out a connection: it is out of descriptors until some are closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How often a free port is looked for that both loopback addresses have.
const PORT_TRIES: usize = 16;

/// A bound server.
#[derive(Debug)]
pub struct Server {
    shell: Arc<Shell>,
    listeners: Vec<TcpListener>,
    address: SocketAddr,
}

/// What all connections share.
#[derive(Debug)]
struct Shell {
    emulator: Arc<Emulator>,
    guard: Guard,
    log: Log,
    http: http1::Builder,
    connections: Arc<Semaphore>,
    warned_of_real_key: AtomicBool,
}

impl Server {
    /// Binds the address of the settings; for `127.0.0.1` its duplicate_index `[::1]` too, because `localhost` may mean either.
    pub async fn bind(emulator: Arc<Emulator>) -> io::Result<Self> {
        let settings = emulator.settings();
        let listeners = listeners(settings.host, settings.port).await?;
        let address = listeners[0].local_addr()?;
        let shell = Shell::new(Arc::clone(&emulator))?;
        Ok(Self { shell: Arc::new(shell), listeners, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is over, then lets requests in flight end within ten seconds.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (drain, draining) = watch::channel(());
        let accepting: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| tokio::spawn(accept(listener, Arc::clone(&self.shell), draining.clone())))
            .collect();
        drop(draining);
        shutdown.await;
        accepting.iter().for_each(tokio::task::JoinHandle::abort);
        // Every connection holds a receiver and goes when it is done.
        let all_gone = async {
            let _ = drain.send(());
            drain.closed().await;
        };
        // What is still open then is cut by the end of the runtime.
        let _ = tokio::time::timeout(DRAIN, all_gone).await;
        self.shell.log.finish();
    }
}

impl Shell {
    fn new(emulator: Arc<Emulator>) -> io::Result<Self> {
        let settings = emulator.settings();
        let mut http = http1::Builder::new();
        // Half-closed clients are answered, and what they asked for is done: without it hyper would drop a request whose
        // client has stopped sending. Each connection brings the timer, without which the timeout would do nothing.
        http.header_read_timeout(head_timer::IDLE).half_close(true);
        // The one bounds the head, the other what is read ahead of it; alone it would let a head through that came fast.
        http.max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_HEAD_BYTES);
        Ok(Self {
            guard: Guard::new(settings),
            log: Log::start(settings.log_level, settings.log_format)?,
            http,
            connections: Arc::new(Semaphore::new(settings.max_connections)),
            warned_of_real_key: AtomicBool::new(false),
            emulator,
        })
    }
}

async fn listeners(host: IpAddr, port: u16) -> io::Result<Vec<TcpListener>> {
    for _ in 0..PORT_TRIES {
        let first = TcpListener::bind((host, port)).await?;
        if host != Ipv4Addr::LOCALHOST {
            return Ok(vec![first]);
        }
        match TcpListener::bind((Ipv6Addr::LOCALHOST, first.local_addr()?.port())).await {
            Ok(duplicate_index) => return Ok(vec![first, duplicate_index]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && port == 0 => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            // A machine without IPv6.
            Err(_) => return Ok(vec![first]),
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no port is free at both 127.0.0.1 and [::1]"))
}

/// Accepts for ever. A descriptor is kept in reserve: out of others, it is given up to accept the next connection all the
/// same and close it at once, so that its client is not left waiting.
async fn accept(listener: TcpListener, shell: Arc<Shell>, draining: watch::Receiver<()>) {
    let mut reserve = TcpSocket::new_v4().ok();
    loop {
        let accepted = match listener.accept().await {
            Err(_) if reserve.take().is_some() => tokio::time::timeout(ACCEPT_PAUSE, listener.accept()).await,
            accepted => Ok(accepted),
        };
        let was_there = reserve.is_some();
        reserve = reserve.or_else(|| TcpSocket::new_v4().ok());
        match accepted {
            Ok(Ok((stream, _))) if reserve.is_some() => spawn_connection(stream, &shell, &draining),
            Ok(Err(_)) if !was_there => tokio::time::sleep(ACCEPT_PAUSE).await,
            _ => {}
        }
    }
}

/// Serves a connection, or closes it at once when there are as many as there may be.
fn spawn_connection(stream: TcpStream, shell: &Arc<Shell>, draining: &watch::Receiver<()>) {
    let Ok(permit) = Arc::clone(&shell.connections).try_acquire_owned() else { return };
    let (shell, draining) = (Arc::clone(shell), draining.clone());
    tokio::spawn(async move {
        connection::serve(stream, shell, draining).await;
        drop(permit);
    });
}
