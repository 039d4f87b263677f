//! How a key repeated its requests, as a test asks for it.

use std::time::Duration;

use crate::journal::{Attempt, Chain, Outcome, Retries, Spacing};
use crate::redact;

/// How a key repeated its requests.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryReport {
    /// The number of requests that were sent once.
    pub single_calls: usize,
    /// The requests that were sent more than once.
    pub chains: Vec<RetryChain>,
    /// How the gaps before one attempt vary between chains.
    pub spacing: Vec<Spacing>,
    /// The number of requests that are not judged, because the journal has evicted them.
    pub dropped: u64,
}

/// One request and its retries.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryChain {
    /// The name of its operation.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// Its attempts, in order.
    pub attempts: Vec<RetryAttempt>,
    /// The number of attempts that were sent before the wait was over that the response before them had asked for.
    pub early_retries: usize,
    /// The number of attempts after a success, or after a refusal that clients do not retry.
    pub needless_retries: usize,
    /// The number of resources that were created beyond the first.
    pub duplicate_writes: usize,
}

/// One attempt of a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryAttempt {
    /// Its number among the requests of the key.
    pub seq: u64,
    /// The status of its response; `None` if a fault broke the connection before there was one.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// The time since the attempt before it.
    pub gap: Option<Duration>,
    /// The wait that the response before it had asked for.
    pub promised_wait: Option<Duration>,
}

impl From<Retries<'_>> for RetryReport {
    fn from(retries: Retries<'_>) -> Self {
        Self {
            single_calls: retries.single_calls,
            chains: retries.chains.iter().map(RetryChain::from).collect(),
            spacing: retries.spacing,
            dropped: retries.dropped,
        }
    }
}

impl From<&Chain<'_>> for RetryChain {
    fn from(chain: &Chain<'_>) -> Self {
        Self {
            operation: chain.operation,
            method: chain.method.to_owned(),
            path: redact::masked_target(chain.path).into_owned(),
            attempts: chain.attempts.iter().map(RetryAttempt::from).collect(),
            early_retries: chain.early_retries,
            needless_retries: chain.needless_retries,
            duplicate_writes: chain.duplicate_writes,
        }
    }
}

impl From<&Attempt<'_>> for RetryAttempt {
    fn from(attempt: &Attempt<'_>) -> Self {
        Self {
            seq: attempt.seq,
            status: attempt.status,
            outcome: attempt.outcome,
            gap: attempt.gap_ms.map(Duration::from_millis),
            promised_wait: attempt.promised_ms.map(Duration::from_millis),
        }
    }
}
