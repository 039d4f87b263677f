//! Projects: listed and shown, in both versions of the API. Clients list them to test a key.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::paging::{self, PageParams};
use super::state::AdminView;
use crate::clock::Timestamp;
use crate::config::{Fidelity, References};
use crate::error::ApiError;
use crate::operation::{Answer, Operation};
use crate::response::Payload;
use crate::schema::ValidRequest;
use crate::store::state_faults::StateFault;
use crate::store::{Cursor, Id, Key, Prefix, Project, Resource, Scope, Store};

/// The name of the list of projects, which its page tokens are valid for.
const LIST: &str = "v2_projects.list";

/// The rows of projects.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "projects.list",
        summary: "Lists projects.",
        path: "/api/v1/projects",
        resource: Project::KIND,
        response: Some("project_list"),
        state_faults: &[StateFault::Lag],
        handler: |scope, request| Ok(Answer::Payload(list(scope, &request.params()?))),
        ..Operation::READ
    },
    Operation {
        name: "projects.get",
        summary: "Shows a project.",
        path: "/api/v1/projects/{project_id:uuid}",
        resource: Project::KIND,
        response: Some("project"),
        state_faults: &[StateFault::Lag],
        handler: |scope, request| get_first(scope, &request.params()?).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: LIST,
        summary: "Lists projects, by page.",
        path: "/api/v2/projects",
        resource: Project::KIND,
        response: Some("project_page"),
        handler: |scope, request| list_pages(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
    Operation {
        name: "v2_projects.get",
        summary: "Shows a project.",
        path: "/api/v2/projects/{project_id:uuid}",
        resource: Project::KIND,
        response: Some("project"),
        state_faults: &[StateFault::Lag],
        handler: |scope, request| get(scope, &request.params()?).map(Answer::Payload),
        ..Operation::READ
    },
];

#[derive(Deserialize)]
struct ProjectPath {
    project_id: Uuid,
}

/// Which projects a list shows. All are of the organization of the key.
#[derive(Deserialize)]
struct ProjectFilter {
    #[serde(alias = "project_name")]
    name: Option<String>,
}

/// A project as both versions print it. The order of the fields is that of the second version's contract.
#[derive(Serialize)]
struct ProjectBody<'a> {
    id: &'a Id,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    name: &'a str,
    organization_id: Id,
    is_default: bool,
}

/// A project in the order of the first version's contract.
#[derive(Serialize)]
struct FirstProjectBody<'a> {
    name: &'a str,
    id: &'a Id,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    organization_id: Id,
    is_default: bool,
}

impl ProjectFilter {
    fn accepts(&self, project: &Project) -> bool {
        self.name.as_deref().is_none_or(|name| *project.name == *name)
    }
}

/// Refuses a request that names another organization than that of the key, if references are strict. Otherwise any
/// organization means that of the key. It is the same for all operations.
pub(crate) fn check_organization(store: &Store, request: &ValidRequest) -> Result<(), ApiError> {
    let Some(named) = request.param("organization_id") else { return Ok(()) };
    let settings = &request.settings;
    let is_checked = settings.references == References::Strict && settings.fidelity == Fidelity::Service;
    let is_own = || Uuid::try_parse(named).is_ok_and(|uuid| Id::Minted(Prefix::NONE, uuid) == organization(store));
    if is_checked && !is_own() {
        return Err(ApiError::text(403, "The key has no access to this organization"));
    }
    Ok(())
}

/// The projects that a filter accepts, oldest first: the default project is the first.
fn matching_projects(store: &Store, filter: &ProjectFilter) -> Vec<Key<Project>> {
    store.keys().into_iter().filter(|key| filter.accepts(store.get(*key))).collect()
}

fn list(scope: &mut Scope<'_>, filter: &ProjectFilter) -> Payload {
    let projects = matching_projects(scope.store, filter).into_iter();
    Payload::json(&projects.map(|key| first_body(scope.store, key)).collect::<Vec<_>>())
}

fn list_pages(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let filter: ProjectFilter = request.params()?;
    let page = PageParams::of_query(request)?;
    let projects = matching_projects(scope.store, &filter).into_iter();
    let found = page.find(LIST, |page| scope.page_of(page, projects.map(|key| (Cursor::from(key), key))))?;
    Ok(paging::payload(&found, |key| body(scope.store, *key)))
}

fn get_first(scope: &mut Scope<'_>, path: &ProjectPath) -> Result<Payload, ApiError> {
    let key = scope.resolve(&path.project_id.to_string())?;
    Ok(Payload::json(&first_body(scope.store, key)))
}

fn get(scope: &mut Scope<'_>, path: &ProjectPath) -> Result<Payload, ApiError> {
    let key = scope.resolve(&path.project_id.to_string())?;
    Ok(Payload::json(&body(scope.store, key)))
}

/// The organization of all projects of a tenant.
fn organization(store: &Store) -> Id {
    Id::mint(Prefix::NONE, &mut store.seed.stream("organization", 0))
}

impl AdminView for Project {
    fn view(store: &Store, key: Key<Self>) -> Value {
        serde_json::to_value(body(store, key)).unwrap_or_default()
    }
}

fn body(store: &Store, key: Key<Project>) -> ProjectBody<'_> {
    let project = store.get(key);
    let is_default = key == Project::DEFAULT;
    let created_at = (!is_default).then_some(project.meta.created_at);
    ProjectBody {
        id: &project.meta.id,
        created_at,
        updated_at: created_at,
        name: &project.name,
        organization_id: organization(store),
        is_default,
    }
}

fn first_body(store: &Store, key: Key<Project>) -> FirstProjectBody<'_> {
    let ProjectBody { id, created_at, updated_at, name, organization_id, is_default } = body(store, key);
    FirstProjectBody { name, id, created_at, updated_at, organization_id, is_default }
}
