//! Where every moment comes from. The only reader of the wall clock, and the only place that waits on a tenant's time.
//!
//! A tenant's clock is `real` (the wall, plus what was advanced), `manual` (stands until moved) or `auto` (stands, and
//! jumps to its next event when every open call of the tenant is waiting; with no call open, when the next one comes).
//! Events are the ends of injected delays, the steps of syncs, and the moments to which an injected `Retry-After` sent a
//! client away. The wall is read once at start and carried on by the monotonic clock, so that a system clock that is
//! set back moves nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use tokio::sync::oneshot;

/// Where the wall clock stood when the program first asked, and the instant at which it did.
static ANCHOR: LazyLock<(Moment, Instant)> = LazyLock::new(|| {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (Moment::from_micros(whole_micros(wall)), Instant::now())
});

/// A point in time, to the microsecond, as the service prints it: UTC, `Z`, no fraction when it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(i64);

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
    standing: Moment,
    /// Calls that have come and not yet ended; counted for `auto`.
    open: usize,
    /// Those of them that wait.
    waiting: usize,
    /// What is still to come under `auto`; the number tells equal moments apart.
    events: BTreeMap<(Moment, u64), Option<oneshot::Sender<()>>>,
    next_event: u64,
}

/// A call that has come and not yet ended: `auto` clocks stand still while one of these is not waiting.
#[derive(Debug)]
pub struct OpenCall(Arc<Clock>);

/// A wait that may be given up at any time without leaving the clock miscounted.
struct Waiting<'a> {
    clock: &'a Clock,
    event: Option<(Moment, u64)>,
}

impl Moment {
    /// The latest moment a clock can show, two days before the year 9999 ends: one that every time zone can still write.
    pub const MAX: Self = Self(253_402_207_200_999_999);

    /// Microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Later by `by`, but never beyond [`Moment::MAX`].
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(whole_micros(by))).min(Self::MAX)
    }

    /// Earlier by `by`, but never before 1970.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(whole_micros(by)).max(0))
    }

    /// As HTTP's `date` header shows it.
    pub fn to_http_date(self) -> String {
        let stamp = Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX);
        // Fails for years beyond 9999 alone.
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&stamp).unwrap_or_default()
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX);
        if self.0.rem_euclid(1_000_000) == 0 { write!(f, "{stamp:.0}") } else { write!(f, "{stamp:.6}") }
    }
}

impl FromStr for Moment {
    type Err = String;

    /// Reads an RFC 3339 timestamp between 1970 and 9999.
    fn from_str(text: &str) -> Result<Self, String> {
        let unreadable = |_| format!("{text:?} is not a timestamp like 2026-01-01T00:00:00Z");
        let stamp: Timestamp = text.parse().map_err(unreadable)?;
        let micros = stamp.as_microsecond();
        if (0..=Self::MAX.0).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(format!("{text:?} is not between 1970 and 9999"))
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
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

/// What the wall shows now, for what is not any tenant's: log lines and calls without a tenant.
pub fn wall() -> Moment {
    let (start, instant) = *ANCHOR;
    start.plus(instant.elapsed())
}

impl Clock {
    /// A clock that starts at `start`, or at the wall's time when there is none.
    ///
    /// `time_scale` is what injected delays are multiplied by under `real` and `manual`.
    pub fn new(mode: Mode, start: Option<Moment>, time_scale: f64) -> Self {
        let wall = wall();
        let standing = start.unwrap_or(wall);
        let state = State {
            mode,
            offset: standing.0.saturating_sub(wall.0),
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
    pub fn now(&self) -> Moment {
        self.state.lock().now()
    }

    /// How the clock runs.
    pub fn mode(&self) -> Mode {
        self.state.lock().mode
    }

    /// What injected delays are multiplied by under `real` and `manual`.
    pub fn time_scale(&self) -> f64 {
        self.time_scale
    }

    /// Makes the clock run as `mode` says, from `now` on.
    pub fn set(&self, mode: Mode, now: Option<Moment>) {
        let mut state = self.state.lock();
        let now = now.unwrap_or_else(|| state.now());
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
    pub fn expect(&self, at: Moment) {
        let mut state = self.state.lock();
        if state.mode == Mode::Auto && at > state.standing {
            state.add(at, None);
        }
    }

    /// Counts a call as open until the returned guard goes.
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
            tokio::time::sleep(scaled(delay, self.time_scale)).await;
        }
    }

    /// Waits for ever, counted as waiting so that an `auto` clock goes on without this call.
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
    fn now(&self) -> Moment {
        match self.mode {
            Mode::Real => Moment(wall().0.saturating_add(self.offset)).clamp(Moment(0), Moment::MAX),
            Mode::Manual | Mode::Auto => self.standing,
        }
    }

    fn move_to(&mut self, to: Moment) {
        self.offset = to.0.saturating_sub(wall().0);
        self.standing = to;
        self.release();
    }

    fn add(&mut self, at: Moment, wake: Option<oneshot::Sender<()>>) -> (Moment, u64) {
        let event = (at, self.next_event);
        self.next_event += 1;
        self.events.insert(event, wake);
        event
    }

    /// Takes out every event that is due, and wakes those who wait for one.
    fn release(&mut self) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > self.standing {
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

    /// Jumps on until some waiting call has been woken, or nothing is to come.
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

/// `delay` times `scale`, within what a duration can hold.
pub fn scaled(delay: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(delay.as_secs_f64() * scale).unwrap_or(Duration::MAX)
}

/// Reads a duration as users write it: `10ms`, `2s`, `5m`, `1h`, and `0`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let unreadable = || format!("{text:?} is not a duration like 10ms, 2s, 5m or 1h");
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..split].parse().map_err(|_| unreadable())?;
    // Divided rather than multiplied by what no float holds exactly, so that every whole number of a unit is read as it is.
    let seconds = match &text[split..] {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        "" if number == 0.0 => 0.0,
        _ => return Err(unreadable()),
    };
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| unreadable())?;
    if duration > LONGEST {
        Err(format!("{text:?} is longer than a hundred years"))
    } else {
        Ok(nearest_micro(duration))
    }
}

/// A clock shows no less than a microsecond; a finer duration would be another one once it is written and read again.
fn nearest_micro(duration: Duration) -> Duration {
    Duration::from_micros(whole_micros(duration + Duration::from_nanos(500)).unsigned_abs())
}

/// The longest duration a setting or a rule can hold.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// Writes a duration in the form that [`parse_duration`] reads.
pub fn format_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let units = [(3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms"), (1, "us")];
    let whole = units.iter().find(|(unit, _)| micros >= *unit && micros.is_multiple_of(*unit));
    whole.map_or_else(|| "0".to_owned(), |(unit, name)| format!("{}{name}", micros / unit))
}

fn whole_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
