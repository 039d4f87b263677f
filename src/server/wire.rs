//! Responses that hyper cannot send, written to the bare socket: cut off, withheld, with a wrong length, followed by
//! the unannounced end of the connection, informational, or not HTTP at all.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONNECTION, CONTENT_LENGTH};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use super::paced::SHUTDOWN;
use super::pieces::Pieces;
use super::socket::ClientSocket;
use super::waits::watched;
use crate::clock::{self, Clock};
use crate::emulator::{self, Context, Reply};
use crate::instance::Instance;
use crate::journal::Outcome;
use crate::response::{Body, Break, Response, ResponseEnd};

/// The last response of a connection, to be written without hyper.
#[derive(Debug)]
pub(super) struct WirePlan {
    pub(super) reply: Reply,
    /// The request; it counts as open until all is written that is to be written.
    pub(super) context: Box<Context>,
}

/// The bytes of [`ResponseEnd::Garbage`].
const GARBAGE: &[u8] = b"\x16\x03\x01\x00\xa5 not HTTP at all \xff\xfe\r\n\r\n{]";

/// How long the system gets to deliver what was written before a reset, which discards what is not delivered. A client
/// may delay its acknowledgement by 40 ms, and no more than ten packets are sent without one.
const DELIVERY: Duration = Duration::from_millis(200);

/// How long, and up to how many bytes, the server keeps reading after it has closed its half of a connection. Closing a
/// socket with unread bytes sends a TCP reset, and the client's system would then discard the response.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 8 << 20;

/// Executes a plan and closes the connection. The server's shutdown ends it early; a stream that is to be whole then
/// gets a last event.
pub(super) async fn execute(
    mut stream: ClientSocket,
    plan: WirePlan,
    mut draining: watch::Receiver<()>,
    instance: &Instance,
) {
    let WirePlan { reply, context } = plan;
    let has_last_event = is_whole_stream(&reply.response);
    let shutdown = draining.clone();
    let executing = async {
        let connection = stream.socket().clone();
        let writing = write_unless_released(&mut stream, &reply, &context, shutdown);
        let end = watched(&connection, writing, || emulator::reply_is_left(&context, &reply)).await;
        if let Some(outcome) = failure(&stream, &reply, &end) {
            emulator::record_outcome(instance, &context, &reply, outcome);
        }
        match end {
            Ok(Some(Break::Reset)) => {
                if !matches!(reply.response.wire.end, ResponseEnd::Silent(_)) {
                    tokio::time::sleep(DELIVERY).await;
                }
                reset(&stream);
            }
            Err(_) => reset(&stream),
            Ok(None | Some(Break::Close)) => {
                // The request is over, whether or not the client closes its side soon.
                drop(context);
                close(stream).await;
            }
            Ok(Some(Break::Hang)) => hang(stream, context, &reply).await,
        }
    };
    tokio::select! {
        () = executing => {}
        _ = draining.changed(), if !has_last_event => {}
    }
}

/// How a response has ended that was to be whole and is not: `end` is the result of writing it.
fn failure(stream: &ClientSocket, reply: &Reply, end: &io::Result<Option<Break>>) -> Option<Outcome> {
    match end {
        _ if !reply.response.wire.is_sound() => None,
        Ok(None) => Some(Outcome::Cut),
        Ok(Some(_)) if !stream.was_closed_by_client() => None,
        _ => Some(Outcome::ClientGone),
    }
}

/// Like [`write_response`], but a slow response ends with FIN when the fault rules are reset: `None` then.
async fn write_unless_released(
    stream: &mut ClientSocket,
    reply: &Reply,
    context: &Context,
    draining: watch::Receiver<()>,
) -> io::Result<Option<Break>> {
    let writing = write_response(stream, reply, context, draining);
    let Some(clock) = context.clock() else { return writing.await.map(Some) };
    tokio::select! {
        // The release first: a reset of the clock may end a pause.
        biased;
        () = clock.wait_until(|| reply.release.has_come()) => Ok(None),
        written = writing => written.map(Some),
    }
}

/// Writes the part of the response that the plan asks for; returns how the connection then ends.
async fn write_response(
    stream: &mut ClientSocket,
    reply: &Reply,
    context: &Context,
    draining: watch::Receiver<()>,
) -> io::Result<Break> {
    let response = &reply.response;
    let (bytes, ending) = match response.wire.end {
        ResponseEnd::Silent(ending) => return Ok(ending),
        ResponseEnd::Garbage => {
            stream.write_all(GARBAGE).await?;
            return Ok(Break::Close);
        }
        ResponseEnd::Whole | ResponseEnd::WholeThenClose => (response.body.len(), Break::Close),
        ResponseEnd::Stall => (0, Break::Hang),
        ResponseEnd::Cut(bytes, ending) => (bytes.min(response.body.len()), ending),
        ResponseEnd::HalfThenReset => (response.body.len() / 2, Break::Reset),
    };
    stream.write_all(head(response).as_bytes()).await?;
    if is_whole_stream(response) {
        write_stream(stream, reply, context, draining).await?;
        stream.write_all(b"0\r\n\r\n").await?;
    } else {
        write_body(stream, response, bytes, context.clock()).await?;
    }
    stream.flush().await?;
    Ok(ending)
}

/// Writes the first `bytes` of a body in its pieces; without a clock there are no pauses. The end of a chunked body is
/// not written.
async fn write_body(
    stream: &mut ClientSocket,
    response: &Response,
    bytes: usize,
    clock: Option<&Arc<Clock>>,
) -> io::Result<()> {
    let mut pieces = Pieces::of(response.body.clone(), &response.wire.pace);
    let mut left = bytes;
    while left > 0
        && let Some((time, mut piece)) = pieces.next()
    {
        pause(clock, time).await;
        piece.truncate(left);
        left -= piece.len();
        stream.write_all(&if is_chunked(response) { chunk(&piece) } else { piece }).await?;
    }
    Ok(())
}

/// Writes all events of a stream. If the server shuts down before, the stream ends with an event that says so, and is
/// recorded as cut before its client can know that.
async fn write_stream(
    stream: &mut ClientSocket,
    reply: &Reply,
    context: &Context,
    mut draining: watch::Receiver<()>,
) -> io::Result<()> {
    let mut pieces = Pieces::of(reply.response.body.clone(), &reply.response.wire.pace);
    while let Some((time, piece)) = pieces.next() {
        let is_due = tokio::select! {
            biased;
            () = pause(context.clock(), time) => true,
            _ = draining.changed() => false,
        };
        if is_due {
            stream.write_all(&chunk(&piece)).await?;
        } else if let Some(last) = pieces.drop_rest(&piece, SHUTDOWN) {
            if !last.is_complete
                && let (Some(tenant), Some(number)) = (&context.tenant, reply.entry)
            {
                tenant.lock().journal.end(number, Outcome::Cut);
            }
            stream.write_all(&chunk(&last.bytes)).await?;
        }
    }
    Ok(())
}

/// Pauses on the clock of a tenant.
async fn pause(clock: Option<&Arc<Clock>>, time: Duration) {
    if let Some(clock) = clock {
        clock.sleep(time).await;
    }
}

/// The bytes as a chunk: in one write, so that it leaves in one packet.
fn chunk(bytes: &Bytes) -> Bytes {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat().into()
}

/// Whether a body is a stream that no fault breaks.
fn is_whole_stream(response: &Response) -> bool {
    is_chunked(response) && response.wire.is_sound()
}

/// Whether a body is framed as chunks.
fn is_chunked(response: &Response) -> bool {
    matches!(response.body, Body::Events(_))
}

/// The head as hyper would write it, except that `content-length` may be wrong on purpose.
fn head(response: &Response) -> String {
    let Some(status) = response.status else { return String::new() };
    let mut head = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for (name, value) in response.headers.iter().filter(|(name, _)| **name != CONTENT_LENGTH && **name != CONNECTION) {
        let _ = write!(head, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    // An informational response (1xx) and one with 204 have neither a body nor a content-length.
    if is_chunked(response) {
        head.push_str("transfer-encoding: chunked\r\n");
    } else if !status.is_informational() && (status != StatusCode::NO_CONTENT || !response.wire.is_sound()) {
        let length = response.wire.content_length.unwrap_or(response.body.len() as u64);
        let _ = write!(head, "content-length: {length}\r\n");
    }
    head + "\r\n"
}

/// Makes the socket send RST when it is dropped.
fn reset(stream: &ClientSocket) {
    // An error means that the connection is closed already.
    let _ = SockRef::from(stream.socket().tcp()).set_linger(Some(Duration::ZERO));
}

/// Ends a connection with FIN, then reads for a while what the client still sends.
pub(super) async fn close(mut stream: ClientSocket) {
    if stream.shutdown().await.is_ok() {
        let _ = tokio::time::timeout(LINGER, drain(&mut stream, LINGER_BYTES)).await;
    }
}

/// Sends nothing until the client closes the connection or the fault rule that holds the request is gone; then closes
/// it. Until then the request is open and counts as waiting on its clock. A timer removes the rule when its time to
/// live is over.
async fn hang(mut stream: ClientSocket, context: Box<Context>, reply: &Reply) {
    let released = async {
        match context.clock() {
            Some(clock) => clock.hang(|| reply.release.has_come() || !context.is_held(&reply.faults)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = drain(&mut stream, usize::MAX) => return emulator::reply_is_left(&context, reply),
        () = released => {}
        () = remove_expired_rules(&context, reply) => {}
    }
    drop(context);
    close(stream).await;
}

/// Removes the rules that hold a request when their time to live is over. Never completes: the request is released by
/// that.
async fn remove_expired_rules(context: &Context, reply: &Reply) {
    while let Some(end) = context.next_release(&reply.faults) {
        clock::sleep_until(end).await;
        context.remove_expired_faults();
    }
    std::future::pending::<()>().await;
}

/// Reads and discards until the client stops sending, or has sent `max_bytes`.
async fn drain(stream: &mut ClientSocket, max_bytes: usize) {
    let mut buffer = [0; 4096];
    let mut received = 0;
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        received += read;
        if received >= max_bytes {
            return;
        }
    }
}
