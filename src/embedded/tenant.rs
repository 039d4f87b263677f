//! What one API key sees of an embedded server: the verbs that the helpers for other languages have too. They call the admin
//! API in this process, without a connection, and work whatever the setting `admin` says.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::MockServer;
use crate::admin;
use crate::request::{Head, Request};
use crate::response::Response;

/// One API key of a [`MockServer`], from [`MockServer::tenant`]. Give each test a key of its own.
#[derive(Debug, Clone, Copy)]
pub struct Tenant<'a> {
    server: &'a MockServer,
    key: &'a str,
}

impl MockServer {
    /// What this API key sees. A key is known from now on, so that its journal can be read before its first request.
    ///
    /// Errors: the key is not accepted (`api-key`), or there are too many (`max-tenants`).
    pub fn tenant<'a>(&'a self, key: &'a str) -> Result<Tenant<'a>, String> {
        admin::create_tenant(&self.instance, key).map_err(|error| text(&error.into()))?;
        Ok(Tenant { server: self, key })
    }
}

impl Tenant<'_> {
    /// The API key.
    pub fn key(&self) -> &str {
        self.key
    }

    /// Adds a fault rule for this key, such as `indexes.create status=429 first=1`.
    ///
    /// Errors: the rule is invalid.
    pub fn fault(&self, rule: &str) -> Result<(), String> {
        self.post("faults", &json!({"tenant": self.key, "rule": rule})).map(|_| ())
    }

    /// Advances the clock of this key.
    ///
    /// Errors: the clock follows real time (`clock`), or cannot go so far.
    pub fn advance(&self, by: Duration) -> Result<(), String> {
        let by = format!("{}ms", by.as_millis());
        self.post("clock/advance", &json!({"tenant": self.key, "by": by})).map(|_| ())
    }

    /// The requests of this key and their responses, as the JSON of `GET /__admin/journal`. Filters are its parameters:
    /// `[("operation", "indexes.create"), ("status", "429")]`.
    ///
    /// Errors: a filter is invalid.
    pub fn journal(&self, filters: &[(&str, &str)]) -> Result<String, String> {
        self.get("journal", filters)
    }

    /// How this key repeated its requests, as the JSON of `GET /__admin/retries`: what `llamacloud-mock check` judges.
    ///
    /// Errors: none that a test can cause.
    pub fn retries(&self) -> Result<String, String> {
        self.get("retries", &[])
    }

    /// Forgets everything under this key: resources, journal, clock and the faults that were added for it.
    ///
    /// Errors: none that a test can cause.
    pub fn reset(&self) -> Result<(), String> {
        self.post("reset", &json!({"tenant": self.key})).map(|_| ())
    }

    fn get(&self, path: &str, filters: &[(&str, &str)]) -> Result<String, String> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("tenant", self.key)
            .extend_pairs(filters)
            .finish();
        self.send(Method::GET, path, Some(query), Bytes::new())
    }

    fn post(&self, path: &str, body: &Value) -> Result<String, String> {
        self.send(Method::POST, path, None, body.to_string().into())
    }

    fn send(&self, method: Method, path: &str, query: Option<String>, body: Bytes) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let head = Head { method, path: format!("/__admin/{path}"), query, headers };
        let response = admin::handle(&self.server.instance, &Request { head, body });
        if response.is_success() { Ok(text(&response)) } else { Err(text(&response)) }
    }
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body.bytes()).into_owned()
}
