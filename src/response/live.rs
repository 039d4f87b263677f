//! Bodies that are not known when the response is made.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

/// Where server-sent events come from that are sent as they come, until their source or the connection ends.
pub(crate) trait EventSource: Send + Sync {
    /// The next event as it is sent; `None` after the last one.
    fn poll_next(&self, task: &Context<'_>) -> Poll<Option<Bytes>>;
}

/// Writes a body while it is sent, so that it is never in memory as a whole.
pub(crate) trait BodyWriter: Send + Sync {
    /// Writes all of it. It fails only if `writer` does.
    fn write(&self, writer: &mut dyn io::Write) -> io::Result<()>;
}
