//! What one API key sees of an embedded server: the verbs that the helpers for other languages have too. They work
//! without a connection, whatever the setting `admin` says.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Error, MockServer, ReceivedRequest, RequestFilter, RetryReport};
use crate::admin;
use crate::journal::Entry;
use crate::response::Response;

/// One API key of a [`MockServer`], from [`MockServer::tenant`]. Give each test a key of its own.
#[derive(Debug, Clone, Copy)]
pub struct TenantHandle<'a> {
    server: &'a MockServer,
    key: &'a str,
}

impl MockServer {
    /// What this API key sees. A key is known from now on, so that its fault rules can be set before its first request.
    ///
    /// Errors: the key is not accepted (`api-key`), or there are too many (`max-tenants`).
    pub fn tenant<'a>(&'a self, key: &'a str) -> Result<TenantHandle<'a>, Error> {
        admin::create_tenant(&self.instance, key).map_err(|error| Error::Key(detail(&error.into())))?;
        Ok(TenantHandle { server: self, key })
    }
}

impl TenantHandle<'_> {
    /// The API key.
    pub fn key(&self) -> &str {
        self.key
    }

    /// Adds a fault rule for this key, such as `indexes.create status=429 first=1`.
    ///
    /// Errors: the rule is invalid, or there are too many.
    pub fn fault(&self, rule: &str) -> Result<(), Error> {
        self.post("faults", &json!({ "tenant": self.key, "rule": rule })).map_err(Error::FaultRule)
    }

    /// Advances the clock of this key.
    ///
    /// Errors: the clock cannot go so far.
    pub fn advance(&self, by: Duration) -> Result<(), Error> {
        let by = format!("{}ms", by.as_millis());
        self.post("clock/advance", &json!({ "tenant": self.key, "by": by })).map_err(Error::Clock)
    }

    /// The requests of this key with their responses, oldest first. A journal is bounded (`journal-entries`,
    /// `journal-bytes`): [`TenantHandle::dropped_requests`] counts those that are gone.
    pub fn received_requests(&self) -> Vec<ReceivedRequest> {
        self.recorded().0.into_iter().map(ReceivedRequest::from).collect()
    }

    /// Those of [`TenantHandle::received_requests`] that fit a filter.
    ///
    /// Errors: no request can fit it.
    pub fn matching_requests(&self, filter: &RequestFilter) -> Result<Vec<ReceivedRequest>, Error> {
        filter.apply(self.received_requests(), &self.server.instance.targets)
    }

    /// The number of requests that the journal has evicted.
    pub fn dropped_requests(&self) -> u64 {
        self.recorded().1
    }

    /// How this key repeated its requests: what `llamacloud-mock check` judges.
    pub fn retries(&self) -> RetryReport {
        let (entries, dropped) = self.recorded();
        RetryReport::of(&entries, dropped)
    }

    /// Forgets everything under this key: resources, journal, clock and the faults that were added for it.
    ///
    /// Errors: the key was unknown after a reset of all keys, and there are too many (`max-tenants`).
    pub fn reset(&self) -> Result<(), Error> {
        self.post("reset", &json!({ "tenant": self.key })).map_err(Error::Key)
    }

    /// The entries of the journal and the number of those that were evicted. A reset of all keys may have removed this
    /// one.
    fn recorded(&self) -> (Vec<Entry>, u64) {
        let Some(tenant) = self.server.instance.tenants.find(self.key) else { return Default::default() };
        let journal = &tenant.lock().journal;
        (journal.entries(), journal.dropped())
    }

    /// Sends a request to the admin API in this process. An error is the sentence of its refusal.
    fn post(&self, path: &str, body: &Value) -> Result<(), String> {
        let response = admin::post(&self.server.instance, &format!("/__admin/{path}"), body.to_string());
        if response.is_success() { Ok(()) } else { Err(detail(&response)) }
    }
}

/// The sentence of a refusal.
fn detail(response: &Response) -> String {
    let bytes = response.body.bytes();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    body["detail"].as_str().map_or_else(|| String::from_utf8_lossy(&bytes).into_owned(), str::to_owned)
}
