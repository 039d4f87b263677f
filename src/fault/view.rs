//! What rules see of a request. It is read only: no rule changes a request.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;

use super::response::Waits;
use crate::clock::Timestamp;
use crate::request::Head;
use crate::schema::read_value;
use crate::seed::Seed;

/// What rules see of a request.
#[derive(Debug)]
pub struct RequestView<'a> {
    /// The operation's position in the table.
    pub operation: usize,
    /// The label of its key.
    pub key: Cow<'a, str>,
    /// Its head.
    pub head: &'a Head,
    /// Its body; empty while that is not read yet.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
    /// When the tenant's first request came.
    pub first_call: Timestamp,
    /// The tenant's requests that are open, this one too.
    pub open_calls: usize,
    /// The tenant's indexes.
    pub indexes: usize,
    /// The tenant's streams of chance.
    pub seed: &'a Seed,
    /// How waits are promised.
    pub waits: Waits,
    json: OnceCell<Option<Value>>,
}

impl<'a> RequestView<'a> {
    /// A view without a body.
    pub fn new(operation: usize, (key, seed): (Cow<'a, str>, &'a Seed), head: &'a Head, now: Timestamp) -> Self {
        Self {
            operation,
            key,
            head,
            body: &[],
            now,
            first_call: now,
            open_calls: 1,
            indexes: 0,
            seed,
            waits: Waits::Real,
            json: OnceCell::new(),
        }
    }

    /// Which try of its caller this is, from 1, as the official SDKs say.
    pub fn attempt(&self) -> u64 {
        self.head
            .header("x-stainless-retry-count")
            .and_then(|count| count.parse::<u64>().ok())
            .unwrap_or(0)
            .saturating_add(1)
    }

    pub(super) fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| read_value(self.body).ok()).as_ref()
    }
}
