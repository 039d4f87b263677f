//! Where every moment comes from. The only reader of the wall clock, and the only place that waits on a tenant's time.
//!
//! A tenant's clock is `real` (the wall, plus what was advanced), `manual` (stands until moved) or `auto` (stands, and
//! jumps to its next event when every open request of the tenant is waiting; with no request open, when the next one comes).
//! Events are the ends of injected delays, the steps of syncs, the moments to which an injected `Retry-After` sent a client
//! away, those at which lagging reads come to see a write, and the beginnings of rules' windows. The wall is read once at
//! start and pending_hits on by the monotonic clock, so that a system clock that is set back moves nothing.

mod duration;
mod timestamp;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::oneshot;

use self::duration::whole_micros;
pub use self::duration::{format_duration, parse_duration, scaled};
pub use self::timestamp::Timestamp;

/// Where the wall clock stood when the program first asked, and the instant at which it did.
static ANCHOR: LazyLock<(Timestamp, Instant)> = LazyLock::new(|| {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (Timestamp::from_micros(whole_micros(wall)), Instant::now())
});

/// How a clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// With the wall.
    Real,
    /// Only when told.
    Manual,
    /// From event to event.
    Auto,
}

/// One tenant's clock. Its lock is its own, held for a few instructions and never across a wait.
#[derive(Debug)]
pub struct Clock {
    state: Mutex<State>,
    time_scale: f64,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    /// What is added to the wall under `real`, in microseconds.
    offset: i64,
    /// Where the clock stands under `manual` and `auto`.
    standing: Timestamp,
    /// Calls that have come and not yet ended; counted for `auto`.
    open: usize,
    /// Those of them that wait.
    waiting: usize,
    /// What is still to come under `auto`; the number tells equal moments apart.
    events: BTreeMap<(Timestamp, u64), Option<oneshot::Sender<()>>>,
    next_event: u64,
}

/// A request that has come and not yet ended: `auto` clocks stand still while one of these is not waiting.
#[derive(Debug)]
pub struct OpenCall(Arc<Clock>);

/// A wait that may be given up at any time without leaving the clock miscounted.
struct Waiting<'a> {
    clock: &'a Clock,
    event: Option<(Timestamp, u64)>,
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "real" => Ok(Self::Real),
            "manual" => Ok(Self::Manual),
            "auto" => Ok(Self::Auto),
            _ => Err(format!("{text:?} is none of real, manual, auto")),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Manual => "manual",
            Self::Auto => "auto",
        })
    }
}

/// What the wall shows now, for what is not any tenant's: log lines and requests without a tenant.
pub fn system_now() -> Timestamp {
    let (start, instant) = *ANCHOR;
    start.plus(instant.elapsed())
}

impl Clock {
    /// A clock that starts at `start`, or at the wall's time when there is none.
    ///
    /// `time_scale` is what injected delays are multiplied by under `real` and `manual`.
    pub fn new(mode: Mode, start: Option<Timestamp>, time_scale: f64) -> Self {
        let wall = system_now();
        let standing = start.unwrap_or(wall);
        let state = State {
            mode,
            offset: standing.micros().saturating_sub(wall.micros()),
            standing,
            open: 0,
            waiting: 0,
            events: BTreeMap::new(),
            next_event: 0,
        };
        Self { state: Mutex::new(state), time_scale }
    }

    /// Another clock that runs like this one, from where this one is.
    #[must_use]
    pub fn fork(&self) -> Self {
        let state = self.state.lock();
        Self::new(state.mode, Some(state.now()), self.time_scale)
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        self.state.lock().now()
    }

    /// Whether it shows what the wall shows, to the second.
    pub fn shows_wall(&self) -> bool {
        let state = self.state.lock();
        state.mode == Mode::Real && state.offset.unsigned_abs() < 1_000_000
    }

    /// How the clock runs.
    pub fn mode(&self) -> Mode {
        self.state.lock().mode
    }

    /// What injected delays are multiplied by under `real` and `manual`.
    pub fn time_scale(&self) -> f64 {
        self.time_scale
    }

    /// Makes the clock run as `mode` says, from `now` on. Who waits on a clock that no longer jumps waits no more.
    pub fn set(&self, mode: Mode, now: Option<Timestamp>) {
        let mut state = self.state.lock();
        let now = now.unwrap_or_else(|| state.now());
        if mode != Mode::Auto {
            state.end_waits();
        }
        state.mode = mode;
        state.move_to(now);
    }

    /// Makes the clock run as `mode` says, from `now` on, and forgets what was to come; who waited for it waits no more.
    pub fn restart(&self, mode: Mode, now: Timestamp) {
        let mut state = self.state.lock();
        state.end_waits();
        state.mode = mode;
        state.move_to(now);
    }

    /// Moves the clock on by `by`, waking every wait that ends on the way.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        let to = state.now().plus(by);
        state.move_to(to);
    }

    /// Tells an `auto` clock that something happens at `at`; others need no telling.
    pub fn expect(&self, at: Timestamp) {
        let mut state = self.state.lock();
        let is_known = |state: &State| {
            let mut there = state.events.range((at, 0)..=(at, u64::MAX));
            there.any(|(_, waiter)| waiter.is_none())
        };
        if state.mode == Mode::Auto && at > state.standing && !is_known(&state) {
            state.add(at, None);
        }
    }

    /// Counts a request as open until the returned guard goes.
    pub fn open_call(self: &Arc<Self>) -> OpenCall {
        let mut state = self.state.lock();
        state.jump_if_idle();
        state.open += 1;
        OpenCall(Arc::clone(self))
    }

    /// Waits for `delay` on this clock: scaled real time under `real` and `manual`, the jumping clock under `auto`.
    pub async fn sleep(&self, delay: Duration) {
        if delay.is_zero() {
            return;
        }
        if self.mode() == Mode::Auto {
            self.sleep_until_jump(delay).await;
        } else {
            tokio::time::sleep(self.on_the_wall(delay)).await;
        }
    }

    /// How long `delay` takes on the wall: scaled under `real` and `manual`, no time at all under `auto`.
    pub fn on_the_wall(&self, delay: Duration) -> Duration {
        if self.mode() == Mode::Auto { Duration::ZERO } else { scaled(delay, self.time_scale) }
    }

    /// Waits for ever, counted as waiting so that an `auto` clock goes on without this request.
    pub async fn hang(&self) {
        let _waiting = Waiting { clock: self, event: None };
        {
            let mut state = self.state.lock();
            state.waiting += 1;
            state.jump_while_all_wait();
        }
        std::future::pending::<()>().await;
    }

    async fn sleep_until_jump(&self, delay: Duration) {
        let (wake, woken) = oneshot::channel();
        let event = {
            let mut state = self.state.lock();
            let at = state.standing.plus(delay);
            let event = state.add(at, Some(wake));
            state.waiting += 1;
            event
        };
        let _waiting = Waiting { clock: self, event: Some(event) };
        self.state.lock().jump_while_all_wait();
        // Closed without a word only when the clock itself is gone: then there is nothing to wait for.
        let _ = woken.await;
    }
}

impl State {
    fn now(&self) -> Timestamp {
        match self.mode {
            Mode::Real => Timestamp::from_micros(system_now().micros().saturating_add(self.offset))
                .clamp(Timestamp::default(), Timestamp::MAX),
            Mode::Manual | Mode::Auto => self.standing,
        }
    }

    fn move_to(&mut self, to: Timestamp) {
        self.offset = to.micros().saturating_sub(system_now().micros());
        self.standing = to;
        self.release();
    }

    fn add(&mut self, at: Timestamp, wake: Option<oneshot::Sender<()>>) -> (Timestamp, u64) {
        let event = (at, self.next_event);
        self.next_event += 1;
        self.events.insert(event, wake);
        event
    }

    /// Takes out every event that is due, and wakes those who wait for one.
    fn release(&mut self) {
        self.release_up_to(self.standing);
    }

    /// Takes out all events: only a clock that jumps ever comes to them.
    fn end_waits(&mut self) {
        self.release_up_to(Timestamp::MAX);
    }

    fn release_up_to(&mut self, moment: Timestamp) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > moment {
                break;
            }
            if let Some(wake) = entry.remove() {
                self.waiting -= 1;
                // The waiter may have gone; its guard sees that its event is no longer listed.
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
        if self.mode == Mode::Auto && self.open == self.waiting {
            self.jump();
        }
    }

    /// Jumps on until some waiting request has been woken, or nothing is to come.
    fn jump_while_all_wait(&mut self) {
        while self.mode == Mode::Auto && self.waiting > 0 && self.open <= self.waiting && !self.events.is_empty() {
            self.jump();
        }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.open = state.open.saturating_sub(1);
        state.jump_while_all_wait();
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.clock.state.lock();
        let counted = match self.event {
            // An event that is no longer listed was released, and uncounted then.
            Some(event) => state.events.remove(&event).is_some(),
            None => true,
        };
        if counted {
            state.waiting = state.waiting.saturating_sub(1);
        }
    }
}
