//! How the gaps between attempts vary: whether clients that failed together try again together.

use serde::Serialize;

use super::retries::{RetryChain, millis};

/// Gaps that differ by less than this share of the longest are in lockstep; the official SDKs vary theirs by a quarter.
const LOCKSTEP_SHARE: f64 = 0.02;

/// How the gaps before one attempt vary between chains.
#[derive(Debug, Clone, Serialize)]
pub struct Spacing {
    /// The number of the attempt, from 2.
    pub attempt: usize,
    /// The number of chains that have it, without those whose previous response asked for a wait.
    pub chains: usize,
    /// The shortest gap, in milliseconds.
    pub least_ms: u64,
    /// The longest gap, in milliseconds.
    pub most_ms: u64,
    /// `lockstep` or `jitter`; `null` for a single chain.
    pub verdict: Option<&'static str>,
}

/// How the gaps of these chains vary, by attempt.
pub(super) fn spacing(chains: &[RetryChain]) -> Vec<Spacing> {
    let longest = chains.iter().map(|chain| chain.attempts.len()).max().unwrap_or(0);
    (2..=longest).filter_map(|attempt| spacing_of(chains, attempt)).collect()
}

fn spacing_of(chains: &[RetryChain], attempt: usize) -> Option<Spacing> {
    let attempts = chains.iter().filter_map(|chain| chain.attempts.get(attempt - 1));
    let without_promise = attempts.filter(|attempt| attempt.promised_wait.is_none());
    let gaps: Vec<u64> = without_promise.filter_map(|attempt| attempt.gap.map(millis)).collect();
    let (least_ms, most_ms) = (*gaps.iter().min()?, *gaps.iter().max()?);
    let verdict = (gaps.len() > 1).then(|| if is_lockstep(least_ms, most_ms) { "lockstep" } else { "jitter" });
    Some(Spacing { attempt, chains: gaps.len(), least_ms, most_ms, verdict })
}

#[expect(clippy::cast_precision_loss, reason = "a share of a gap; no digit beyond the tenth matters")]
fn is_lockstep(least_ms: u64, most_ms: u64) -> bool {
    (most_ms - least_ms) as f64 <= most_ms as f64 * LOCKSTEP_SHARE
}
