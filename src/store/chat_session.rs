//! A chat session and its history.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::described::{Described, DescriptionError};
use super::index::ContractWord;
use super::{FieldReader, Id, Index, Key, Kind, Meta, Prefix, Project, Resource, Scope, StoreError};
use crate::clock::Timestamp;

/// A chat session.
#[derive(Debug)]
pub(crate) struct ChatSession {
    /// Its id is `ses-…`.
    pub(crate) meta: Meta,
    /// The indexes that it is bound to, as the client named them; `None` if it is bound to none.
    pub(crate) index_ids: Option<Box<[Box<str>]>>,
    /// `read_only` or `query`.
    pub(crate) shared_access: ContractWord,
    /// Its title, which its first turn gives it.
    pub(crate) title: Option<Box<str>>,
    /// When its last turn was committed; when it was created if there is none.
    pub(crate) updated_at: Timestamp,
    /// Its turns, in the order in which they were committed.
    pub(crate) turns: Vec<ChatTurn>,
    /// The number of turns that have begun.
    pub(super) begun: u64,
}

/// A message and the answer to it.
#[derive(Debug)]
pub(crate) struct ChatTurn {
    /// Its events, without deltas, as JSON.
    pub(crate) events: Vec<Bytes>,
    pub(crate) usage: Usage,
    /// Why it failed, if it did.
    pub(crate) error: Option<Box<str>>,
    /// The export configurations of the indexes that it queried.
    pub(crate) export_config_ids: Box<[Id]>,
}

/// What a turn took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input_tokens: u32,
    pub(crate) output_tokens: u32,
    pub(crate) duration: Duration,
}

/// A turn to add to a session, and what a first turn says about the session.
#[derive(Debug)]
pub(crate) struct NewTurn {
    pub(crate) turn: ChatTurn,
    pub(crate) title: Box<str>,
    /// The indexes that its message names.
    pub(crate) index_ids: Box<[Box<str>]>,
}

/// A chat session without turns as a world describes it.
#[derive(Debug)]
pub(super) struct DescribedSession {
    id: Option<Box<str>>,
    project_id: Option<Uuid>,
    title: Option<Box<str>>,
    /// The indexes to which it is bound; to none if absent.
    index_ids: Option<Box<[Box<str>]>>,
}

/// Maximum number of turns of a session.
const MAX_TURNS: usize = 1000;

/// The access of a session that does not say. The service's own default depends on its deployment.
pub(crate) const DEFAULT_ACCESS: ContractWord = ContractWord::Borrowed("read_only");

impl ChatSession {
    /// A session without turns.
    pub(crate) fn new(meta: Meta) -> Self {
        Self {
            updated_at: meta.created_at,
            meta,
            index_ids: None,
            shared_access: DEFAULT_ACCESS,
            title: None,
            turns: Vec::new(),
            begun: 0,
        }
    }

    /// Counts a turn as begun; its number, from 1.
    pub(crate) fn begin_turn(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Adds a turn to the history of a session. The first gives it a title unless it has one, and, if it is bound to
    /// indexes, those to which it stays bound.
    pub(crate) fn add_turn(scope: &mut Scope<'_>, key: Key<Self>, new: NewTurn) -> Result<(), StoreError> {
        if scope.store.get(key).turns.len() >= MAX_TURNS {
            return Err(StoreError::TooManyTurns { limit: MAX_TURNS });
        }
        let NewTurn { turn, title, index_ids } = new;
        let now = scope.now;
        scope.store.change_within_limit(key, turn.weight_bytes(), |session| {
            session.updated_at = now;
            if session.turns.is_empty() {
                session.title.get_or_insert(title);
                session.index_ids = session.index_ids.take().map(|_| index_ids);
            }
            session.turns.push(turn);
        })
    }
}

impl ChatTurn {
    fn weight_bytes(&self) -> usize {
        // An event is shared with the response that sends it, framed.
        let events: usize = self.events.iter().map(|event| 2 * size_of::<Bytes>() + event.len()).sum();
        let error = self.error.as_ref().map_or(0, |text| text.len());
        size_of::<Self>() + events + error + size_of_val(&*self.export_config_ids)
    }
}

impl Resource for ChatSession {
    type Parent = Project;

    const KIND: Kind = Kind { name: "Session", plural: "chat sessions", id_prefix: Prefix::new(*b"ses-") };

    const OVERHEAD_BYTES: usize = 384;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn parent(&self) -> Key<Project> {
        self.meta.project
    }

    fn text_bytes(&self) -> usize {
        let ids = self.index_ids.iter().flatten().map(|id| size_of::<Box<str>>() + id.len()).sum::<usize>();
        let title = self.title.as_ref().map_or(0, |title| title.len());
        ids + title + self.turns.iter().map(ChatTurn::weight_bytes).sum::<usize>()
    }

    fn create_implicit(scope: &mut Scope<'_>, id: &str, _: Option<Key<Project>>) -> Result<Key<Self>, StoreError> {
        let meta = scope.new_meta(Id::parse(id))?;
        scope.insert(Self::new(meta))
    }
}

impl Described for DescribedSession {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, String> {
        Ok(Self {
            id: fields.take("id")?,
            project_id: fields.take("project_id")?,
            title: fields.take("title")?,
            index_ids: fields.take("index_ids")?,
        })
    }

    fn project_id(&self) -> Option<Uuid> {
        self.project_id
    }

    fn ids(&self) -> Vec<(&'static str, Id)> {
        self.id.iter().map(|id| ("id", Id::parse(id))).collect()
    }

    fn create(&self, scope: &mut Scope<'_>) -> Result<(), DescriptionError> {
        for index in self.index_ids.iter().flatten() {
            if scope.find::<Index>(index).is_none() {
                return Err(DescriptionError::Field("index_ids", format!("no index has the id {index:?}")));
            }
        }
        let given = self.id.as_deref().map(Id::parse);
        let meta = scope.new_meta(given.unwrap_or_else(|| scope.unused_id::<ChatSession>("described session")))?;
        let (index_ids, title) = (self.index_ids.clone(), self.title.clone());
        scope.insert(ChatSession { index_ids, title, ..ChatSession::new(meta) })?;
        Ok(())
    }
}
