//! The bounded record of requests and responses, one ring a tenant, and how clients retried. Credentials are redacted
//! when an entry is shown.

mod body;
mod entry;
mod expectation;
mod feed;
mod filter;
mod headers;
mod retries;
mod ring;
mod spacing;
mod text_search;

pub(crate) use body::RecordedBody;
pub(crate) use entry::Entry;
pub use entry::{FaultNote, FaultOutcome, Outcome};
pub(crate) use expectation::{CountRange, Expectation, ExpectationSubject, Vocabulary};
pub(crate) use feed::{Feed, Follower, MAX_FOLLOWERS, Publication};
pub(crate) use filter::{Difference, Filter, Fit};
pub use retries::{DuplicateWrite, RetryAttempt, RetryChain, RetryReport};
pub(crate) use retries::{RequestKey, key_of};
pub(crate) use ring::{Journal, Limits};
pub use spacing::Spacing;
