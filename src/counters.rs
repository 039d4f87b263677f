//! Counters for the admin API: requests by operation and status, and connections that ended before a request. They only
//! grow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of all operations.
#[derive(Debug)]
pub(crate) struct Counters {
    by_operation: Vec<ByStatus>,
    incidents: [AtomicU64; Incident::ALL.len()],
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

/// The requests of one operation by status class: no response, then 1xx to 5xx.
#[derive(Debug, Default)]
struct ByStatus([AtomicU64; CLASSES.len()]);

/// The names of the status classes; a request may have no response.
const CLASSES: [&str; 6] = ["no response", "1xx", "2xx", "3xx", "4xx", "5xx"];

impl Counters {
    /// Counters of this number of operations.
    pub(crate) fn new(operations: usize) -> Self {
        let by_operation = std::iter::repeat_with(ByStatus::default).take(operations).collect();
        Self { by_operation, incidents: Default::default() }
    }

    /// Counts a response with this status of the operation at this position of the table.
    pub(crate) fn count(&self, operation: usize, status: Option<u16>) {
        let class = status.map_or(0, |status| usize::from(status / 100)).min(CLASSES.len() - 1);
        self.by_operation[operation].0[class].fetch_add(1, Ordering::Relaxed);
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

    /// The requests of an operation by status class; classes without a request are left out.
    pub(crate) fn of(&self, operation: usize) -> BTreeMap<&'static str, u64> {
        let counts = self.by_operation[operation].0.iter().map(|count| count.load(Ordering::Relaxed));
        CLASSES.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}
