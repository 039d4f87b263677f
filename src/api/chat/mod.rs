//! Chat sessions: created, listed, shown, deleted. Their turns are in the modules below.

mod answer;
mod event;
mod stream;
mod transcript;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use self::event::UsageBody;
use super::paging::PageParams;
use super::state::AdminView;
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::operation::{Answer, Operation};
use crate::response::Payload;
use crate::schema::ValidRequest;
use crate::store::state_faults::StateFault;
use crate::store::{
    ChatSession, ChatTurn, ContractWord, Cursor, DEFAULT_ACCESS, Id, Index, Key, Resource, Scope, Store,
};

/// The name of the list of sessions, which its page tokens are valid for.
const LIST: &str = "chat.list";

/// The rows of chat.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "chat.create",
        summary: "Creates a chat session.",
        path: "/api/v1/chat",
        resource: ChatSession::KIND,
        response: Some("chat_session"),
        handler: |scope, request| create(scope, request.body()?).map(Answer::Payload),
        ..Operation::CREATE
    },
    Operation {
        name: LIST,
        summary: "Lists chat sessions, the last updated first.",
        path: "/api/v1/chat",
        resource: ChatSession::KIND,
        response: Some("chat_session_page"),
        handler: |scope, request| list(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
    Operation {
        name: "chat.retrieve",
        summary: "Shows a chat session with its history.",
        path: "/api/v1/chat/{session_id}",
        resource: ChatSession::KIND,
        response: Some("chat_session_detail"),
        handler: |scope, request| retrieve(scope, &request.params()?).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: "chat.delete",
        summary: "Deletes a chat session.",
        path: "/api/v1/chat/{session_id}",
        resource: ChatSession::KIND,
        handler: |scope, request| delete(scope, &request.params()?).map(Answer::Payload),
        ..Operation::DELETE
    },
    Operation {
        name: "chat.get_summary",
        summary: "Shows a chat session without its history.",
        path: "/api/v1/chat/{session_id}/summary",
        resource: ChatSession::KIND,
        response: Some("chat_session"),
        handler: |scope, request| get_summary(scope, &request.params()?).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: "chat.stream",
        summary: "Sends a message; the answer is a stream of events.",
        method: Method::POST,
        path: "/api/v1/chat/{session_id}/messages/stream",
        resource: ChatSession::KIND,
        response: Some("chat_events"),
        streams: true,
        state_faults: &[StateFault::Vanish, StateFault::Reply],
        handler: stream::stream,
        ..Operation::CHANGE
    },
];

#[derive(Deserialize)]
struct NewSession {
    index_ids: Option<Box<[Box<str>]>>,
    shared_access: Option<String>,
}

#[derive(Deserialize)]
struct SessionPath {
    session_id: String,
}

/// A session as the service prints it. The order of the fields is that of its contract.
#[derive(Serialize)]
struct SummaryBody<'a> {
    session_id: &'a Id,
    generated_title: Option<&'a str>,
    last_updated_at: String,
    job_metadata: Option<JobMetadata<'a>>,
    index_ids: Option<&'a [Box<str>]>,
    shared_access: &'a str,
}

/// The last turn of a session.
#[derive(Serialize)]
struct JobMetadata<'a> {
    #[serde(flatten)]
    usage: UsageBody,
    is_error: bool,
    error: Option<&'a str>,
    export_config_ids: &'a [Id],
}

#[derive(Serialize)]
struct DetailBody<'a> {
    #[serde(flatten)]
    summary: SummaryBody<'a>,
    events: Box<RawValue>,
}

/// A page of sessions, which unlike other pages has no `total_size`.
#[derive(Serialize)]
struct SessionPage<'a> {
    items: Vec<SummaryBody<'a>>,
    next_page_token: Option<String>,
}

fn create(scope: &mut Scope<'_>, new: NewSession) -> Result<Payload, ApiError> {
    scope.check_quota::<ChatSession>()?;
    for id in new.index_ids.iter().flatten() {
        scope.resolve::<Index>(id)?;
    }
    let id = scope.store.next_id::<ChatSession>();
    let mut session = ChatSession::new(scope.new_meta(id)?);
    session.index_ids = new.index_ids;
    session.shared_access = new.shared_access.map_or(DEFAULT_ACCESS, ContractWord::from);
    let key = scope.insert(session)?;
    scope.count_created(key);
    Ok(Payload::json(&summary(scope.store.get(key))))
}

fn list(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let params = PageParams::of_query(request)?;
    let project = scope.existing_project();
    let place = |key, session: &ChatSession| Cursor::latest_first(session.updated_at, key);
    let found = params.find(LIST, |page| scope.page_sorted(project, page, |_| true, place))?;
    let items = found.items.iter().map(|key| summary(scope.store.get(*key))).collect();
    Ok(Payload::json(&SessionPage { items, next_page_token: found.next_token }))
}

fn retrieve(scope: &mut Scope<'_>, path: &SessionPath) -> Result<Payload, ApiError> {
    let key = scope.resolve::<ChatSession>(&path.session_id)?;
    let session = scope.store.get(key);
    Ok(Payload::json(&DetailBody { summary: summary(session), events: history(session) }))
}

fn get_summary(scope: &mut Scope<'_>, path: &SessionPath) -> Result<Payload, ApiError> {
    let key = scope.resolve::<ChatSession>(&path.session_id)?;
    Ok(Payload::json(&summary(scope.store.get(key))))
}

fn delete(scope: &mut Scope<'_>, path: &SessionPath) -> Result<Payload, ApiError> {
    let key = scope.resolve::<ChatSession>(&path.session_id)?;
    scope.delete(key);
    Ok(Payload::Empty)
}

/// The events of all turns.
fn history(session: &ChatSession) -> Box<RawValue> {
    let events = session.turns.iter().flat_map(|turn| &turn.events);
    let json = String::from_utf8(transcript::json_array(events)).expect("events are text");
    RawValue::from_string(json).expect("events are JSON")
}

fn summary(session: &ChatSession) -> SummaryBody<'_> {
    SummaryBody {
        session_id: &session.meta.id,
        generated_title: session.title.as_deref(),
        last_updated_at: without_zone(session.updated_at),
        job_metadata: session.turns.last().map(JobMetadata::of),
        index_ids: session.index_ids.as_deref(),
        shared_access: &session.shared_access,
    }
}

impl<'a> JobMetadata<'a> {
    fn of(turn: &'a ChatTurn) -> Self {
        Self {
            usage: UsageBody::of(&turn.usage),
            is_error: turn.error.is_some(),
            error: turn.error.as_deref(),
            export_config_ids: &turn.export_config_ids,
        }
    }
}

/// A time as the example in the contract has it: in UTC, without saying so.
fn without_zone(time: Timestamp) -> String {
    time.to_string().trim_end_matches('Z').to_owned()
}

impl AdminView for ChatSession {
    fn view(store: &Store, key: Key<Self>) -> Value {
        let session = store.get(key);
        let mut view = serde_json::to_value(summary(session)).unwrap_or_default();
        view["turns"] = session.turns.len().into();
        view
    }
}
