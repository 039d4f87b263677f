//! The characters of a pattern, one or an escaped one at a time, and errors that name a position among them.

use crate::search::grep::PatternError;

/// A character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternToken {
    /// A character as it is.
    Plain(char),
    /// A backslash and the character after it.
    Escaped(char),
}

impl PatternToken {
    fn len(self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Escaped(_) => 2,
        }
    }

    /// Appends it as it was written.
    pub(super) fn write_to(self, text: &mut String) {
        match self {
            Self::Plain(plain) => text.push(plain),
            Self::Escaped(escaped) => text.extend(['\\', escaped]),
        }
    }
}

/// Reads the tokens of a pattern. Positions count code points.
#[derive(Debug)]
pub(super) struct Tokens {
    chars: Vec<char>,
    /// The position after `next`.
    index: usize,
    next: Option<PatternToken>,
}

impl Tokens {
    pub(super) fn new(pattern: &str) -> Result<Self, PatternError> {
        let mut tokens = Self { chars: pattern.chars().collect(), index: 0, next: None };
        tokens.advance()?;
        Ok(tokens)
    }

    fn advance(&mut self) -> Result<(), PatternError> {
        self.next = match self.chars.get(self.index) {
            Some('\\') => match self.chars.get(self.index + 1) {
                Some(escaped) => Some(PatternToken::Escaped(*escaped)),
                None => return Err(self.error_at("bad escape (end of pattern)", self.chars.len() - 1)),
            },
            plain => plain.copied().map(PatternToken::Plain),
        };
        self.index += self.next.map_or(0, PatternToken::len);
        Ok(())
    }

    /// The next token, which stays the next one.
    pub(super) fn peek(&self) -> Option<PatternToken> {
        self.next
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<Option<PatternToken>, PatternError> {
        let token = self.next;
        self.advance()?;
        Ok(token)
    }

    /// Takes the next token if it is this character; says whether it was.
    pub(super) fn take_if(&mut self, expected: char) -> Result<bool, PatternError> {
        let is_expected = self.next == Some(PatternToken::Plain(expected));
        if is_expected {
            self.advance()?;
        }
        Ok(is_expected)
    }

    /// Takes at most `max` characters that are digits of this base.
    pub(super) fn take_digits(&mut self, base: u32, max: usize) -> Result<String, PatternError> {
        let mut digits = String::new();
        while digits.len() < max
            && let Some(PatternToken::Plain(digit)) = self.next
            && digit.is_digit(base)
        {
            digits.push(digit);
            self.advance()?;
        }
        Ok(digits)
    }

    /// Takes everything up to `end`, which is taken too; `name` says what it is.
    pub(super) fn take_until(&mut self, end: char, name: &str) -> Result<String, PatternError> {
        let mut taken = String::new();
        loop {
            match self.take()? {
                None if taken.is_empty() => return Err(self.error(&format!("missing {name}"), 0)),
                None => {
                    let message = format!("missing {end}, unterminated name");
                    return Err(self.error(&message, taken.chars().count()));
                }
                Some(PatternToken::Plain(plain)) if plain == end && taken.is_empty() => {
                    return Err(self.error(&format!("missing {name}"), 1));
                }
                Some(PatternToken::Plain(plain)) if plain == end => return Ok(taken),
                Some(other) => other.write_to(&mut taken),
            }
        }
    }

    /// The position of the next token.
    pub(super) fn position(&self) -> usize {
        self.index - self.next.map_or(0, PatternToken::len)
    }

    /// Goes back to a position.
    pub(super) fn seek(&mut self, position: usize) -> Result<(), PatternError> {
        self.index = position;
        self.advance()
    }

    /// An error that names the position of the next token, less `back`.
    pub(super) fn error(&self, message: &str, back: usize) -> PatternError {
        self.error_at(message, self.position().saturating_sub(back))
    }

    /// An error that names a position.
    pub(super) fn error_at(&self, message: &str, position: usize) -> PatternError {
        let before = &self.chars[..position.min(self.chars.len())];
        let place = if self.chars.contains(&'\n') {
            let line = before.iter().filter(|c| **c == '\n').count() + 1;
            let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
            format!(" (line {line}, column {column})")
        } else {
            String::new()
        };
        PatternError(format!("{message} at position {position}{place}"))
    }
}
