//! What happens to single events of a stream.

use std::time::Duration;

use bytes::Bytes;

use super::ResponseEffect;
use crate::fault::action::RuleDraft;
use crate::fault::row::{Aspect, BodyForm, ClauseClass::Edit, ClauseRow, valued};
use crate::fault::value;
use crate::fault::view::RequestView;
use crate::matcher::ParseError;
use crate::response::{Body, Break, Events, Response, ResponseEnd, event, json_of};

pub(super) const ROWS: &[ClauseRow] = &[valued("event=N|last:FAULT", Edit, push)
    .repeatable()
    .of(BodyForm::Events)
    .sets(&[], &[Aspect::Source, Aspect::Body, Aspect::Json, Aspect::Length, Aspect::End, Aspect::Pace])
    .doc(
        "reset, close, stall, half, malformed, repeat, drop, split, glue, error[:TEXT] or pause:DURATION at this event",
        "chat.stream event=last:half",
    )];

/// What the stop of `error` and `glue` says by default.
const ERROR: &str = "The stream failed";

/// The words of faults, for hints.
const WORDS: &[&str] =
    &["reset", "close", "stall", "half", "malformed", "repeat", "drop", "split", "error", "glue", "pause"];

/// A fault at an event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::fault) struct EventFault {
    place: EventPlace,
    change: EventChange,
}

/// The event that a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum EventPlace {
    /// The n-th, from 1.
    Nth(usize),
    Last,
}

#[derive(Debug, Clone, PartialEq)]
enum EventChange {
    /// The connection ends in this way before the event.
    End(Break),
    /// Half of its bytes, then the connection is closed.
    Half,
    /// The first half of its JSON.
    Malformed,
    /// It is sent twice.
    Repeat,
    /// It is not sent.
    Drop,
    /// It is sent in two writes.
    Split,
    /// A stop with this error instead, which is the last event.
    Error(Box<str>),
    /// Half of its bytes, then without an empty line a stop with an error, which is the last event.
    Glue,
    /// A pause before it.
    Pause(Duration),
}

/// The faults of a rule at the events of a stream, no two of them at the same place.
#[derive(Debug)]
pub(in crate::fault) struct EventFaults(pub(in crate::fault) Vec<EventFault>);

fn push(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    let (place, change) = value.split_once(':').ok_or("is not of the form N:FAULT or last:FAULT")?;
    let place = match place {
        "last" => EventPlace::Last,
        number => EventPlace::Nth(usize::try_from(value::positive(number)?).unwrap_or(usize::MAX)),
    };
    let new = EventFault { place, change: change_of(change)? };
    for known in &draft.events {
        if known.place == new.place {
            return Err("is about an event that has a fault already".into());
        }
        if known.hides(&new) || new.hides(known) {
            return Err("is of no effect: of two faults, the one at the earlier event ends the stream".into());
        }
    }
    draft.events.push(new);
    Ok(())
}

fn change_of(text: &str) -> Result<EventChange, ParseError> {
    let (word, detail) = text.split_once(':').map_or((text, None), |(word, detail)| (word, Some(detail)));
    Ok(match (word, detail) {
        ("reset", None) => EventChange::End(Break::Reset),
        ("close", None) => EventChange::End(Break::Close),
        ("stall", None) => EventChange::End(Break::Hang),
        ("half", None) => EventChange::Half,
        ("malformed", None) => EventChange::Malformed,
        ("repeat", None) => EventChange::Repeat,
        ("drop", None) => EventChange::Drop,
        ("split", None) => EventChange::Split,
        ("glue", None) => EventChange::Glue,
        ("error", detail) => EventChange::Error(detail.unwrap_or(ERROR).into()),
        ("pause", Some(duration)) => EventChange::Pause(value::over_zero(duration)?),
        ("pause", None) => return Err("takes a duration: pause:DURATION".into()),
        (word, Some(_)) if WORDS.contains(&word) => return Err(format!("{word} takes no value").into()),
        (word, _) => return Err(ParseError::none_of(word, WORDS)),
    })
}

impl EventFault {
    /// Whether another fault comes after the end that this one makes.
    fn hides(&self, other: &Self) -> bool {
        self.change.is_end() && self.place < other.place
    }
}

impl EventChange {
    fn is_end(&self) -> bool {
        matches!(self, Self::End(_) | Self::Half | Self::Error(_) | Self::Glue)
    }

    /// The end of the connection after the events before it, without the end of the body; `None` if the body ends.
    fn ending(&self) -> Option<Break> {
        match self {
            Self::End(ending) => Some(*ending),
            Self::Half => Some(Break::Close),
            _ => None,
        }
    }

    /// What is sent in the place of an event.
    fn pieces_of(&self, bytes: &Bytes, failure: fn(&str) -> Bytes) -> Vec<Bytes> {
        let half = || bytes.slice(..bytes.len() / 2);
        match self {
            Self::End(_) | Self::Drop => Vec::new(),
            Self::Half => vec![half()],
            Self::Malformed => vec![malformed(bytes)],
            Self::Repeat => vec![bytes.clone(), bytes.clone()],
            Self::Split => vec![half(), bytes.slice(bytes.len() / 2..)],
            Self::Error(text) => vec![failure(text)],
            Self::Glue => vec![[half(), failure(ERROR)].concat().into()],
            Self::Pause(_) => vec![bytes.clone()],
        }
    }
}

/// The same event with the first half of its JSON.
fn malformed(bytes: &Bytes) -> Bytes {
    let json = json_of(bytes);
    let text = std::str::from_utf8(&json).unwrap_or_default();
    event(&text.as_bytes()[..text.floor_char_boundary(text.len() / 2)])
}

impl EventFaults {
    /// The fault at the event with this number in a stream of so many.
    fn at(&self, number: usize, count: usize) -> Option<&EventChange> {
        let is_there = |fault: &&EventFault| fault.place.number(count) == number;
        self.0.iter().find(is_there).map(|fault| &fault.change)
    }
}

impl EventPlace {
    /// The number of the event in a stream of so many.
    fn number(self, count: usize) -> usize {
        match self {
            Self::Nth(number) => number,
            Self::Last => count,
        }
    }
}

impl ResponseEffect for EventFaults {
    /// Each of the faults needs an event of its own, of which it changes bytes.
    fn fits(&self, response: &Response, _: &RequestView<'_>) -> bool {
        let Body::Events(events) = &response.body else { return false };
        let count = events.items.len();
        let mut numbers: Vec<usize> = self.0.iter().map(|fault| fault.place.number(count)).collect();
        numbers.sort_unstable();
        let are_apart = numbers.windows(2).all(|pair| pair[0] < pair[1]);
        are_apart && numbers.iter().all(|number| (1..=count).contains(number))
    }

    fn apply(&self, response: &mut Response) {
        let Body::Events(Events { items, failure }) = &mut response.body else { return };
        let (events, failure) = (std::mem::take(items), *failure);
        let count = events.len();
        for (number, (pause, event)) in (1..).zip(events) {
            let Some(change) = self.at(number, count) else {
                items.push((pause, event));
                continue;
            };
            let longer = if let EventChange::Pause(longer) = change { *longer } else { Duration::ZERO };
            let pauses = std::iter::once(pause.saturating_add(longer)).chain(std::iter::repeat(Duration::ZERO));
            items.extend(pauses.zip(change.pieces_of(&event, failure)));
            if let Some(ending) = change.ending() {
                response.wire.end = ResponseEnd::Cut(items.iter().map(|(_, event)| event.len()).sum(), ending);
            }
            if change.is_end() {
                return;
            }
        }
    }

    fn holds(&self) -> bool {
        self.0.iter().any(|fault| fault.change == EventChange::End(Break::Hang))
    }
}
