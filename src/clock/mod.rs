//! The tenants' clocks. This is the only module that reads the system clock and that waits for a tenant's time.
//!
//! A tenant's clock is `real` (the system time plus the durations by which it was advanced), `manual` (stopped until it
//! is advanced) or `auto` (stopped; it jumps to its next event when every open request of the tenant is waiting, or, if
//! none is open, when the next request arrives). Events are the ends of injected delays, the steps of syncs, the times
//! until which an injected `Retry-After` makes a client wait, the times at which reads include a write that a lagging
//! one has missed, and the starts of the time windows of rules. The system clock is read once, and the monotonic clock
//! from then on, so that changes to the system clock have no effect.

mod deadline;
mod duration;
mod guards;
mod mode;
mod saved;
mod timestamp;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

pub(crate) use self::deadline::Deadline;
use self::duration::whole_micros;
pub(crate) use self::duration::{MAX_DURATION, format_duration, parse_duration, parse_window, scaled};
pub(crate) use self::guards::OpenRequest;
use self::guards::{RealWaitGuard, WaitGuard};
pub(crate) use self::mode::Mode;
pub(crate) use self::saved::SavedClock;
pub(crate) use self::timestamp::Timestamp;

/// The system time when it was first read, and the monotonic time at that moment.
static ANCHOR: LazyLock<(Timestamp, Instant)> = LazyLock::new(|| {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (Timestamp::from_micros(whole_micros(since_epoch)), Instant::now())
});

/// Maximum number of pending events of a clock. Requests that wait for one are limited by the number of connections.
const MAX_EVENTS: usize = 100_000;

/// A tenant's clock. It has its own lock, which is never held across a wait.
#[derive(Debug)]
pub(crate) struct Clock {
    state: Mutex<ClockState>,
    time_scale: f64,
    /// Makes every request that a fault rule holds check whether it still has to wait.
    recheck: watch::Sender<()>,
}

#[derive(Debug)]
struct ClockState {
    mode: Mode,
    /// Microseconds added to the system time in mode `real`.
    offset: i64,
    /// The time that a stopped clock shows, in modes `manual` and `auto`.
    stopped_at: Timestamp,
    /// The time to which it was last set or advanced; later times of an `auto` clock were reached by jumps.
    set_to: Timestamp,
    /// Number of requests that have begun and not ended.
    open: usize,
    /// Number of open requests that are waiting for this clock.
    waiting: usize,
    /// Number of open requests that are waiting for real time.
    waiting_real: usize,
    /// Future events in mode `auto`, each with the channel that wakes its waiter. The number makes keys unique.
    events: BTreeMap<(Timestamp, u64), Option<oneshot::Sender<()>>>,
    next_event: u64,
    /// The number of events that were not added because there were [`MAX_EVENTS`].
    dropped_events: u64,
}

/// The current system time, for log lines and for requests without a tenant.
pub(crate) fn system_now() -> Timestamp {
    let (start, instant) = *ANCHOR;
    start.plus(instant.elapsed())
}

/// Waits until this system time.
pub(crate) async fn sleep_until(at: Timestamp) {
    tokio::time::sleep(at.since(system_now())).await;
}

impl Clock {
    /// A clock that starts at `start`, by default at the system time.
    ///
    /// `time_scale` is the factor for injected delays in modes `real` and `manual`.
    pub(crate) fn new(mode: Mode, start: Option<Timestamp>, time_scale: f64) -> Self {
        let now = system_now();
        let stopped_at = start.unwrap_or(now);
        let state = ClockState {
            mode,
            offset: stopped_at.micros().saturating_sub(now.micros()),
            stopped_at,
            set_to: stopped_at,
            open: 0,
            waiting: 0,
            waiting_real: 0,
            events: BTreeMap::new(),
            next_event: 0,
            dropped_events: 0,
        };
        Self { state: Mutex::new(state), time_scale, recheck: watch::Sender::new(()) }
    }

    /// A new clock with the same mode, time and time scale.
    #[must_use]
    pub(crate) fn fork(&self) -> Self {
        let state = self.state.lock();
        Self::new(state.mode, Some(state.now()), self.time_scale)
    }

    /// The time of the clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.lock().now()
    }

    /// Whether the clock differs from the system time by less than a second.
    pub(crate) fn shows_system_time(&self) -> bool {
        let state = self.state.lock();
        state.mode == Mode::Real && state.offset.unsigned_abs() < 1_000_000
    }

    /// The mode of the clock.
    pub(crate) fn mode(&self) -> Mode {
        self.state.lock().mode
    }

    /// The factor for injected delays in modes `real` and `manual`.
    pub(crate) fn time_scale(&self) -> f64 {
        self.time_scale
    }

    /// Changes the mode, and the time if `now` is given. If the new mode is not `auto`, all waits in clock time end.
    pub(crate) fn set(&self, mode: Mode, now: Option<Timestamp>) {
        let mut state = self.state.lock();
        let now = now.unwrap_or_else(|| state.now());
        if mode != Mode::Auto {
            state.fire_all_events();
        }
        state.mode = mode;
        state.set_to(now);
    }

    /// Changes mode and time, removes all events and ends all waits for them.
    pub(crate) fn restart(&self, mode: Mode, now: Timestamp) {
        let mut state = self.state.lock();
        state.fire_all_events();
        state.dropped_events = 0;
        state.mode = mode;
        state.set_to(now);
    }

    /// Advances the clock by `by` and ends the waits for events up to the new time.
    pub(crate) fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        let to = state.now().plus(by);
        state.set_to(to);
    }

    /// The time to which an `auto` clock was last set or advanced; it reached later times by jumps. `None` in other
    /// modes.
    pub(crate) fn jumped_from(&self) -> Option<Timestamp> {
        let state = self.state.lock();
        (state.mode == Mode::Auto).then_some(state.set_to)
    }

    /// Adds an event at `at`, to which an `auto` clock will jump, unless too many are pending. Other modes need no
    /// events.
    pub(crate) fn add_event(&self, at: Timestamp) {
        let mut state = self.state.lock();
        if state.mode == Mode::Auto && at > state.stopped_at && !state.has_event_without_waiter(at) {
            if state.events.len() < MAX_EVENTS {
                state.insert_event(at, None);
            } else {
                state.dropped_events += 1;
            }
        }
    }

    /// The times of its next events, at most `count`, in mode `auto`.
    pub(crate) fn next_events(&self, count: usize) -> Vec<Timestamp> {
        let mut times: Vec<Timestamp> = self.state.lock().events.keys().map(|(at, _)| *at).take(count).collect();
        times.dedup();
        times
    }

    /// The number of events that were not added because too many were pending: the clock does not jump to them.
    pub(crate) fn dropped_events(&self) -> u64 {
        self.state.lock().dropped_events
    }

    /// Counts a request as open until the returned guard is dropped.
    pub(crate) fn open_request(self: &Arc<Self>) -> OpenRequest {
        let mut state = self.state.lock();
        state.jump_if_idle();
        state.open += 1;
        OpenRequest(Arc::clone(self))
    }

    /// Waits for `delay`: in scaled real time in modes `real` and `manual`, in clock time in mode `auto`.
    pub(crate) async fn sleep(&self, delay: Duration) {
        if delay.is_zero() {
            return;
        }
        if self.mode() == Mode::Auto {
            self.sleep_until_jump(delay).await;
        } else {
            tokio::time::sleep(scaled(delay, self.time_scale)).await;
        }
    }

    /// Waits for `delay` in scaled real time in every mode. The request counts as waiting, but the clock does not jump
    /// for it.
    pub(crate) async fn sleep_real(&self, delay: Duration) {
        if delay.is_zero() {
            return;
        }
        let _waiting = RealWaitGuard::new(self);
        tokio::time::sleep(scaled(delay, self.time_scale)).await;
    }

    /// The duration of a delay on this clock and of one in real time together, in real time: scaled; that on the clock
    /// is zero in mode `auto`.
    pub(crate) fn real_duration(&self, on_clock: Duration, real: Duration) -> Duration {
        let on_clock = if self.mode() == Mode::Auto { Duration::ZERO } else { on_clock };
        scaled(on_clock.saturating_add(real), self.time_scale)
    }

    /// Waits until `is_over` holds. The request counts as waiting, so that an `auto` clock can jump.
    pub(crate) async fn hang(&self, is_over: impl Fn() -> bool) {
        let _waiting = WaitGuard { clock: self, event: None };
        {
            let mut state = self.state.lock();
            state.waiting += 1;
            state.jump_while_all_wait();
        }
        self.wait_until(is_over).await;
    }

    /// Waits until `is_over` holds, which is checked now and at each [`Clock::recheck_hanging`].
    pub(crate) async fn wait_until(&self, is_over: impl Fn() -> bool) {
        // Subscribed before the first check, so that no change in between is missed.
        let mut rechecks = self.recheck.subscribe();
        // The sender lives as long as the clock.
        while !is_over() && rechecks.changed().await.is_ok() {}
    }

    /// Makes every request that waits in [`Clock::hang`] or [`Clock::wait_until`] check whether its wait is over.
    pub(crate) fn recheck_hanging(&self) {
        self.recheck.send_replace(());
    }

    async fn sleep_until_jump(&self, delay: Duration) {
        let (wake, woken) = oneshot::channel();
        let event = {
            let mut state = self.state.lock();
            let at = state.stopped_at.plus(delay);
            let event = state.insert_event(at, Some(wake));
            state.waiting += 1;
            event
        };
        let _waiting = WaitGuard { clock: self, event: Some(event) };
        self.state.lock().jump_while_all_wait();
        // The sender is dropped only with the clock; then there is nothing to wait for.
        let _ = woken.await;
    }
}

impl ClockState {
    fn now(&self) -> Timestamp {
        match self.mode {
            Mode::Real => Timestamp::from_micros(system_now().micros().saturating_add(self.offset))
                .clamp(Timestamp::default(), Timestamp::MAX),
            Mode::Manual | Mode::Auto => self.stopped_at,
        }
    }

    /// Moves to a time that somebody has chosen.
    fn set_to(&mut self, to: Timestamp) {
        self.set_to = to;
        self.move_to(to);
    }

    fn move_to(&mut self, to: Timestamp) {
        self.offset = to.micros().saturating_sub(system_now().micros());
        self.stopped_at = to;
        self.fire_events_up_to(to);
    }

    fn insert_event(&mut self, at: Timestamp, wake: Option<oneshot::Sender<()>>) -> (Timestamp, u64) {
        let event = (at, self.next_event);
        self.next_event += 1;
        self.events.insert(event, wake);
        event
    }

    fn has_event_without_waiter(&self, at: Timestamp) -> bool {
        self.events.range((at, 0)..=(at, u64::MAX)).any(|(_, waiter)| waiter.is_none())
    }

    /// Removes all events and wakes their waiters. Without this, they would wait forever when the mode is no longer
    /// `auto`.
    fn fire_all_events(&mut self) {
        self.fire_events_up_to(Timestamp::MAX);
    }

    /// Removes the events up to `end` and wakes their waiters.
    fn fire_events_up_to(&mut self, end: Timestamp) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > end {
                break;
            }
            if let Some(wake) = entry.remove() {
                self.waiting -= 1;
                // Fails if the wait was cancelled; its guard then finds its event removed and does not count again.
                let _ = wake.send(());
            }
        }
    }

    fn jump(&mut self) {
        if let Some((&(at, _), _)) = self.events.first_key_value() {
            self.move_to(at);
        }
    }

    fn jump_if_idle(&mut self) {
        if self.mode == Mode::Auto && self.open == self.waiting + self.waiting_real {
            self.jump();
        }
    }

    /// Jumps from event to event until a waiting request is woken or no event is left.
    fn jump_while_all_wait(&mut self) {
        let all_wait = |state: &Self| state.waiting > 0 && state.open <= state.waiting + state.waiting_real;
        while self.mode == Mode::Auto && all_wait(self) && !self.events.is_empty() {
            self.jump();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_events_are_kept_up_to_a_limit_and_those_past_it_are_counted() {
        let clock = Clock::new(Mode::Auto, Some(Timestamp::from_micros(0)), 1.0);
        let mut event = 0;
        let mut add = |count: usize| {
            for _ in 0..count {
                event += 1;
                clock.add_event(Timestamp::from_micros(event));
            }
        };
        add(MAX_EVENTS);
        assert_eq!(clock.dropped_events(), 0);
        add(2);
        assert_eq!(clock.dropped_events(), 2);
        clock.restart(Mode::Auto, Timestamp::from_micros(0));
        assert_eq!(clock.dropped_events(), 0);
    }
}
