//! A text that is searched for in recorded requests: in the path and in both bodies, as they are shown.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::body::RecordedBody;
use super::entry::Entry;
use super::filter::Fit;
use crate::matcher::ParseError;
use crate::redact;

/// Maximum number of characters of the text.
const MAX_CHARS: usize = 256;

/// A text in upper or lower case.
#[derive(Debug, Clone)]
pub(super) struct TextSearch {
    text: String,
    pattern: Regex,
}

impl TextSearch {
    pub(super) fn parse(text: &str) -> Result<Self, ParseError> {
        if text.chars().count() > MAX_CHARS {
            return Err(ParseError::new("text", format_args!("has more than {MAX_CHARS} characters")));
        }
        let pattern = RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build();
        let pattern = pattern.map_err(|error| ParseError::new("text", error))?;
        Ok(Self { text: text.to_owned(), pattern })
    }

    /// Whether a request has the text; not known if a body is not there yet, or was not kept whole.
    pub(super) fn fit(&self, entry: &Entry) -> Fit {
        let bodies = [&entry.request_body, &entry.reply_body];
        if self.pattern.is_match(&redact::masked_target(&entry.path)) || bodies.iter().any(|body| self.is_in(body)) {
            Fit::Fits
        } else if entry.is_unanswered() || bodies.iter().any(|body| body.is_cut()) {
            Fit::Undecided
        } else {
            Fit::Differs
        }
    }

    /// Whether the text is in a body, or in its JSON without escapes of characters.
    fn is_in(&self, body: &RecordedBody) -> bool {
        let text = body.text();
        let is_in = |text: &str| self.pattern.is_match(&redact::masked(text));
        is_in(&text) || text.contains("\\u") && body.value().is_some_and(|value| is_in(&value.to_string()))
    }
}

impl fmt::Display for TextSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
