//! The search as work for a child process: how its input and its result are written.

use std::ops::Range;

use super::engine::{self, Bounds};
use super::{Pattern, SearchError, iterate};

/// The bounds in the child process: its limits on time and memory hold for everything.
const BOUNDS: Bounds = Bounds { size: 32 * 1024 * 1024, instructions: 1_000_000, backtracks: usize::MAX };

/// The errors of a search in the child process, and the byte that stands for each.
const ERRORS: [(u8, SearchError); 3] =
    [(1, SearchError::PatternTooLarge), (2, SearchError::TooMuchMemory), (3, SearchError::NotSupported)];

/// The input: pattern, maximum number of matches, text.
pub(super) fn input<'a>(pattern: &'a Pattern, max: &'a [u8; 8], text: &'a str) -> [&'a [u8]; 3] {
    [pattern.source.as_bytes(), max, text.as_bytes()]
}

/// Does the work of the child process.
pub(crate) fn answer(fields: Vec<Vec<u8>>) -> Result<Vec<u8>, String> {
    let [pattern, max, text] = <[Vec<u8>; 3]>::try_from(fields).map_err(|_| "other fields".to_owned())?;
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    let pattern = std::str::from_utf8(&pattern).map_err(|error| error.to_string())?;
    let max = <[u8; 8]>::try_from(max).map_err(|_| "another number".to_owned()).map(u64::from_le_bytes)?;
    let pattern = Pattern::parse(pattern).map_err(|error| error.0)?;
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let engine = engine::compile(&pattern, engine::traits(&text), BOUNDS);
    match engine.and_then(|engine| iterate(&engine, &text, max, || false)) {
        Ok(matches) => {
            let numbers = matches.iter().flat_map(|found| [found.start, found.end]);
            Ok([0].into_iter().chain(numbers.flat_map(|number| (number as u64).to_le_bytes())).collect())
        }
        Err(error) => {
            let code = ERRORS.iter().find(|(_, known)| *known == error).map(|(code, _)| vec![*code]);
            code.ok_or_else(|| error.to_string())
        }
    }
}

/// The result that the child process wrote.
pub(super) fn result(bytes: &[u8]) -> Result<Vec<Range<usize>>, SearchError> {
    let (kind, numbers) = bytes.split_first().unwrap_or((&u8::MAX, &[]));
    if let Some((_, error)) = ERRORS.iter().find(|(code, _)| code == kind) {
        return Err(error.clone());
    }
    let (numbers, rest) = numbers.as_chunks::<8>();
    let (pairs, odd) = numbers.as_chunks::<2>();
    if *kind != 0 || !rest.is_empty() || !odd.is_empty() {
        return Err(SearchError::Failed("the child process gave no valid result".to_owned()));
    }
    let at = |number: &[u8; 8]| usize::try_from(u64::from_le_bytes(*number)).unwrap_or(usize::MAX);
    Ok(pairs.iter().map(|[start, end]| at(start)..at(end)).collect())
}
