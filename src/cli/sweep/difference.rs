//! The differences between what a run left and what the command leaves without a fault.

use super::state::{LeftResource, ResourceCounts};

/// What the program did otherwise, each as the rest of a sentence that begins with "the program", the most important
/// first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Differences(Vec<String>);

impl Differences {
    /// Every difference.
    pub(super) fn between(expected: &ResourceCounts, found: &ResourceCounts) -> Self {
        let (mut missing, mut extra) = (surplus(expected, found), surplus(found, expected));
        let changed = take_changed(&mut missing, &mut extra);
        let (doubled, left): (Vec<_>, Vec<_>) =
            extra.into_iter().partition(|(resource, _)| has_identity(expected, resource));
        let (other_status, other_content): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|(expected, found)| !found.has_status_of(expected));
        let differences = doubled.iter().map(created_again);
        let differences = differences.chain(missing.iter().map(lacked)).chain(other_status.iter().map(with_status));
        let differences = differences.chain(left.iter().map(left_behind));
        Self(differences.chain(other_content.iter().map(with_content)).collect())
    }

    /// The resources that are left beside those of a run without a fault, whatever their content and status.
    pub(super) fn left_beside(expected: &ResourceCounts, found: &ResourceCounts) -> Self {
        let extra = surplus(&identities(found), &identities(expected));
        Self(extra.iter().map(left_behind).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first difference, and the number of the others.
    pub(super) fn summary(&self) -> String {
        match self.0.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [first, second] => format!("{first}, and {second}"),
            [first, others @ ..] => format!("{first}, with {} more differences", others.len()),
        }
    }
}

/// A resource with its number.
type Counted = (LeftResource, usize);

/// The resources that are there with another status or content, as they are expected and as they were found; the rest
/// stays in `missing` and `extra`.
fn take_changed(missing: &mut Vec<Counted>, extra: &mut Vec<Counted>) -> Vec<(LeftResource, LeftResource)> {
    let mut changed = Vec::new();
    for (found, surplus) in extra.iter_mut() {
        for (expected, lack) in missing.iter_mut().filter(|(expected, _)| expected.identity() == found.identity()) {
            let both = (*surplus).min(*lack);
            (*surplus, *lack) = (*surplus - both, *lack - both);
            changed.extend((0..both).map(|_| (expected.clone(), found.clone())));
        }
    }
    missing.retain(|(_, count)| *count > 0);
    extra.retain(|(_, count)| *count > 0);
    changed
}

fn created_again((resource, count): &Counted) -> String {
    let which = if *count == 1 { "a second".to_owned() } else { format!("{count} more of") };
    format!("created {which} {}", resource.shown())
}

fn lacked((resource, count): &Counted) -> String {
    format!("left no {}{}", resource.shown(), times(*count))
}

fn left_behind((resource, count): &Counted) -> String {
    format!("left {}{} behind", resource.shown(), times(*count))
}

fn with_status((expected, found): &(LeftResource, LeftResource)) -> String {
    format!("left {} {}, not {}", found.shown(), found.status(), expected.status())
}

fn with_content((expected, found): &(LeftResource, LeftResource)) -> String {
    format!("left {} with another content ({})", found.shown(), found.other_fields(expected).join(", "))
}

fn times(count: usize) -> String {
    if count == 1 { String::new() } else { format!(" ({count} times)") }
}

/// What `one` has more of than `other`.
fn surplus(one: &ResourceCounts, other: &ResourceCounts) -> Vec<Counted> {
    let more = one.iter().filter_map(|(resource, count)| {
        let surplus = count.saturating_sub(other.get(resource).copied().unwrap_or_default());
        (surplus > 0).then(|| (resource.clone(), surplus))
    });
    more.collect()
}

/// Whether there is one with the same kind, name and parent.
fn has_identity(counts: &ResourceCounts, resource: &LeftResource) -> bool {
    let identity = resource.identity();
    counts.keys().any(|other| other.identity() == identity)
}

fn identities(counts: &ResourceCounts) -> ResourceCounts {
    let mut identities = ResourceCounts::new();
    for (resource, count) in counts {
        *identities.entry(resource.identity()).or_default() += count;
    }
    identities
}
