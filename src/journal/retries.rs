//! The retries in a journal: its requests put into chains of attempts, and how the attempts of each chain follow one another.
//!
//! The official SDKs report in `x-stainless-retry-count` how often they tried a request before. A request of another client
//! is a retry when an equal request failed shortly before it, in a way that clients retry.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::entry::{Entry, Outcome, as_target};

/// How long after a failure an equal request still counts as a retry, for clients that do not report retries.
const MAX_UNREPORTED_GAP: Duration = Duration::from_mins(2);

/// Maximum number of chains of equal requests that are searched for the one that a retry continues: the latest ones.
const MAX_OPEN_CHAINS: usize = 256;

/// Gaps that differ by less than this share of the longest are in lockstep; the official SDKs vary theirs by a quarter.
const LOCKSTEP_SHARE: f64 = 0.02;

/// The retries among some requests.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Retries<'a> {
    /// The number of requests that were tried once.
    pub(crate) single_calls: usize,
    /// The requests that were tried more than once.
    pub(crate) chains: Vec<Chain<'a>>,
    /// How the gaps vary between chains, by attempt.
    pub(crate) spacing: Vec<Spacing>,
    /// The number of requests that were evicted from the journal, and are not judged.
    pub(crate) dropped: u64,
}

/// One request and its retries.
#[derive(Debug, Serialize)]
pub(crate) struct Chain<'a> {
    /// The label of its tenant.
    pub(crate) tenant: Option<&'a str>,
    /// Its operation.
    pub(crate) operation: Option<&'static str>,
    /// The HTTP method.
    pub(crate) method: &'a str,
    /// The path and the query.
    #[serde(serialize_with = "as_target")]
    pub(crate) path: &'a str,
    /// Its attempts, in order.
    pub(crate) attempts: Vec<Attempt<'a>>,
    /// The number of attempts that were sent before the wait that the previous response asked for was over.
    pub(crate) early_retries: usize,
    /// The number of attempts after a success, or after a refusal that clients do not retry.
    pub(crate) needless_retries: usize,
    /// The number of resources created beyond the first, because a response was lost.
    pub(crate) duplicate_writes: usize,
    #[serde(skip)]
    last: &'a Entry,
}

/// One attempt.
#[derive(Debug, Serialize)]
pub(crate) struct Attempt<'a> {
    /// Its number in the journal.
    pub(crate) seq: u64,
    /// The status of its response.
    pub(crate) status: Option<u16>,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The time since the attempt before it, in milliseconds.
    pub(crate) gap_ms: Option<u64>,
    /// The wait that the response before it had asked for, in milliseconds.
    pub(crate) promised_ms: Option<u64>,
    #[serde(skip)]
    entry: &'a Entry,
}

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

impl<'a> Retries<'a> {
    /// Puts `entries`, oldest first, into chains.
    pub(crate) fn of(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut chains: Vec<Chain<'a>> = Vec::new();
        let mut equal_requests: HashMap<_, Vec<usize>> = HashMap::new();
        for entry in entries.filter(|entry| entry.operation.is_some()) {
            let candidates =
                equal_requests.entry((entry.tenant.as_deref(), entry.operation, &*entry.path)).or_default();
            let recent = candidates.iter().rev().take(MAX_OPEN_CHAINS);
            if let Some(chain) = recent.copied().find(|chain| chains[*chain].continues_with(entry)) {
                chains[chain].add(entry);
            } else {
                candidates.push(chains.len());
                chains.push(Chain::new(entry));
            }
        }
        let (chains, single): (Vec<_>, Vec<_>) = chains.into_iter().partition(|chain| chain.attempts.len() > 1);
        let spacing = spacing(&chains);
        Self { single_calls: single.len(), chains, spacing, dropped: 0 }
    }
}

impl<'a> Chain<'a> {
    fn new(entry: &'a Entry) -> Self {
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

    /// Whether `entry`, a request of the same tenant to the same path, is the next attempt.
    fn continues_with(&self, entry: &Entry) -> bool {
        let last = self.last;
        last.request_body == entry.request_body
            && match (last.retry_count, entry.retry_count) {
                (before, Some(count @ 1..)) => before.unwrap_or(0) + 1 == count,
                (_, Some(0)) => false,
                (_, None) => invites_retry(last) && entry.real_time.since(last.real_time) < MAX_UNREPORTED_GAP,
            }
    }

    fn add(&mut self, entry: &'a Entry) {
        let attempt = Attempt::of(entry, Some(self.last));
        // The promise is in whole milliseconds, and so is the comparison. It counts from when the response was due.
        let waited = entry.real_time.since(self.last.due).as_millis();
        let early = attempt.promised_ms.is_some_and(|promised| waited < u128::from(promised));
        self.early_retries += usize::from(early);
        // Before a request has ended it is unknown whether its retry is needless.
        let is_known = self.last.outcome != Outcome::Open;
        self.needless_retries += usize::from(is_known && !invites_retry(self.last));
        let created_before = self.attempts.iter().any(|attempt| attempt.entry.committed);
        self.duplicate_writes += usize::from(entry.creates && entry.committed && created_before);
        self.attempts.push(attempt);
        self.last = entry;
    }
}

impl<'a> Attempt<'a> {
    fn of(entry: &'a Entry, before: Option<&Entry>) -> Self {
        let gap = before.map(|before| entry.real_time.since(before.real_time).as_millis());
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

/// Whether the official SDKs retry after this response, by their rules: `x-should-retry` first, else a broken connection,
/// 408, 409, 429 and 5xx. Of a request that is open, only the status is known.
fn invites_retry(entry: &Entry) -> bool {
    let is_lost = matches!(entry.outcome, Outcome::Cut | Outcome::ClientGone);
    entry
        .should_retry
        .unwrap_or_else(|| is_lost || entry.status.is_none_or(|status| matches!(status, 408 | 409 | 429 | 500..)))
}

fn spacing(chains: &[Chain<'_>]) -> Vec<Spacing> {
    let longest = chains.iter().map(|chain| chain.attempts.len()).max().unwrap_or(0);
    (2..=longest).filter_map(|attempt| spacing_of(chains, attempt)).collect()
}

fn spacing_of(chains: &[Chain<'_>], attempt: usize) -> Option<Spacing> {
    let has_no_promise = |attempt: &&Attempt<'_>| attempt.promised_ms.is_none();
    let attempts = chains.iter().filter_map(|chain| chain.attempts.get(attempt - 1)).filter(has_no_promise);
    let gaps: Vec<u64> = attempts.filter_map(|attempt| attempt.gap_ms).collect();
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
    use crate::journal::body::RecordedBody;
    use crate::request::Head;
    use crate::response::Response;

    const START: Timestamp = Timestamp::from_micros(0);

    /// A request that failed with 503, this number of milliseconds after the start, and its retry count.
    fn failed(path: &str, at_ms: u64, retry: u32) -> Entry {
        let head = Head { method: Method::GET, path: path.to_owned(), query: None, headers: HeaderMap::new() };
        let at = START.plus(Duration::from_millis(at_ms));
        let operation = Some("widgets.get");
        Entry {
            operation,
            real_time: at,
            due: at,
            retry_count: Some(retry),
            ..Entry::of(&head, &Bytes::new(), &Response::empty(503))
        }
    }

    #[test]
    fn a_promised_wait_counts_from_when_the_response_was_due() {
        for (due_ms, early) in [(0, 0), (1, 1), (5000, 1)] {
            let mut first = failed("/a", 0, 0);
            first.due = START.plus(Duration::from_millis(due_ms));
            first.retry_after_ms = Some(2000);
            let entries = [first, failed("/a", 2000, 1)];
            assert_eq!(Retries::of(entries.iter()).chains[0].early_retries, early, "{due_ms}");
        }
    }

    #[test]
    fn nearly_equal_gaps_are_in_lockstep_and_others_vary() {
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
    fn a_retry_of_an_open_request_is_not_needless_yet() {
        for (outcome, needless) in [(Outcome::Open, 0), (Outcome::ClientGone, 0), (Outcome::Sent, 1)] {
            let first = Entry { status: Some(201), outcome, ..failed("/a", 0, 0) };
            let entries = [first, failed("/a", 1000, 1)];
            assert_eq!(Retries::of(entries.iter()).chains[0].needless_retries, needless, "{outcome:?}");
        }
    }

    #[test]
    fn equal_requests_beside_an_open_one_are_not_retries_of_it() {
        let unreported = |status| Entry { status: Some(status), retry_count: None, ..failed("/a", 0, 0) };
        let open = Entry { outcome: Outcome::Open, ..unreported(201) };
        assert_eq!(Retries::of([open, unreported(201)].iter()).single_calls, 2);
    }

    #[test]
    fn a_retry_continues_one_of_the_latest_256_chains() {
        let first = |body: &'static [u8]| Entry {
            request_body: RecordedBody::shared(&Bytes::from_static(body)),
            ..failed("/a", 0, 0)
        };
        for (later, chains) in [(MAX_OPEN_CHAINS - 1, 1), (MAX_OPEN_CHAINS, 0)] {
            let mut entries = vec![first(b"1")];
            entries.extend((0..later).map(|_| first(b"2")));
            entries.push(Entry { retry_count: Some(1), ..first(b"1") });
            assert_eq!(Retries::of(entries.iter()).chains.len(), chains, "{later} later chains");
        }
    }

    #[test]
    fn a_client_that_does_not_report_retries_has_two_minutes() {
        for (gap_ms, chains) in [(119_999, 1), (120_000, 0)] {
            let mut entries = [failed("/a", 0, 0), failed("/a", gap_ms, 0)];
            for entry in &mut entries {
                entry.retry_count = None;
            }
            assert_eq!(Retries::of(entries.iter()).chains.len(), chains, "{gap_ms}");
        }
    }
}
