//! `chat.stream`: a message to a session. The answer is composed without the lock of the tenant, committed to the
//! history, and then sent event by event.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use super::SessionPath;
use super::answer::{ChatAnswer, NamedIndexes, QueriedIndex, Question, SkippedIndex};
use super::event::failure;
use super::transcript;
use crate::config::Fidelity;
use crate::error::ApiError;
use crate::operation::{Answer, Job, Pool};
use crate::response::{Events, Payload, json_of};
use crate::schema::ValidRequest;
use crate::store::{ChatSession, Index, NewTurn, Resource, Scope, StoreError};

/// The most indexes that a turn queries: as many as a session can be bound to.
const MAX_INDEXES: usize = 10;

/// The most characters of the message in the title of a session.
const TITLE_CHARS: usize = 50;

#[derive(Deserialize)]
struct Message {
    index_ids: Box<[Box<str>]>,
    prompt: String,
    #[serde(default)]
    require_all_indexes: bool,
}

/// Answers a message. The turn stands in the history of its session before its first event is sent.
pub(super) fn stream(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Answer, ApiError> {
    let (path, message): (SessionPath, Message) = (request.params()?, request.body()?);
    let (fidelity, pace) = (request.settings.fidelity, request.settings.chat_pace);
    let key = scope.resolve::<ChatSession>(&path.session_id)?;
    if fidelity == Fidelity::Service {
        check_binding(scope.store.get(key), &message.index_ids)?;
    }
    let question = Question {
        sources: sources(scope, &message.index_ids),
        prompt: message.prompt,
        requires_all: message.require_all_indexes,
        reply: scope.take_reply(),
        turn: scope.store.get_mut(key).begin_turn(),
        pace,
    };
    let title = title(&question.prompt);
    let run = move |_: &_| Ok(question.answer());
    let commit = move |scope: &mut Scope<'_>, ChatAnswer { events, turn }: ChatAnswer| {
        let key = scope.find(&path.session_id).ok_or(StoreError::NotFound(ChatSession::KIND))?;
        ChatSession::add_turn(scope, key, NewTurn { turn, title, index_ids: message.index_ids })?;
        Ok(match fidelity {
            Fidelity::Service => Payload::Events(paced(events, pace)),
            // The published contract declares JSON.
            Fidelity::Contract => Payload::of_json(transcript::json_array(events.iter().map(json_of))),
        })
    };
    Ok(Answer::Job(Job::new(Pool::Thread, run, commit)))
}

/// Refuses indexes other than those that a session is bound to. The first message decides which these are.
fn check_binding(session: &ChatSession, index_ids: &[Box<str>]) -> Result<(), ApiError> {
    let Some(bound) = session.index_ids.as_ref().filter(|_| !session.turns.is_empty()) else { return Ok(()) };
    let set = |ids: &'_ [Box<str>]| ids.iter().cloned().collect::<BTreeSet<_>>();
    if set(bound) == set(index_ids) {
        return Ok(());
    }
    Err(ApiError::text(400, "index_ids: the session is bound to other indexes since its first message"))
}

/// The indexes with these ids: those that can be queried, and the others. An index that is named twice is queried once.
fn sources(scope: &mut Scope<'_>, index_ids: &[Box<str>]) -> NamedIndexes {
    let mut sources = NamedIndexes::default();
    let mut seen = BTreeSet::new();
    for id in index_ids {
        let found = scope.find::<Index>(id);
        if found.is_some_and(|key| !seen.insert(key)) {
            continue;
        }
        let (now, index_id) = (scope.now, id.to_string());
        let index = found.map(|key| scope.store.get_mut(key));
        let source = index.map_or(Err("it does not exist"), |index| {
            index.advance_to(now);
            let content = index.content.clone().ok_or("it is not ready")?;
            let content = index.exports_vectors().then_some(content);
            Ok(QueriedIndex { index_id: index_id.clone(), export_config_id: index.export_config_id.clone(), content })
        });
        match source {
            Ok(source) if sources.queried.len() < MAX_INDEXES => sources.queried.push(source),
            Ok(_) => sources.skipped.push(SkippedIndex { index_id, reason: "a turn queries at most 10 indexes" }),
            Err(reason) => sources.skipped.push(SkippedIndex { index_id, reason }),
        }
    }
    sources
}

/// The title of a session, which in the contract's example is its first message and three dots.
fn title(prompt: &str) -> Box<str> {
    let start: String = prompt.chars().take(TITLE_CHARS).collect();
    format!("{start}...").into()
}

/// Events with a pause between them.
fn paced(events: Vec<bytes::Bytes>, pace: Duration) -> Events {
    let pauses = std::iter::once(Duration::ZERO).chain(std::iter::repeat(pace));
    Events { items: pauses.zip(events).collect(), failure }
}
