//! A body of server-sent events, in the format that HTML defines for them.

use std::time::Duration;

use bytes::Bytes;

/// Events that are sent one by one, chunked.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    /// Each event as it is sent, and the pause before it, which runs as injected delays do.
    pub(crate) items: Vec<(Duration, Bytes)>,
    /// The event which says that the stream ends here for this reason.
    pub(crate) failure: fn(&str) -> Bytes,
}

const FIELD: &[u8] = b"data: ";

/// An empty line ends an event.
const END: &[u8] = b"\n\n";

/// The event with this JSON, which is on one line.
pub(crate) fn event(json: &[u8]) -> Bytes {
    [FIELD, json, END].concat().into()
}

/// What completes the event in which a body of events is cut after so many bytes: nothing between two events.
pub(crate) fn rest_of_event(body: &Bytes, sent: usize) -> Bytes {
    if sent == 0 || body[..sent].ends_with(END) {
        return Bytes::new();
    }
    let from = sent - 1;
    let end = body[from..].windows(END.len()).position(|bytes| bytes == END).map(|at| from + at + END.len());
    body.slice(sent..end.unwrap_or(body.len()))
}

/// The JSON of an event.
pub(crate) fn json_of(event: &Bytes) -> Bytes {
    event.slice(FIELD.len()..event.len() - END.len())
}

/// Their bytes and pauses; which event says that they fail is no part of what they say.
impl PartialEq for Events {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl Eq for Events {}

impl Events {
    /// The number of their bytes.
    pub(crate) fn len(&self) -> usize {
        self.items.iter().map(|(_, event)| event.len()).sum()
    }

    /// Their bytes, joined.
    pub(crate) fn bytes(&self) -> Bytes {
        self.items.iter().flat_map(|(_, event)| event).copied().collect()
    }
}
