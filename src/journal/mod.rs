//! The bounded record of requests and responses, one ring a tenant, and how clients retried. Credentials are redacted when a
//! request is recorded.

mod body;
mod entry;
mod headers;
mod retries;
mod ring;

pub use body::RecordedBody;
pub use entry::{Entry, FaultNote, FaultOutcome, Outcome};
pub use headers::RecordedHeaders;
pub use retries::{Attempt, Chain, Retries, Spacing};
pub use ring::{Journal, Limits};
