//! Why a text that a user wrote is refused: `place: problem; did you mean WORD?`.

use std::fmt;

/// Why a text is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    /// The clause, field or word that is wrong; empty until it is known.
    pub(crate) place: String,
    /// What is wrong with it.
    pub(crate) problem: String,
    /// The nearest valid word.
    pub(crate) nearest: Option<String>,
}

impl ParseError {
    /// An error at a place.
    pub(crate) fn new(place: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self { place: place.to_string(), problem: problem.to_string(), nearest: None }
    }

    /// The same error at another place.
    #[must_use]
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.place = place.to_string();
        self
    }

    /// The same error with the nearest of `words` to `word`, if one is near.
    #[must_use]
    pub(crate) fn near<'a>(mut self, word: &str, words: impl Iterator<Item = &'a str>) -> Self {
        self.nearest = crate::suggest::nearest(word, words).map(str::to_owned);
        self
    }

    /// The error of a word that must be one of `words`.
    pub(crate) fn none_of(word: &str, words: &[&str]) -> Self {
        let problem = format!("{word:?} is not one of {}", words.join(", "));
        Self::from(problem).near(word, words.iter().copied())
    }
}

/// An error whose place is not known yet.
impl From<String> for ParseError {
    fn from(problem: String) -> Self {
        Self { place: String::new(), problem, nearest: None }
    }
}

impl From<&str> for ParseError {
    fn from(problem: &str) -> Self {
        Self::from(problem.to_owned())
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.problem)?;
        self.nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; did you mean {nearest}?"))
    }
}
