//! Lists the resources that requests created and that are not deleted. Resources that were created implicitly are left
//! out.

use std::sync::Arc;

use serde::Serialize;

use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::Request;
use crate::response::Response;
use crate::tenant::Tenant;

#[derive(Serialize)]
struct LitterView {
    litter: Vec<Litter>,
}

#[derive(Serialize)]
pub(super) struct Litter {
    pub(super) tenant: String,
    /// Absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant_name: Option<Arc<str>>,
    /// The kind of the resource, such as `index`.
    pub(super) kind: String,
    pub(super) id: String,
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let tenants = read::tenants(instance, read::query(request, "tenant").as_deref())?;
    Ok(Response::json(200, &LitterView { litter: of(&tenants) }))
}

/// The litter of these tenants.
pub(super) fn of(tenants: &[Arc<Tenant>]) -> Vec<Litter> {
    let mut litter = Vec::new();
    for tenant in tenants {
        let mut state = tenant.lock();
        state.store.advance_to(tenant.clock.now());
        let created = state.store.created_by_requests();
        litter.extend(created.into_iter().map(|(kind, id)| Litter {
            tenant: tenant.label.to_string(),
            tenant_name: tenant.name(),
            kind: kind.name.to_lowercase(),
            id: id.to_string(),
        }));
    }
    litter
}
