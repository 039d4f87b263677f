//! The pieces in which a body is sent: all at once, in portions, or event by event.

use std::time::Duration;

use bytes::Bytes;

use crate::response::{Body, Events, Pace, rest_of_event};

/// The pieces of a body that are still to be sent.
#[derive(Debug)]
pub(super) struct Pieces {
    source: Source,
    /// Whether the body is sent chunked: its length is not announced.
    pub(super) is_chunked: bool,
}

/// What ends a body of events early.
#[derive(Debug)]
pub(super) struct LastPiece {
    pub(super) bytes: Bytes,
    /// Whether it completes the last event, so that nothing is left out.
    pub(super) is_complete: bool,
}

#[derive(Debug)]
enum Source {
    Portions(Portions),
    Events {
        items: std::vec::IntoIter<(Duration, Bytes)>,
        /// The event which says why the others are not sent.
        failure: fn(&str) -> Bytes,
    },
}

/// A body in portions of equal size.
#[derive(Debug)]
struct Portions {
    body: Bytes,
    /// How much of it was taken.
    taken: usize,
    bytes: usize,
    /// The pause before the next portion.
    pause: Duration,
    /// The pause between two portions.
    every: Duration,
    /// If the body is one of events: the event which says why the others are not sent.
    failure: Option<fn(&str) -> Bytes>,
}

impl Pieces {
    /// The pieces of a body at a pace. Events that are sent at a pace of their own are joined.
    pub(super) fn of(body: Body, pace: &Pace) -> Self {
        let is_chunked = matches!(body, Body::Events(_));
        let source = match (body, pace) {
            (Body::Events(Events { items, failure }), Pace::Free) => {
                Source::Events { items: items.into_iter(), failure }
            }
            (body, pace) => Source::Portions(Portions::of(&body, pace)),
        };
        Self { source, is_chunked }
    }

    /// The number of bytes that are left.
    pub(super) fn len(&self) -> usize {
        match &self.source {
            Source::Portions(portions) => portions.body.len() - portions.taken,
            Source::Events { items, .. } => items.as_slice().iter().map(|(_, event)| event.len()).sum(),
        }
    }

    /// The next piece, and the pause before it.
    pub(super) fn next(&mut self) -> Option<(Duration, Bytes)> {
        match &mut self.source {
            Source::Portions(portions) => portions.next(),
            Source::Events { items, .. } => items.next(),
        }
    }

    /// Drops what is left, and the last piece if it was not sent. In the place of events there is what completes the
    /// one that has begun, and one which says why there are no more.
    pub(super) fn drop_rest(&mut self, unsent: &Bytes, reason: &str) -> Option<LastPiece> {
        match std::mem::replace(&mut self.source, Source::Portions(Portions::EMPTY)) {
            Source::Portions(portions) => portions.last_piece(unsent.len(), reason),
            Source::Events { failure, .. } => Some(LastPiece { bytes: failure(reason), is_complete: false }),
        }
    }
}

impl Portions {
    const EMPTY: Self =
        Self { body: Bytes::new(), taken: 0, bytes: 0, pause: Duration::ZERO, every: Duration::ZERO, failure: None };

    fn of(body: &Body, pace: &Pace) -> Self {
        let (bytes, every) = pace.portion();
        let failure = match body {
            Body::Events(events) => Some(events.failure),
            Body::Whole(_) | Body::Live(_) | Body::Written(_) => None,
        };
        Self { body: body.bytes(), bytes, every, failure, ..Self::EMPTY }
    }

    fn next(&mut self) -> Option<(Duration, Bytes)> {
        let end = self.body.len().min(self.taken.saturating_add(self.bytes));
        let portion = self.body.slice(self.taken..end);
        self.taken = end;
        (!portion.is_empty()).then(|| (std::mem::replace(&mut self.pause, self.every), portion))
    }

    /// What ends a body of events of which the last `unsent` bytes that were taken are not sent.
    fn last_piece(self, unsent: usize, reason: &str) -> Option<LastPiece> {
        let failure = self.failure?;
        let sent = self.taken - unsent;
        let rest = rest_of_event(&self.body, sent);
        let is_complete = sent + rest.len() == self.body.len();
        let bytes = if is_complete { rest } else { [rest, failure(reason)].concat().into() };
        Some(LastPiece { bytes, is_complete })
    }
}
