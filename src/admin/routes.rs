//! The table of the admin API.

use std::borrow::Cow;
use std::collections::BTreeSet;

use http::Method;
use serde::Serialize;

use super::route::{AdminBody, AdminRoute, RouteScope};
use super::{
    PREFIX, check, chunks, clock, config, drift, faults, har, journal, journal_stream, listener, litter, metrics,
    operations, preview, reload, retries, scenarios, snapshot, state, tenants, verify,
};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::Request;
use crate::response::Response;
use crate::suggest;

/// The fields that the rows have in common.
const ROW: AdminRoute = AdminRoute {
    method: Method::GET,
    path: "",
    parameters: &[],
    body: AdminBody::Fields(&[]),
    scope: RouteScope::Server,
    description: "",
    handler: list,
};

const ROUTES: &[AdminRoute] = &[
    AdminRoute {
        path: "/",
        scope: RouteScope::Program,
        description: "Lists the routes of the admin API.",
        handler: list,
        ..ROW
    },
    AdminRoute {
        path: "/state",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Shows the resources of each tenant, and the number of requests by operation.",
        handler: state::show,
        ..ROW
    },
    AdminRoute {
        path: "/state/files/{id}/chunks",
        parameters: &["tenant", "from", "limit"],
        scope: RouteScope::Reads,
        description: "Shows the chunks of a file of a directory.",
        handler: chunks::show,
        ..ROW
    },
    AdminRoute {
        method: Method::POST,
        path: "/reset",
        parameters: &["tenant"],
        body: AdminBody::Fields(&["tenant", "parts"]),
        scope: RouteScope::Changes,
        description: "Resets the parts state, journal, clock and faults, by default all; creates a missing tenant.",
        handler: state::reset,
    },
    AdminRoute {
        path: "/snapshot",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Shows all that tenants have, for an exact copy.",
        handler: snapshot::show,
        ..ROW
    },
    AdminRoute {
        method: Method::PUT,
        path: "/snapshot",
        body: AdminBody::Snapshot,
        description: "Replaces the tenants of a snapshot, and sets their clocks.",
        handler: snapshot::put,
        ..ROW
    },
    AdminRoute {
        path: "/tenants",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Lists the tenants with their names.",
        handler: tenants::list,
        ..ROW
    },
    AdminRoute {
        method: Method::POST,
        path: "/tenants",
        body: AdminBody::Fields(&["key", "name"]),
        scope: RouteScope::Changes,
        description: "Gives the tenant of a key a name, such as that of a test; creates a missing tenant.",
        handler: tenants::name,
        ..ROW
    },
    AdminRoute {
        method: Method::DELETE,
        path: "/tenants",
        parameters: &["tenant"],
        scope: RouteScope::Changes,
        description: "Forgets a tenant, which frees its place; a request with its key creates it anew.",
        handler: tenants::forget,
        ..ROW
    },
    AdminRoute {
        path: "/clock",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Shows a clock.",
        handler: clock::show,
        ..ROW
    },
    AdminRoute {
        method: Method::PUT,
        path: "/clock",
        parameters: &["tenant"],
        body: AdminBody::Fields(&["tenant", "mode", "now"]),
        scope: RouteScope::Changes,
        description: "Sets the mode (real, manual, auto) and the time of clocks.",
        handler: clock::set,
    },
    AdminRoute {
        method: Method::POST,
        path: "/clock/advance",
        parameters: &["tenant"],
        body: AdminBody::Fields(&["tenant", "by"]),
        scope: RouteScope::Changes,
        description: "Advances clocks by a duration such as 5s.",
        handler: clock::advance,
    },
    AdminRoute {
        path: "/journal",
        parameters: journal::PARAMETERS,
        scope: RouteScope::Reads,
        description: "Lists recorded requests with their responses, and counts those evicted.",
        handler: journal::show,
        ..ROW
    },
    AdminRoute {
        path: "/journal.har",
        parameters: journal::PARAMETERS,
        scope: RouteScope::Reads,
        description: "Shows the journal as an HTTP archive (HAR 1.2).",
        handler: har::show,
        ..ROW
    },
    AdminRoute {
        path: "/journal/stream",
        parameters: journal::FILTERS,
        scope: RouteScope::Reads,
        description: "Streams recorded requests as server-sent events, from their admission on.",
        handler: journal_stream::open,
        ..ROW
    },
    AdminRoute {
        path: "/operations",
        scope: RouteScope::Program,
        description: "Lists the operations of the real API, and which of them are emulated.",
        handler: operations::show,
        ..ROW
    },
    AdminRoute {
        method: Method::POST,
        path: "/listener",
        body: AdminBody::Fields(&["refuse"]),
        description: "Refuses connections for a duration of real time such as 5s.",
        handler: listener::refuse,
        ..ROW
    },
    AdminRoute {
        method: Method::POST,
        path: "/reload",
        description: "Reads scenarios with their rules, and worlds, from their files again.",
        handler: reload::reload,
        ..ROW
    },
    AdminRoute {
        path: "/drift",
        description: "Lists what clients sent and the contract does not know, with counts.",
        handler: drift::show,
        ..ROW
    },
    AdminRoute {
        path: "/metrics",
        description: "Shows the counters of the server in the text format of Prometheus.",
        handler: metrics::show,
        ..ROW
    },
    AdminRoute { path: "/config", description: "Lists the settings with their sources.", handler: config::show, ..ROW },
    AdminRoute {
        path: "/retries",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Shows how clients retried.",
        handler: retries::show,
        ..ROW
    },
    AdminRoute {
        path: "/litter",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Lists the resources that requests created and that are not deleted.",
        handler: litter::show,
        ..ROW
    },
    AdminRoute {
        method: Method::POST,
        path: "/check",
        parameters: &["tenant"],
        body: AdminBody::Fields(check::FIELDS),
        scope: RouteScope::Reads,
        description: "Judges requests, rules and resources by expectations, as the subcommand check does.",
        handler: check::check,
    },
    AdminRoute {
        method: Method::POST,
        path: "/verify",
        parameters: &["tenant"],
        body: AdminBody::Fields(&["expect", "tenant", "within", "misses"]),
        scope: RouteScope::Reads,
        description: "Judges one expectation, and waits for it up to a time.",
        handler: verify::verify,
    },
    AdminRoute {
        path: "/scenarios",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Lists the scenarios with their rules, and which are active.",
        handler: scenarios::list,
        ..ROW
    },
    AdminRoute {
        method: Method::POST,
        path: "/scenarios/{name}",
        parameters: &["tenant"],
        body: AdminBody::Fields(&["tenant"]),
        scope: RouteScope::Changes,
        description: "Adds the rules of a scenario.",
        handler: scenarios::start,
    },
    AdminRoute {
        method: Method::DELETE,
        path: "/scenarios/{name}",
        parameters: &["tenant"],
        body: AdminBody::Fields(&["tenant"]),
        scope: RouteScope::Changes,
        description: "Removes the rules of a scenario.",
        handler: scenarios::stop,
    },
    AdminRoute {
        path: "/faults",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Lists fault rules with their counts.",
        handler: faults::list,
        ..ROW
    },
    AdminRoute {
        method: Method::POST,
        path: "/faults",
        parameters: &["tenant"],
        body: AdminBody::FaultRule,
        scope: RouteScope::Changes,
        description: "Adds a fault rule.",
        handler: faults::add,
    },
    AdminRoute {
        method: Method::DELETE,
        path: "/faults",
        parameters: &["tenant"],
        scope: RouteScope::Changes,
        description: "Removes all fault rules.",
        handler: faults::clear,
        ..ROW
    },
    AdminRoute {
        method: Method::POST,
        path: "/faults/preview",
        parameters: &["tenant"],
        body: AdminBody::FaultRule,
        scope: RouteScope::Reads,
        description: "Says which recorded requests a fault rule would have struck.",
        handler: preview::show,
    },
    AdminRoute {
        method: Method::PATCH,
        path: "/faults/{name}",
        parameters: &["tenant"],
        body: AdminBody::Fields(&["enabled"]),
        scope: RouteScope::Changes,
        description: "Switches a fault rule on or off.",
        handler: faults::switch,
    },
    AdminRoute {
        path: "/faults/{name}",
        parameters: &["tenant"],
        scope: RouteScope::Reads,
        description: "Shows a fault rule with its counts.",
        handler: faults::show,
        ..ROW
    },
    AdminRoute {
        method: Method::PUT,
        path: "/faults/{name}",
        parameters: &["tenant"],
        body: AdminBody::FaultRule,
        scope: RouteScope::Changes,
        description: "Adds or replaces a fault rule.",
        handler: faults::put,
    },
    AdminRoute {
        method: Method::DELETE,
        path: "/faults/{name}",
        parameters: &["tenant"],
        scope: RouteScope::Changes,
        description: "Removes a fault rule.",
        handler: faults::remove,
        ..ROW
    },
];

#[derive(Serialize)]
struct RoutesView {
    routes: Vec<RouteView>,
}

#[derive(Serialize)]
struct RouteView {
    method: &'static str,
    path: String,
    parameters: &'static [&'static str],
    /// The fields of the body.
    body: &'static [&'static str],
    scope: RouteScope,
    description: &'static str,
}

#[expect(clippy::unnecessary_wraps, reason = "the table holds handlers that can fail")]
fn list(_: &Instance, _: &Request) -> Result<Response, ApiError> {
    let view = |route: &'static AdminRoute| RouteView {
        method: route.method.as_str(),
        path: format!("{PREFIX}{}", route.path),
        parameters: route.parameters,
        body: match route.body {
            AdminBody::Fields(fields) => fields,
            AdminBody::FaultRule => &["rule", "tenant"],
            AdminBody::Snapshot => &["version", "seed", "tenants"],
        },
        scope: route.scope,
        description: route.description,
    };
    Ok(Response::json(200, &RoutesView { routes: ROUTES.iter().map(view).collect() }))
}

/// The route of a method and a path below [`PREFIX`]; an error with 404 or 405 if there is none.
pub(super) fn find(method: &Method, below: &str) -> Result<&'static AdminRoute, ApiError> {
    let path = if below.is_empty() { "/" } else { below };
    let at_path = || ROUTES.iter().filter(|route| route.is_at(path));
    if let Some(route) = at_path().find(|route| route.method == *method) {
        return Ok(route);
    }
    let allowed: BTreeSet<&str> = at_path().map(|route| route.method.as_str()).collect();
    if allowed.is_empty() {
        return Err(not_found(path));
    }
    let allow = Cow::Owned(allowed.into_iter().collect::<Vec<_>>().join(", "));
    Err(ApiError { allow: Some(allow), ..ApiError::text(405, "Method Not Allowed") })
}

fn not_found(path: &str) -> ApiError {
    let nearest = suggest::nearest(path, ROUTES.iter().map(|route| route.path));
    let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean {PREFIX}{nearest}?"));
    ApiError::text(404, format!("{PREFIX}{path}: Not Found{hint}"))
}
