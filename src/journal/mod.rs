//! What happened: the bounded record of calls and replies, one ring a tenant. Credentials never get in: no header is
//! kept. It never judges and never changes what it records.

mod entry;
mod ring;
mod verify;

pub use entry::{Entry, Fate, FaultNote, Outcome, Recorded};
pub use ring::{Journal, Limits};
pub use verify::{Attempt, Chain, Retries, Spacing};
