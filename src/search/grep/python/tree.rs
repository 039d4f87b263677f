//! The tree of a pattern. Flags are resolved: each node says how it matches, whatever encloses it.

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// One character, given by its code point, which may be a surrogate.
    Literal(u32, CaseFold),
    /// One character of a set.
    Set {
        /// Matches the characters outside the set.
        negated: bool,
        /// Its members.
        items: Vec<SetItem>,
        /// How its literals and ranges match.
        case_fold: CaseFold,
    },
    /// Any character.
    Any {
        /// Line feeds too.
        line_feed: bool,
    },
    /// A position.
    At(Anchor),
    /// A group that captures, with its number.
    Capture(usize, Vec<Node>),
    /// A group that does not capture.
    Group(Vec<Node>),
    /// The first alternative that matches.
    Branch(Vec<Vec<Node>>),
    /// A repetition.
    Repeat {
        /// Minimum count.
        min: u32,
        /// Maximum count; `None` if there is none.
        max: Option<u32>,
        /// Which count is tried first.
        greed: Greed,
        /// What is repeated.
        body: Vec<Node>,
    },
    /// A group whose first way to match is final.
    Atomic(Vec<Node>),
    /// A condition on the text before or after a position.
    Look(Look, Vec<Node>),
    /// The text of a group.
    Reference(usize, CaseFold),
    /// One of two patterns, depending on whether a group has matched.
    Conditional {
        /// The number of the group.
        group: usize,
        /// The pattern if it has matched.
        yes: Vec<Node>,
        /// The pattern if it has not; empty if there is none.
        no: Vec<Node>,
    },
}

/// Whether upper and lower case are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaseFold {
    /// They differ.
    None,
    /// The ASCII letters are equal.
    Ascii,
    /// All letters are equal.
    Unicode,
}

/// A member of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SetItem {
    /// The code points from the first to the last.
    Range(u32, u32),
    /// A class such as `\d`.
    Class(Class),
}

/// A class of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    /// What it contains.
    pub(crate) kind: ClassKind,
    /// It is all other characters instead.
    pub(crate) negated: bool,
    /// Only ASCII characters are in the class before it is negated.
    pub(crate) ascii: bool,
}

/// What a class contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClassKind {
    /// `\d`
    Digit,
    /// `\s`
    Space,
    /// `\w`
    Word,
}

/// A position in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The start of the text.
    TextStart,
    /// The start of a line.
    LineStart,
    /// The end of the text.
    TextEnd,
    /// The end of the text, or before a line feed that ends it.
    LastLineEnd,
    /// The end of a line.
    LineEnd,
    /// The start or the end of a word, or any other position.
    Boundary(Boundary),
}

/// A position between a word character and another character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Boundary {
    /// All other positions instead.
    pub(crate) negated: bool,
    /// Only ASCII characters are word characters.
    pub(crate) ascii: bool,
}

/// Which count a repetition tries first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greed {
    /// The largest.
    Greedy,
    /// The smallest.
    Lazy,
    /// The largest, and no other.
    Possessive,
}

/// A condition on the text around a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// The pattern matches up to the position, not from there on.
    pub(crate) behind: bool,
    /// The pattern must not match.
    pub(crate) negated: bool,
}

impl Node {
    /// The sequences that it contains.
    pub(crate) fn bodies(&self) -> Vec<&[Node]> {
        match self {
            Self::Literal(..) | Self::Set { .. } | Self::Any { .. } | Self::At(_) | Self::Reference(..) => Vec::new(),
            Self::Capture(_, body)
            | Self::Group(body)
            | Self::Repeat { body, .. }
            | Self::Atomic(body)
            | Self::Look(_, body) => vec![body],
            Self::Branch(branches) => branches.iter().map(Vec::as_slice).collect(),
            Self::Conditional { yes, no, .. } => vec![yes, no],
        }
    }
}
