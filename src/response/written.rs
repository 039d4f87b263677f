//! A body that is written while it is sent, so that it is never in memory as a whole.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Writes a body.
pub(crate) trait BodyWriter: Send + Sync {
    /// Writes all of it. It fails only if `writer` does.
    fn write(&self, writer: &mut dyn io::Write) -> io::Result<()>;
}

/// A body that is written while it is sent.
#[derive(Clone)]
pub(crate) struct WrittenBody(pub(crate) Arc<dyn BodyWriter>);

impl fmt::Debug for WrittenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrittenBody")
    }
}

impl PartialEq for WrittenBody {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for WrittenBody {}
