//! How many characters a pattern matches at least and at most, computed as Python does.

use super::tree::Node;

/// The least and the largest number of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Width {
    /// The least.
    pub(crate) min: u128,
    /// The largest; [`MAX`] if there is no limit.
    pub(crate) max: u128,
}

/// The largest width; Python computes larger ones as this.
pub(crate) const MAX: u128 = 1 << 64;

/// The width of a sequence, given those of the groups so far. An open group counts as empty: no pattern that refers to
/// one in a place where the width matters is valid.
pub(super) fn of(nodes: &[Node], groups: &[Option<Width>]) -> Width {
    let sum = nodes.iter().fold(Width { min: 0, max: 0 }, |sum, node| {
        let one = of_node(node, groups);
        Width { min: sum.min + one.min, max: sum.max + one.max }
    });
    Width { min: sum.min.min(MAX), max: sum.max.min(MAX) }
}

fn of_node(node: &Node, groups: &[Option<Width>]) -> Width {
    match node {
        Node::Literal(..) | Node::Set { .. } | Node::Any { .. } => Width { min: 1, max: 1 },
        Node::At(_) | Node::Look(..) => Width { min: 0, max: 0 },
        Node::Capture(_, body) | Node::Group(body) | Node::Atomic(body) => of(body, groups),
        Node::Branch(branches) => {
            let widths: Vec<Width> = branches.iter().map(|branch| of(branch, groups)).collect();
            Width {
                min: widths.iter().map(|width| width.min).min().unwrap_or(0),
                max: widths.iter().map(|width| width.max).max().unwrap_or(0),
            }
        }
        Node::Repeat { min, max, body, .. } => {
            let one = of(body, groups);
            let max = match max {
                Some(max) => one.max * u128::from(*max),
                None if one.max > 0 => MAX,
                None => 0,
            };
            Width { min: one.min * u128::from(*min), max }
        }
        Node::Reference(group, _) => groups.get(*group).copied().flatten().unwrap_or(Width { min: 0, max: 0 }),
        Node::Conditional { yes, no, .. } => {
            let (yes, no) = (of(yes, groups), of(no, groups));
            Width { min: yes.min.min(no.min), max: yes.max.max(no.max) }
        }
    }
}
