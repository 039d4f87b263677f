//! What rules are about: the operations by name, by family, all of them, or the syncs that they start. It knows no more of
//! an operation than its name and whether its request and its answer have a body.

use super::grammar::RuleError;

/// An operation as rules know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Whether its request has a body.
    pub body: Has,
    /// Whether its answer has one.
    pub answer: Has,
}

/// Whether something has a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// It has.
    Json,
    /// It has not.
    Nothing,
}

/// All operations, in the order of their table.
pub type Targets = [Target];

/// The subject of rules for syncs, and the operations that start one.
pub(super) const SYNC: &str = "sync";
const STARTS_SYNC: &[&str] = &["indexes.create", "indexes.sync"];

/// The operations that a subject names, as bits: the n-th is set for the n-th operation.
pub(super) fn matching(subject: &str, targets: &Targets) -> Result<u64, RuleError> {
    let family = subject.strip_suffix('*').filter(|family| family.ends_with('.'));
    let is_meant = |name: &str| match (subject, family) {
        ("*", _) => true,
        (SYNC, _) => STARTS_SYNC.contains(&name),
        (_, Some(family)) => name.starts_with(family),
        (exact, None) => exact == name,
    };
    let bits = targets
        .iter()
        .enumerate()
        .filter(|(_, target)| is_meant(target.name))
        .fold(0, |bits, (position, _)| bits | 1 << position);
    if bits == 0 { Err(unknown(subject, family, targets)) } else { Ok(bits) }
}

fn unknown(subject: &str, family: Option<&str>, targets: &Targets) -> RuleError {
    let error = RuleError::new(subject, "is no operation");
    match family {
        Some(family) => {
            let families = targets.iter().filter_map(|target| target.name.split('.').next());
            error.near(family.trim_end_matches('.'), families)
        }
        None => error.near(subject, targets.iter().map(|target| target.name).chain([SYNC])),
    }
}
