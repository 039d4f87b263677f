//! A clock as it is saved.

use serde::{Deserialize, Serialize};

use super::{Clock, Mode, Timestamp, system_now};

/// A clock as it is saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedClock {
    mode: Mode,
    /// Absent if it shows the system time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    now: Option<Timestamp>,
    /// Future events that no request waits for; only an `auto` clock has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Timestamp>,
}

impl Clock {
    /// What is saved of it. Waits of requests are not.
    pub(crate) fn saved(&self) -> SavedClock {
        let shows_system_time = self.shows_system_time();
        let state = self.state.lock();
        let events = state.events.iter().filter(|(_, waiter)| waiter.is_none()).map(|((at, _), _)| *at);
        SavedClock { mode: state.mode, now: (!shows_system_time).then(|| state.now()), events: events.collect() }
    }

    /// Takes the mode, the time and the events of a saved clock, and ends all waits.
    pub(crate) fn restore(&self, saved: &SavedClock) {
        self.restart(saved.mode, saved.now.unwrap_or_else(system_now));
        for at in &saved.events {
            self.add_event(*at);
        }
    }
}
