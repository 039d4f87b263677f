//! The operations that fault rules can be about: by name, by family, all of them, or those that start a sync.

use super::grammar::RuleError;
use crate::store::state_faults::StateFault;

/// What fault rules know of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Whether its requests have a body.
    pub request_body: bool,
    /// Whether its successful responses have a body.
    pub response_body: bool,
    /// Whether it only reads.
    pub reads: bool,
    /// The faults on state that can happen to it.
    pub state_faults: &'static [StateFault],
}

/// All operations, in the order of their table.
pub type Targets = [Target];

/// The subject of rules about syncs: the operations that start one.
pub(super) const SYNC: &str = "sync";

impl Target {
    /// Whether a fault on state can happen to it.
    pub(super) fn can_have(&self, fault: StateFault) -> bool {
        self.state_faults.contains(&fault)
    }
}

/// The operations that a subject names: bit n is set for the n-th operation.
pub(super) fn matching(subject: &str, targets: &Targets) -> Result<u64, RuleError> {
    let family = subject.strip_suffix('*').filter(|family| family.ends_with('.'));
    let is_meant = |target: &Target| match (subject, family) {
        ("*", _) => true,
        (SYNC, _) => target.can_have(StateFault::Script),
        (_, Some(family)) => target.name.starts_with(family),
        (exact, None) => exact == target.name,
    };
    let meant = targets.iter().enumerate().filter(|(_, target)| is_meant(target));
    let bits = meant.fold(0, |bits, (position, _)| bits | 1 << position);
    if bits == 0 { Err(unknown(subject, family, targets)) } else { Ok(bits) }
}

fn unknown(subject: &str, family: Option<&str>, targets: &Targets) -> RuleError {
    let error = RuleError::new(subject, "is not an operation");
    match family {
        Some(family) => {
            let families = targets.iter().filter_map(|target| target.name.split('.').next());
            error.near(family.trim_end_matches('.'), families)
        }
        None => error.near(subject, targets.iter().map(|target| target.name).chain([SYNC])),
    }
}
