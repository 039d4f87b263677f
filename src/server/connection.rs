//! One connection: its requests in turn through hyper, until one of them orders the wire to do something else.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::head_timer::HeadTimer;
use super::socket::ClientSocket;
use super::wire::{self, WirePlan};
use super::{Shell, service};
use crate::emulator::RequestContext;
use crate::journal::Outcome;
use crate::tenant::Tenant;

/// What the requests of a connection share with the task that runs it.
#[derive(Debug)]
pub(super) struct ConnectionState {
    pub(super) shell: Arc<Shell>,
    /// Set by a request that hands the socket over; it then never answers.
    pub(super) plan: Mutex<Option<Box<WirePlan>>>,
    /// Set by a request that was answered before its body was read.
    pub(super) unread: AtomicBool,
    /// The request that was answered last: what becomes of its answer shows only when it is sent.
    answered: Mutex<Option<(Arc<Tenant>, u64)>>,
}

impl ConnectionState {
    /// The state of a connection that no client has opened.
    #[cfg(test)]
    pub(super) fn for_test(emulator: Arc<crate::emulator::Emulator>) -> Arc<Self> {
        Arc::new(Self::new(Arc::new(Shell::new(emulator).expect("a thread can be started"))))
    }

    fn new(shell: Arc<Shell>) -> Self {
        Self { shell, plan: Mutex::default(), unread: AtomicBool::new(false), answered: Mutex::default() }
    }

    /// Notes that a request is about to be answered.
    pub(super) fn answers(&self, context: &RequestContext) {
        *self.answered.lock() = context.tenant.as_ref().map(|tenant| (Arc::clone(tenant), context.number));
    }

    /// Tells the journal that the last answer did not reach its client.
    fn lose_last(&self) {
        if let Some((tenant, number)) = self.answered.lock().take() {
            tenant.lock().journal.settle(number, Outcome::ClientGone);
        }
    }
}

/// How hyper's part of a connection ended.
enum Ended {
    /// A request ordered the wire.
    Planned(Box<WirePlan>),
    /// The client may still be sending what nobody reads: a body, or what follows a head that was none.
    Unread,
    /// It was closed, by either side.
    Closed,
}

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, shell: Arc<Shell>, mut draining: watch::Receiver<()>) {
    // Answers are small and written whole; when it fails the connection is gone already.
    let _ = stream.set_nodelay(true);
    let stream = ClientSocket::new(stream);
    let traffic = stream.traffic();
    let mut http = shell.http.clone();
    http.timer(HeadTimer::new(shell.emulator.settings().header_timeout, stream.traffic()));
    let state = Arc::new(ConnectionState::new(shell));
    let requests = Arc::clone(&state);
    let service = service_fn(move |request| service::respond(Arc::clone(&requests), request));
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let mut drained = Box::pin({
        let mut draining = draining.clone();
        async move { _ = draining.changed().await }
    });
    let flag = draining.clone();
    let (mut listens, mut told) = (false, false);
    let ended = poll_fn(|context| {
        // Once it has been polled it wakes this task; what it waits at is shared by all connections, a look at the flag
        // is not.
        let is_due = !listens || flag.has_changed().unwrap_or(true);
        listens = true;
        if !told && is_due && drained.as_mut().poll(context).is_ready() {
            told = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        let polled = Pin::new(&mut connection).poll(context);
        // An plan is given while hyper is polled, and what was answered before it is flushed then.
        match (state.plan.lock().take(), polled) {
            (Some(plan), _) => Poll::Ready(Ended::Planned(plan)),
            (None, Poll::Pending) => Poll::Pending,
            (None, Poll::Ready(Err(error))) if error.is_parse() => Poll::Ready(Ended::Unread),
            (None, Poll::Ready(_)) if state.unread.load(Ordering::Relaxed) => Poll::Ready(Ended::Unread),
            (None, Poll::Ready(_)) => Poll::Ready(Ended::Closed),
        }
    })
    .await;
    let stream = connection.into_parts().io.into_inner();
    if traffic.is_broken() || had_closed(&stream) {
        state.lose_last();
    }
    match ended {
        Ended::Planned(plan) => wire::play(stream, *plan, draining).await,
        Ended::Unread => {
            tokio::select! {
                () = wire::close(stream) => {}
                _ = draining.changed() => {}
            }
        }
        Ended::Closed => {}
    }
}

/// Whether the client had closed before it was answered, as one does that gives up waiting. Half-closed and closed look
/// alike until something is sent; a closed client's system then answers with a reset, which behind a FIN is this error.
fn had_closed(stream: &ClientSocket) -> bool {
    matches!(stream.socket().take_error(), Ok(Some(error)) if error.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::config::{self, RawSettings};
    use crate::emulator::Emulator;
    use crate::server::Server;

    async fn connected() -> TcpStream {
        let told = RawSettings::alone(&[("port", vec!["0".to_owned()]), ("log-level", vec!["off".to_owned()])]);
        let settings = config::read(&told).expect("they are good");
        let emulator = Emulator::new(settings, told).expect("the schemas are good");
        let server = Server::bind(Arc::new(emulator)).await.expect("a port is free");
        let address = server.local_addr();
        tokio::spawn(server.run(std::future::pending()));
        TcpStream::connect(address).await.expect("it listens")
    }

    /// On a standing clock time jumps to the next deadline when nothing else goes on: without one this would wait for ever.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_reads_its_answers_is_hung_up_on() {
        let mut client = connected().await;
        let requests =
            b"GET /api/v1/indexes HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer a\r\n\r\n".repeat(1 << 20);
        let written = tokio::time::timeout(Duration::from_mins(10), client.write_all(&requests)).await;
        assert!(written.expect("it does not last").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_calls_again_is_hung_up_on() {
        for sent in [&b""[..], b"GET /hea", b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
            let mut client = connected().await;
            client.write_all(sent).await.expect("it listens");
            let read = tokio::time::timeout(Duration::from_mins(10), client.read_to_end(&mut Vec::new())).await;
            assert!(read.expect("it does not last").is_ok());
        }
    }
}
