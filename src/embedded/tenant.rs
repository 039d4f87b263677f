//! What one API key sees of an embedded server: the verbs that the helpers for other languages have too. They work
//! without a connection, whatever the setting `admin` says.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Error, MockServer, ReceivedRequest, RequestFilter, RetryReport};
use crate::admin;
use crate::error::detail_of;
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
    /// In reports it has the name of the thread that asks first, which the test harness calls like the test.
    ///
    /// Errors: the key is not accepted (`api-key`), or there are too many (`max-tenants`).
    pub fn tenant<'a>(&'a self, key: &'a str) -> Result<TenantHandle<'a>, Error> {
        admin::create_tenant(&self.instance, key).map_err(|error| Error::Key(detail(&error.into())))?;
        let tenant = TenantHandle { server: self, key };
        tenant.take_name_of_thread();
        Ok(tenant)
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
        let added = self.post("faults", &json!({ "tenant": self.key, "rule": rule }));
        added.map(drop).map_err(|refusal| Error::FaultRule(detail(&refusal)))
    }

    /// Advances the clock of this key.
    ///
    /// Errors: the clock cannot go so far.
    pub fn advance(&self, by: Duration) -> Result<(), Error> {
        let by = format!("{}ms", by.as_millis());
        let advanced = self.post("clock/advance", &json!({ "tenant": self.key, "by": by }));
        advanced.map(drop).map_err(|refusal| Error::Clock(detail(&refusal)))
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

    /// Judges one expectation, a line such as `indexes.create status=201 count=1`: the number of requests or resources
    /// that are as it says.
    ///
    /// Errors: it is not met, or this cannot be told, because requests were evicted or have not ended, or it is
    /// invalid. The text of [`Error::Unmet`] says what was seen, and what is nearest.
    pub fn verify(&self, expectation: &str) -> Result<usize, Error> {
        let verdict = self.post("verify", &json!({ "tenant": self.key, "expect": expectation }));
        let body = verdict.map_err(|refusal| match refusal.code() {
            Some(409 | 412) => Error::Unmet(format!("{expectation}: {}", detail(&refusal))),
            _ => Error::Expectation(detail(&refusal)),
        })?;
        Ok(body["count"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default())
    }

    /// How this key repeated its requests: what `llamacloud-mock check` judges.
    pub fn retries(&self) -> RetryReport {
        let (entries, dropped) = self.recorded();
        RetryReport::of(&entries, dropped)
    }

    /// Forgets everything under this key: resources, journal, clock and the faults that were added for it. What a world
    /// describes is there again.
    ///
    /// Errors: the key was unknown after a reset of all keys, and there are too many (`max-tenants`); or there is no
    /// room for its world (`max-state-bytes`).
    pub fn reset(&self) -> Result<(), Error> {
        let done = self.post("reset", &json!({ "tenant": self.key }));
        done.map(drop).map_err(|refusal| Error::Key(detail(&refusal)))
    }

    /// Forgets the key itself after its last use, which frees its place (`max-tenants`) for the keys of other tests.
    /// Requests that a fault rule holds or delays end.
    pub fn forget(&self) {
        if let Some(tenant) = self.server.instance.tenants.find(self.key) {
            self.server.instance.forget(&tenant);
        }
    }

    /// The entries of the journal and the number of those that were evicted. A reset of all keys may have removed this
    /// one.
    fn recorded(&self) -> (Vec<Entry>, u64) {
        let Some(tenant) = self.server.instance.tenants.find(self.key) else { return Default::default() };
        let journal = &tenant.lock().journal;
        (journal.entries(), journal.dropped())
    }

    /// Gives the key the name of this thread, unless it has a name. The main thread is of no test.
    fn take_name_of_thread(&self) {
        let thread = thread::current();
        let Some(name) = thread.name().filter(|name| *name != "main") else { return };
        if let Some(tenant) = self.server.instance.tenants.find(self.key).filter(|tenant| tenant.name().is_none()) {
            tenant.set_name(name);
        }
    }

    /// Sends a request to the admin API in this process, and returns the JSON of its response, or its refusal.
    fn post(&self, path: &str, body: &Value) -> Result<Value, Box<Response>> {
        let path = format!("{}/{path}", admin::PREFIX);
        let response = admin::post_settled(&self.server.instance, &path, &body.to_string(), thread::sleep);
        if !response.is_success() {
            return Err(Box::new(response));
        }
        Ok(serde_json::from_slice(&response.body.bytes()).unwrap_or_default())
    }
}

/// The sentence of a refusal.
fn detail(response: &Response) -> String {
    let body = response.body.bytes();
    detail_of(&body).unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned())
}
