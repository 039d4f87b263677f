//! Retries judged: the requests of a journal put into chains, and what each chain did between its attempts. It only reads.
//!
//! The official SDKs say in `x-stainless-retry-count` how often a request was tried before. Of other clients a request counts as
//! a retry when the same request failed in a way that is worth another try, and not long before.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::entry::{Entry, Outcome};

/// How long after a failure the same request still counts as a retry, for clients that do not say so.
const PATIENCE: Duration = Duration::from_mins(2);

/// Calls alike that can be retried side by side and still be told apart.
const MAX_OPEN_CHAINS: usize = 256;

/// Gaps that differ by less than this share of the longest are in lockstep: the official SDKs spread theirs by a quarter.
const LOCKSTEP_SHARE: f64 = 0.02;

/// What the retries of some requests came to.
#[derive(Debug, Default, Serialize)]
pub struct Retries<'a> {
    /// Calls that were tried once.
    pub single_calls: usize,
    /// Calls that were tried more often.
    pub chains: Vec<Chain<'a>>,
    /// How chains spread their gaps, by attempt.
    pub spacing: Vec<Spacing>,
    /// Calls that are no longer in the journal, and are not judged.
    pub dropped: u64,
}

/// One request and its retries.
#[derive(Debug, Serialize)]
pub struct Chain<'a> {
    /// Whose.
    pub tenant: Option<&'a str>,
    /// What it was.
    pub operation: Option<&'a str>,
    /// The HTTP method.
    pub method: &'a str,
    /// The path and the query.
    pub path: &'a str,
    /// Its tries, in order.
    pub attempts: Vec<Attempt<'a>>,
    /// Tries that came sooner than the answer before them had asked for.
    pub early_retries: usize,
    /// Tries of what was done, or was refused for good.
    pub needless_retries: usize,
    /// Things that were made beyond the first, because an answer was lost.
    pub duplicate_writes: usize,
    #[serde(skip)]
    last: &'a Entry,
}

/// One try.
#[derive(Debug, Serialize)]
pub struct Attempt<'a> {
    /// Its number in the journal.
    pub seq: u64,
    /// The status of its answer.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long after the try before it came, in milliseconds.
    pub gap_ms: Option<u64>,
    /// The wait that the answer before it had asked for, in milliseconds.
    pub promised_ms: Option<u64>,
    #[serde(skip)]
    entry: &'a Entry,
}

/// How the gaps before one attempt are spread over chains.
#[derive(Debug, Serialize)]
pub struct Spacing {
    /// Which try, from 2.
    pub attempt: usize,
    /// How many chains have it, without those that were told how long to wait.
    pub chains: usize,
    /// The shortest gap, in milliseconds.
    pub least_ms: u64,
    /// The longest gap, in milliseconds.
    pub most_ms: u64,
    /// `lockstep` or `jitter`; `null` for a single chain.
    pub verdict: Option<&'static str>,
}

impl<'a> Retries<'a> {
    /// Puts `entries`, oldest first, into chains.
    pub fn of(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut chains: Vec<Chain<'a>> = Vec::new();
        let mut same_call: HashMap<_, Vec<usize>> = HashMap::new();
        for entry in entries.filter(|entry| entry.operation.is_some()) {
            let candidates = same_call.entry((entry.tenant.as_deref(), entry.operation, &*entry.path)).or_default();
            let recent = candidates.iter().rev().take(MAX_OPEN_CHAINS);
            if let Some(chain) = recent.copied().find(|chain| chains[*chain].goes_on_with(entry)) {
                chains[chain].add(entry);
            } else {
                candidates.push(chains.len());
                chains.push(Chain::begin(entry));
            }
        }
        let (chains, single): (Vec<_>, Vec<_>) = chains.into_iter().partition(|chain| chain.attempts.len() > 1);
        let spacing = spacing(&chains);
        Self { single_calls: single.len(), chains, spacing, dropped: 0 }
    }
}

impl<'a> Chain<'a> {
    fn begin(entry: &'a Entry) -> Self {
        Self {
            tenant: entry.tenant.as_deref(),
            operation: entry.operation,
            method: entry.method.as_str(),
            path: &entry.path,
            attempts: vec![Attempt::of(entry, None)],
            early_retries: 0,
            needless_retries: 0,
            duplicate_writes: 0,
            last: entry,
        }
    }

    /// Whether `entry`, a request of the same tenant to the same path, is the next try of this one.
    fn goes_on_with(&self, entry: &Entry) -> bool {
        let last = self.last;
        last.request_body == entry.request_body
            && match (last.retry_count, entry.retry_count) {
                (before, Some(count @ 1..)) => before.unwrap_or(0) + 1 == count,
                (_, Some(0)) => false,
                (_, None) => invites_retry(last) && entry.wall.since(last.wall) < PATIENCE,
            }
    }

    fn add(&mut self, entry: &'a Entry) {
        let attempt = Attempt::of(entry, Some(self.last));
        // The promise is in whole milliseconds; so is the comparison. It counts from the answer, which may have come late.
        let waited = entry.wall.since(self.last.answered).as_millis();
        let early = attempt.promised_ms.is_some_and(|promised| waited < u128::from(promised));
        self.early_retries += usize::from(early);
        self.needless_retries += usize::from(!invites_retry(self.last));
        let makes = entry.operation.is_some_and(|name| name.rsplit('.').next() == Some("create"));
        let made_before = self.attempts.iter().any(|attempt| attempt.entry.committed);
        self.duplicate_writes += usize::from(makes && entry.committed && made_before);
        self.attempts.push(attempt);
        self.last = entry;
    }
}

impl<'a> Attempt<'a> {
    fn of(entry: &'a Entry, before: Option<&Entry>) -> Self {
        let gap = before.map(|before| entry.wall.since(before.wall).as_millis());
        Self {
            seq: entry.seq,
            status: entry.status,
            outcome: entry.outcome,
            gap_ms: gap.and_then(|gap| u64::try_from(gap).ok()),
            promised_ms: before.and_then(|before| before.retry_after_ms),
            entry,
        }
    }
}

/// Whether the official SDKs would try again after this, by their rules: `x-should-retry` first, else a broken
/// connection, 408, 409, 429 and 5xx.
fn invites_retry(entry: &Entry) -> bool {
    let lost = entry.outcome != Outcome::Sent;
    entry
        .should_retry
        .unwrap_or_else(|| lost || entry.status.is_none_or(|status| matches!(status, 408 | 409 | 429 | 500..)))
}

fn spacing(chains: &[Chain<'_>]) -> Vec<Spacing> {
    let longest = chains.iter().map(|chain| chain.attempts.len()).max().unwrap_or(0);
    (2..=longest).filter_map(|attempt| spacing_of(chains, attempt)).collect()
}

fn spacing_of(chains: &[Chain<'_>], attempt: usize) -> Option<Spacing> {
    let untold = |attempt: &&Attempt<'_>| attempt.promised_ms.is_none();
    let tries = chains.iter().filter_map(|chain| chain.attempts.get(attempt - 1)).filter(untold);
    let gaps: Vec<u64> = tries.filter_map(|attempt| attempt.gap_ms).collect();
    let (least_ms, most_ms) = (*gaps.iter().min()?, *gaps.iter().max()?);
    let verdict = (gaps.len() > 1).then(|| if is_lockstep(least_ms, most_ms) { "lockstep" } else { "jitter" });
    Some(Spacing { attempt, chains: gaps.len(), least_ms, most_ms, verdict })
}

#[expect(clippy::cast_precision_loss, reason = "a share of a gap; no digit beyond the tenth matters")]
fn is_lockstep(least_ms: u64, most_ms: u64) -> bool {
    (most_ms - least_ms) as f64 <= most_ms as f64 * LOCKSTEP_SHARE
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;
    use crate::clock::Timestamp;
    use crate::request::{Head, Request};
    use crate::response::Response;

    const START: Timestamp = Timestamp::from_micros(0);

    /// A request to its own path that failed, so many milliseconds after the start, and the try that it was.
    fn failed(path: &str, at_ms: u64, retry: u32) -> Entry {
        let head = Head { method: Method::GET, path: path.to_owned(), query: None, headers: HeaderMap::new() };
        let request = Request { head, body: Bytes::new() };
        let at = START.plus(Duration::from_millis(at_ms));
        let entry = Entry::of((0, at), (None, Some("indexes.get")), &request, &Response::empty(503));
        Entry { wall: at, answered: at, retry_count: Some(retry), ..entry }
    }

    #[test]
    fn a_promised_wait_counts_from_the_answer_even_when_that_was_held_back() {
        for (answered_ms, early) in [(0, 0), (1, 1), (5000, 1)] {
            let mut first = failed("/a", 0, 0);
            first.answered = START.plus(Duration::from_millis(answered_ms));
            first.retry_after_ms = Some(2000);
            let entries = [first, failed("/a", 2000, 1)];
            assert_eq!(Retries::of(entries.iter()).chains[0].early_retries, early, "{answered_ms}");
        }
    }

    #[test]
    fn gaps_that_are_alike_are_in_lockstep_and_others_are_spread() {
        for (gaps, verdict) in [([1000, 1010], "lockstep"), ([1000, 1030], "jitter"), ([0, 0], "lockstep")] {
            let [first, second] = gaps;
            let entries = [failed("/a", 0, 0), failed("/b", 0, 0), failed("/a", first, 1), failed("/b", second, 1)];
            let retries = Retries::of(entries.iter());
            let spacing = &retries.spacing[0];
            assert_eq!((spacing.least_ms, spacing.most_ms, spacing.chains), (first, second, 2));
            assert_eq!(spacing.verdict, Some(verdict), "{gaps:?}");
        }
        let one = [failed("/a", 0, 0), failed("/a", 7, 1)];
        assert_eq!(Retries::of(one.iter()).spacing[0].verdict, None);
    }

    #[test]
    fn a_client_that_does_not_count_is_given_two_minutes() {
        for (gap_ms, chains) in [(119_999, 1), (120_000, 0)] {
            let mut entries = [failed("/a", 0, 0), failed("/a", gap_ms, 0)];
            for entry in &mut entries {
                entry.retry_count = None;
            }
            assert_eq!(Retries::of(entries.iter()).chains.len(), chains, "{gap_ms}");
        }
    }
}
