//! Indexes: created, listed, shown, deleted, synced.

use std::sync::Arc;

use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::configurations;
use super::index_view::json;
use super::paging::{self, PageParams};
use super::value_checks;
use crate::config::{Fidelity, References, Settings, SyncConflict};
use crate::error::ApiError;
use crate::operation::{Answer, BodyKind, Operation};
use crate::response::Payload;
use crate::schema::ValidRequest;
use crate::store::state_faults::StateFault;
use crate::store::sync::{Script, SyncState};
use crate::store::{
    Directory, DirectoryKind, Id, Index, IndexOptions, Key, NewIndex, Product, Resource, Scope, StoreError,
};

/// The name of the list of indexes, which its page tokens are valid for.
const LIST: &str = "indexes.list";

/// The rows of indexes.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "indexes.create",
        summary: "Creates an index over a directory and starts its first sync.",
        path: "/api/v1/indexes",
        resource: Index::KIND,
        response: Some("index"),
        state_faults: &[StateFault::Quota, StateFault::Script],
        handler: |scope, request| create(scope, request).map(Answer::Payload),
        ..Operation::CREATE
    },
    Operation {
        name: LIST,
        summary: "Lists indexes, newest first.",
        path: "/api/v1/indexes",
        resource: Index::KIND,
        response: Some("index_page"),
        handler: |scope, request| list(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
    Operation {
        name: "indexes.get",
        summary: "Shows an index.",
        path: "/api/v1/indexes/{index_id}",
        resource: Index::KIND,
        response: Some("index"),
        handler: |scope, request| get(scope, &request.params()?).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: "indexes.delete",
        summary: "Deletes an index; its source directory stays.",
        path: "/api/v1/indexes/{index_id}",
        resource: Index::KIND,
        handler: |scope, request| delete(scope, &request.params()?).map(Answer::Payload),
        ..Operation::DELETE
    },
    Operation {
        name: "indexes.sync",
        summary: "Starts a sync.",
        method: Method::POST,
        path: "/api/v1/indexes/{index_id}/sync",
        resource: Index::KIND,
        body: BodyKind::None,
        status: 202,
        response: Some("accepted"),
        state_faults: &[StateFault::Vanish, StateFault::Script],
        handler: |scope, request| sync(scope, request).map(Answer::Payload),
        ..Operation::CHANGE
    },
    Operation {
        name: "indexes.cancel_sync",
        summary: "Cancels the running sync.",
        method: Method::POST,
        path: "/api/v1/indexes/{index_id}/sync/cancel",
        resource: Index::KIND,
        body: BodyKind::None,
        status: 202,
        response: Some("accepted"),
        handler: |scope, request| cancel_sync(scope, &request.params()?).map(Answer::Payload),
        ..Operation::CHANGE
    },
];

const SYNC_FREQUENCIES: &[&str] = &["manual", "daily", "on_source_change"];
const PRODUCT_TYPES: &[&str] = &["parse", "extract"];
const ATTACHMENTS: &[&str] = &["screenshots", "items"];
/// The values of the schema, which refuses others unless `--schemas` replaces it.
const VECTOR_TARGETS: &[&str] = &["DEFAULT", "DISABLED"];

#[derive(Deserialize)]
struct CreateIndex<'a> {
    source_directory_id: &'a str,
    name: Option<Box<str>>,
    description: Option<Box<str>>,
    #[serde(borrow)]
    products: Option<Vec<IndexProduct<'a>>>,
    #[serde(borrow)]
    sync_frequency: Option<&'a str>,
    #[serde(borrow)]
    vector_target: Option<&'a str>,
    #[serde(borrow)]
    store_attachments: Option<Vec<&'a str>>,
}

#[derive(Deserialize)]
struct IndexProduct<'a> {
    product_type: &'a str,
    product_config_id: Box<str>,
}

#[derive(Deserialize)]
struct IndexPath<'a> {
    index_id: &'a str,
}

#[derive(Deserialize)]
struct IndexFilter<'a> {
    #[serde(borrow)]
    source_directory_id: Option<&'a str>,
}

#[derive(Deserialize)]
struct GetIndex<'a> {
    index_id: &'a str,
    #[serde(borrow)]
    expand: Option<Vec<&'a str>>,
}

fn create(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let (settings, new) = (&request.settings, request.body()?);
    let options = options(settings, &new)?;
    scope.check_quota::<Index>()?;
    let first_new_directory = scope.next_key::<Directory>();
    let key = add(scope, settings, new, options).inspect_err(|_| scope.undo_from(first_new_directory))?;
    scope.count_created(key);
    Ok(Payload::of_json(json(scope.store, key, false)))
}

/// Creates the index. If it is refused, a directory that was created implicitly may be left.
fn add(
    scope: &mut Scope<'_>,
    settings: &Settings,
    new: CreateIndex<'_>,
    options: Option<Box<IndexOptions>>,
) -> Result<Key<Index>, ApiError> {
    for product in options.iter().flat_map(|options| &options.products) {
        configurations::check_reference(scope, settings, &product.product_config_id)?;
    }
    // The name is checked before the directory is created.
    let named = new.name.as_deref().map(|name| script(scope, settings, name)).transpose()?;
    let source = source_directory(scope, settings, new.source_directory_id)?;
    let name = new.name.unwrap_or_else(|| scope.store.get(source).name.clone());
    let script = named.map_or_else(|| script(scope, settings, &name), Ok)?;
    let stream = scope.store.next_stream::<Index>();
    let sync = SyncState::begin(script, scope.now);
    let (id, export_config_id) = (None, None);
    let new = NewIndex { id, export_config_id, source, name, description: new.description, options, sync };
    Ok(Index::add(scope, new, stream)?)
}

fn list(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let (filter, page): (IndexFilter, _) = (request.params()?, PageParams::of_query(request)?);
    let project = scope.existing_project();
    let source = filter.source_directory_id.map(Id::parse);
    let is_over = |index: &Index| source.as_ref().is_none_or(|source| index.source_directory_id == *source);
    let found = page.find(LIST, |page| scope.page(project, page, false, is_over))?;
    let payload = paging::payload(&found, |key| raw(json(scope.store, *key, false)));
    found.items.iter().for_each(|key| count_read(scope, *key));
    Ok(payload)
}

fn get(scope: &mut Scope<'_>, request: &GetIndex<'_>) -> Result<Payload, ApiError> {
    let key = scope.resolve(request.index_id)?;
    let is_expanded = request.expand.as_ref().is_some_and(|fields| !fields.is_empty());
    let payload = Payload::of_json(json(scope.store, key, is_expanded));
    count_read(scope, key);
    Ok(payload)
}

fn delete(scope: &mut Scope<'_>, path: &IndexPath<'_>) -> Result<Payload, ApiError> {
    let key = scope.resolve::<Index>(path.index_id)?;
    scope.delete(key);
    Ok(Payload::Empty)
}

fn sync(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let (settings, path) = (&request.settings, request.params::<IndexPath<'_>>()?);
    let key = scope.resolve::<Index>(path.index_id)?;
    let index = scope.store.get(key);
    if index.sync.in_progress() {
        return match settings.sync_conflict {
            SyncConflict::Refuse(status) if settings.fidelity == Fidelity::Service => {
                Err(ApiError::text(status, "A sync is already in progress for this index"))
            }
            SyncConflict::Refuse(_) | SyncConflict::Coalesce => Ok(accepted()),
        };
    }
    let name = index.name.clone();
    let script = script(scope, settings, &name)?;
    Index::start_sync(scope, key, script)?;
    expect_steps(scope, key);
    Ok(accepted())
}

fn cancel_sync(scope: &mut Scope<'_>, path: &IndexPath<'_>) -> Result<Payload, ApiError> {
    let key = scope.resolve::<Index>(path.index_id)?;
    let now = scope.now;
    let index = scope.store.get_mut(key);
    if index.sync.in_progress() {
        index.sync.cancel(now);
    } else if scope.store.policy.fidelity == Fidelity::Service {
        return Err(ApiError::text(409, "No sync is in progress for this index"));
    }
    Ok(accepted())
}

/// An index in JSON as an item of a page.
fn raw(json: Vec<u8>) -> Box<RawValue> {
    String::from_utf8(json).map(RawValue::from_string).expect("JSON is text").expect("an index is written as JSON")
}

/// The body of a handler that returns nothing on the service's framework: `null`, which every SDK can parse.
fn accepted() -> Payload {
    Payload::json(&())
}

/// The options in a create request; `None` if all have their defaults.
fn options(settings: &Settings, new: &CreateIndex<'_>) -> Result<Option<Box<IndexOptions>>, ApiError> {
    let default = IndexOptions::default();
    let mut products = Vec::with_capacity(new.products.as_ref().map_or(0, Vec::len));
    for (position, product) in new.products.iter().flatten().enumerate() {
        let place = || vec!["body".into(), "products".into(), position.into(), "product_type".into()];
        let product_type = value_checks::one_of(settings, PRODUCT_TYPES, product.product_type, place)?;
        products.push(Product { product_type, product_config_id: product.product_config_id.clone() });
    }
    let sync_frequency = new.sync_frequency.map(|frequency| {
        value_checks::one_of(settings, SYNC_FREQUENCIES, frequency, || vec!["body".into(), "sync_frequency".into()])
    });
    let sync_frequency = sync_frequency.transpose()?.unwrap_or(default.sync_frequency);
    let mut attachments = Vec::with_capacity(new.store_attachments.as_ref().map_or(0, Vec::len));
    for (position, kind) in new.store_attachments.iter().flatten().enumerate() {
        let place = || vec!["body".into(), "store_attachments".into(), position.into()];
        attachments.push(value_checks::one_of(settings, ATTACHMENTS, kind, place)?);
    }
    let vector_target = new.vector_target.map(|target| value_checks::word(VECTOR_TARGETS, target));
    let options = IndexOptions {
        products: products.into(),
        sync_frequency,
        store_attachments: attachments.into(),
        vector_target: vector_target.unwrap_or(default.vector_target),
    };
    Ok((options != IndexOptions::default()).then(|| Box::new(options)))
}

/// The directory over which an index is created. An unknown one is created unless references are strict.
fn source_directory(scope: &mut Scope<'_>, settings: &Settings, id: &str) -> Result<Key<Directory>, ApiError> {
    let is_service = settings.fidelity == Fidelity::Service;
    if let Some(key) = scope.find::<Directory>(id) {
        let is_output = scope.store.get(key).kind == DirectoryKind::Index;
        if is_output && is_service {
            let allowed =
                "source_directory_id should be a directory of type 'user' or 'ephemeral', not the output of an index";
            return Err(value_checks::refusal(
                settings,
                vec!["body".into(), "source_directory_id".into()],
                allowed,
                id.into(),
            ));
        }
        return Ok(key);
    }
    if is_service && (id.is_empty() || settings.references == References::Strict) {
        return Err(StoreError::NotFound(Directory::KIND).into());
    }
    Ok(Directory::create_implicit(scope, id, None)?)
}

/// The script of a sync that starts now: that of a fault, that of a magic name, or the plain one.
fn script(scope: &mut Scope<'_>, settings: &Settings, name: &str) -> Result<Arc<Script>, ApiError> {
    if let Some(script) = scope.take_script() {
        return Ok(script);
    }
    match scope.store.policy.script_of(name) {
        Err(allowed) if settings.fidelity == Fidelity::Service => {
            Err(value_checks::refusal(settings, vec!["body".into(), "name".into()], &allowed, name.into()))
        }
        script => Ok(script.unwrap_or_else(|_| Arc::clone(&scope.store.policy.script))),
    }
}

/// Counts a read of an index: the scripts of some syncs go on by reads.
fn count_read(scope: &mut Scope<'_>, key: Key<Index>) {
    let now = scope.now;
    let index = scope.store.get_mut(key);
    if index.sync.count_read(now) {
        index.settle();
        expect_steps(scope, key);
    }
}

/// Notes when the running sync enters its next steps, for clocks that jump from event to event.
fn expect_steps(scope: &mut Scope<'_>, key: Key<Index>) {
    let steps = scope.store.get(key).sync.upcoming_steps();
    scope.expect(steps);
}
