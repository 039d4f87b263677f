//! The engines: a linear one for patterns that it accepts, a backtracking one for all others.

use std::ops::Range;
use std::sync::LazyLock;

use super::translate::{TextTraits, Words, translate};
use super::{Failure, Pattern};

/// Characters that are word characters for Python or for the engines, but not for both.
const DIFFERENT_WORDS: &str = r"[[\w]~~[\p{L}\p{N}_]]";

static DIFFERENT: LazyLock<regex::Regex> =
    LazyLock::new(|| regex::Regex::new(DIFFERENT_WORDS).expect("the pattern is valid"));

/// How large a compiled pattern may be, and how far it may backtrack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Bytes of a compiled part, approximately.
    pub(super) size: usize,
    /// Instructions of the backtracking engine.
    pub(super) instructions: usize,
    /// Steps back in one search.
    pub(super) backtracks: usize,
}

/// A compiled pattern for one text.
#[derive(Debug)]
pub(super) enum Engine {
    /// Takes time in proportion to the text, for one search.
    Linear(regex::Regex),
    /// May take time exponential in the text.
    Backtracking {
        /// Finds any match.
        any: Box<fancy_regex::Regex>,
        /// Finds no match that is empty and at the position where the search starts. `None` if no match is empty.
        advancing: Option<Box<fancy_regex::Regex>>,
    },
}

/// The traits of a text.
pub(super) fn traits(text: &str) -> TextTraits {
    let words = if text.is_ascii() {
        Words::Ascii
    } else if DIFFERENT.is_match(text) {
        Words::Different
    } else {
        Words::Alike
    };
    TextTraits { is_empty: text.is_empty(), ends_with_line_feed: text.ends_with('\n'), words }
}

/// Compiles a pattern for texts with these traits.
///
/// Errors: it exceeds the bounds.
pub(super) fn compile(pattern: &Pattern, traits: TextTraits, bounds: Bounds) -> Result<Engine, Failure> {
    let Pattern { nodes, may_be_empty, .. } = pattern;
    let translation = translate(nodes, traits);
    if !translation.needs_backtracking && !may_be_empty {
        let built = regex::RegexBuilder::new(&translation.pattern).size_limit(bounds.size).build();
        return built.map(Engine::Linear).map_err(|_| Failure::Size);
    }
    let advancing = may_be_empty.then(|| backtracking(&format!(r"(?:{})(?!\G)", translation.pattern), bounds));
    Ok(Engine::Backtracking { any: backtracking(&translation.pattern, bounds)?, advancing: advancing.transpose()? })
}

fn backtracking(pattern: &str, bounds: Bounds) -> Result<Box<fancy_regex::Regex>, Failure> {
    fancy_regex::RegexBuilder::new(pattern)
        .delegate_size_limit(bounds.size)
        .max_prog_size(bounds.instructions)
        .backtrack_limit(bounds.backtracks)
        .build()
        .map(Box::new)
        .map_err(|_| Failure::Size)
}

/// Whether a pattern is searched for in linear time in texts with these traits.
pub(super) fn is_linear(pattern: &Pattern, traits: TextTraits) -> bool {
    !pattern.may_be_empty && !translate(&pattern.nodes, traits).needs_backtracking
}

impl Engine {
    /// The next match at or after a position. With `must_advance` it is not empty at that position itself.
    pub(super) fn find(&self, text: &str, from: usize, must_advance: bool) -> Result<Option<Range<usize>>, Failure> {
        match self {
            Self::Linear(regex) => Ok(regex.find_at(text, from).map(|found| found.range())),
            Self::Backtracking { any, advancing } => {
                let regex = advancing.as_ref().filter(|_| must_advance).unwrap_or(any);
                let found = regex.find_from_pos(text, from).map_err(|_| Failure::Effort)?;
                Ok(found.map(|found| found.range()))
            }
        }
    }
}
