//! Indexes: made over a directory, listed, shown, synced, cancelled, deleted.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::directories::{self, take_text};
use super::ids::Prefixed;
use super::index_view::{self, Progress};
use super::{paging, value_checks};
use crate::config::{Fidelity, References, SyncConflict};
use crate::error::ApiError;
use crate::operation::Operation;
use crate::response::Response;
use crate::seed::{self, RandomStream};
use crate::store::sync::{Life, Moved, Script};
use crate::store::{HandlerRequest, Index, Options, PageFault, Store};

/// The list whose pages go on by token.
const LIST: &str = "indexes.list";

/// The rows of indexes.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "indexes.create",
        method: Method::POST,
        path: "/api/v1/indexes",
        params: "indexes.create.params",
        body: Some("indexes.create.request"),
        status: 201,
        response: Some("index"),
        summary: "Makes an index over a directory and starts its first sync.",
        handler: create,
    },
    Operation {
        name: LIST,
        method: Method::GET,
        path: "/api/v1/indexes",
        params: "indexes.list.params",
        body: None,
        status: 200,
        response: Some("index_page"),
        summary: "Lists indexes, newest first.",
        handler: list,
    },
    Operation {
        name: "indexes.get",
        method: Method::GET,
        path: "/api/v1/indexes/{index_id}",
        params: "indexes.get.params",
        body: None,
        status: 200,
        response: Some("index"),
        summary: "Shows an index.",
        handler: get,
    },
    Operation {
        name: "indexes.delete",
        method: Method::DELETE,
        path: "/api/v1/indexes/{index_id}",
        params: "indexes.delete.params",
        body: None,
        status: 204,
        response: None,
        summary: "Deletes an index; its source directory stays.",
        handler: delete,
    },
    Operation {
        name: "indexes.sync",
        method: Method::POST,
        path: "/api/v1/indexes/{index_id}/sync",
        params: "indexes.sync.params",
        body: None,
        status: 202,
        response: Some("accepted"),
        summary: "Starts a sync.",
        handler: sync,
    },
    Operation {
        name: "indexes.cancel_sync",
        method: Method::POST,
        path: "/api/v1/indexes/{index_id}/sync/cancel",
        params: "indexes.cancel_sync.params",
        body: None,
        status: 202,
        response: Some("accepted"),
        summary: "Cancels the running sync.",
        handler: cancel_sync,
    },
];

// ------------------------------------------------------------------------------------------------------- handlers

fn create(store: &mut Store, request: &mut HandlerRequest) -> Result<Response, ApiError> {
    let options = value_checks::options(&mut request.body, &store.policy)?;
    if let Some((most, status)) = request.conditions.quota.take_if(|(most, _)| store.index_count() >= *most) {
        return Err(ApiError::text(status, format!("Index quota exceeded: at most {most} indexes")));
    }
    let directories = store.next_directory();
    let ordinal = add(store, options, request).inspect_err(|_| store.forget_directories_from(directories))?;
    store.made.indexes += 1;
    expect_steps(store, ordinal);
    Ok(Response::json(201, &index_view::body(store, ordinal, Progress::Hidden)))
}

/// Puts in what a create asks for. On a refusal, a directory that was only mentioned may be left.
fn add(store: &mut Store, options: Option<Box<Options>>, request: &mut HandlerRequest) -> Result<u64, ApiError> {
    let source_id = take_text(&mut request.body, "source_directory_id").unwrap_or_default();
    let name = take_text(&mut request.body, "name");
    // Before the directory comes to exist: what is refused leaves nothing behind.
    let scripted = name.as_deref().map(|name| script(store, name, request)).transpose()?;
    let source = source_directory(store, &source_id, request)?;
    let name = name.unwrap_or_else(|| store.directory(source).name.clone());
    let script = scripted.map_or_else(|| script(store, &name, request), Ok)?;
    let description = take_text(&mut request.body, "description");
    let stream = store.seed.stream("index", store.made.indexes);
    let index =
        Index { description, options, ..new_index(store, stream, (source, name), Life::begin(script, request.now)) };
    store.add_index(index)
}

fn list(store: &mut Store, request: &mut HandlerRequest) -> Result<Response, ApiError> {
    let page = paging::asked(store, request, LIST)?;
    request.look_back();
    let shown = match (store.project_for_list(request), paging::text_param(request, "source_directory_id")) {
        (None, _) => store.page_of_nothing(),
        (Some(project), None) => store.page_of_project(project, page, request),
        (Some(project), Some(source)) => match store.find_directory_in(source, project) {
            Some(source) => store.page_of_source(source, page, request),
            None => store.page_of_nothing(),
        },
    };
    for ordinal in &shown.ordinals {
        store.index_at_mut(*ordinal).life.bring_to(request.now);
    }
    let mut comes_to_pass = |fault: PageFault| request.conditions.page.take_if(|asked| *asked == fault).is_some();
    let next = match page.below {
        Some(below) if comes_to_pass(PageFault::RepeatToken) => Some(below),
        _ => shown.next_below,
    };
    let is_emptied = next.is_some() && comes_to_pass(PageFault::EmptyMiddle);
    let items = if is_emptied { &[] } else { &shown.ordinals[..] };
    let response = index_view::page(store, items, next.map(|below| store.page_token(LIST, below)));
    for ordinal in &shown.ordinals {
        note_read(store, *ordinal, request);
    }
    Ok(response)
}

fn get(store: &mut Store, request: &mut HandlerRequest) -> Result<Response, ApiError> {
    request.look_back();
    let ordinal = named_index(store, request)?;
    let progress = match request.params.get("expand").and_then(Value::as_array) {
        Some(expand) if !expand.is_empty() => Progress::Shown,
        _ => Progress::Hidden,
    };
    let response = Response::json(200, &index_view::body(store, ordinal, progress));
    note_read(store, ordinal, request);
    Ok(response)
}

fn delete(store: &mut Store, request: &mut HandlerRequest) -> Result<Response, ApiError> {
    let ordinal = named_index(store, request)?;
    store.delete_index(ordinal, request.now);
    Ok(Response::empty(204))
}

fn sync(store: &mut Store, request: &mut HandlerRequest) -> Result<Response, ApiError> {
    let ordinal = named_index(store, request)?;
    if store.index_at(ordinal).life.view().in_progress {
        return match store.policy.sync_conflict {
            _ if store.policy.fidelity == Fidelity::Contract => Ok(accepted()),
            SyncConflict::Coalesce => Ok(accepted()),
            SyncConflict::Refuse(status) => Err(ApiError::text(status, "A sync is already in progress for this index")),
        };
    }
    let name = store.index_at(ordinal).name.clone();
    let script = script(store, &name, request)?;
    store.index_at_mut(ordinal).life.start(script, request.now);
    expect_steps(store, ordinal);
    Ok(accepted())
}

fn cancel_sync(store: &mut Store, request: &mut HandlerRequest) -> Result<Response, ApiError> {
    let ordinal = named_index(store, request)?;
    let in_progress = store.index_at(ordinal).life.view().in_progress;
    if in_progress {
        store.index_at_mut(ordinal).life.cancel(request.now);
    } else if store.policy.fidelity == Fidelity::Service {
        return Err(ApiError::text(409, "No sync is in progress for this index"));
    }
    Ok(accepted())
}

/// 202 with the body of a handler that returns nothing on the service's framework: `null`, which every SDK can parse.
fn accepted() -> Response {
    Response::bytes(202, "application/json", &b"null"[..])
}

// ---------------------------------------------------------------------------------------------------- finding, making

/// The index that the path names, brought up to now.
fn named_index(store: &mut Store, request: &mut HandlerRequest) -> Result<u64, ApiError> {
    let id = request.path[0].1.as_str();
    let found = store.find_index(id, request);
    if let Some(ordinal) = found.filter(|_| request.conditions.vanish.take().is_some()) {
        store.delete_index(ordinal, request.now);
        return Err(not_found());
    }
    let ordinal = match found {
        Some(ordinal) => ordinal,
        None if store.policy.fidelity == Fidelity::Contract => create_implicit(store, id, request)?,
        None => return Err(not_found()),
    };
    store.index_at_mut(ordinal).life.bring_to(request.now);
    Ok(ordinal)
}

fn not_found() -> ApiError {
    ApiError::text(404, "Index not found")
}

/// Lets an index exist that nobody made.
fn create_implicit(store: &mut Store, id: &str, request: &HandlerRequest) -> Result<u64, ApiError> {
    let mut stream = store.seed.stream(&format!("source of {id}"), 0);
    let source_id = Prefixed("dir-", seed::uuid(&mut stream)).to_string();
    let source = source_directory(store, &source_id, request)?;
    let name = store.directory(source).name.clone();
    let life = Life::begin(Arc::clone(&store.policy.script), request.now);
    let project = store.project_id(store.directory(source).project);
    let stream = store.seed.stream(&format!("index {id} in {project}"), 0);
    let index = Index { given_id: Some(id.into()), ..new_index(store, stream, (source, name), life) };
    store.add_index(index)
}

/// The directory that an index is made over; one that was only mentioned comes to exist unless references are strict.
fn source_directory(store: &mut Store, id: &str, request: &HandlerRequest) -> Result<u32, ApiError> {
    if let Some(number) = store.find_directory(id, request) {
        return Ok(number);
    }
    let is_strict = store.policy.fidelity == Fidelity::Service;
    if is_strict && store.find_index_by_output(id, request).is_some() {
        let allowed =
            "source_directory_id should be a directory of type 'user' or 'ephemeral', not one that an index made";
        return Err(value_checks::refusal(&store.policy, &["body", "source_directory_id"], allowed, id.into()));
    }
    if is_strict && (id.is_empty() || store.policy.references == References::Strict) {
        return Err(directories::not_found());
    }
    directories::create_implicit(store, id, request)
}

fn new_index(store: &Store, mut stream: RandomStream, (source, name): (u32, Box<str>), life: Life) -> Index {
    Index {
        ordinal: store.next_index(),
        given_id: None,
        uuid: seed::uuid(&mut stream),
        output: seed::uuid(&mut stream),
        sync_config: seed::uuid(&mut stream),
        export_config: seed::uuid(&mut stream),
        project: store.directory(source).project,
        source,
        name,
        description: None,
        options: None,
        created_at: life.view().changed_at,
        deleted_at: None,
        life,
    }
}

/// The course of a sync that starts now: a fault's, a magic name's, or the plain one.
fn script(store: &Store, name: &str, request: &mut HandlerRequest) -> Result<Arc<Script>, ApiError> {
    if let Some(script) = request.conditions.script.take() {
        return Ok(script);
    }
    match Script::from_magic_name(name, store.policy.sync_duration) {
        None => Ok(Arc::clone(&store.policy.script)),
        Some(Ok(script)) => Ok(Arc::new(script)),
        Some(Err(_)) if store.policy.fidelity == Fidelity::Contract => Ok(Arc::clone(&store.policy.script)),
        Some(Err(allowed)) => Err(value_checks::refusal(&store.policy, &["body", "name"], &allowed, name.into())),
    }
}

/// Counts a read of an index; a sync that goes by reads may have gone on.
fn note_read(store: &mut Store, ordinal: u64, request: &HandlerRequest) {
    if store.index_at_mut(ordinal).life.was_read(request.now) == Moved::On {
        expect_steps(store, ordinal);
    }
}

/// Notes when the sync that just started or went on goes on, for clocks that jump from event to event.
fn expect_steps(store: &mut Store, ordinal: u64) {
    let steps = store.index_at(ordinal).life.coming_steps();
    store.events.extend(steps);
}
