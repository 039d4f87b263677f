//! A response body that a thread writes while it is sent: a few pieces are in memory at a time.

use std::io::{self, BufWriter, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::response::{BodyWriter, SharedPart};

/// Maximum number of bytes of a piece.
const PIECE_BYTES: usize = 64 * 1024;

/// Maximum number of pieces that wait to be sent.
const QUEUED_PIECES: usize = 4;

/// A body of pieces that are written as they are sent. The piece after the last one has no bytes: without it the body
/// is not whole.
pub(super) struct PieceBody(Receiver<Bytes>);

/// Passes pieces on; fails if nobody takes them any more.
struct PieceWriter(Sender<Bytes>);

impl PieceBody {
    pub(super) fn new(SharedPart(body): SharedPart<dyn BodyWriter>) -> Self {
        let (sender, receiver) = channel(QUEUED_PIECES);
        tokio::task::spawn_blocking(move || {
            let mut writer = BufWriter::with_capacity(PIECE_BYTES, PieceWriter(sender));
            let written = body.write(&mut writer).and_then(|()| writer.flush());
            // A client that has gone needs no end.
            let _ = written.and_then(|()| writer.get_ref().send(Bytes::new()));
        });
        Self(receiver)
    }
}

impl Body for PieceBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match ready!(self.0.poll_recv(task)) {
            Some(end) if end.is_empty() => None,
            Some(piece) => Some(Ok(Frame::data(piece))),
            None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }
}

impl PieceWriter {
    fn send(&self, piece: Bytes) -> io::Result<()> {
        self.0.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(PIECE_BYTES)];
        self.send(Bytes::copy_from_slice(piece)).map(|()| piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
