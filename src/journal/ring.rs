//! A tenant's ring of entries: the oldest go when there are too many, or when all rings together hold too much.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    rings: AtomicUsize,
}

/// A tenant's ring.
#[derive(Debug)]
pub struct Journal {
    entries: VecDeque<Entry>,
    used_bytes: usize,
    next_seq: u64,
    dropped: u64,
    limits: Limits,
}

impl Limits {
    /// The limits that were set.
    pub fn new(settings: &Settings) -> Self {
        Self { entries: settings.journal_entries, bytes: settings.journal_bytes, together: Arc::default() }
    }
}

impl Journal {
    /// An empty ring.
    pub fn new(limits: Limits) -> Self {
        limits.together.rings.fetch_add(1, Ordering::Relaxed);
        Self { entries: VecDeque::new(), used_bytes: 0, next_seq: 1, dropped: 0, limits }
    }

    /// The number of the next call.
    pub fn next_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    /// Puts an entry in, and lets the oldest go as far as the limits ask.
    pub fn record(&mut self, entry: Entry) {
        self.weigh_in(entry.weight_bytes());
        self.entries.push_back(entry);
        while self.is_over() {
            self.drop_oldest();
        }
    }

    /// Writes how a recorded call ended.
    pub fn settle(&mut self, seq: u64, outcome: Outcome) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.seq == seq) {
            entry.outcome = outcome;
        }
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How many entries had to go.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets everything, the count too.
    pub fn reset(&mut self) {
        self.clear();
        self.next_seq = 1;
        self.dropped = 0;
    }

    /// Whether this ring must let an entry go: it has too many, or all rings hold too much and it more than its share.
    fn is_over(&self) -> bool {
        let together = &self.limits.together;
        let share = self.limits.bytes / together.rings.load(Ordering::Relaxed).max(1);
        let too_much = together.used_bytes.load(Ordering::Relaxed) > self.limits.bytes && self.used_bytes > share;
        !self.entries.is_empty() && (self.entries.len() > self.limits.entries || too_much)
    }

    fn weigh_in(&mut self, bytes: usize) {
        self.used_bytes += bytes;
        self.limits.together.used_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.weigh_out(entry.weight_bytes());
            self.dropped += 1;
        }
    }

    fn weigh_out(&mut self, bytes: usize) {
        self.used_bytes = self.used_bytes.saturating_sub(bytes);
        self.limits.together.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn clear(&mut self) {
        self.weigh_out(self.used_bytes);
        self.entries = VecDeque::new();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.clear();
        self.limits.together.rings.fetch_sub(1, Ordering::Relaxed);
    }
}
