//! Patterns of grep: the first line is the pattern, the rest is the text. A pattern is refused or accepted alike each
//! time; an accepted one compiles unless it is too large; its matches follow one another, and are the same in whichever
//! engine.

use std::ops::Range;

use crate::search::grep::{Pattern, Search, SearchError, SearchLimits};
use crate::worker::Worker;

/// Maximum number of bytes of the text: longer ones reach no other code.
const MAX_TEXT: usize = 200;

/// Runs the target on one input.
pub fn pattern(data: &[u8]) {
    let Ok(input) = std::str::from_utf8(data) else { return };
    let (pattern, text) = input.split_once('\n').unwrap_or((input, ""));
    if text.len() > MAX_TEXT {
        return;
    }
    let first = Pattern::parse(pattern);
    let second = Pattern::parse(pattern);
    assert_eq!(first.as_ref().err(), second.as_ref().err(), "{pattern:?}");
    let Ok(parsed) = first else { return };
    let found = match parsed.find_unbounded(text) {
        Ok(found) => found,
        Err(SearchError::NotSupported) => {
            assert!(pattern.contains("(?<"), "{pattern:?} does not compile for {text:?}");
            return;
        }
        Err(_) => return,
    };
    assert_in_order(&found, text);
    // Without a child process only some patterns are searched for.
    if let Ok(bounded) = Search::new(parsed.clone(), text).run(text, SearchLimits::default(), &Worker::of_file(None)) {
        assert_eq!(bounded, found, "{pattern:?} in {text:?}");
    }
}

fn assert_in_order(found: &[Range<usize>], text: &str) {
    let mut end = 0;
    for range in found {
        assert!(end <= range.start && text.get(range.clone()).is_some(), "{found:?} in {text:?}");
        end = range.end;
    }
}
