//! Lists and forgets the tenants, and gives them names. A name is that of a test, so that a reader of a report or of
//! the log knows which test a request is of. Several tenants may have one name.

use std::sync::Arc;

use serde::Serialize;

use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;
use crate::tenant::Tenant;

/// Maximum number of characters of a name.
const MAX_NAME_CHARS: usize = 256;

#[derive(Serialize)]
struct TenantsView {
    tenants: Vec<NamedTenant>,
}

#[derive(Serialize)]
struct NamedTenant {
    tenant: Arc<str>,
    /// `null` if it has none.
    name: Option<Arc<str>>,
}

impl From<&Tenant> for NamedTenant {
    fn from(tenant: &Tenant) -> Self {
        Self { tenant: Arc::clone(&tenant.label), name: tenant.name() }
    }
}

pub(super) fn list(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let tenants = read::tenants(instance, read::query(request, "tenant").as_deref())?;
    let tenants = tenants.iter().map(|tenant| NamedTenant::from(&**tenant)).collect();
    Ok(Response::json(200, &TenantsView { tenants }))
}

pub(super) fn name(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let (key, name) = (fields.required_text("key")?, fields.required_text("name")?);
    check_name(name).map_err(|problem| read::refusal(&ParseError::new("name", problem)))?;
    let tenant = read::tenant_in(instance, "key", key)?;
    tenant.set_name(name);
    Ok(Response::json(200, &NamedTenant::from(&*tenant)))
}

pub(super) fn forget(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let name = read::query(request, "tenant");
    let name = name.ok_or_else(|| read::refusal(&ParseError::new("tenant", "is missing")))?;
    instance.forget(&read::existing_tenant(instance, &name)?);
    Ok(Response::empty(204))
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(format!("has more than {MAX_NAME_CHARS} characters"));
    }
    let control = name.chars().find(|character| character.is_control());
    control.map_or(Ok(()), |control| Err(format!("has the control character U+{:04X}", u32::from(control))))
}
