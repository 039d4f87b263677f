//! Directories: created, listed, shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::change::Change;
use super::paging::{self, PageParams};
use super::state::AdminView;
use crate::clock::Timestamp;
use crate::config::Fidelity;
use crate::error::{ApiError, Detail};
use crate::operation::{Answer, Operation};
use crate::response::Payload;
use crate::schema::{PlainValue, ValidRequest};
use crate::store::{Directory, DirectoryKind, Id, Key, Meta, Project, Resource, Scope, Store};

/// The name of the list of directories, which its page tokens are valid for.
const LIST: &str = "directories.list";

/// The rows of directories.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "directories.create",
        summary: "Creates a directory.",
        path: "/api/v1/beta/directories",
        resource: Directory::KIND,
        response: Some("directory"),
        handler: |scope, request| create(scope, request.body()?).map(Answer::Payload),
        ..Operation::CREATE
    },
    Operation {
        name: LIST,
        summary: "Lists directories, newest first.",
        path: "/api/v1/beta/directories",
        resource: Directory::KIND,
        response: Some("directory_page"),
        handler: |scope, request| list(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
    Operation {
        name: "directories.get",
        summary: "Shows a directory.",
        path: "/api/v1/beta/directories/{directory_id}",
        resource: Directory::KIND,
        response: Some("directory"),
        handler: |scope, request| get(scope, &request.params()?).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: "directories.update",
        summary: "Changes the name or the description of a directory.",
        path: "/api/v1/beta/directories/{directory_id}",
        resource: Directory::KIND,
        response: Some("directory"),
        handler: |scope, request| update(scope, &request.params()?, request.body()?).map(Answer::Payload),
        ..Operation::CHANGE
    },
    Operation {
        name: "directories.delete",
        summary: "Deletes a directory.",
        path: "/api/v1/beta/directories/{directory_id}",
        resource: Directory::KIND,
        handler: |scope, request| delete(scope, &request.params()?).map(Answer::Payload),
        ..Operation::DELETE
    },
];

#[derive(Deserialize)]
struct NewDirectory {
    name: Box<str>,
    description: Option<Box<str>>,
    #[serde(default, rename = "type")]
    kind: NewDirectoryType,
    connector_subscription_id: Option<Box<str>>,
    system_metadata: Option<PlainValue>,
}

/// The types that a client can create.
#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum NewDirectoryType {
    #[default]
    User,
    Ephemeral,
}

#[derive(Deserialize)]
struct DirectoryChange {
    name: Option<Box<str>>,
    #[serde(default)]
    description: Change<Box<str>>,
}

#[derive(Deserialize)]
pub(super) struct DirectoryPath {
    pub(super) directory_id: String,
}

#[derive(Deserialize)]
struct DirectoryFilter {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    types: Option<Vec<String>>,
    #[serde(default)]
    include_deleted: bool,
}

/// A directory as the service prints it. The order of the fields is that of its contract.
#[derive(Serialize)]
struct DirectoryBody<'a> {
    id: &'a Id,
    created_at: Timestamp,
    updated_at: Timestamp,
    project_id: &'a Id,
    name: &'a str,
    description: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    connector_subscription_id: Option<&'a str>,
    expires_at: Option<Timestamp>,
    system_metadata: Option<&'a Map<String, Value>>,
    deleted_at: Option<Timestamp>,
}

fn create(scope: &mut Scope<'_>, new: NewDirectory) -> Result<Payload, ApiError> {
    scope.check_quota::<Directory>()?;
    let project = scope.project_for_write()?;
    check_connector(scope, project, new.connector_subscription_id.as_deref())?;
    let id = scope.store.next_id::<Directory>();
    let meta = Meta { id, project, created_at: scope.now };
    let is_ephemeral = new.kind == NewDirectoryType::Ephemeral;
    let kind = if is_ephemeral { DirectoryKind::Ephemeral } else { DirectoryKind::User };
    let key = scope.insert(Directory {
        description: new.description,
        connector_subscription_id: new.connector_subscription_id,
        system_metadata: new.system_metadata.and_then(|PlainValue(metadata)| into_object(metadata)),
        ..Directory::new(meta, new.name, kind)
    })?;
    scope.count_created(key);
    Ok(Payload::json(&body(scope.store, key)))
}

/// Refuses a second directory of a connector subscription (documented by the SDK since 2.17, except for the message).
fn check_connector(scope: &Scope<'_>, project: Key<Project>, subscription: Option<&str>) -> Result<(), ApiError> {
    if subscription.is_none() || scope.store.policy.fidelity == Fidelity::Contract {
        return Ok(());
    }
    let directories = scope.store.collection::<Directory>();
    let mut in_project = directories.children(project).map(|key| directories.get(key));
    let other = in_project.find(|directory| directory.connector_subscription_id.as_deref() == subscription);
    let Some(other) = other else { return Ok(()) };
    let message = "A directory for this connector subscription already exists".to_owned();
    let directory_id = other.meta.id.to_string();
    Err(ApiError { status: 409, detail: Detail::Directory { message, directory_id }, allow: None })
}

fn list(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let (filter, page): (DirectoryFilter, _) = (request.params()?, PageParams::of_query(request)?);
    let project = scope.existing_project();
    let accepts = |directory: &Directory| filter.accepts(directory);
    let found = page.find(LIST, |page| scope.page(project, page, filter.include_deleted, accepts))?;
    Ok(paging::payload(&found, |key| body(scope.store, *key)))
}

impl DirectoryFilter {
    fn accepts(&self, directory: &Directory) -> bool {
        let kind = directory.kind.as_str();
        self.name.as_deref().is_none_or(|name| *directory.name == *name)
            && self.kind.as_deref().is_none_or(|word| word == kind)
            && self.types.as_ref().is_none_or(|words| words.iter().any(|word| word == kind))
    }
}

fn get(scope: &mut Scope<'_>, path: &DirectoryPath) -> Result<Payload, ApiError> {
    let key = scope.resolve(&path.directory_id)?;
    Ok(Payload::json(&body(scope.store, key)))
}

/// Changes the name and the description. A field that is absent is not changed; `null` removes the description, which
/// is a guess.
fn update(scope: &mut Scope<'_>, path: &DirectoryPath, change: DirectoryChange) -> Result<Payload, ApiError> {
    let key = scope.resolve::<Directory>(&path.directory_id)?;
    let now = scope.now;
    let is_changed = change.name.is_some() || change.description != Change::Keep;
    scope.store.change(key, |directory| {
        if let Some(name) = change.name {
            directory.name = name;
        }
        directory.description = change.description.apply(directory.description.take());
        if is_changed {
            directory.updated_at = now;
        }
    });
    Ok(Payload::json(&body(scope.store, key)))
}

/// Deletes a directory and the files in it. An index over it stays; its next sync fails.
fn delete(scope: &mut Scope<'_>, path: &DirectoryPath) -> Result<Payload, ApiError> {
    let key = scope.resolve::<Directory>(&path.directory_id)?;
    if scope.store.get(key).kind == DirectoryKind::Index {
        return Err(ApiError::text(403, "The output directory of an index is deleted with the index only"));
    }
    scope.delete(key);
    Ok(Payload::Empty)
}

fn into_object(value: Value) -> Option<Box<Map<String, Value>>> {
    if let Value::Object(fields) = value { Some(Box::new(fields)) } else { None }
}

impl AdminView for Directory {
    fn view(store: &Store, key: Key<Self>) -> Value {
        serde_json::to_value(body(store, key)).unwrap_or_default()
    }
}

fn body(store: &Store, key: Key<Directory>) -> DirectoryBody<'_> {
    let directory = store.get(key);
    DirectoryBody {
        id: &directory.meta.id,
        created_at: directory.meta.created_at,
        updated_at: directory.updated_at,
        project_id: store.project_id(directory.meta.project),
        name: &directory.name,
        description: directory.description.as_deref(),
        kind: directory.kind.as_str(),
        connector_subscription_id: directory.connector_subscription_id.as_deref(),
        expires_at: directory.expires_at(),
        system_metadata: directory.system_metadata.as_deref(),
        deleted_at: store.collection().deleted_at(key),
    }
}
