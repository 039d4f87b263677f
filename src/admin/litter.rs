//! Lists the resources that requests created and that are not deleted. Resources that were created implicitly are left
//! out.

use serde::Serialize;

use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::Request;
use crate::response::Response;

#[derive(Serialize)]
struct LitterView {
    litter: Vec<Litter>,
}

#[derive(Serialize)]
struct Litter {
    tenant: String,
    /// The kind of the resource, such as `index`.
    kind: String,
    id: String,
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let mut litter = Vec::new();
    for tenant in read::tenants(instance, read::query(request, "tenant").as_deref())? {
        let mut state = tenant.lock();
        state.store.advance_to(tenant.clock.now());
        let created = state.store.created_by_requests();
        litter.extend(created.into_iter().map(|(kind, id)| Litter {
            tenant: tenant.label.to_string(),
            kind: kind.name.to_lowercase(),
            id: id.to_string(),
        }));
    }
    Ok(Response::json(200, &LitterView { litter }))
}
