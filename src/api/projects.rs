//! Projects: listed and shown, in both versions of the API. Clients list them to test a key.

use serde::{Deserialize, Serialize};

use super::paging::{PageBody, PageParams};
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::operation::{Answer, Operation};
use crate::response::Payload;
use crate::seed;
use crate::store::state_faults::StateFault;
use crate::store::{Id, Kind, Prefix, Project, Scope, Store};

/// The name of the list of projects, which its page tokens are valid for.
const LIST: &str = "v2_projects.list";

/// The rows of projects.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "projects.list",
        summary: "Lists projects.",
        path: "/api/v1/projects",
        resource: Kind::Project,
        response: Some("project_list"),
        state_faults: &[StateFault::Lag],
        handler: Some(|scope, request| Ok(Answer::Payload(list(scope, &request.params()?)))),
        ..Operation::READ
    },
    Operation {
        name: "projects.get",
        summary: "Shows a project.",
        path: "/api/v1/projects/{project_id:uuid}",
        resource: Kind::Project,
        response: Some("project"),
        state_faults: &[StateFault::Lag],
        handler: Some(|scope, request| get_first(scope, &request.params()?).map(Answer::Payload)),
        ..Operation::READ
    },
    Operation {
        name: LIST,
        summary: "Lists projects, by page.",
        path: "/api/v2/projects",
        resource: Kind::Project,
        response: Some("project_page"),
        handler: Some(|scope, request| list_pages(scope, &request.params()?, &request.params()?).map(Answer::Payload)),
        ..Operation::LIST
    },
    Operation {
        name: "v2_projects.get",
        summary: "Shows a project.",
        path: "/api/v2/projects/{project_id:uuid}",
        resource: Kind::Project,
        response: Some("project"),
        state_faults: &[StateFault::Lag],
        handler: Some(|scope, request| get(scope, &request.params()?).map(Answer::Payload)),
        ..Operation::READ
    },
];

#[derive(Deserialize)]
struct ProjectPath {
    project_id: String,
}

/// Which projects a list shows.
#[derive(Deserialize)]
struct ProjectFilter {
    organization_id: Option<String>,
    /// Of the first version.
    project_name: Option<String>,
    /// Of the second version.
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

/// The same in the order of the first version's contract.
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
    fn accepts(&self, project: &Project, organization: &Id) -> bool {
        let name = self.project_name.as_deref().or(self.name.as_deref());
        name.is_none_or(|name| *project.name == *name)
            && self.organization_id.as_deref().is_none_or(|id| Id::parse(id) == *organization)
    }
}

/// Lists all projects, oldest first: the default project is the first.
fn list(scope: &mut Scope<'_>, filter: &ProjectFilter) -> Payload {
    let organization = organization(scope.store);
    let ordinals = scope.store.ordinals::<Project>().into_iter();
    let accepted = ordinals.filter(|ordinal| filter.accepts(scope.store.get(*ordinal), &organization));
    let projects: Vec<_> = accepted.map(|ordinal| first_body(scope.store, ordinal)).collect();
    Payload::json(&projects)
}

fn list_pages(scope: &mut Scope<'_>, filter: &ProjectFilter, page: &PageParams) -> Result<Payload, ApiError> {
    let request = page.page(LIST, "query", &scope.store.policy)?;
    let organization = organization(scope.store);
    let accepted: Vec<u64> = {
        let ordinals = scope.store.ordinals::<Project>().into_iter();
        ordinals.filter(|ordinal| filter.accepts(scope.store.get(*ordinal), &organization)).collect()
    };
    let found = scope.page_of(request, accepted.into_iter());
    let found = page.refuse_token(found, "query", scope)?;
    let items = found.ordinals.iter().map(|ordinal| body(scope.store, *ordinal)).collect();
    Ok(Payload::json(&PageBody::new(items, found.next_token)))
}

fn get_first(scope: &mut Scope<'_>, path: &ProjectPath) -> Result<Payload, ApiError> {
    let ordinal = scope.resolve::<Project>(&path.project_id)?;
    Ok(Payload::json(&first_body(scope.store, ordinal)))
}

fn get(scope: &mut Scope<'_>, path: &ProjectPath) -> Result<Payload, ApiError> {
    let ordinal = scope.resolve::<Project>(&path.project_id)?;
    Ok(Payload::json(&body(scope.store, ordinal)))
}

/// The organization of all projects of a tenant.
fn organization(store: &Store) -> Id {
    Id::Minted(Prefix::Bare, seed::uuid(&mut store.seed.stream("organization", 0)))
}

/// Every project as the admin state shows it, oldest first.
pub(super) fn state(store: &mut Store, _now: Timestamp) -> Vec<serde_json::Value> {
    store.ordinals::<Project>().into_iter().map(|ordinal| store.project_id(ordinal).to_string().into()).collect()
}

fn body(store: &Store, ordinal: u64) -> ProjectBody<'_> {
    let project: &Project = store.get(ordinal);
    ProjectBody {
        id: &project.id,
        created_at: project.created,
        updated_at: project.created,
        name: &project.name,
        organization_id: organization(store),
        is_default: project.created.is_none(),
    }
}

fn first_body(store: &Store, ordinal: u64) -> FirstProjectBody<'_> {
    let ProjectBody { id, created_at, updated_at, name, organization_id, is_default } = body(store, ordinal);
    FirstProjectBody { name, id, created_at, updated_at, organization_id, is_default }
}
