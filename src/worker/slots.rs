//! The number of child processes that run at once.

use parking_lot::{Condvar, Mutex};

use crate::clock::Deadline;

/// Places for child processes.
#[derive(Debug)]
pub(super) struct Slots {
    free: Mutex<usize>,
    returned: Condvar,
}

/// One place, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), returned: Condvar::new() }
    }

    /// Waits for a place; `None` if there is none until the deadline.
    pub(super) fn take(&self, deadline: Deadline) -> Option<Slot<'_>> {
        let mut free = self.free.lock();
        while *free == 0 {
            let wait = deadline.remaining();
            if wait.is_zero() {
                return None;
            }
            self.returned.wait_for(&mut free, wait);
        }
        *free -= 1;
        Some(Slot(self))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_was_dropped() {
        let slots = Slots::new(1);
        let passed = Deadline::after(Duration::ZERO);
        let slot = slots.take(passed).expect("it is free");
        assert!(slots.take(passed).is_none());
        drop(slot);
        assert!(slots.take(passed).is_some());
    }
}
