//! The faults on state that one request meets, as plain data: the fault rules plan them, the store applies them and
//! reports which ones it applied. The store does not know why.

use std::sync::Arc;
use std::time::Duration;

use super::sync::Script;

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
}

/// The faults on state planned for one request; the default is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct StateFaults {
    /// The age of the state that a read sees.
    pub(crate) lag: Option<Duration>,
    /// Whether the resource that the request names is deleted.
    pub(crate) vanish: bool,
    /// The number of live resources from which on a create is refused.
    pub(crate) quota: Option<usize>,
    /// The script of a sync that the request starts.
    pub(crate) script: Option<Arc<Script>>,
    pub(crate) page: Option<PageFault>,
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
        }
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
pub(crate) struct AppliedFaults(u8);

impl AppliedFaults {
    /// Adds a fault to the set.
    pub(crate) fn add(&mut self, fault: StateFault) {
        self.0 |= 1 << fault as u8;
    }

    /// Adds all faults of another set.
    pub(crate) fn merge(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether a fault is in the set.
    pub(crate) fn contains(self, fault: StateFault) -> bool {
        self.0 & (1 << fault as u8) != 0
    }
}
