//! The saved form of a chat session.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::content::Contents;
use super::row::counter;
use super::{FormMeta, RowState, SavedForm, SavedMeta};
use crate::clock::{Timestamp, duration_text};
use crate::schema::PlainValue;
use crate::store::{ChatSession, ChatTurn, ContractWord, Id, Meta, Store, Usage};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedSession {
    id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index_ids: Option<Box<[Box<str>]>>,
    shared_access: ContractWord,
    updated_at: Timestamp,
    /// The number of turns that have begun.
    #[serde(deserialize_with = "counter")]
    begun: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    turns: Vec<SavedTurn>,
    created_at: Timestamp,
    row: RowState,
}

/// A turn of a session.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedTurn {
    events: Vec<PlainValue>,
    input_tokens: u32,
    output_tokens: u32,
    #[serde(with = "duration_text")]
    duration: Duration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Box<str>>,
    export_config_ids: Box<[Id]>,
}

impl SavedTurn {
    fn of(turn: &ChatTurn) -> Self {
        let events = turn.events.iter().map(|event| serde_json::from_slice(event).expect("events are JSON"));
        let Usage { input_tokens, output_tokens, duration } = turn.usage;
        Self {
            events: events.collect(),
            input_tokens,
            output_tokens,
            duration,
            error: turn.error.clone(),
            export_config_ids: turn.export_config_ids.clone(),
        }
    }

    fn restore(&self) -> ChatTurn {
        let Self { input_tokens, output_tokens, duration, .. } = *self;
        ChatTurn {
            events: self.events.iter().map(|PlainValue(event)| event.to_string().into()).collect(),
            usage: Usage { input_tokens, output_tokens, duration },
            error: self.error.clone(),
            export_config_ids: self.export_config_ids.clone(),
        }
    }
}

impl SavedForm for SavedSession {
    type Resource = ChatSession;

    fn of(session: &ChatSession, SavedMeta { id, project_id, created_at, row }: SavedMeta, _: &mut Contents) -> Self {
        Self {
            id,
            project_id,
            title: session.title.clone(),
            index_ids: session.index_ids.clone(),
            shared_access: session.shared_access.clone(),
            updated_at: session.updated_at,
            begun: session.begun,
            turns: session.turns.iter().map(SavedTurn::of).collect(),
            created_at,
            row,
        }
    }

    fn meta(&self) -> FormMeta<'_> {
        FormMeta { id: &self.id, project_id: self.project_id.as_ref(), created_at: self.created_at, row: &self.row }
    }

    fn restore(&self, meta: Meta, _: &Store) -> Result<ChatSession, String> {
        Ok(ChatSession {
            title: self.title.clone(),
            index_ids: self.index_ids.clone(),
            shared_access: self.shared_access.clone(),
            updated_at: self.updated_at,
            begun: self.begun,
            turns: self.turns.iter().map(SavedTurn::restore).collect(),
            ..ChatSession::new(meta)
        })
    }
}
