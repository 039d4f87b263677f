//! Counters for the admin API: requests by operation and status, their durations, and connections. They only grow,
//! apart from the number of open connections.

use std::collections::BTreeMap;
use std::iter::zip;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The counters of all operations.
#[derive(Debug)]
pub(crate) struct Counters {
    by_operation: Vec<OnceLock<ByStatus>>,
    incidents: [AtomicU64; Incident::ALL.len()],
    /// How long requests took until their response began.
    pub(crate) durations: Durations,
    /// The same without the delays of fault rules.
    pub(crate) own_durations: Durations,
    /// The number of open connections.
    pub(crate) connections: AtomicUsize,
}

/// Why a connection ended before a request was handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    /// `--max-connections` connections were open.
    ConnectionLimit,
    /// The head of a request took too long.
    HeadTimeout,
    /// The client began a TLS handshake.
    Tls,
    /// The client began an HTTP/2 connection.
    Http2,
    /// The client sent something else that is not HTTP/1.1.
    NotHttp,
}

impl Incident {
    /// Every kind, in the order of their numbers.
    pub(crate) const ALL: [Self; 5] = [Self::ConnectionLimit, Self::HeadTimeout, Self::Tls, Self::Http2, Self::NotHttp];

    fn name(self) -> &'static str {
        match self {
            Self::ConnectionLimit => "connection_limit",
            Self::HeadTimeout => "head_timeout",
            Self::Tls => "tls",
            Self::Http2 => "http2",
            Self::NotHttp => "not_http",
        }
    }
}

/// The requests of one operation by status; at 0 those without a response.
type ByStatus = Box<[AtomicU64]>;

/// The highest status, and one more.
const STATUSES: usize = 600;

/// A histogram of durations.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    /// The number in each bucket; the last one has no upper bound.
    counts: [AtomicU64; BOUNDS_MICROS.len() + 1],
    sum_micros: AtomicU64,
}

/// The upper bounds of the buckets of durations, in microseconds.
const BOUNDS_MICROS: [u64; 14] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000, 30_000_000];

/// The names of the status classes; a request may have no response.
const CLASSES: [&str; 6] = ["no response", "1xx", "2xx", "3xx", "4xx", "5xx"];

impl Counters {
    /// Counters of this number of operations.
    pub(crate) fn new(operations: usize) -> Self {
        Self {
            by_operation: (0..operations).map(|_| OnceLock::new()).collect(),
            incidents: Default::default(),
            durations: Durations::default(),
            own_durations: Durations::default(),
            connections: AtomicUsize::new(0),
        }
    }

    /// Counts a response with this status of the operation at this position of the table.
    pub(crate) fn count(&self, operation: usize, status: Option<u16>) {
        let by_status = self.by_operation[operation].get_or_init(|| (0..STATUSES).map(|_| AtomicU64::new(0)).collect());
        by_status[usize::from(status.unwrap_or(0)).min(STATUSES - 1)].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that ended before a request was handled.
    pub(crate) fn count_incident(&self, incident: Incident) {
        self.incidents[incident as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The connections that ended before a request was handled, by cause.
    pub(crate) fn incidents(&self) -> BTreeMap<&'static str, u64> {
        let count = |incident: Incident| self.incidents[incident as usize].load(Ordering::Relaxed);
        Incident::ALL.into_iter().map(|incident| (incident.name(), count(incident))).collect()
    }

    /// The requests of an operation by status, 0 for no response; those without a request are left out.
    pub(crate) fn by_status(&self, operation: usize) -> impl Iterator<Item = (usize, u64)> {
        let counts =
            self.by_operation[operation].get().into_iter().flatten().map(|count| count.load(Ordering::Relaxed));
        counts.enumerate().filter(|(_, count)| *count > 0)
    }

    /// The requests of an operation by status class; classes without a request are left out.
    pub(crate) fn of(&self, operation: usize) -> BTreeMap<&'static str, u64> {
        let mut classes = BTreeMap::new();
        for (status, count) in self.by_status(operation) {
            *classes.entry(CLASSES[status / 100]).or_default() += count;
        }
        classes
    }
}

impl Durations {
    /// Counts a duration.
    pub(crate) fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The sum, in seconds.
    pub(crate) fn sum(&self) -> f64 {
        Duration::from_micros(self.sum_micros.load(Ordering::Relaxed)).as_secs_f64()
    }

    /// The upper bound of each bucket, in seconds, and the number of durations in it.
    pub(crate) fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = BOUNDS_MICROS.iter().map(|bound| Duration::from_micros(*bound).as_secs_f64());
        zip(bounds.chain([f64::MAX]), &self.counts)
            .map(|(bound, count)| (bound, count.load(Ordering::Relaxed)))
            .collect()
    }
}
