//! A body of server-sent events that are not known when the response is made.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

/// Where such events come from.
pub(crate) trait EventSource: Send + Sync {
    /// The next event as it is sent; `None` after the last one.
    fn poll_next(&self, task: &Context<'_>) -> Poll<Option<Bytes>>;
}

/// Events that are sent as they come, until their source or the connection ends.
#[derive(Clone)]
pub(crate) struct LiveEvents(pub(crate) Arc<dyn EventSource>);

impl fmt::Debug for LiveEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveEvents")
    }
}

impl PartialEq for LiveEvents {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for LiveEvents {}
