//! A point in real time by which something has to end.

use std::time::{Duration, Instant};

/// A point in real time, whatever a tenant's clock shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// The time after this duration.
    pub(crate) fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// Whether it is in the past.
    pub(crate) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }
}
