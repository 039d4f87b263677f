//! The engines: a linear one for patterns that it accepts, a backtracking one for all others.

use std::ops::Range;
use std::sync::LazyLock;

use fancy_regex::CompileError;

use super::python::{Anchor, Node};
use super::translate::{TextTraits, Words, translate};
use super::{Pattern, SearchError};

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
    Linear {
        /// The pattern.
        regex: regex::Regex,
        /// The match is what its first group captures.
        is_captured: bool,
    },
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
/// Errors: it exceeds the bounds, or it is one of the look-behinds that the engine does not support.
pub(super) fn compile(pattern: &Pattern, traits: TextTraits, bounds: Bounds) -> Result<Engine, SearchError> {
    if let Some(result) = compile_linear(pattern, traits, bounds.size) {
        return result;
    }
    let any = translate(&pattern.nodes, traits).pattern;
    let advancing = pattern.may_be_empty.then(|| backtracking(&format!(r"(?:{any})(?!\G)"), bounds));
    Ok(Engine::Backtracking { any: backtracking(&any, bounds)?, advancing: advancing.transpose()? })
}

/// Compiles a pattern for the linear engine, up to a size; `None` if that does not search for it in texts with these
/// traits.
pub(super) fn compile_linear(
    pattern: &Pattern,
    traits: TextTraits,
    max_size: usize,
) -> Option<Result<Engine, SearchError>> {
    let Linear { pattern, is_captured } = linear(pattern, traits)?;
    let regex = regex::RegexBuilder::new(&pattern).size_limit(max_size).build();
    Some(regex.map(|regex| Engine::Linear { regex, is_captured }).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => SearchError::PatternTooLarge,
        _ => SearchError::NotSupported,
    }))
}

fn backtracking(pattern: &str, bounds: Bounds) -> Result<Box<fancy_regex::Regex>, SearchError> {
    fancy_regex::RegexBuilder::new(pattern)
        .delegate_size_limit(bounds.size)
        .max_prog_size(bounds.instructions)
        .backtrack_limit(bounds.backtracks)
        .build()
        .map(Box::new)
        .map_err(|error| if is_about_size(&error) { SearchError::PatternTooLarge } else { SearchError::NotSupported })
}

fn is_about_size(error: &fancy_regex::Error) -> bool {
    let fancy_regex::Error::CompileError(error) = error else { return false };
    match error.as_ref() {
        CompileError::InnerError(error) => error.size_limit().is_some(),
        CompileError::PatternTooComplex | CompileError::DfaBuildError(..) => true,
        _ => false,
    }
}

/// A pattern for the linear engine.
struct Linear {
    pattern: String,
    /// The match is what its first group captures: what follows the group is only a condition.
    is_captured: bool,
}

/// The pattern for the linear engine, if that can search for it in texts with these traits. It does not search for
/// matches that are empty, because Python looks for another match at the place of one.
fn linear(pattern: &Pattern, traits: TextTraits) -> Option<Linear> {
    if pattern.may_be_empty {
        return None;
    }
    let whole = translate(&pattern.nodes, traits);
    if !whole.needs_backtracking {
        return Some(Linear { pattern: whole.pattern, is_captured: false });
    }
    // `$` before a line feed is a condition on what follows. At the end of a pattern, where it is most common, it may
    // as well match the line feed, outside the group that is the match.
    let (Node::At(Anchor::LastLineEnd), before) = pattern.nodes.split_last()? else { return None };
    let before = translate(before, traits);
    let pattern = format!(r"({})\n?\z", before.pattern);
    (!before.needs_backtracking).then_some(Linear { pattern, is_captured: true })
}

impl Engine {
    /// The next match at or after a position. With `must_advance` it is not empty at that position itself.
    pub(super) fn find(
        &self,
        text: &str,
        from: usize,
        must_advance: bool,
    ) -> Result<Option<Range<usize>>, SearchError> {
        match self {
            Self::Linear { regex, is_captured: false } => Ok(regex.find_at(text, from).map(|found| found.range())),
            Self::Linear { regex, is_captured: true } => {
                let captures = regex.captures_at(text, from);
                Ok(captures.and_then(|captures| captures.get(1)).map(|found| found.range()))
            }
            Self::Backtracking { any, advancing } => {
                let regex = advancing.as_ref().filter(|_| must_advance).unwrap_or(any);
                let found = regex.find_from_pos(text, from).map_err(|_| SearchError::TooMuchMemory)?;
                Ok(found.map(|found| found.range()))
            }
        }
    }
}
