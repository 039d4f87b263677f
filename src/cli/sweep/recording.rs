//! The requests of a run. They are taken from the feed of the journals while the command runs, so that no reset of the
//! command's own tests removes them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::class::PROMISED_WAIT;
use crate::instance::Instance;
use crate::journal::{Entry, FaultOutcome, Follower, Publication, RetryReport};

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
    /// The most calls of one key: rules count the calls of each key apart.
    #[serde(skip)]
    pub(super) most_of_key: usize,
    /// The most successful calls of one key.
    #[serde(skip)]
    pub(super) most_successes_of_key: usize,
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
        let mut of_keys: BTreeMap<&'static str, BTreeMap<&Arc<str>, (usize, usize)>> = BTreeMap::new();
        for entry in &self.entries {
            let (Some(operation), Some(tenant)) = (entry.operation, &entry.tenant) else { continue };
            if !operations.contains(&operation) {
                operations.push(operation);
            }
            let (calls, successes) = of_keys.entry(operation).or_default().entry(tenant).or_default();
            *calls += 1;
            *successes += usize::from(entry.status.is_some_and(|status| (200..300).contains(&status)));
        }
        let calls = operations.into_iter().map(|operation| {
            let keys = &of_keys[operation];
            OperationCalls {
                operation,
                count: keys.values().map(|(calls, _)| calls).sum(),
                most_of_key: keys.values().map(|(calls, _)| *calls).max().unwrap_or_default(),
                most_successes_of_key: keys.values().map(|(_, successes)| *successes).max().unwrap_or_default(),
            }
        });
        calls.collect()
    }

    /// The first retry that came too early after an injected response with a promised wait. A client that waits the
    /// first time knows how to: what it sends later, when it has given up, is another call.
    pub(super) fn early_retry(&self) -> Option<EarlyRetry> {
        let struck = |entry: &&Arc<Entry>| entry.faults.iter().any(|note| note.outcome == FaultOutcome::Struck);
        let struck: BTreeSet<(&Option<Arc<str>>, u64)> =
            self.entries.iter().filter(struck).map(|entry| (&entry.tenant, entry.seq)).collect();
        let report = RetryReport::of(self.entries.iter().map(|entry| &**entry), 0);
        report.chains.iter().find_map(|chain| {
            let pairs = chain.attempts.iter().zip(&chain.attempts[1..]);
            let mut retries = pairs.filter(|(before, _)| struck.contains(&(&chain.tenant, before.seq)));
            let (_, retry) =
                retries.find(|(_, retry)| retry.promised_wait.is_some_and(|wait| wait >= PROMISED_WAIT))?;
            let gap = retry.gap.filter(|gap| retry.promised_wait.is_some_and(|wait| *gap < wait))?;
            Some(EarlyRetry { operation: chain.operation?, gap })
        })
    }
}
