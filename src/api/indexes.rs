//! Indexes: made over a directory, listed, shown, synced, cancelled, deleted.

use std::sync::Arc;

use http::Method;
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::choices;
use super::directories::{self, take_text};
use super::ids::Prefixed;
use crate::clock::Moment;
use crate::config::{Fidelity, References, SyncConflict};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::seed::{self, Stream};
use crate::store::{Index, PageFault, PageRequest, Request, World};
use crate::sync::{Life, Outcome, Script};

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
        name: "indexes.list",
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

/// The most items that a page has; more are not refused but cut to it, as the service says of its lists.
const MAX_PAGE_SIZE: usize = 1000;

/// An index as the service prints it; the order of fields is its contract's.
#[derive(Serialize)]
struct Body<'a> {
    id: Id<'a>,
    created_at: Moment,
    updated_at: Moment,
    name: &'a str,
    description: Option<&'a str>,
    project_id: Uuid,
    source_directory_id: &'a str,
    output_directory_id: Prefixed,
    sync_config_id: Prefixed,
    export_config_id: Prefixed,
    last_synced_at: Option<Moment>,
    last_exported_at: Option<Moment>,
    metadata: Metadata<'a>,
    sync_in_progress: Option<bool>,
}

/// What the service says of an index's state. Only `status` of `ready` or `failed` is stable there.
#[derive(Serialize)]
struct Metadata<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
}

#[derive(Serialize)]
struct PageBody<'a> {
    items: Vec<Body<'a>>,
    next_page_token: Option<String>,
    total_size: Option<u64>,
}

enum Id<'a> {
    Minted(Prefixed),
    Given(&'a str),
}

impl Serialize for Id<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Minted(id) => id.serialize(serializer),
            Self::Given(id) => serializer.serialize_str(id),
        }
    }
}

/// Whether an answer shows `sync_in_progress`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Hidden,
    Shown,
}

// ------------------------------------------------------------------------------------------------------- handlers

fn create(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    let options = choices::options(&mut request.body, &world.policy)?;
    if let Some((most, status)) = request.conditions.quota.filter(|(most, _)| world.index_count() >= *most) {
        return Err(Problem::text(status, format!("Index quota exceeded: at most {most} indexes")));
    }
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
    let ordinal = world.add_index(index)?;
    world.made.indexes += 1;
    expect_steps(world, ordinal);
    Ok(Reply::json(201, &body(world, ordinal, Progress::Hidden)))
}

fn list(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    let page = page_request(world, request)?;
    let shown = match (world.project_for_list(request), text_param(request, "source_directory_id")) {
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
    let next = match request.conditions.page {
        Some(PageFault::RepeatToken) => page.below.or(shown.next_below),
        _ => shown.next_below,
    };
    let reply = page_reply(world, &shown.ordinals, next, request.conditions.page);
    for ordinal in &shown.ordinals {
        world.index_at_mut(*ordinal).life.was_read(request.now);
    }
    Ok(reply)
}

fn get(world: &mut World, request: &mut Request) -> Result<Reply, Problem> {
    let ordinal = named_index(world, request)?;
    let progress = match request.params.get("expand").and_then(Value::as_array) {
        Some(expand) if !expand.is_empty() => Progress::Shown,
        _ => Progress::Hidden,
    };
    let reply = Reply::json(200, &body(world, ordinal, progress));
    world.index_at_mut(ordinal).life.was_read(request.now);
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
fn named_index(world: &mut World, request: &Request) -> Result<u64, Problem> {
    let id = request.path[0].1.as_str();
    let found = world.find_index(id, request);
    if let Some(ordinal) = found.filter(|_| request.conditions.vanish.is_some()) {
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
    let stream = world.seed.stream(&format!("index {id}"), 0);
    let index = Index { given_id: Some(id.into()), ..new_index(world, stream, (source, name), life) };
    world.add_index(index)
}

/// The directory that an index is made over; one that was only mentioned comes to exist unless references are strict.
fn source_directory(world: &mut World, id: &str, request: &Request) -> Result<u32, Problem> {
    if let Some(number) = world.find_directory(id, request) {
        return Ok(number);
    }
    if world.find_index_by_output(id, request).is_some() {
        let allowed =
            "source_directory_id should be a directory of type 'user' or 'ephemeral', not one that an index made";
        return Err(choices::refusal(&world.policy, &["body", "source_directory_id"], allowed, id.into()));
    }
    if id.is_empty() || world.policy.references == References::Strict {
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
fn script(world: &World, name: &str, request: &Request) -> Result<Arc<Script>, Problem> {
    if let Some(script) = &request.conditions.script {
        return Ok(Arc::clone(script));
    }
    match Script::from_magic_name(name, world.policy.sync_duration) {
        None => Ok(Arc::clone(&world.policy.script)),
        Some(Ok(script)) => Ok(Arc::new(script)),
        Some(Err(allowed)) => Err(choices::refusal(&world.policy, &["body", "name"], &allowed, name.into())),
    }
}

/// Notes when the sync that just started goes on, for clocks that jump from event to event.
fn expect_steps(world: &mut World, ordinal: u64) {
    let steps = world.index_at(ordinal).life.coming_steps();
    world.events.extend(steps);
}

// ------------------------------------------------------------------------------------------------------------- pages

fn page_request(world: &World, request: &Request) -> Result<PageRequest, Problem> {
    let policy = &world.policy;
    let size = match request.params.get("page_size").and_then(Value::as_number) {
        None => policy.page_size,
        Some(number) => match number.as_str().parse::<u128>() {
            Ok(0) | Err(_) if policy.fidelity == Fidelity::Contract => policy.page_size,
            Ok(size) if size > 0 => usize::try_from(size).unwrap_or(MAX_PAGE_SIZE),
            _ if !number.as_str().starts_with('-') && number.as_str() != "0" => MAX_PAGE_SIZE,
            _ => {
                return Err(choices::refusal(
                    policy,
                    &["query", "page_size"],
                    "page_size should be at least 1",
                    number.to_string().into(),
                ));
            }
        },
    };
    let below = match text_param(request, "page_token") {
        None | Some("") => None,
        Some(token) => match world.open_page_token("indexes.list", token) {
            Some(below) if request.conditions.page != Some(PageFault::ExpiredToken) => Some(below),
            _ if policy.fidelity == Fidelity::Contract => None,
            _ => {
                return Err(choices::refusal(
                    policy,
                    &["query", "page_token"],
                    "page_token should be one that this list handed out",
                    token.into(),
                ));
            }
        },
    };
    Ok(PageRequest { size: size.min(MAX_PAGE_SIZE), below })
}

fn page_reply(world: &World, ordinals: &[u64], next: Option<u64>, fault: Option<PageFault>) -> Reply {
    let shown = if fault == Some(PageFault::EmptyMiddle) && next.is_some() { &[] } else { ordinals };
    let page = PageBody {
        items: shown.iter().map(|ordinal| body(world, *ordinal, Progress::Hidden)).collect(),
        next_page_token: next.map(|ordinal| world.page_token("indexes.list", ordinal)),
        total_size: None,
    };
    Reply::json(200, &page)
}

fn text_param<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.params.get(name)?.as_str()
}

/// Every index as the service would show it at `now`, in order of creation.
pub fn all(world: &mut World, now: Moment) -> Vec<Value> {
    let ordinals: Vec<u64> = world.indexes().map(|index| index.ordinal).collect();
    for ordinal in &ordinals {
        world.index_at_mut(*ordinal).life.bring_to(now);
    }
    let shown = |ordinal: &u64| serde_json::to_value(body(world, *ordinal, Progress::Shown));
    ordinals.iter().map(shown).filter_map(Result::ok).collect()
}

// ------------------------------------------------------------------------------------------------------------ answers

fn body(world: &World, ordinal: u64, progress: Progress) -> Body<'_> {
    let index = world.index_at(ordinal);
    let life = index.life.view();
    let id = index.given_id.as_deref().map_or(Id::Minted(Prefixed("idx-", index.uuid)), Id::Given);
    Body {
        id,
        created_at: index.created_at,
        updated_at: life.changed_at,
        name: &index.name,
        description: index.description.as_deref(),
        project_id: world.project_id(index.project),
        source_directory_id: &world.directory(index.source).id,
        output_directory_id: Prefixed("dir-", index.output),
        sync_config_id: Prefixed("cfg-", index.sync_config),
        export_config_id: Prefixed("cfg-", index.export_config),
        last_synced_at: life.last_synced_at,
        last_exported_at: life.last_exported_at,
        metadata: metadata(life.outcome),
        sync_in_progress: (progress == Progress::Shown).then_some(life.in_progress),
    }
}

fn metadata(outcome: &Outcome) -> Metadata<'_> {
    let (status, error_message) = match outcome {
        Outcome::None => ("pending", None),
        Outcome::Ready => ("ready", None),
        Outcome::Partial(message) => ("ready", Some(&**message)),
        Outcome::Failed(message) => ("failed", Some(&**message)),
    };
    Metadata { status, error_message }
}
