//! Projects: listed and shown, in two versions of the API.

use http::Method;

use super::placeholder;
use crate::operation::{Authentication, BodyKind, Effect, Emulation, Operation};
use crate::store::Kind;
use crate::store::state_faults::StateFault;

/// The rows of projects.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "projects.list",
        summary: "Lists projects.",
        method: Method::GET,
        path: "/api/v1/projects",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::Project,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "projects.list.params",
            body: None,
            status: 200,
            response: Some("project_list"),
            state_faults: &[StateFault::Lag],
            handler: placeholder::respond,
        }),
    },
    Operation {
        name: "projects.get",
        summary: "Shows a project.",
        method: Method::GET,
        path: "/api/v1/projects/{project_id:uuid}",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::Project,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "projects.get.params",
            body: None,
            status: 200,
            response: Some("project"),
            state_faults: &[StateFault::Lag, StateFault::Vanish],
            handler: placeholder::respond,
        }),
    },
    Operation {
        name: "v2_projects.list",
        summary: "Lists projects, by page.",
        method: Method::GET,
        path: "/api/v2/projects",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::Project,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "v2_projects.list.params",
            body: None,
            status: 200,
            response: Some("project_page"),
            state_faults: &[StateFault::Lag, StateFault::Page],
            handler: placeholder::respond,
        }),
    },
    Operation {
        name: "v2_projects.get",
        summary: "Shows a project.",
        method: Method::GET,
        path: "/api/v2/projects/{project_id:uuid}",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::Project,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "v2_projects.get.params",
            body: None,
            status: 200,
            response: Some("project"),
            state_faults: &[StateFault::Lag, StateFault::Vanish],
            handler: placeholder::respond,
        }),
    },
];
