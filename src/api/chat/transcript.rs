//! The events of a turn while they are composed: all of them for the stream, and those without deltas for the history.

use bytes::Bytes;

use super::event::ChatEvent;
use crate::response::json_of;

/// Maximum number of characters of a delta.
const DELTA_CHARS: usize = 20;

/// The events of a turn.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    /// As the stream sends them.
    pub(super) sent: Vec<Bytes>,
    /// Those that the history keeps, as JSON.
    pub(super) kept: Vec<Bytes>,
}

impl Transcript {
    /// A transcript that begins with the message of the user, which is not sent.
    pub(super) fn of_prompt(prompt: &str) -> Self {
        let message = ChatEvent::UserInput { content: prompt }.framed();
        Self { sent: Vec::new(), kept: vec![json_of(&message)] }
    }

    pub(super) fn add(&mut self, event: &ChatEvent<'_>) {
        let framed = event.framed();
        if !event.is_delta() {
            self.kept.push(json_of(&framed));
        }
        self.sent.push(framed);
    }

    /// Adds a thought, first in deltas.
    pub(super) fn think(&mut self, content: &str) {
        deltas(content).for_each(|content| self.add(&ChatEvent::ThinkingDelta { content }));
        self.add(&ChatEvent::Thinking { content });
    }

    /// Adds a text, first in deltas.
    pub(super) fn say(&mut self, content: &str) {
        deltas(content).for_each(|content| self.add(&ChatEvent::TextDelta { content }));
        self.add(&ChatEvent::Text { content });
    }
}

/// Events as a JSON array.
pub(super) fn json_array(events: impl Iterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut array = vec![b'['];
    for event in events {
        if array.len() > 1 {
            array.push(b',');
        }
        array.extend_from_slice(event.as_ref());
    }
    array.push(b']');
    array
}

/// The parts of a text: each word with the space after it, and a long word in several.
fn deltas(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace).flat_map(|word| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let end = rest.char_indices().nth(DELTA_CHARS).map_or(rest.len(), |(at, _)| at);
            let (delta, after) = rest.split_at(end);
            rest = after;
            (!delta.is_empty()).then_some(delta)
        })
    })
}
