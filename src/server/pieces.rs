//! The pieces in which a body is sent: all at once, in portions, or event by event.

use std::time::Duration;

use bytes::Bytes;

use crate::response::{Body, Events, Pace};

/// The pieces of a body that are still to be sent.
#[derive(Debug)]
pub(super) struct Pieces {
    source: Source,
    /// Whether the body is sent chunked: its length is not announced.
    pub(super) is_chunked: bool,
}

#[derive(Debug)]
enum Source {
    Portions {
        rest: Bytes,
        bytes: usize,
        /// The pause before the next portion.
        pause: Duration,
        /// The pause between two portions.
        every: Duration,
    },
    Events {
        items: std::vec::IntoIter<(Duration, Bytes)>,
        /// The event which says why the others are not sent.
        failure: fn(&str) -> Bytes,
    },
}

impl Source {
    const EMPTY: Self = Self::Portions { rest: Bytes::new(), bytes: 0, pause: Duration::ZERO, every: Duration::ZERO };
}

impl Pieces {
    /// The pieces of a body at a pace. Events that are sent at a pace of their own are joined.
    pub(super) fn of(body: Body, pace: &Pace) -> Self {
        let is_chunked = matches!(body, Body::Events(_));
        let source = match (body, pace) {
            (Body::Events(Events { items, failure }), Pace::Free) => {
                Source::Events { items: items.into_iter(), failure }
            }
            (body, pace) => {
                let (bytes, every) = pace.portion();
                Source::Portions { rest: body.bytes(), bytes, pause: Duration::ZERO, every }
            }
        };
        Self { source, is_chunked }
    }

    /// The number of bytes that are left.
    pub(super) fn len(&self) -> usize {
        match &self.source {
            Source::Portions { rest, .. } => rest.len(),
            Source::Events { items, .. } => items.as_slice().iter().map(|(_, event)| event.len()).sum(),
        }
    }

    /// The next piece, and the pause before it.
    pub(super) fn next(&mut self) -> Option<(Duration, Bytes)> {
        match &mut self.source {
            Source::Portions { rest, .. } if rest.is_empty() => None,
            Source::Portions { rest, bytes, pause, every } => {
                let portion = rest.split_to((*bytes).min(rest.len()));
                Some((std::mem::replace(pause, *every), portion))
            }
            Source::Events { items, .. } => items.next(),
        }
    }

    /// Drops what is left; in the place of events there is one which says why.
    pub(super) fn drop_rest(&mut self, reason: &str) -> Option<Bytes> {
        let rest = std::mem::replace(&mut self.source, Source::EMPTY);
        if let Source::Events { failure, .. } = rest { Some(failure(reason)) } else { None }
    }
}
