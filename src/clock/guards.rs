//! What a clock counts: requests that are open, and those of them that wait.

use std::sync::Arc;

use super::{Clock, Timestamp};

/// Counts a request as open until it is dropped. An `auto` clock does not jump while an open request is not waiting.
#[derive(Debug)]
pub(crate) struct OpenRequest(pub(super) Arc<Clock>);

/// Counts a request as waiting until it is dropped, also if the wait is cancelled.
pub(super) struct WaitGuard<'a> {
    pub(super) clock: &'a Clock,
    pub(super) event: Option<(Timestamp, u64)>,
}

/// Counts a request as waiting for real time until it is dropped.
pub(super) struct RealWaitGuard<'a>(&'a Clock);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.open = state.open.saturating_sub(1);
        state.jump_while_all_wait();
    }
}

impl<'a> RealWaitGuard<'a> {
    pub(super) fn new(clock: &'a Clock) -> Self {
        let mut state = clock.state.lock();
        state.waiting_real += 1;
        state.jump_while_all_wait();
        Self(clock)
    }
}

impl Drop for RealWaitGuard<'_> {
    fn drop(&mut self) {
        self.0.state.lock().waiting_real -= 1;
    }
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.clock.state.lock();
        let is_counted = match self.event {
            // If the event was removed before, the count was reduced then.
            Some(event) => state.events.remove(&event).is_some(),
            None => true,
        };
        if is_counted {
            state.waiting = state.waiting.saturating_sub(1);
        }
    }
}
