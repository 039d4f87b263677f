//! The time limit for the head of a request: `--header-timeout` from the start of the connection, or, for a later
//! request, from the first byte of its head. Between two requests a connection may be idle for [`IDLE`].
//!
//! hyper has one time limit for both, which starts at the end of the previous request. Set to the header timeout it
//! would close idle connections that are still in a client's connection pool. hyper asks its timer for a new sleep each
//! time it starts to wait for a head, so its own timer can distinguish the two phases. Bytes of a head that arrived
//! together with the previous request are not noticed: such a head may take as long as [`IDLE`].

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use super::socket::Traffic;

/// How long a connection may be idle between two requests.
pub(super) const IDLE: Duration = Duration::from_secs(100);

/// The timer of one connection; hyper uses it only while it waits for a head.
#[derive(Debug)]
pub(super) struct HeadTimer {
    head: Duration,
    traffic: Arc<Traffic>,
}

/// The wait for one head.
struct HeadSleep {
    head: Duration,
    traffic: Arc<Traffic>,
    /// The number of reads when the response before was written; `None` once bytes of the head have arrived.
    reads_before: Option<u64>,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl HeadTimer {
    pub(super) fn new(head: Duration, traffic: Arc<Traffic>) -> Self {
        Self { head, traffic }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let is_first = self.traffic.reads() == 0;
        let deadline = if is_first { self.now() + self.head } else { deadline };
        Box::pin(HeadSleep {
            head: self.head,
            traffic: Arc::clone(&self.traffic),
            reads_before: (!is_first).then_some(self.traffic.reads_before_last_write()),
            sleep: Box::pin(tokio::time::sleep_until(deadline.into())),
        })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.reads_before.is_some_and(|before| self.traffic.reads() > before) {
            self.reads_before = None;
            let deadline = tokio::time::Instant::now() + self.head;
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(context)
    }
}

impl Sleep for HeadSleep {}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::Response;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::*;
    use crate::server::socket::ClientSocket;

    const HEAD: Duration = Duration::from_secs(10);

    /// The client side of a connection to a server that sends an empty response to every request.
    fn connected() -> DuplexStream {
        let (ours, theirs) = duplex(1024);
        let stream = ClientSocket::new(ours, Arc::default());
        let mut http = http1::Builder::new();
        http.timer(HeadTimer::new(HEAD, stream.traffic())).header_read_timeout(IDLE);
        let service = service_fn(|_| async { Ok::<_, Infallible>(Response::new(String::new())) });
        tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        theirs
    }

    async fn request(client: &mut DuplexStream) {
        client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("the connection is open");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.expect("a response arrives"));
        }
    }

    /// How long it takes until the server closes the connection.
    async fn time_until_closed(client: &mut DuplexStream) -> Duration {
        let started = Instant::now();
        client.read_to_end(&mut Vec::new()).await.expect("a duplex stream has no read errors");
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_nothing_gets_the_header_timeout() {
        assert_eq!(time_until_closed(&mut connected()).await, HEAD);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_of_a_head_do_not_extend_the_header_timeout() {
        let mut client = connected();
        let started = Instant::now();
        for byte in b"GET /some/path HTTP/1.1\r\nhost: localhost\r\n".iter().cycle() {
            if client.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(started.elapsed() <= HEAD + Duration::from_secs(2), "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_may_be_idle_for_the_idle_time_between_requests() {
        let mut client = connected();
        for _ in 0..3 {
            request(&mut client).await;
            tokio::time::sleep(IDLE * 59 / 60).await;
        }
        request(&mut client).await;
        assert_eq!(time_until_closed(&mut client).await, IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn the_header_timeout_of_a_later_request_starts_at_its_first_byte() {
        let mut client = connected();
        request(&mut client).await;
        tokio::time::sleep(IDLE / 2).await;
        client.write_all(b"GET / HT").await.expect("the connection is open");
        assert_eq!(time_until_closed(&mut client).await, HEAD);
    }
}
