//! The bounded record of requests and responses, one ring a tenant, and how clients retried. Credentials are redacted when a
//! request is recorded.

mod body;
mod entry;
mod headers;
mod retries;
mod ring;

pub(crate) use entry::{Entry, FaultNote, FaultOutcome, Outcome};
pub(crate) use retries::Retries;
pub(crate) use ring::{Journal, Limits};
