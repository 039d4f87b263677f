//! Regular expressions with the syntax and the meaning of Python's module `re`, and the search for them.
//!
//! A pattern is read into a tree as Python reads it, and the tree is translated for the engines. No engine bounds the
//! time of a search, so only searches that are certain to be short run in this process; the others run in a child
//! process.

mod charset;
mod engine;
mod job;
mod python;
#[cfg(test)]
mod tests;
mod translate;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use self::engine::Engine;
pub(crate) use self::job::answer;
use self::python::Node;
use crate::clock::Deadline;
use crate::worker::{WorkKind, Worker, WorkerError};

/// Maximum number of code points of a pattern.
pub(crate) const MAX_PATTERN: usize = 1_000;

/// A valid pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    source: String,
    nodes: Vec<Node>,
    /// A match can be empty.
    may_be_empty: bool,
}

/// Why a pattern is refused, in the words of Python's `re.error` where it refuses it too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternError(pub(crate) String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a search may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SearchLimits {
    /// Number of matches, at most 500,000, since the output of a child process is limited too: the search ends after
    /// the last of them.
    pub(crate) matches: usize,
    /// Time for a search in this process. A child process has its own limits.
    pub(crate) time: Duration,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self { matches: 100_000, time: Duration::from_secs(2) }
    }
}

/// Why a search has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SearchError {
    /// It takes too long.
    TooLong,
    /// It needs too much memory, or fails in a way that only a lack of memory explains.
    TooMuchMemory,
    /// The compiled pattern is too large.
    PatternTooLarge,
    /// The pattern is valid in Python, but no engine here supports it: some look-behinds that refer to groups.
    NotSupported,
    /// It needs a child process, and there is no program for one: an embedded server without `LLAMACLOUD_MOCK_BINARY`.
    NeedsProgram,
    /// A child process cannot be started, or failed.
    Failed(String),
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the pattern takes too long on this file"),
            Self::TooMuchMemory => f.write_str("the pattern needs too much memory on this file"),
            Self::PatternTooLarge => f.write_str("the pattern is too large when it is compiled"),
            Self::NotSupported => f.write_str("the pattern has a look-behind that is not supported"),
            Self::NeedsProgram => f.write_str(
                "the pattern may take long on this file and needs a child process; an embedded server can start one if \
                 LLAMACLOUD_MOCK_BINARY names the llamacloud-mock program",
            ),
            Self::Failed(error) => f.write_str(error),
        }
    }
}

impl From<WorkerError> for SearchError {
    fn from(error: WorkerError) -> Self {
        match error {
            WorkerError::NoProgram => Self::NeedsProgram,
            WorkerError::TooLong => Self::TooLong,
            WorkerError::Ended(_) => Self::TooMuchMemory,
            WorkerError::NotStarted(_) | WorkerError::TooMuchOutput | WorkerError::Failed(_) => {
                Self::Failed(error.to_string())
            }
        }
    }
}

/// Texts up to this size are searched in this process, if the pattern is linear and small. The worst of many patterns
/// that were tried took one second for one search; between searches there is a look at the time.
const TEXT_HERE_BYTES: usize = 256 * 1024;

/// Bytes of a compiled pattern in this process, approximately.
const PATTERN_HERE_BYTES: usize = 64 * 1024;

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(python: &str) -> Result<Self, PatternError> {
        if python.chars().count() > MAX_PATTERN {
            return Err(PatternError(format!("patterns of more than {MAX_PATTERN} characters are not supported")));
        }
        let (nodes, width) = python::parse(python)?;
        Ok(Self { source: python.to_owned(), nodes, may_be_empty: width.min == 0 })
    }

    /// All matches in a short text, with any pattern. Only for patterns that no client sent: it may take long.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn find_unbounded(&self, text: &str) -> Result<Vec<Range<usize>>, SearchError> {
        let bounds = engine::Bounds { size: 1024 * 1024, instructions: 10_000, backtracks: 10_000 };
        let engine = engine::compile(self, engine::traits(text), bounds)?;
        iterate(&engine, text, usize::MAX, || false)
    }
}

/// A search for a pattern in a text. Where it runs is known before it runs.
#[derive(Debug)]
pub(crate) struct Search {
    pattern: Pattern,
    /// `None` if the search could take long: then a child process searches.
    engine: Option<Engine>,
}

impl Search {
    /// Prepares the search for a pattern in `text`.
    pub(crate) fn new(pattern: Pattern, text: &str) -> Self {
        let engine = quick_engine(&pattern, text);
        Self { pattern, engine }
    }

    /// Whether a child process searches.
    pub(crate) fn needs_child(&self) -> bool {
        self.engine.is_none()
    }

    /// The byte ranges of all matches in `text`, the same as in [`Search::new`], in order, as Python's `re.finditer`
    /// gives them. It blocks the thread, but not for longer than the limits say, whatever the pattern; a search in a
    /// child process has the limits of that instead.
    pub(crate) fn run(
        &self,
        text: &str,
        limits: SearchLimits,
        worker: &Worker,
    ) -> Result<Vec<Range<usize>>, SearchError> {
        let Some(engine) = &self.engine else { return find_in_child(&self.pattern, text, limits, worker) };
        let deadline = Deadline::after(limits.time);
        iterate(engine, text, limits.matches, || deadline.has_passed())
    }
}

/// The engine for a search that is certain to be short.
fn quick_engine(pattern: &Pattern, text: &str) -> Option<Engine> {
    if text.len() > TEXT_HERE_BYTES {
        return None;
    }
    engine::compile_linear(pattern, engine::traits(text), PATTERN_HERE_BYTES)?.ok()
}

/// Searches in a child process, whatever the pattern and the text. It blocks the thread for as long as the limits of
/// child processes say.
fn find_in_child(
    pattern: &Pattern,
    text: &str,
    limits: SearchLimits,
    worker: &Worker,
) -> Result<Vec<Range<usize>>, SearchError> {
    let max = (limits.matches as u64).to_le_bytes();
    let output = worker.run(WorkKind::Grep, &job::input(pattern, &max, text))?;
    let matches = job::result(&output)?;
    if matches.iter().all(|found| text.get(found.clone()).is_some()) {
        Ok(matches)
    } else {
        Err(SearchError::Failed("the child process gave no valid result".to_owned()))
    }
}

/// All matches, as Python's `re.finditer` gives them.
fn iterate(
    engine: &Engine,
    text: &str,
    max: usize,
    is_late: impl Fn() -> bool,
) -> Result<Vec<Range<usize>>, SearchError> {
    let (mut matches, mut from, mut must_advance) = (Vec::new(), 0, false);
    while let Some(found) = engine.find(text, from, must_advance)? {
        if is_late() {
            return Err(SearchError::TooLong);
        }
        must_advance = found.is_empty();
        from = found.end;
        matches.push(found);
        if matches.len() == max {
            break;
        }
    }
    Ok(matches)
}
