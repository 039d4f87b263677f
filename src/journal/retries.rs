//! The retries in a journal: its requests put into chains of attempts, and how the attempts of each chain follow one
//! another.
//!
//! The official SDKs report in `x-stainless-retry-count` how often they tried a request before. A request of another
//! client is a retry when an equal request failed shortly before it, in a way that clients retry.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::entry::{Entry, Outcome};
use super::spacing::{Spacing, spacing};
use crate::clock::{self, Timestamp};
use crate::operation::Effect;
use crate::redact;

/// How long after a failure an equal request still counts as a retry, for clients that do not report retries.
const MAX_UNREPORTED_GAP: Duration = Duration::from_mins(2);

/// Maximum number of chains of equal requests that are searched for the one that a retry continues: the latest ones.
const MAX_OPEN_CHAINS: usize = 256;

/// How clients repeated their requests.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RetryReport {
    /// The number of requests that were sent once.
    pub single_calls: usize,
    /// The requests that were sent more than once.
    pub chains: Vec<RetryChain>,
    /// How the gaps vary between chains, by attempt.
    pub spacing: Vec<Spacing>,
    /// The resources that were created again because the response to their first creation was lost, whoever sent the
    /// second request, and whenever.
    pub duplicate_writes: Vec<DuplicateWrite>,
    /// The number of requests that were evicted from the journal, and are not judged.
    pub dropped: u64,
}

/// A resource that was created again: a second request of equal content succeeded after the success of the first did
/// not reach the client. The order of keys and of parts of a form does not matter, nor does the boundary.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DuplicateWrite {
    /// The label of the API key.
    pub tenant: Option<Arc<str>>,
    /// The name of the API key, which `POST /__admin/tenants` gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_name: Option<Arc<str>>,
    /// The name of the operation.
    pub operation: Option<&'static str>,
    /// The path and the query, with secrets masked.
    pub path: String,
    /// The number of the first request among those of the key.
    pub first: u64,
    /// The number of the second request.
    pub second: u64,
}

/// One request and its retries.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RetryChain {
    /// The label of its API key.
    pub tenant: Option<Arc<str>>,
    /// The name of its API key, which `POST /__admin/tenants` gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_name: Option<Arc<str>>,
    /// The name of its operation.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: String,
    /// The path and the query, with secrets masked.
    pub path: String,
    /// Its attempts, in order.
    pub attempts: Vec<RetryAttempt>,
    /// The number of attempts that were sent before the wait was over that the response before them had asked for.
    pub early_retries: usize,
    /// The number of attempts after a success, or after a refusal that clients do not retry.
    pub needless_retries: usize,
    /// The number of its attempts that created a resource again.
    pub duplicate_writes: usize,
}

/// One attempt of a request.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RetryAttempt {
    /// Its number among the requests of its key.
    pub seq: u64,
    /// The status of its response; `None` if a fault broke the connection before there was one.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// The time since the attempt before it.
    #[serde(rename = "gap_ms", serialize_with = "as_millis")]
    pub gap: Option<Duration>,
    /// The wait that the response before it had asked for.
    #[serde(rename = "promised_ms", serialize_with = "as_millis")]
    pub promised_wait: Option<Duration>,
}

impl RetryReport {
    /// Puts `entries` into chains; `dropped` others were evicted.
    pub(crate) fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>, dropped: u64) -> Self {
        let mut chains: Vec<Vec<&Entry>> = Vec::new();
        let mut equal_requests: HashMap<RequestKey<'_>, Vec<usize>> = HashMap::new();
        let mut entries: Vec<&Entry> = entries.into_iter().filter(|entry| entry.operation.is_some()).collect();
        // A request that waited before it acted was recorded after its own retry.
        entries.sort_by(|one, other| (&one.tenant, one.seq).cmp(&(&other.tenant, other.seq)));
        let entries: Vec<(&Entry, RequestKey<'_>)> = entries.into_iter().map(|entry| (entry, key_of(entry))).collect();
        let duplicate_writes = duplicate_writes(&entries);
        for (entry, key) in entries {
            let candidates = equal_requests.entry(key).or_default();
            let recent = || candidates.iter().rev().take(MAX_OPEN_CHAINS).copied();
            let continued = || recent().filter(|chain| chains[*chain].last().is_some_and(|last| is_retry(last, entry)));
            // Among equal requests that are sent at the same time, the one whose promised wait is over.
            let is_patient = |chain: &usize| chains[*chain].last().is_some_and(|last| !is_early(last, entry));
            if let Some(chain) = continued().find(is_patient).or_else(|| continued().next()) {
                chains[chain].push(entry);
            } else {
                candidates.push(chains.len());
                chains.push(vec![entry]);
            }
        }
        let (retried, single): (Vec<_>, Vec<_>) = chains.iter().partition(|chain| chain.len() > 1);
        let chains: Vec<RetryChain> =
            retried.into_iter().map(|entries| RetryChain::of(entries, &duplicate_writes)).collect();
        Self { single_calls: single.len(), spacing: spacing(&chains), chains, duplicate_writes, dropped }
    }
}

/// What equal requests have in common: tenant, operation, target and content.
pub(crate) type RequestKey<'a> = (Option<&'a str>, Option<&'static str>, &'a str, [u8; 32]);

/// What an equal request has in common with this one.
pub(crate) fn key_of(entry: &Entry) -> RequestKey<'_> {
    (entry.tenant.as_deref(), entry.operation, &entry.path, entry.request_body.content_digest())
}

/// The second creations among `entries`, which are in the order in which each tenant sent them.
fn duplicate_writes(entries: &[(&Entry, RequestKey<'_>)]) -> Vec<DuplicateWrite> {
    let mut lost: HashMap<RequestKey<'_>, Vec<&Entry>> = HashMap::new();
    let mut duplicates = Vec::new();
    for (entry, key) in entries {
        if !entry.deleted.is_empty() {
            let is_left = |first: &&Entry| first.created.as_ref().is_none_or(|id| !entry.deleted.contains(id));
            let own = lost.iter_mut().filter(|((tenant, ..), _)| *tenant == key.0);
            own.for_each(|(_, entries)| entries.retain(is_left));
        }
        if !entry.committed || entry.effect != Effect::Creates {
            continue;
        }
        let lost = lost.entry(*key).or_default();
        duplicates.extend(lost.first().map(|first| DuplicateWrite {
            tenant: entry.tenant.clone(),
            tenant_name: entry.tenant_name.clone(),
            operation: entry.operation,
            path: redact::masked_target(&entry.path).into_owned(),
            first: first.seq,
            second: entry.seq,
        }));
        if is_lost(entry) || entry.is_altered {
            lost.push(entry);
        }
    }
    duplicates
}

impl RetryChain {
    /// The chain of these requests, of which there is one at least.
    fn of(entries: &[&Entry], duplicates: &[DuplicateWrite]) -> Self {
        let first = entries[0];
        let retries = || entries.windows(2).map(|pair| (pair[0], pair[1]));
        // Before a request has ended it is unknown whether its retry is needless.
        let is_needless = |before: &Entry| before.outcome != Outcome::Open && !invites_retry(before);
        let is_duplicate =
            |entry: &&&Entry| duplicates.iter().any(|write| write.second == entry.seq && write.tenant == entry.tenant);
        let attempts = iter::once(None).chain(entries.iter().copied().map(Some)).zip(entries);
        Self {
            tenant: first.tenant.clone(),
            tenant_name: first.tenant_name.clone(),
            operation: first.operation,
            method: first.method.to_string(),
            path: redact::masked_target(&first.path).into_owned(),
            attempts: attempts.map(|(before, entry)| RetryAttempt::of(entry, before)).collect(),
            early_retries: retries().filter(|(before, retry)| is_early(before, retry)).count(),
            needless_retries: retries().filter(|(before, _)| is_needless(before)).count(),
            duplicate_writes: entries.iter().filter(is_duplicate).count(),
        }
    }
}

impl RetryAttempt {
    fn of(entry: &Entry, before: Option<&Entry>) -> Self {
        Self {
            seq: entry.seq,
            status: entry.status,
            outcome: entry.outcome,
            gap: before.map(|before| entry.real_time.since(before.real_time)),
            promised_wait: before.and_then(|before| before.retry_after_ms).map(Duration::from_millis),
        }
    }
}

/// Whether `entry`, an equal request of the same tenant, is the next attempt after `last`.
fn is_retry(last: &Entry, entry: &Entry) -> bool {
    match (last.retry_count, entry.retry_count) {
        (before, Some(count @ 1..)) => before.unwrap_or(0) + 1 == count,
        (_, Some(0)) => false,
        (_, None) => may_be_retried(last, entry.real_time),
    }
}

/// Whether an equal request at this time is the next attempt after `last`, if its client does not report retries.
fn may_be_retried(last: &Entry, at: Timestamp) -> bool {
    invites_retry(last) && at.since(last.real_time) < MAX_UNREPORTED_GAP
}

/// The number of the attempt of a request that is sent now after these equal ones, if its client does not report it:
/// its place in the chain that it continues, from 1.
pub(super) fn next_attempt(equal: &[&Entry]) -> u64 {
    // The last request of each chain, and the length of the chain.
    let mut chains: Vec<(&Entry, u64)> = Vec::new();
    for entry in equal {
        match chains.iter_mut().rev().take(MAX_OPEN_CHAINS).find(|(last, _)| is_retry(last, entry)) {
            Some(chain) => *chain = (entry, chain.1 + 1),
            None => chains.push((entry, 1)),
        }
    }
    let now = clock::system_now();
    let mut latest = chains.iter().rev().take(MAX_OPEN_CHAINS);
    latest.find(|(last, _)| may_be_retried(last, now)).map_or(1, |(_, length)| length + 1)
}

/// Whether a retry came before the promised time. The promise is in whole milliseconds, and so is the comparison. It
/// counts from when the response was due.
fn is_early(before: &Entry, retry: &Entry) -> bool {
    before.retry_after_ms.is_some_and(|promised| millis(retry.real_time.since(before.due)) < promised)
}

/// Whether the official SDKs retry after this response, by their rules: `x-should-retry` first, else a broken
/// connection, 408, 409, 429 and 5xx. Of a request that is open, at most the status is known.
fn invites_retry(entry: &Entry) -> bool {
    let has_broken = is_lost(entry) || entry.status.is_none() && entry.outcome != Outcome::Open;
    let is_transient = entry.status.is_some_and(|status| matches!(status, 408 | 409 | 429 | 500..));
    entry.should_retry.unwrap_or(has_broken || is_transient)
}

/// Whether its response did not reach the client whole: the client has left before its end, or a rule cut it off.
fn is_lost(entry: &Entry) -> bool {
    match entry.outcome {
        Outcome::Cut | Outcome::ClientGone => true,
        Outcome::Open => entry.client_left.is_some(),
        Outcome::Sent => false,
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn as_millis<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(millis).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::clock::Timestamp;
    use crate::journal::RecordedBody;
    use crate::request::Head;

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
            outcome: Outcome::Sent,
            status: Some(503),
            ..Entry::open(&head, RecordedBody::default())
        }
    }

    #[test]
    fn a_promised_wait_counts_from_when_the_response_was_due() {
        for (due_ms, early) in [(0, 0), (1, 1), (5000, 1)] {
            let mut first = failed("/a", 0, 0);
            first.due = START.plus(Duration::from_millis(due_ms));
            first.retry_after_ms = Some(2000);
            let entries = [first, failed("/a", 2000, 1)];
            assert_eq!(RetryReport::of(&entries, 0).chains[0].early_retries, early, "{due_ms}");
        }
    }

    #[test]
    fn retries_of_equal_requests_at_the_same_time_continue_those_whose_wait_is_over() {
        let refused = |at_ms, retry| Entry { retry_after_ms: Some(100), ..failed("/a", at_ms, retry) };
        for (second_retry_ms, early) in [(170, 0), (169, 1)] {
            let entries = [refused(0, 0), refused(70, 0), refused(101, 1), refused(second_retry_ms, 1)];
            let numbered: Vec<Entry> =
                entries.into_iter().zip(1..).map(|(entry, seq)| Entry { seq, ..entry }).collect();
            let chains = RetryReport::of(&numbered, 0).chains;
            assert_eq!(chains.len(), 2);
            assert_eq!(chains.iter().map(|chain| chain.early_retries).sum::<usize>(), early, "{second_retry_ms}");
        }
    }

    #[test]
    fn nearly_equal_gaps_are_in_lockstep_and_others_vary() {
        for (gaps, verdict) in [([1000, 1010], "lockstep"), ([1000, 1030], "jitter"), ([0, 0], "lockstep")] {
            let [first, second] = gaps;
            let entries = [failed("/a", 0, 0), failed("/b", 0, 0), failed("/a", first, 1), failed("/b", second, 1)];
            let retries = RetryReport::of(&entries, 0);
            let spacing = &retries.spacing[0];
            assert_eq!((spacing.least_ms, spacing.most_ms, spacing.chains), (first, second, 2));
            assert_eq!(spacing.verdict, Some(verdict), "{gaps:?}");
        }
        let one = [failed("/a", 0, 0), failed("/a", 7, 1)];
        assert_eq!(RetryReport::of(&one, 0).spacing[0].verdict, None);
    }

    #[test]
    fn a_retry_of_an_open_request_is_not_needless_yet() {
        for (outcome, needless) in [(Outcome::Open, 0), (Outcome::ClientGone, 0), (Outcome::Sent, 1)] {
            let first = Entry { status: Some(201), outcome, ..failed("/a", 0, 0) };
            let entries = [first, failed("/a", 1000, 1)];
            assert_eq!(RetryReport::of(&entries, 0).chains[0].needless_retries, needless, "{outcome:?}");
        }
    }

    #[test]
    fn equal_requests_beside_an_open_one_are_not_retries_of_it() {
        let unreported = |status| Entry { status: Some(status), retry_count: None, ..failed("/a", 0, 0) };
        let open = Entry { outcome: Outcome::Open, ..unreported(201) };
        assert_eq!(RetryReport::of(&[open, unreported(201)], 0).single_calls, 2);
    }

    #[test]
    fn a_retry_continues_one_of_the_latest_256_chains() {
        let sent = |retry| failed("/a", 0, retry);
        for (later, chains) in [(MAX_OPEN_CHAINS - 1, 1), (MAX_OPEN_CHAINS, 0)] {
            let mut entries = vec![sent(0)];
            // Chains that a first retry does not continue.
            entries.extend((0..later).map(|_| sent(5)));
            entries.push(sent(1));
            assert_eq!(RetryReport::of(&entries, 0).chains.len(), chains, "{later} later chains");
        }
    }

    #[test]
    fn a_client_that_does_not_report_retries_has_two_minutes() {
        for (gap_ms, chains) in [(119_999, 1), (120_000, 0)] {
            let mut entries = [failed("/a", 0, 0), failed("/a", gap_ms, 0)];
            for entry in &mut entries {
                entry.retry_count = None;
            }
            assert_eq!(RetryReport::of(&entries, 0).chains.len(), chains, "{gap_ms}");
        }
    }
}
