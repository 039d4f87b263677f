//! Counters of requests by operation and status, for the admin API. They only grow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of all operations.
#[derive(Debug)]
pub(crate) struct Counters {
    by_operation: Vec<ByStatus>,
}

/// The requests of one operation by status class: no response, then 1xx to 5xx.
#[derive(Debug, Default)]
struct ByStatus([AtomicU64; CLASSES.len()]);

/// The names of the status classes; a request without a response has status 0.
const CLASSES: [&str; 6] = ["no response", "1xx", "2xx", "3xx", "4xx", "5xx"];

impl Counters {
    /// Counters of this number of operations.
    pub(crate) fn new(operations: usize) -> Self {
        Self { by_operation: std::iter::repeat_with(ByStatus::default).take(operations).collect() }
    }

    /// Counts a response with this status of the operation at this position of the table.
    pub(crate) fn count(&self, operation: usize, status: u16) {
        let class = usize::from(status / 100).min(CLASSES.len() - 1);
        self.by_operation[operation].0[class].fetch_add(1, Ordering::Relaxed);
    }

    /// The requests of an operation by status class; classes without a request are left out.
    pub(crate) fn of(&self, operation: usize) -> BTreeMap<&'static str, u64> {
        let counts = self.by_operation[operation].0.iter().map(|count| count.load(Ordering::Relaxed));
        CLASSES.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}
