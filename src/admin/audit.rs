//! What a request changes, for the log: the tenant, and what the request gives, without credentials.

use std::sync::Arc;

use serde_json::Value;

use super::access::tenant_names;
use super::read;
use super::route::{AdminBody, AdminRoute};
use crate::fault::Rule;
use crate::instance::Instance;
use crate::key_label;
use crate::request::Request;
use crate::response::AdminChange;

/// The change that a request asks for; `None` if it only reads.
pub(super) fn change(instance: &Instance, route: &AdminRoute, request: &Request) -> Option<Box<AdminChange>> {
    if !route.changes() {
        return None;
    }
    if matches!(route.body, AdminBody::Snapshot) {
        // It can be large, and names its tenants by their labels only.
        let given = format!("bytes={}", request.body.len());
        return Some(Box::new(AdminChange { tenant: None, tenant_name: None, given }));
    }
    let body = read::any_body(request).unwrap_or_default();
    let name = tenant_names(request, route.tenant_field()).ok()?.pop();
    let tenant = name.as_deref().and_then(|name| instance.existing_tenant(name));
    let label = |name: String| if key_label::is_label(&name) { name } else { key_label::label_of(&name) };
    let given = match route.body {
        AdminBody::FaultRule => rule(instance, &body),
        AdminBody::Fields(_) | AdminBody::Snapshot => fields(&body),
    };
    Some(Box::new(AdminChange {
        tenant_name: tenant.as_ref().and_then(|tenant| tenant.name()),
        tenant: tenant.map(|tenant| Arc::clone(&tenant.label)).or_else(|| name.map(|name| label(name).into())),
        given,
    }))
}

fn rule(instance: &Instance, body: &Value) -> String {
    Rule::from_json(body, &instance.targets).map_or_else(|_| String::new(), |rule| rule.to_string())
}

/// The fields that hold a value or a list of them, without those that name the tenant.
fn fields(body: &Value) -> String {
    let shown = body.as_object().into_iter().flatten().filter(|(name, _)| !["tenant", "key"].contains(&&***name));
    shown.filter_map(|(name, value)| Some(format!("{name}={}", text(value)?))).collect::<Vec<_>>().join(" ")
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join(",")),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
    }
}
