//! The operations that fault rules can be about: those of a pattern, or those that start a sync.

use crate::matcher::{OperationFacts, ParseError, matching_operations};
use crate::store::state_faults::StateFault;

/// The properties of an operation that fault rules use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Its path, with the names of its parameters.
    pub(crate) path: &'static str,
    /// Whether its requests have a body.
    pub(crate) request_body: bool,
    /// Whether its successful responses have a body.
    pub(crate) response_body: bool,
    /// Whether its successful responses are streams of events.
    pub(crate) streams: bool,
    /// Whether it only reads.
    pub(crate) reads: bool,
    /// The faults on state that can happen to it.
    pub(crate) state_faults: &'static [StateFault],
}

/// All operations, in the order of their table.
pub(crate) type Targets = [Target];

/// The subject of rules about syncs: the operations that start one.
pub(super) const SYNC: &str = "sync";

impl OperationFacts for Target {
    fn name(&self) -> &'static str {
        self.name
    }

    fn path(&self) -> &'static str {
        self.path
    }

    fn reads(&self) -> bool {
        self.reads
    }
}

impl Target {
    pub(super) fn can_have(&self, fault: StateFault) -> bool {
        self.state_faults.contains(&fault)
    }
}

/// The operations that a subject names: bit n is set for the n-th operation.
pub(super) fn matching(subject: &str, targets: &Targets) -> Result<u64, ParseError> {
    let positions = if subject == SYNC {
        (0..targets.len()).filter(|position| targets[*position].can_have(StateFault::Script)).collect()
    } else {
        matching_operations(subject, targets).map_err(|error| or_sync(subject, error))?
    };
    Ok(positions.into_iter().fold(0, |bits, position| bits | 1 << position))
}

/// The error of a subject that may have been meant to be `sync`, or that has `sync` among its operations.
fn or_sync(subject: &str, error: ParseError) -> ParseError {
    if error.place == SYNC {
        return ParseError::new(SYNC, "stands alone: 'sync script=…'");
    }
    let nearest = error.nearest.clone();
    let words = nearest.as_deref().into_iter().chain([SYNC]);
    if subject.contains(',') { error } else { error.near(subject, words) }
}
