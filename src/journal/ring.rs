//! A tenant's ring of entries. The oldest are evicted when the ring has too many, or when all rings together are over
//! the budget of bytes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use super::entry::{Entry, FaultNote, Outcome};
use super::feed::{Feed, Follower};
use super::retries;
use crate::config::Settings;
use crate::content::{self, Content};
use crate::request::Head;

/// The limits of all rings.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    entries: usize,
    bytes: usize,
    totals: Arc<Totals>,
}

#[derive(Debug, Default)]
struct Totals {
    used_bytes: AtomicUsize,
    rings: RwLock<Vec<Arc<Ring>>>,
    count: AtomicUsize,
    feed: Arc<Feed>,
}

/// A tenant's ring.
#[derive(Debug)]
pub(crate) struct Journal {
    ring: Arc<Ring>,
    /// Never decreases, so that a request from before a reset is not confused with a later one.
    next_number: u64,
    /// The last number before the latest reset; entries show their number since then.
    reset_at: u64,
    /// The numbers of the entries that were recorded without a response.
    unanswered: Vec<u64>,
    limits: Limits,
}

/// The entries, behind a lock of their own, so that the requests of other tenants can evict entries of an idle one. No
/// other lock is taken while it is held.
#[derive(Debug, Default)]
struct Ring {
    entries: Mutex<VecDeque<Box<Entry>>>,
    used_bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Limits {
    /// The limits of the settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { entries: settings.journal_entries, bytes: settings.journal_bytes, totals: Arc::default() }
    }

    /// Where the journals publish their entries.
    pub(crate) fn feed(&self) -> &Arc<Feed> {
        &self.totals.feed
    }

    /// One that gets each entry from now on; `None` if there are too many.
    pub(crate) fn follow(&self) -> Option<Follower> {
        self.feed().follow()
    }

    /// Whether all rings together are over the budget.
    fn are_exceeded(&self) -> bool {
        self.totals.used_bytes.load(Ordering::Relaxed) > self.bytes
    }

    /// The number of bytes that each ring may hold even while the budget is exceeded.
    fn share(&self) -> usize {
        self.bytes / self.totals.count.load(Ordering::Relaxed).max(1)
    }

    /// Evicts the oldest entries of every other ring that is over its share, down to three quarters of it, so that this
    /// is not needed for each request.
    fn evict_from_others(&self, own: &Arc<Ring>) {
        let share = self.share();
        let is_large = |ring: &&Arc<Ring>| ring.used_bytes() > share && !Arc::ptr_eq(ring, own);
        for ring in self.totals.rings.read().iter().filter(is_large) {
            ring.evict_oldest(&self.totals, |_, used_bytes| used_bytes > share / 4 * 3);
        }
    }
}

impl Ring {
    fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    fn put(&self, totals: &Totals, entry: Box<Entry>) {
        // Counted under the lock: a request of another tenant may evict the entry as soon as it is in.
        let mut entries = self.entries.lock();
        self.count_bytes(totals, 0, entry.weight_bytes());
        entries.push_back(entry);
    }

    /// Changes the entry with this number, if it was not evicted.
    fn change(&self, seq: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.lock().iter_mut().rev().find(|entry| entry.seq == seq) {
            change(entry);
        }
    }

    /// Counts an entry of `after` bytes in place of `before`.
    fn count_bytes(&self, totals: &Totals, before: usize, after: usize) {
        for used_bytes in [&self.used_bytes, &totals.used_bytes] {
            used_bytes.fetch_add(after, Ordering::Relaxed);
            used_bytes.fetch_sub(before, Ordering::Relaxed);
        }
    }

    /// Evicts the oldest entries while a number of entries and of bytes is too much.
    fn evict_oldest(&self, totals: &Totals, is_too_much: impl Fn(usize, usize) -> bool) {
        let mut entries = self.entries.lock();
        while !entries.is_empty() && is_too_much(entries.len(), self.used_bytes()) {
            if let Some(entry) = entries.pop_front() {
                self.count_bytes(totals, entry.weight_bytes(), 0);
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Journal {
    /// An empty ring.
    pub(crate) fn new(limits: Limits) -> Self {
        let ring = Arc::<Ring>::default();
        limits.totals.rings.write().push(Arc::clone(&ring));
        limits.totals.count.fetch_add(1, Ordering::Relaxed);
        Self { ring, next_number: 1, reset_at: 0, unanswered: Vec::new(), limits }
    }

    /// The number by which the methods below identify the next request.
    pub(crate) fn next_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// The number of a request: that of its entry without a response if there still is one, else the next one.
    pub(crate) fn number_of(&mut self, recorded: Option<u64>) -> u64 {
        recorded.filter(|number| self.unanswered.contains(number)).unwrap_or_else(|| self.next_number())
    }

    /// Ends a request that never gets a response, because its client has gone.
    pub(crate) fn abandon(&mut self, number: u64) {
        if let Some(position) = self.unanswered.iter().position(|other| *other == number) {
            self.unanswered.swap_remove(position);
            self.end(number, Outcome::ClientGone);
        }
    }

    /// Records a request that has no response yet, or more of it.
    pub(crate) fn open(&mut self, entry: Box<Entry>) {
        let is_recorded = self.unanswered.contains(&entry.seq);
        if !is_recorded {
            self.unanswered.push(entry.seq);
        }
        self.put_or_replace(entry, is_recorded);
    }

    /// Records a request with its response.
    pub(crate) fn record(&mut self, entry: Box<Entry>) {
        let recorded = self.unanswered.iter().position(|number| *number == entry.seq);
        recorded.map(|position| self.unanswered.swap_remove(position));
        self.put_or_replace(entry, recorded.is_some());
    }

    fn put_or_replace(&mut self, mut entry: Box<Entry>, is_recorded: bool) {
        if is_recorded {
            entry.seq -= self.reset_at;
            let (ring, totals) = (&self.ring, &self.limits.totals);
            ring.change(entry.seq, |open| {
                let before = open.weight_bytes();
                entry.continue_from(open);
                *open = *entry;
                ring.count_bytes(totals, before, open.weight_bytes());
            });
        } else {
            self.put(entry);
        }
    }

    /// Adds an entry, and evicts the oldest until the limits hold: from this ring if it has too many or is over its
    /// share, then from others that are over theirs. A request from before a reset is not recorded.
    fn put(&mut self, mut entry: Box<Entry>) {
        if entry.seq <= self.reset_at {
            return;
        }
        let number = entry.seq;
        entry.seq -= self.reset_at;
        let limits = &self.limits;
        if limits.feed().has_followers() {
            limits.feed().publish(number, &entry);
        }
        self.ring.put(&limits.totals, entry);
        self.ring.evict_oldest(&limits.totals, |entries, bytes| {
            entries > limits.entries || entries > 1 && limits.are_exceeded() && bytes > limits.share()
        });
        if limits.are_exceeded() {
            limits.evict_from_others(&self.ring);
        }
    }

    /// Sets how a recorded request has ended, and publishes it.
    pub(crate) fn end(&mut self, number: u64, outcome: Outcome) {
        self.set_outcome(number, outcome);
        self.publish(number);
    }

    /// Publishes a recorded request if it has ended.
    pub(crate) fn publish(&mut self, number: u64) {
        self.publish_if(number, |_| true);
    }

    /// The same, unless its client was seen to leave: false then, because it may turn out to end in another way.
    pub(crate) fn publish_unless_left(&mut self, number: u64) -> bool {
        let mut has_left = false;
        self.publish_if(number, |entry| {
            has_left = entry.client_left.is_some();
            !has_left
        });
        !has_left
    }

    fn publish_if(&mut self, number: u64, is_meant: impl FnOnce(&Entry) -> bool) {
        let feed = Arc::clone(self.limits.feed());
        if !feed.has_followers() {
            return;
        }
        self.change(number, |entry| {
            if entry.outcome != Outcome::Open && is_meant(entry) {
                feed.publish(number, entry);
            }
        });
    }

    /// Sets how a recorded request ends, as far as is known.
    pub(crate) fn set_outcome(&mut self, number: u64, outcome: Outcome) {
        self.change(number, |entry| entry.end(outcome));
    }

    /// Replaces the outcomes of the fault rules that a recorded request met.
    pub(crate) fn set_faults(&mut self, number: u64, faults: Vec<FaultNote>) {
        self.change(number, |entry| entry.faults = faults);
    }

    /// Notes that the client of a recorded request has left before the request has ended.
    pub(crate) fn client_leaves(&mut self, number: u64) {
        self.change(number, Entry::client_leaves);
    }

    /// Changes the entry of a request. Those of requests from before a reset are gone.
    fn change(&mut self, number: u64, change: impl FnOnce(&mut Entry)) {
        let Some(seq) = number.checked_sub(self.reset_at).filter(|seq| *seq > 0) else { return };
        self.ring.change(seq, change);
    }

    /// The number of the attempt of a request that is not recorded yet, by the recorded requests of equal content: its
    /// place in the chain that it continues, from 1.
    pub(crate) fn next_attempt(&self, operation: &str, head: &Head, sent: &Content) -> u64 {
        let (target, digest) = (head.target(), content::digest(sent.value().cloned(), sent.bytes()));
        let entries = self.ring.entries.lock();
        let is_decided = |entry: &Entry| entry.status.is_some() || entry.outcome != Outcome::Open;
        let is_equal = |entry: &&Entry| {
            entry.operation == Some(operation)
                && *entry.path == *target
                && is_decided(entry)
                && entry.request_body.content_digest() == digest
        };
        let mut equal: Vec<&Entry> = entries.iter().map(|entry| &**entry).filter(is_equal).collect();
        equal.sort_by_key(|entry| entry.seq);
        retries::next_attempt(&equal)
    }

    /// The entries, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.ring.entries.lock().iter().map(|entry| (**entry).clone()).collect()
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.ring.entries.lock().len()
    }

    /// Counts entries of an earlier journal of the tenant that are lost.
    pub(crate) fn count_dropped(&self, entries: u64) {
        self.ring.dropped.fetch_add(entries, Ordering::Relaxed);
    }

    /// The number of entries that were evicted.
    pub(crate) fn dropped(&self) -> u64 {
        self.ring.dropped.load(Ordering::Relaxed)
    }

    /// Removes everything, the count of evicted entries too.
    pub(crate) fn reset(&mut self) {
        self.ring.evict_oldest(&self.limits.totals, |_, _| true);
        self.ring.dropped.store(0, Ordering::Relaxed);
        self.unanswered.clear();
        self.reset_at = self.next_number - 1;
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.reset();
        self.limits.totals.rings.write().retain(|ring| !Arc::ptr_eq(ring, &self.ring));
        self.limits.totals.count.fetch_sub(1, Ordering::Relaxed);
    }
}
