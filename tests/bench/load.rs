//! The load generator: requests over several connections, each with one request in flight. It runs on one thread, whose
//! CPU time is not measured.

use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Time limit of one load.
pub(crate) const TIME_LIMIT: Duration = Duration::from_mins(3);

/// Requests that are pipelined where only their number matters.
const PIPELINED: u64 = 64;

/// How long connections are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeepAlive {
    /// For all their requests.
    Yes,
    /// For one request each.
    OneRequest,
}

/// A load: these requests in turn over several connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) requests: &'a [Vec<u8>],
    pub(crate) connections: u64,
    pub(crate) keep: KeepAlive,
}

/// The parts of a response that are used.
#[derive(Debug, Clone, Default)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A request with the headers of an official SDK, and a JSON body or none.
pub(crate) fn request(line: &str, key: &str, body: &str) -> Vec<u8> {
    request_of_type(line, key, "application/json", body.as_bytes())
}

/// The upload of a file with this name and text.
pub(crate) fn upload(line: &str, key: &str, name: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!(
        "--boundary\r\ncontent-disposition: form-data; name=\"upload_file\"; filename=\"{name}\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    );
    let body = [head.as_bytes(), content.as_ref(), b"\r\n--boundary--\r\n"].concat();
    request_of_type(line, key, "multipart/form-data; boundary=boundary", &body)
}

fn request_of_type(line: &str, key: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let head = format!(
        "{line} HTTP/1.1\r\nhost: 127.0.0.1:4010\r\naccept: application/json\r\naccept-encoding: gzip, deflate\r\n\
         user-agent: LlamaCloud/Python 2.19.0\r\nx-stainless-lang: python\r\nx-stainless-package-version: 2.19.0\r\n\
         x-stainless-os: Linux\r\nx-stainless-arch: x64\r\nx-stainless-runtime: CPython\r\n\
         x-stainless-retry-count: 0\r\nauthorization: Bearer {key}\r\ncontent-type: {content_type}\r\n\
         {length}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Sends one request and waits for its response.
pub(crate) fn send(address: SocketAddr, request: &[u8]) -> HttpResponse {
    run(async {
        let mut connection = RawConnection::connect(address).await;
        connection.send(request).await;
        connection.read_response().await
    })
}

/// Sends `count` requests; the time that this took.
pub(crate) fn run_load(address: SocketAddr, load: Load<'_>, count: u64) -> Duration {
    let started = Instant::now();
    run(async {
        let tasks = tokio::task::LocalSet::new();
        let requests: Rc<[Vec<u8>]> = load.requests.into();
        for share in shares(count, load.connections) {
            let requests = Rc::clone(&requests);
            tasks.spawn_local(async move { send_in_turn(address, (&requests, load.keep), share).await });
        }
        tasks.await;
    });
    started.elapsed()
}

/// Sends `count` requests on one connection with pipelining.
pub(crate) fn send_pipelined(address: SocketAddr, request: &[u8], count: u64) {
    run(async {
        let mut connection = RawConnection::connect(address).await;
        let mut left = count;
        while left > 0 {
            let batch = left.min(PIPELINED);
            connection.send(&request.repeat(usize::try_from(batch).expect("a small number"))).await;
            for _ in 0..batch {
                connection.read_success().await;
            }
            left -= batch;
        }
    });
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime
        .block_on(async { tokio::time::timeout(TIME_LIMIT, work).await.expect("the load ends within its time limit") })
}

/// The numbers of the requests of each connection.
fn shares(count: u64, connections: u64) -> impl Iterator<Item = Range<u64>> {
    (0..connections).map(move |at| count * at / connections..count * (at + 1) / connections)
}

async fn send_in_turn(address: SocketAddr, (requests, keep): (&[Vec<u8>], KeepAlive), numbers: Range<u64>) {
    let mut connection = RawConnection::connect(address).await;
    for (position, number) in numbers.enumerate() {
        if keep == KeepAlive::OneRequest && position > 0 {
            connection = RawConnection::connect(address).await;
        }
        let turn = number % requests.len() as u64;
        connection.send(&requests[usize::try_from(turn).expect("smaller than a length")]).await;
        connection.read_success().await;
    }
}

/// A TCP connection.
struct RawConnection {
    stream: TcpStream,
    /// Bytes that were received and not parsed yet.
    unread: Vec<u8>,
}

impl RawConnection {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, unread: Vec::with_capacity(64 * 1024) }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the server reads");
    }

    async fn read_success(&mut self) {
        let status = self.read_response().await.status;
        assert!((200..300).contains(&status), "the server rejects the measured request: {status}");
    }

    async fn read_response(&mut self) -> HttpResponse {
        let head = loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more().await;
        };
        let text = std::str::from_utf8(&self.unread[..head]).expect("a head is ASCII");
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).expect("a response has a status");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let end = head + length.map_or(0, |length| length.parse().expect("a length is a number"));
        while self.unread.len() < end {
            self.read_more().await;
        }
        let body = self.unread[head..end].to_vec();
        self.unread.drain(..end);
        HttpResponse { status, body }
    }

    async fn read_more(&mut self) {
        let read = self.stream.read_buf(&mut self.unread).await.expect("the server responds");
        assert!(read > 0, "the server closed the connection");
    }
}
