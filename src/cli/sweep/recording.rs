//! The requests of a run. They are taken from the feed of the journals while the command runs, so that no reset of the
//! command's own tests removes them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::class::{FaultClass, PROMISED_WAIT};
use crate::clock::Timestamp;
use crate::instance::Instance;
use crate::journal::{Entry, FaultOutcome, Follower, Publication, RequestKey, RetryChain, RetryReport, key_of};

/// Maximum number of requests of a run that are kept.
const MAX_REQUESTS: usize = 20_000;

/// Records the requests of an instance until [`Recorder::finish`].
pub(super) struct Recorder {
    recording: JoinHandle<Recording>,
    end: oneshot::Sender<()>,
}

/// The requests of a run, each as it was last seen, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Recording {
    entries: Vec<Arc<Entry>>,
    /// The place of each request by the label of its tenant and its number there.
    places: BTreeMap<(Option<Arc<str>>, u64), usize>,
    /// Whether requests are missing: there were more than [`MAX_REQUESTS`], or they came too fast.
    pub(super) is_cut: bool,
}

/// The calls of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct OperationCalls {
    pub(super) operation: &'static str,
    pub(super) count: usize,
    /// Those of each key: rules count the calls of each key apart.
    #[serde(skip)]
    of_keys: Vec<Vec<CallFacts>>,
}

/// What decides which faults can strike a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallFacts {
    pub(super) has_succeeded: bool,
    pub(super) has_page_token: bool,
    /// Whether a write of its key came before it.
    pub(super) follows_write: bool,
}

impl CallFacts {
    fn of(entry: &Entry, follows_write: bool) -> Self {
        let body_token = || entry.request_body.value().is_some_and(|body| body["page_token"].is_string());
        Self {
            has_succeeded: entry.status.is_some_and(|status| (200..300).contains(&status)),
            has_page_token: entry.path.contains("page_token=") || body_token(),
            follows_write,
        }
    }
}

impl OperationCalls {
    /// The numbers, from 1, of the calls that a rule of this class can strike, of the key with the most of them.
    pub(super) fn numbers(&self, class: FaultClass) -> Vec<usize> {
        let of_key = |calls: &Vec<CallFacts>| -> Vec<usize> {
            if class.counts_successes() {
                return (1..=calls.iter().filter(|call| call.has_succeeded).count()).collect();
            }
            calls.iter().zip(1..).filter(|(call, _)| class.can_strike(**call)).map(|(_, number)| number).collect()
        };
        self.of_keys.iter().map(of_key).max_by_key(Vec::len).unwrap_or_default()
    }
}

/// A retry that came before the wait was over that an injected response had asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EarlyRetry {
    pub(super) operation: &'static str,
    pub(super) gap: Duration,
}

impl Recorder {
    /// Records from now on.
    pub(super) fn start(instance: &Instance) -> Self {
        let follower = instance.tenants.journal_limits().follow().expect("a new instance has no follower");
        let (end, ended) = oneshot::channel();
        Self { recording: tokio::spawn(record(follower, ended)), end }
    }

    /// The requests that were published until now.
    pub(super) async fn finish(self) -> Recording {
        // If the task has ended already, it has seen the end of the feed.
        let _ = self.end.send(());
        self.recording.await.unwrap_or_else(|_| Recording { is_cut: true, ..Recording::default() })
    }
}

async fn record(follower: Follower, mut ended: oneshot::Receiver<()>) -> Recording {
    let mut recording = Recording::default();
    loop {
        let publication = tokio::select! {
            biased;
            publication = poll_fn(|task| follower.poll_next(task)) => publication,
            _ = &mut ended => return recording,
        };
        let Some(publication) = publication else {
            recording.is_cut = true;
            return recording;
        };
        recording.add(publication);
    }
}

impl Recording {
    fn add(&mut self, Publication { number, entry }: Publication) {
        let request = (entry.tenant.clone(), number);
        match self.places.get(&request) {
            Some(place) => self.entries[*place] = entry,
            None if self.entries.len() >= MAX_REQUESTS => self.is_cut = true,
            None => {
                self.places.insert(request, self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The calls by operation, in the order of their first ones. Requests without an accepted key are none.
    pub(super) fn calls(&self) -> Vec<OperationCalls> {
        let mut operations: Vec<&'static str> = Vec::new();
        let mut of_keys: BTreeMap<&'static str, BTreeMap<&Arc<str>, Vec<CallFacts>>> = BTreeMap::new();
        let mut writers: BTreeSet<&Arc<str>> = BTreeSet::new();
        for entry in &self.entries {
            let (Some(operation), Some(tenant)) = (entry.operation, &entry.tenant) else { continue };
            if !operations.contains(&operation) {
                operations.push(operation);
            }
            let calls = of_keys.entry(operation).or_default().entry(tenant).or_default();
            calls.push(CallFacts::of(entry, writers.contains(tenant)));
            if entry.committed {
                writers.insert(tenant);
            }
        }
        let calls = operations.into_iter().map(|operation| {
            let of_keys: Vec<Vec<CallFacts>> = of_keys.remove(operation).unwrap_or_default().into_values().collect();
            OperationCalls { operation, count: of_keys.iter().map(Vec::len).sum(), of_keys }
        });
        calls.collect()
    }

    /// The operations of which the program sends equal requests so soon after one another that they cannot be told from
    /// retries that do not wait: of a loop, or of several clients.
    pub(super) fn rapid_operations(&self) -> BTreeSet<&'static str> {
        let mut last: HashMap<RequestKey<'_>, Timestamp> = HashMap::new();
        let mut rapid = BTreeSet::new();
        for entry in &self.entries {
            let before = last.insert(key_of(entry), entry.real_time);
            if before.is_some_and(|before| entry.real_time.since(before) < PROMISED_WAIT) {
                rapid.extend(entry.operation);
            }
        }
        rapid
    }

    /// The first retry that came too early after an injected response with a promised wait. A client that waits the
    /// first time knows how to: what it sends later, when it has given up, is another call. Of `rapid` operations only
    /// retries count that the client reports.
    pub(super) fn early_retry(&self, rapid: &BTreeSet<&'static str>) -> Option<EarlyRetry> {
        let report = RetryReport::of(self.entries.iter().map(|entry| &**entry), 0);
        let early = report.chains.iter().find_map(|chain| self.early_retry_of(chain, rapid));
        let mut struck = self.entries.iter().filter(|entry| is_struck(entry));
        early.or_else(|| struck.find_map(|refused| self.early_new_call(refused, rapid)))
    }

    /// The first retry of a chain after an injected response with a promised wait, if it came too early.
    fn early_retry_of(&self, chain: &RetryChain, rapid: &BTreeSet<&'static str>) -> Option<EarlyRetry> {
        let mut pairs = chain.attempts.iter().zip(&chain.attempts[1..]);
        let (retry, wait) = pairs.find_map(|(before, retry)| {
            let wait = retry.promised_wait.filter(|wait| *wait >= PROMISED_WAIT)?;
            self.entry(chain.tenant.as_ref(), before.seq).is_some_and(is_struck).then_some((retry, wait))
        })?;
        let gap = retry.gap.filter(|gap| *gap < wait)?;
        let operation = chain.operation?;
        let is_reported =
            || self.entry(chain.tenant.as_ref(), retry.seq).is_some_and(|entry| entry.retry_count.is_some());
        (!rapid.contains(operation) || is_reported()).then_some(EarlyRetry { operation, gap })
    }

    /// The request after a refused one, if that is an equal one, which came too early and is no retry of the client:
    /// the program itself sent it again.
    fn early_new_call(&self, refused: &Entry, rapid: &BTreeSet<&'static str>) -> Option<EarlyRetry> {
        let operation = refused.operation.filter(|operation| !rapid.contains(operation))?;
        let wait = refused.retry_after_ms.map(Duration::from_millis).filter(|wait| *wait >= PROMISED_WAIT)?;
        let next = self.entry(refused.tenant.as_ref(), refused.seq + 1)?;
        let is_new_call = refused.retry_count == Some(0) && next.retry_count == Some(0);
        let gap = next.real_time.since(refused.due);
        (is_new_call && gap < wait && key_of(next) == key_of(refused)).then_some(EarlyRetry { operation, gap })
    }

    /// The request of a tenant with this number there.
    fn entry(&self, tenant: Option<&Arc<str>>, number: u64) -> Option<&Entry> {
        self.places.get(&(tenant.cloned(), number)).map(|place| &*self.entries[*place])
    }
}

fn is_struck(entry: &Entry) -> bool {
    entry.faults.iter().any(|note| note.outcome == FaultOutcome::Struck)
}
