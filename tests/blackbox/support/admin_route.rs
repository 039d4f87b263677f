//! The routes of the admin API, as the program lists them, so that a test of all of them forgets none.

use serde_json::{Value, json};

use super::Client;

/// One row of the list of routes that the program gives.
#[derive(Debug)]
pub(crate) struct AdminRoute {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) scope: String,
    parameters: Vec<String>,
    fields: Vec<String>,
}

impl AdminRoute {
    /// All routes, as the program lists them.
    pub(crate) fn all(admin: &Client) -> Vec<Self> {
        let listed = admin.get("/__admin/").json();
        let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
        let route = |row: &Value| Self {
            method: text(row, "method"),
            path: text(row, "path"),
            scope: text(row, "scope"),
            parameters: texts(&row["parameters"]),
            fields: texts(&row["body"]),
        };
        listed["routes"].as_array().expect("a list").iter().map(route).collect()
    }

    /// The method and the path.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path with a name that exists.
    pub(crate) fn target(&self) -> String {
        let name = if self.path.contains("/scenarios/") { "flaky" } else { "rule-of-all" };
        self.path.replace("{name}", name)
    }

    /// The field that names the tenant, if there is one.
    fn tenant_field(&self) -> Option<&str> {
        ["key", "tenant"].into_iter().find(|name| self.fields.iter().any(|field| field == name))
    }

    /// What a request needs beside its tenant.
    pub(crate) fn body(&self) -> Value {
        match &*self.name() {
            "POST /__admin/tenants" => json!({ "name": "own-name" }),
            "PUT /__admin/clock" => json!({ "mode": "manual" }),
            "POST /__admin/clock/advance" => json!({ "by": "5s" }),
            "POST /__admin/listener" => json!({ "refuse": "1ms" }),
            "POST /__admin/check" => json!({ "no_litter": true }),
            "POST /__admin/verify" => json!({ "expect": "indexes.create" }),
            "POST /__admin/faults" | "PUT /__admin/faults/{name}" | "POST /__admin/faults/preview" => {
                json!({ "rule": "indexes.get status=503" })
            }
            "PATCH /__admin/faults/{name}" => json!({ "enabled": false }),
            "PUT /__admin/snapshot" => json!({ "version": 1, "seed": 1, "tenants": [] }),
            _ => json!({}),
        }
    }

    /// The target and the body of requests about a tenant: named in the query, and in the body, if it can be.
    pub(crate) fn requests_about(&self, tenant: &str) -> Vec<(String, Value)> {
        let mut requests = Vec::new();
        if self.parameters.iter().any(|name| name == "tenant") {
            requests.push((format!("{}?tenant={tenant}", self.target()), self.body()));
        }
        if let Some(field) = self.tenant_field() {
            let mut body = self.body();
            body[field] = tenant.into();
            requests.push((self.target(), body));
        }
        requests
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}
