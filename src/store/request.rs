//! What a handler is given of a request: checked, coerced, at a moment. It knows no operation.

use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::Conditions;
use crate::clock::Timestamp;
use crate::request::PathParams;

/// A request as its handler gets it.
#[derive(Debug)]
pub struct HandlerRequest {
    /// When.
    pub now: Timestamp,
    /// The values in the path.
    pub path: PathParams,
    /// The query's parameters; absent ones are left out.
    pub params: Map<String, Value>,
    /// The body's fields.
    pub body: Map<String, Value>,
    /// What the request is made to see.
    pub conditions: Conditions,
    /// How far back it sees its store.
    pub lag: Duration,
}

impl HandlerRequest {
    /// Says that the request is a read that lags, if it is made to.
    pub fn look_back(&mut self) {
        self.lag = self.conditions.lag.take().unwrap_or_default();
    }

    /// The project that the request names.
    pub(super) fn named_project(&self) -> Option<Uuid> {
        Uuid::try_parse(self.params.get("project_id")?.as_str()?).ok()
    }
}
