//! Connections that the server ends before a request is handled. Each is counted; the log gets one warning a burst,
//! which names the flag or the cause.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::{Timestamp, system_now};
use crate::counters::Incident;

/// After this long without an incident of a kind, the next one is a new burst.
const BURST_PAUSE_MICROS: i64 = 10_000_000;

/// The last incident of each kind.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    kinds: [LastIncident; Incident::ALL.len()],
}

/// The last incident of a kind, and the number of those after the last warning.
#[derive(Debug, Default)]
struct LastIncident {
    at_micros: AtomicU64,
    unreported: AtomicU64,
}

impl Incidents {
    /// Notes an incident; the warning to log if it begins a burst. `limit` is the value of the flag that it is about.
    pub(super) fn note(&self, incident: Incident, limit: &str) -> Option<String> {
        let last = &self.kinds[incident as usize];
        let now = system_now();
        let previous = last.at_micros.swap(u64::try_from(now.micros()).unwrap_or(0), Ordering::Relaxed);
        let previous = Timestamp::from_micros(i64::try_from(previous).unwrap_or(0));
        if now.micros() - previous.micros() < BURST_PAUSE_MICROS {
            last.unreported.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let text = text_of(incident, limit);
        Some(match last.unreported.swap(0, Ordering::Relaxed) {
            0 => text,
            more => format!("{text} ({more} more since the last warning)"),
        })
    }
}

fn text_of(incident: Incident, limit: &str) -> String {
    match incident {
        Incident::ConnectionLimit => {
            format!("a connection was closed: {limit} connections are open (--max-connections)")
        }
        Incident::HeadTimeout => {
            format!("a connection was closed: the head of its request took longer than {limit} (--header-timeout)")
        }
        Incident::Tls => "a client speaks TLS; this server speaks plain HTTP: use an http:// URL".to_owned(),
        Incident::Http2 => "a client speaks HTTP/2; this server speaks HTTP/1.1".to_owned(),
        Incident::NotHttp => "a client sent bytes that are not an HTTP/1.1 request".to_owned(),
    }
}
