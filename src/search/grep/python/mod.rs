//! Python's regular expressions as a tree: the syntax of the module `re` in Python 3.11, with its errors.

mod escape;
mod flags;
mod group;
mod set;
mod syntax;
mod tokens;
mod tree;
mod width;

pub(super) use self::syntax::parse;
pub(super) use self::tree::{Anchor, Boundary, CaseFold, Class, ClassKind, Greed, Look, Node, SetItem};
