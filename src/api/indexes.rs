//! Indexes: made over a directory, listed, shown, synced, cancelled, deleted.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::directories::{self, take_text};
use super::ids::Prefixed;
use super::index_shown::{self, Progress};
use super::{choices, paging};
use crate::config::{Fidelity, References, SyncConflict};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::seed::{self, Stream};
use crate::store::{Index, Options, PageFault, Request, World};
use crate::sync::{Life, Moved, Script};

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
        reply: Some("index"),
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
        reply: Some("index_page"),
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
        reply: Some("index"),
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
        reply: None,
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
        reply: Some("accepted"),
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
        reply: Some("accepted"),
        summary: "Cancels the running sync.",
        handler: cancel_sync,
    },
];

// ------------------------------------------------------------------------------------------------------- handlers

fn create(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    let options = choices::options(&mut request.body, &world.policy)?;
    if let Some((most, status)) = request.conditions.quota.take_if(|(most, _)| world.index_count() >= *most) {
        return Err(Problem::text(status, format!("Index quota exceeded: at most {most} indexes")));
    }
    let directories = world.next_directory();
    let ordinal = add(world, options, request).inspect_err(|_| world.forget_directories_from(directories))?;
    world.made.indexes += 1;
    expect_steps(world, ordinal);
    Ok(Reply::json(201, &index_shown::body(world, ordinal, Progress::Hidden)))
}

/// Puts in what a create asks for. On a refusal, a directory that was only mentioned may be left.
fn add(world: &mut World, options: Option<Box<Options>>, request: &mut Request) -> Result<u64, Problem> {
    let source_id = take_text(&mut request.body, "source_directory_id").unwrap_or_default();
    let name = take_text(&mut request.body, "name");
    // Before the directory comes to exist: what is refused leaves nothing behind.
    let scripted = name.as_deref().map(|name| script(world, name, request)).transpose()?;
    let source = source_directory(world, &source_id, request)?;
    let name = name.unwrap_or_else(|| world.directory(source).name.clone());
    let script = scripted.map_or_else(|| script(world, &name, request), Ok)?;
    let description = take_text(&mut request.body, "description");
    let stream = world.seed.stream("index", world.made.indexes);
    let index =
        Index { description, options, ..new_index(world, stream, (source, name), Life::begin(script, request.now)) };
    world.add_index(index)
}

fn list(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    let page = paging::asked(world, request, LIST)?;
    request.look_back();
    let shown = match (world.project_for_list(request), paging::text_param(request, "source_directory_id")) {
        (None, _) => world.page_of_nothing(),
        (Some(project), None) => world.page_of_project(project, page, request),
        (Some(project), Some(source)) => match world.find_directory_in(source, project) {
            Some(source) => world.page_of_source(source, page, request),
            None => world.page_of_nothing(),
        },
    };
    for ordinal in &shown.ordinals {
        world.index_at_mut(*ordinal).life.bring_to(request.now);
    }
    let mut comes_to_pass = |fault: PageFault| request.conditions.page.take_if(|asked| *asked == fault).is_some();
    let next = match page.below {
        Some(below) if comes_to_pass(PageFault::RepeatToken) => Some(below),
        _ => shown.next_below,
    };
    let is_emptied = next.is_some() && comes_to_pass(PageFault::EmptyMiddle);
    let items = if is_emptied { &[] } else { &shown.ordinals[..] };
    let reply = index_shown::page(world, items, next.map(|below| world.page_token(LIST, below)));
    for ordinal in &shown.ordinals {
        note_read(world, *ordinal, request);
    }
    Ok(reply)
}

fn get(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    request.look_back();
    let ordinal = named_index(world, request)?;
    let progress = match request.params.get("expand").and_then(Value::as_array) {
        Some(expand) if !expand.is_empty() => Progress::Shown,
        _ => Progress::Hidden,
    };
    let reply = Reply::json(200, &index_shown::body(world, ordinal, progress));
    note_read(world, ordinal, request);
    Ok(reply)
}

fn delete(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    let ordinal = named_index(world, request)?;
    world.delete_index(ordinal, request.now);
    Ok(Reply::empty(204))
}

fn sync(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    let ordinal = named_index(world, request)?;
    if world.index_at(ordinal).life.view().in_progress {
        return match world.policy.sync_conflict {
            _ if world.policy.fidelity == Fidelity::Contract => Ok(accepted()),
            SyncConflict::Coalesce => Ok(accepted()),
            SyncConflict::Refuse(status) => Err(Problem::text(status, "A sync is already in progress for this index")),
        };
    }
    let name = world.index_at(ordinal).name.clone();
    let script = script(world, &name, request)?;
    world.index_at_mut(ordinal).life.start(script, request.now);
    expect_steps(world, ordinal);
    Ok(accepted())
}

fn cancel_sync(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    let ordinal = named_index(world, request)?;
    let in_progress = world.index_at(ordinal).life.view().in_progress;
    if in_progress {
        world.index_at_mut(ordinal).life.cancel(request.now);
    } else if world.policy.fidelity == Fidelity::Service {
        return Err(Problem::text(409, "No sync is in progress for this index"));
    }
    Ok(accepted())
}

/// 202 with the body of a handler that returns nothing on the service's framework: `null`, which every SDK can parse.
fn accepted() -> Reply {
    Reply::bytes(202, "application/json", &b"null"[..])
}

// ---------------------------------------------------------------------------------------------------- finding, making

/// The index that the path names, brought up to now.
fn named_index(world: &mut World, request: &mut Request) -> Result<u64, Problem> {
    let id = request.path[0].1.as_str();
    let found = world.find_index(id, request);
    if let Some(ordinal) = found.filter(|_| request.conditions.vanish.take().is_some()) {
        world.delete_index(ordinal, request.now);
        return Err(not_found());
    }
    let ordinal = match found {
        Some(ordinal) => ordinal,
        None if world.policy.fidelity == Fidelity::Contract => conjure(world, id, request)?,
        None => return Err(not_found()),
    };
    world.index_at_mut(ordinal).life.bring_to(request.now);
    Ok(ordinal)
}

fn not_found() -> Problem {
    Problem::text(404, "Index not found")
}

/// Lets an index exist that nobody made.
fn conjure(world: &mut World, id: &str, request: &Request) -> Result<u64, Problem> {
    let mut stream = world.seed.stream(&format!("source of {id}"), 0);
    let source_id = Prefixed("dir-", seed::uuid(&mut stream)).to_string();
    let source = source_directory(world, &source_id, request)?;
    let name = world.directory(source).name.clone();
    let life = Life::begin(Arc::clone(&world.policy.script), request.now);
    let project = world.project_id(world.directory(source).project);
    let stream = world.seed.stream(&format!("index {id} in {project}"), 0);
    let index = Index { given_id: Some(id.into()), ..new_index(world, stream, (source, name), life) };
    world.add_index(index)
}

/// The directory that an index is made over; one that was only mentioned comes to exist unless references are strict.
fn source_directory(world: &mut World, id: &str, request: &Request) -> Result<u32, Problem> {
    if let Some(number) = world.find_directory(id, request) {
        return Ok(number);
    }
    let is_strict = world.policy.fidelity == Fidelity::Service;
    if is_strict && world.find_index_by_output(id, request).is_some() {
        let allowed =
            "source_directory_id should be a directory of type 'user' or 'ephemeral', not one that an index made";
        return Err(choices::refusal(&world.policy, &["body", "source_directory_id"], allowed, id.into()));
    }
    if is_strict && (id.is_empty() || world.policy.references == References::Strict) {
        return Err(directories::not_found());
    }
    directories::mention(world, id, request)
}

fn new_index(world: &World, mut stream: Stream, (source, name): (u32, Box<str>), life: Life) -> Index {
    Index {
        ordinal: world.next_index(),
        given_id: None,
        uuid: seed::uuid(&mut stream),
        output: seed::uuid(&mut stream),
        sync_config: seed::uuid(&mut stream),
        export_config: seed::uuid(&mut stream),
        project: world.directory(source).project,
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
fn script(world: &World, name: &str, request: &mut Request) -> Result<Arc<Script>, Problem> {
    if let Some(script) = request.conditions.script.take() {
        return Ok(script);
    }
    match Script::from_magic_name(name, world.policy.sync_duration) {
        None => Ok(Arc::clone(&world.policy.script)),
        Some(Ok(script)) => Ok(Arc::new(script)),
        Some(Err(_)) if world.policy.fidelity == Fidelity::Contract => Ok(Arc::clone(&world.policy.script)),
        Some(Err(allowed)) => Err(choices::refusal(&world.policy, &["body", "name"], &allowed, name.into())),
    }
}

/// Counts a read of an index; a sync that goes by reads may have gone on.
fn note_read(world: &mut World, ordinal: u64, request: &Request) {
    if world.index_at_mut(ordinal).life.was_read(request.now) == Moved::On {
        expect_steps(world, ordinal);
    }
}

/// Notes when the sync that just started or went on goes on, for clocks that jump from event to event.
fn expect_steps(world: &mut World, ordinal: u64) {
    let steps = world.index_at(ordinal).life.coming_steps();
    world.events.extend(steps);
}
