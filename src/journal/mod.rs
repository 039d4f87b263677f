//! What happened: the bounded record of requests and responses, one ring a tenant. Credentials never get in: no header is
//! kept. It never judges and never changes what it records.

mod entry;
mod retries;
mod ring;

pub use entry::{Entry, FaultNote, FaultOutcome, Outcome, Recorded};
pub use retries::{Attempt, Chain, Retries, Spacing};
pub use ring::{Journal, Limits};
