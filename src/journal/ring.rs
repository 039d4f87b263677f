//! A tenant's ring of entries: the oldest go when there are too many, or when all rings together hold too much.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use super::entry::{Entry, Outcome};
use crate::config::Settings;

/// What all rings keep to.
#[derive(Debug, Clone)]
pub struct Limits {
    entries: usize,
    bytes: usize,
    together: Arc<Together>,
}

#[derive(Debug, Default)]
struct Together {
    used_bytes: AtomicUsize,
    rings: RwLock<Vec<Arc<Ring>>>,
    count: AtomicUsize,
}

/// A tenant's ring.
#[derive(Debug)]
pub struct Journal {
    ring: Arc<Ring>,
    /// Never goes back, so that a request from before a reset is not taken for one that came after it.
    next_number: u64,
    /// The last number before the latest reset: entries show theirs from there.
    before: u64,
    limits: Limits,
}

/// The entries, behind a lock of their own: a tenant that has gone quiet is made to let some go by others. Whoever holds
/// it takes no other lock.
#[derive(Debug, Default)]
struct Ring {
    entries: Mutex<VecDeque<Entry>>,
    used_bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Limits {
    /// The limits that were set.
    pub fn new(settings: &Settings) -> Self {
        Self { entries: settings.journal_entries, bytes: settings.journal_bytes, together: Arc::default() }
    }

    /// Whether all rings hold too much.
    fn are_passed(&self) -> bool {
        self.together.used_bytes.load(Ordering::Relaxed) > self.bytes
    }

    /// What a ring may hold in any case.
    fn share(&self) -> usize {
        self.bytes / self.together.count.load(Ordering::Relaxed).max(1)
    }

    /// Makes every other ring that holds more than its share let the oldest entries go, and a quarter of the share more, so that
    /// this is not needed for each request.
    fn relieve(&self, but: &Arc<Ring>) {
        let share = self.share();
        let is_large = |ring: &&Arc<Ring>| ring.used_bytes() > share && !Arc::ptr_eq(ring, but);
        for ring in self.together.rings.read().iter().filter(is_large) {
            ring.let_go(&self.together, |_, used_bytes| used_bytes > share / 4 * 3);
        }
    }
}

impl Ring {
    fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    fn put(&self, together: &Together, entry: Entry) {
        // Counted under the lock: another ring's request may take the entry out as soon as it is in.
        let mut entries = self.entries.lock();
        let bytes = entry.weight_bytes();
        self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        together.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        entries.push_back(entry);
    }

    /// Drops the oldest entries as long as so many of so many bytes are too much.
    fn let_go(&self, together: &Together, is_too_much: impl Fn(usize, usize) -> bool) {
        let mut entries = self.entries.lock();
        while !entries.is_empty() && is_too_much(entries.len(), self.used_bytes()) {
            if let Some(entry) = entries.pop_front() {
                let bytes = entry.weight_bytes();
                self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
                together.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Journal {
    /// An empty ring.
    pub fn new(limits: Limits) -> Self {
        let ring = Arc::<Ring>::default();
        limits.together.rings.write().push(Arc::clone(&ring));
        limits.together.count.fetch_add(1, Ordering::Relaxed);
        Self { ring, next_number: 1, before: 0, limits }
    }

    /// The number by which [`Journal::record`] and [`Journal::settle`] know the next request.
    pub fn next_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Puts an entry in, and lets the oldest go as far as the limits ask: of this ring when it has too many or more than its
    /// share, then of others that hold more than theirs. An entry that came under its request's number shows it as the
    /// number since the last reset.
    pub fn record(&mut self, mut entry: Entry) {
        entry.seq = entry.seq.saturating_sub(self.before);
        let limits = &self.limits;
        self.ring.put(&limits.together, entry);
        self.ring.let_go(&limits.together, |entries, bytes| {
            entries > limits.entries || entries > 1 && limits.are_passed() && bytes > limits.share()
        });
        if limits.are_passed() {
            limits.relieve(&self.ring);
        }
    }

    /// Writes how a recorded request ended.
    pub fn settle(&mut self, number: u64, outcome: Outcome) {
        // What came before a reset is forgotten.
        let Some(seq) = number.checked_sub(self.before).filter(|seq| *seq > 0) else { return };
        if let Some(entry) = self.ring.entries.lock().iter_mut().rev().find(|entry| entry.seq == seq) {
            entry.outcome = outcome;
        }
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.ring.entries.lock().iter().cloned().collect()
    }

    /// How many entries had to go.
    pub fn dropped(&self) -> u64 {
        self.ring.dropped.load(Ordering::Relaxed)
    }

    /// Forgets everything, the count too.
    pub fn reset(&mut self) {
        self.ring.let_go(&self.limits.together, |_, _| true);
        self.ring.dropped.store(0, Ordering::Relaxed);
        self.before = self.next_number - 1;
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.reset();
        self.limits.together.rings.write().retain(|ring| !Arc::ptr_eq(ring, &self.ring));
        self.limits.together.count.fetch_sub(1, Ordering::Relaxed);
    }
}
