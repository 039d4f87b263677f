//! The faults on state that one request meets, as plain data: the fault rules plan them, the store applies them and
//! reports which ones it applied. The store does not know why.

use std::sync::Arc;
use std::time::Duration;

use super::sync::Script;
use crate::clock::Timestamp;

/// A kind of fault on state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateFault {
    /// A read sees the state as it was some time ago.
    Lag,
    /// The resource that the request names is deleted.
    Vanish,
    /// A create over a number of live resources is refused.
    Quota,
    /// A page of a list is wrong.
    Page,
    /// A sync that the request starts follows a script.
    Script,
    /// The answer to a message has a given text.
    Reply,
}

/// The faults on state planned for one request; the default is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct StateFaults {
    /// How far a read lags behind writes.
    pub(crate) lag: Option<Lag>,
    /// Whether the resource that the request names is deleted.
    pub(crate) vanish: bool,
    /// The number of live resources from which on a create is refused.
    pub(crate) quota: Option<usize>,
    /// The script of a sync that the request starts.
    pub(crate) script: Option<Arc<Script>>,
    pub(crate) page: Option<PageFault>,
    /// The text of the answer to a message.
    pub(crate) reply: Option<Arc<str>>,
}

impl StateFaults {
    /// Only the faults of these kinds, which can happen to an operation: a rule for many operations plans others too.
    pub(crate) fn only(self, kinds: &[StateFault]) -> Self {
        let can = |fault| kinds.contains(&fault);
        Self {
            lag: self.lag.filter(|_| can(StateFault::Lag)),
            vanish: self.vanish && can(StateFault::Vanish),
            quota: self.quota.filter(|_| can(StateFault::Quota)),
            script: self.script.filter(|_| can(StateFault::Script)),
            page: self.page.filter(|_| can(StateFault::Page)),
            reply: self.reply.filter(|_| can(StateFault::Reply)),
        }
    }
}

/// How far a read lags behind writes. A write can be seen when both conditions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lag {
    /// It happened this long ago.
    pub(crate) duration: Duration,
    /// It happened by this time. On a clock that jumps, later writes have not been missing from a read yet.
    pub(crate) held_after: Timestamp,
}

impl Lag {
    /// A lag that holds back no write longer than this.
    pub(crate) fn of(duration: Duration) -> Self {
        Self { duration, held_after: Timestamp::MAX }
    }

    /// Whether a read at `now` sees a write of this time.
    pub(super) fn shows(&self, write: Timestamp, now: Timestamp) -> bool {
        write <= self.held_after && write.plus(self.duration) <= now
    }
}

/// A fault of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageFault {
    /// Its token leads to the same page again.
    RepeatToken,
    /// The token of the request counts as expired.
    ExpiredToken,
    /// It is empty although another page follows.
    EmptyMiddle,
}

/// The set of the faults on state that were applied to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct AppliedFaults {
    /// One bit for each kind.
    kinds: u8,
    /// The time of the earliest write that was missing from a lagging read.
    missing: Option<Timestamp>,
}

impl AppliedFaults {
    /// Adds a fault to the set.
    pub(crate) fn add(&mut self, fault: StateFault) {
        self.kinds |= 1 << fault as u8;
    }

    /// Adds a lag because of which a write of this time was missing.
    pub(crate) fn add_lag(&mut self, write: Timestamp) {
        self.add(StateFault::Lag);
        self.missing = self.missing.into_iter().chain([write]).min();
    }

    /// The time of the earliest write that was missing from a lagging read, if one was.
    pub(crate) fn missing(self) -> Option<Timestamp> {
        self.missing
    }

    /// Adds all faults of another set.
    pub(crate) fn merge(&mut self, other: Self) {
        self.kinds |= other.kinds;
        self.missing = self.missing.into_iter().chain(other.missing).min();
    }

    /// Whether a fault is in the set.
    pub(crate) fn contains(self, fault: StateFault) -> bool {
        self.kinds & (1 << fault as u8) != 0
    }
}
