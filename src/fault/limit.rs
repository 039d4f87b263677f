//! The token bucket of `limit=`: time adds tokens, and each request takes one.

use std::time::Duration;

use crate::clock::Timestamp;

/// How fast a bucket fills, and how many tokens it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateLimit {
    pub(super) requests: u64,
    pub(super) per: Duration,
    pub(super) capacity: u64,
}

/// A bucket of tokens; every request takes one.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenBucket {
    limit: RateLimit,
    tokens: f64,
    filled_at: Timestamp,
}

impl TokenBucket {
    /// A full bucket.
    pub(super) fn full(limit: RateLimit, now: Timestamp) -> Self {
        Self { limit, tokens: as_float(limit.capacity), filled_at: now }
    }

    /// Takes a token; the error is how long until there is one.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let per_second = as_float(self.limit.requests) / self.limit.per.as_secs_f64();
        let added = now.since(self.filled_at).as_secs_f64() * per_second;
        self.tokens = (self.tokens + added).min(as_float(self.limit.capacity));
        self.filled_at = now;
        // Timestamps are in whole microseconds: a client that retries at the announced time gets its token in spite of
        // rounding errors.
        if self.tokens > 1.0 - 1e-9 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let micros = ((1.0 - self.tokens) / per_second * 1e6).ceil();
        Err(Duration::try_from_secs_f64(micros / 1e6).unwrap_or(self.limit.per))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bucket of 2^53 tokens is never empty")]
fn as_float(number: u64) -> f64 {
    number as f64
}
