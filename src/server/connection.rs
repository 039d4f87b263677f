//! One connection: hyper handles its requests one after the other, until the connection ends or a response has to be
//! written without hyper.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::connection_state::ConnectionState;
use super::head_timer::HeadTimer;
use super::service;
use super::shared_stream::SharedStream;
use super::socket::{ClientSocket, Traffic};
use super::state::ServerState;
use super::wire::{self, WirePlan};
use crate::counters::Incident;
use crate::emulator;
use crate::journal::Outcome;

/// Why hyper stopped handling a connection.
enum ConnectionEnd {
    /// The last response has to be written without hyper.
    Plan(Box<WirePlan>),
    /// The client may still be sending bytes that were not read: the rest of a body, or what follows a malformed head.
    UnreadBytes,
    /// Either side closed the connection.
    Closed,
}

/// Runs a connection to its end.
pub(super) async fn run(
    (stream, peer): (TcpStream, SocketAddr),
    server: Arc<ServerState>,
    mut draining: watch::Receiver<()>,
) {
    // Without Nagle's algorithm: responses are small and written in one piece. An error means that the client is gone.
    let _ = stream.set_nodelay(true);
    let stream = SharedStream::new(stream);
    let mut http = server.http.clone();
    let header_timeout = server.instance.settings.header_timeout;
    let state = Arc::new(ConnectionState::new(server, stream.clone(), peer, draining.clone()));
    let stream = ClientSocket::new(stream, Arc::clone(&state.delivery));
    let traffic = stream.traffic();
    http.timer(HeadTimer::new(header_timeout, stream.traffic()));
    let requests = Arc::clone(&state);
    let service = service_fn(move |request| service::respond(Arc::clone(&requests), request));
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let mut drain = Box::pin({
        let mut draining = draining.clone();
        async move { _ = draining.changed().await }
    });
    let drain_flag = draining.clone();
    let (mut is_registered, mut is_draining, mut incident) = (false, false, None);
    let end = poll_fn(|context| {
        // The first poll of `drain` registers this task to be woken. Later polls would each take a lock that all
        // connections share, so the flag is read first.
        let may_be_draining = !is_registered || drain_flag.has_changed().unwrap_or(true);
        is_registered = true;
        if !is_draining && may_be_draining && drain.as_mut().poll(context).is_ready() {
            is_draining = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        let polled = Pin::new(&mut connection).poll(context);
        if let Poll::Ready(Err(error)) = &polled {
            incident = incident_of(error, &traffic);
        }
        // A plan is set while hyper is polled; by then hyper has flushed the responses before it.
        match (state.plan.lock().take(), polled) {
            (Some(plan), _) => Poll::Ready(ConnectionEnd::Plan(plan)),
            (None, Poll::Pending) => Poll::Pending,
            (None, Poll::Ready(Err(error))) if error.is_parse() => Poll::Ready(ConnectionEnd::UnreadBytes),
            (None, Poll::Ready(_)) if state.has_unread_body.load(Ordering::Relaxed) => {
                Poll::Ready(ConnectionEnd::UnreadBytes)
            }
            (None, Poll::Ready(_)) => Poll::Ready(ConnectionEnd::Closed),
        }
    })
    .await;
    let stream = connection.into_parts().io.into_inner();
    if let Some(incident) = incident {
        state.server.note_incident(incident);
    }
    if traffic.is_broken() || stream.was_closed_by_client() {
        state.delivery.client_is_gone();
    }
    state.delivery.connection_ends();
    match end {
        ConnectionEnd::Plan(plan) => {
            // Recorded before the client can receive anything.
            let outcome = if plan.reply.response.wire.is_sound() { Outcome::Sent } else { Outcome::Cut };
            let instance = &state.server.instance;
            emulator::record_outcome(instance, &plan.context, &plan.reply, outcome);
            wire::execute(stream, *plan, draining, instance).await;
        }
        ConnectionEnd::UnreadBytes => {
            tokio::select! {
                () = wire::close(stream) => {}
                _ = draining.changed() => {}
            }
        }
        ConnectionEnd::Closed => {}
    }
}

/// The incident behind an error of hyper, if it is one: the client spoke another protocol, or was too slow.
fn incident_of(error: &hyper::Error, traffic: &Traffic) -> Option<Incident> {
    if error.is_parse() {
        return Some(match traffic.first_bytes() {
            // A TLS handshake record.
            [0x16, 0x03, _] => Incident::Tls,
            [b'P', b'R', b'I'] => Incident::Http2,
            _ => Incident::NotHttp,
        });
    }
    let has_begun = traffic.reads() > traffic.reads_before_last_write();
    (error.is_timeout() && has_begun).then_some(Incident::HeadTimeout)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::instance::Instance;
    use crate::server::Server;

    async fn connected() -> TcpStream {
        let instance = Instance::of_flags(&[("port", "0"), ("log-level", "off")]);
        let server = Server::bind(Arc::new(instance)).await.expect("a port is free");
        let address = server.local_addr();
        tokio::spawn(server.run(std::future::pending()));
        TcpStream::connect(address).await.expect("the server listens")
    }

    // With paused time tokio advances its clock to the next timer whenever all tasks wait, so these tests take no real
    // time.

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_reads_its_responses_is_disconnected() {
        let mut client = connected().await;
        let requests =
            b"GET /api/v1/indexes HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer a\r\n\r\n".repeat(1 << 20);
        let written = tokio::time::timeout(Duration::from_mins(10), client.write_all(&requests)).await;
        assert!(written.expect("the server closes the connection").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_client_is_disconnected() {
        for sent in [&b""[..], b"GET /hea", b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
            let mut client = connected().await;
            client.write_all(sent).await.expect("the connection is open");
            let read = tokio::time::timeout(Duration::from_mins(10), client.read_to_end(&mut Vec::new())).await;
            assert!(read.expect("the server closes the connection").is_ok());
        }
    }
}
