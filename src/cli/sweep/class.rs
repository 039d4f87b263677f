//! The classes of faults that a sweep injects: the rule of each, the operations that it can strike, and what it means
//! in a sentence.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Serialize, Serializer};

use super::recording::CallFacts;
use crate::clock::format_duration;
use crate::fault::Target;
use crate::store::state_faults::StateFault;

/// The subject of rules about syncs.
pub(super) const SYNC: &str = "sync";

/// The wait after a 429 for clients that read `retry-after-ms`: short, but longer than any retry that does not wait.
pub(super) const PROMISED_WAIT: Duration = Duration::from_millis(100);

/// How long `slow` delays a response.
const SLOW: Duration = Duration::from_secs(2);

/// A class of faults, in the order in which a sweep tries them: those first after which a client cannot know what
/// happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::cli) enum FaultClass {
    ResetAfter,
    Hang,
    ResetBefore,
    #[value(name = "status-500")]
    Status500,
    #[value(name = "status-429")]
    Status429,
    #[value(name = "html-502")]
    Html502,
    Truncated,
    StaleRead,
    SyncFails,
    Slow,
    ExpiredPage,
}

/// Which call of an operation is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::cli) enum CallPlace {
    First,
    Middle,
    Last,
}

/// Whether only that call is struck, or all from it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::cli) enum FaultMode {
    Once,
    Persistent,
}

impl FaultClass {
    /// Its rule for an operation, without the trigger.
    pub(super) fn rule(self, operation: &str) -> String {
        match self {
            Self::ResetAfter => format!("{operation}@after reset"),
            Self::Hang => format!("{operation} hang"),
            Self::ResetBefore => format!("{operation} reset"),
            Self::Status500 => format!("{operation} status=500"),
            Self::Status429 => format!("{operation} status=429 retry-after=1s"),
            Self::Html502 => format!("{operation} status=502"),
            Self::Truncated => format!("{operation} truncate=20"),
            Self::StaleRead => format!("{operation} lag=1h"),
            Self::SyncFails => format!("{operation} script=failed"),
            Self::Slow => format!("{operation} delay=real:{}", format_duration(SLOW)),
            Self::ExpiredPage => format!("{operation} page=expired-token"),
        }
    }

    /// The rule as a run injects it: a request hangs for `hang` at most, and the wait after a 429 takes little time but
    /// can be told from none.
    pub(super) fn injected_rule(self, operation: &str, hang: Duration) -> String {
        match self {
            Self::Hang => format!("{operation} delay=real:{} close", format_duration(hang)),
            Self::Status429 => {
                format!("{} header=retry-after-ms:{}", self.rule(operation), PROMISED_WAIT.as_millis())
            }
            _ => self.rule(operation),
        }
    }

    /// Whether the class is about this operation. The rule language says whether a rule can strike it.
    pub(super) fn is_about(self, target: &Target) -> bool {
        match self {
            Self::ResetAfter => !target.reads,
            Self::StaleRead => target.reads,
            Self::ExpiredPage => target.state_faults.contains(&StateFault::Page),
            Self::SyncFails => target.state_faults.contains(&StateFault::Script),
            _ => true,
        }
    }

    /// Whether it can strike a call of such an operation.
    pub(super) fn can_strike(self, call: CallFacts) -> bool {
        match self {
            Self::StaleRead => call.follows_write,
            Self::ExpiredPage => call.has_page_token,
            _ => true,
        }
    }

    /// Whether its rule counts only calls that succeed.
    pub(super) fn counts_successes(self) -> bool {
        self == Self::ResetAfter
    }

    /// Whether a program may end with an error because of one such fault.
    pub(super) fn may_fail(self) -> bool {
        matches!(self, Self::SyncFails | Self::ExpiredPage)
    }

    /// About how much longer than the command a run takes.
    pub(super) fn extra_time(self, mode: FaultMode, hang: Duration) -> Duration {
        /// How often the official clients send a request.
        const ATTEMPTS: u32 = 3;
        /// The wait of the official clients before they repeat a request.
        const BACKOFF: Duration = Duration::from_millis(500);
        let one = match self {
            Self::Hang => hang,
            Self::Slow => SLOW,
            Self::ResetAfter | Self::ResetBefore | Self::Truncated => BACKOFF,
            Self::Status429 => PROMISED_WAIT,
            _ => Duration::ZERO,
        };
        if mode == FaultMode::Persistent { one * ATTEMPTS } else { one }
    }

    /// What happens to an operation, as the beginning of a sentence.
    pub(super) fn event(self, operation: &str, mode: FaultMode) -> String {
        let (once, persistent) = match self {
            Self::ResetAfter => ("after the response to OP was lost", "while every response to OP was lost"),
            Self::Hang => ("after OP got no response", "while OP never got a response"),
            Self::ResetBefore => ("after the connection of OP was reset", "while every connection of OP was reset"),
            Self::Status500 => ("after OP got status 500", "while OP always got status 500"),
            Self::Status429 => ("after OP got status 429", "while OP always got status 429"),
            Self::Html502 => {
                ("after OP got an HTML page with status 502", "while OP always got an HTML page with status 502")
            }
            Self::Truncated => ("after the response to OP was cut off", "while every response to OP was cut off"),
            Self::StaleRead => ("after OP did not show the latest change", "while OP never showed the latest change"),
            Self::SyncFails => ("after a sync failed", "while every sync failed"),
            Self::Slow => ("after OP took 2 seconds", "while OP always took 2 seconds"),
            Self::ExpiredPage => ("after a page token of OP had expired", "while every page token of OP had expired"),
        };
        let event = if mode == FaultMode::Once { once } else { persistent };
        event.replace("OP", operation)
    }
}

impl CallPlace {
    /// The one of these numbers of calls, of which there is one at least.
    pub(super) fn of(self, numbers: &[usize]) -> usize {
        match self {
            Self::First => numbers[0],
            Self::Middle => numbers[(numbers.len() - 1) / 2],
            Self::Last => numbers[numbers.len() - 1],
        }
    }
}

impl FaultMode {
    /// A rule that strikes the call of this number, from 1.
    pub(super) fn with_trigger(self, rule: &str, call: usize) -> String {
        match self {
            Self::Once => format!("{rule} nth={call}"),
            Self::Persistent => format!("{rule} skip={}", call - 1),
        }
    }
}

/// The word for a value on the command line and in reports.
pub(super) fn word(value: impl ValueEnum + Copy) -> String {
    value.to_possible_value().map_or_else(String::new, |known| known.get_name().to_owned())
}

macro_rules! serialize_as_word {
    ($($name:ident),*) => {
        $(impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&word(*self))
            }
        })*
    };
}
serialize_as_word!(FaultClass, CallPlace, FaultMode);
