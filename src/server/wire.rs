//! Wire orders, played on the bare socket: answers that break off, never come, come wrong, or are no HTTP at all.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use super::paced::Portions;
use super::socket::ClientSocket;
use crate::clock::Clock;
use crate::emulator::RequestContext;
use crate::response::{Break, Response, ResponseEnd};

/// What a connection is told to do instead of going on.
#[derive(Debug)]
pub(super) struct WirePlan {
    pub(super) response: Response,
    /// The request; it stays open until the plan is done.
    pub(super) context: Box<RequestContext>,
}

/// What is sent instead of HTTP.
const GARBAGE: &[u8] = b"\x16\x03\x01\x00\xa5 not HTTP at all \xff\xfe\r\n\r\n{]";

/// How long and how much is read of a client that is still sending when it is hung up on. Without this its system would
/// throw away the answer that is already on its way.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 8 << 20;

/// Plays an plan to its end and closes the connection.
pub(super) async fn play(mut stream: ClientSocket, plan: WirePlan, mut draining: watch::Receiver<()>) {
    let clock = plan.context.clock().map(Arc::clone);
    let playing = async {
        match write_response(&mut stream, &plan.response, clock.as_deref()).await {
            Ok(Break::Reset) | Err(_) => reset(&stream),
            Ok(Break::Close) => close(stream).await,
            Ok(Break::Hang) => hang(stream, clock.as_deref()).await,
        }
    };
    tokio::select! {
        () = playing => {}
        _ = draining.changed() => {}
    }
}

/// Sends as much of the response as there is to be, and says what then becomes of the connection.
async fn write_response(stream: &mut ClientSocket, response: &Response, clock: Option<&Clock>) -> io::Result<Break> {
    let (bytes, then) = match response.wire.end {
        ResponseEnd::Silent(then) => return Ok(then),
        ResponseEnd::Garbage => {
            stream.write_all(GARBAGE).await?;
            return Ok(Break::Close);
        }
        ResponseEnd::Whole => (response.body.len(), Break::Close),
        ResponseEnd::Stall => (0, Break::Hang),
        ResponseEnd::Cut(bytes, then) => (bytes.min(response.body.len()), then),
        ResponseEnd::HalfThenReset => (response.body.len() / 2, Break::Reset),
    };
    stream.write_all(head(response).as_bytes()).await?;
    write_paced(stream, response.body.slice(..bytes), (Portions::of(&response.wire.pace), clock)).await?;
    stream.flush().await?;
    Ok(then)
}

async fn write_paced(
    stream: &mut ClientSocket,
    mut rest: Bytes,
    (portions, clock): (Portions, Option<&Clock>),
) -> io::Result<()> {
    while !rest.is_empty() {
        let portion = rest.split_to(portions.bytes.min(rest.len()));
        stream.write_all(&portion).await?;
        if let Some(clock) = clock.filter(|_| !rest.is_empty()) {
            clock.sleep(portions.every).await;
        }
    }
    Ok(())
}

/// The response's head as hyper would have written it, but for a length that need not be true.
fn head(response: &Response) -> String {
    let status = response.status_code();
    let mut head = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for (name, value) in response.headers.iter().filter(|(name, _)| **name != CONTENT_LENGTH && **name != CONNECTION) {
        let _ = write!(head, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    // An answer that is not final has no body, and nothing that says how long it is.
    if response.status >= 200 {
        let length = response.wire.content_length.unwrap_or(response.body.len() as u64);
        let _ = write!(head, "content-length: {length}\r\n");
    }
    head + "\r\n"
}

/// Ends a connection with RST.
fn reset(stream: &ClientSocket) {
    // When it fails the connection is gone already.
    let _ = SockRef::from(stream.socket()).set_linger(Some(Duration::ZERO));
}

/// Ends a connection with FIN, and hears its client out for a while.
pub(super) async fn close(mut stream: ClientSocket) {
    if stream.shutdown().await.is_ok() {
        let _ = tokio::time::timeout(LINGER, drain(&mut stream, LINGER_BYTES)).await;
    }
}

/// Keeps a connection open and silent until its client goes.
async fn hang(mut stream: ClientSocket, clock: Option<&Clock>) {
    tokio::select! {
        () = drain(&mut stream, usize::MAX) => {}
        () = async {
            match clock {
                Some(clock) => clock.hang().await,
                None => std::future::pending().await,
            }
        } => {}
    }
}

/// Reads and forgets until the client stops sending, or has sent so many bytes.
async fn drain(stream: &mut ClientSocket, most_bytes: usize) {
    let mut scratch = [0; 4096];
    let mut heard = 0;
    while let Ok(read @ 1..) = stream.read(&mut scratch).await {
        heard += read;
        if heard >= most_bytes {
            return;
        }
    }
}
