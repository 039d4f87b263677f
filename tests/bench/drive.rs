//! The load: calls over so many connections, each with one call under way at a time. It runs on one thread, whose time
//! nobody counts, and stops when its calls are done.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long any load may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_mins(3);

/// Calls that are sent ahead of their answers where only the number of calls matters.
const AHEAD: u64 = 64;

/// How connections are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// For all their calls.
    Alive,
    /// For one call each.
    ForOneCall,
}

/// A load: calls like these in turn, over so many connections at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) requests: &'a [Vec<u8>],
    pub(crate) connections: u64,
    pub(crate) keep: Keep,
}

/// An answer, as far as anybody looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A request as the official SDKs write it.
pub(crate) fn request(line: &str, key: &str, body: &str) -> Vec<u8> {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!(
        "{line} HTTP/1.1\r\nhost: 127.0.0.1:4010\r\naccept: application/json\r\naccept-encoding: gzip, deflate\r\n\
         user-agent: LlamaCloud/Python 2.19.0\r\nx-stainless-lang: python\r\nx-stainless-package-version: 2.19.0\r\n\
         x-stainless-os: Linux\r\nx-stainless-arch: x64\r\nx-stainless-runtime: CPython\r\n\
         x-stainless-retry-count: 0\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         {length}\r\n{body}"
    )
    .into_bytes()
}

/// Sends one call and waits for its answer.
pub(crate) fn call(address: SocketAddr, request: &[u8]) -> Answer {
    run(async {
        let mut line = Line::connect(address).await;
        line.send(request).await;
        line.answer().await
    })
}

/// Makes `calls` calls; how long that took.
pub(crate) fn drive(address: SocketAddr, load: Load<'_>, calls: u64) -> Duration {
    let started = Instant::now();
    run(async {
        let tasks = tokio::task::LocalSet::new();
        for share in shares(calls, load.connections) {
            let requests = load.requests.to_vec();
            tasks.spawn_local(async move { one_at_a_time(address, (&requests, load.keep), share).await });
        }
        tasks.await;
    });
    started.elapsed()
}

/// Makes `calls` calls on one connection, many ahead of their answers.
pub(crate) fn pour(address: SocketAddr, request: &[u8], calls: u64) {
    run(async {
        let mut line = Line::connect(address).await;
        let mut left = calls;
        while left > 0 {
            let batch = left.min(AHEAD);
            line.send(&request.repeat(usize::try_from(batch).expect("is small"))).await;
            for _ in 0..batch {
                line.good_answer().await;
            }
            left -= batch;
        }
    });
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread is there");
    runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await.expect("no load takes minutes") })
}

/// The numbers of the calls of each connection.
fn shares(calls: u64, connections: u64) -> impl Iterator<Item = Range<u64>> {
    (0..connections).map(move |at| calls * at / connections..calls * (at + 1) / connections)
}

async fn one_at_a_time(address: SocketAddr, (requests, keep): (&[Vec<u8>], Keep), numbers: Range<u64>) {
    let mut line = Line::connect(address).await;
    for (position, number) in numbers.enumerate() {
        if keep == Keep::ForOneCall && position > 0 {
            line = Line::connect(address).await;
        }
        let turn = number % requests.len() as u64;
        line.send(&requests[usize::try_from(turn).expect("is below a length")]).await;
        line.good_answer().await;
    }
}

/// A connection.
struct Line {
    stream: TcpStream,
    /// What came and has not been taken apart yet.
    rest: Vec<u8>,
}

impl Line {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, rest: Vec::with_capacity(64 * 1024) }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the server reads");
    }

    async fn good_answer(&mut self) {
        let status = self.answer().await.status;
        assert!((200..300).contains(&status), "the server refuses what it is measured with: {status}");
    }

    async fn answer(&mut self) -> Answer {
        let head = loop {
            if let Some(at) = self.rest.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await;
        };
        let text = std::str::from_utf8(&self.rest[..head]).expect("heads are text");
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).expect("an answer has a status");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let end = head + length.map_or(0, |length| length.parse().expect("a length is a number"));
        while self.rest.len() < end {
            self.more().await;
        }
        let body = self.rest[head..end].to_vec();
        self.rest.drain(..end);
        Answer { status, body }
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.rest).await.expect("the server answers");
        assert!(read > 0, "the server hung up");
    }
}
