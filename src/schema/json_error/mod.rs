//! Finds the first syntax error in JSON, with the message and the character offset of Python's `json` module. It builds
//! no values, and needs time and memory linear in the length of the text, however deeply it is nested.

#[cfg(test)]
mod tests;

/// The first syntax error in a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Offset in characters.
    pub(crate) at: usize,
    /// Python's message.
    pub(crate) message: &'static str,
}

const EXPECTING_VALUE: &str = "Expecting value";
const EXPECTING_NAME: &str = "Expecting property name enclosed in double quotes";
const EXPECTING_COLON: &str = "Expecting ':' delimiter";
const EXPECTING_COMMA: &str = "Expecting ',' delimiter";
const EXTRA_DATA: &str = "Extra data";
const UNTERMINATED: &str = "Unterminated string starting at";
const CONTROL_CHARACTER: &str = "Invalid control character at";
const BAD_ESCAPE: &str = "Invalid \\escape";
const BAD_UNICODE_ESCAPE: &str = "Invalid \\uXXXX escape";

/// Checks the syntax of `text` as Python does: NaN, Infinity and lone surrogates are valid.
///
/// Errors: the first error that Python would report.
pub(crate) fn check_syntax(text: &str) -> Result<(), SyntaxError> {
    Scanner { characters: text.chars().collect(), at: 0, ends: Vec::new() }.document()
}

fn error(at: usize, message: &'static str) -> Result<(), SyntaxError> {
    Err(SyntaxError { at, message })
}

struct Scanner {
    characters: Vec<char>,
    at: usize,
    /// The ends of the containers around `at`, outermost first.
    ends: Vec<char>,
}

/// The words that Python reads as values.
const WORDS: &[&str] = &["null", "true", "false", "NaN", "Infinity", "-Infinity"];

impl Scanner {
    fn document(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        self.value()?;
        while let Some(end) = self.ends.last().copied() {
            self.after_item(end)?;
        }
        self.skip_space();
        if self.at < self.characters.len() { error(self.at, EXTRA_DATA) } else { Ok(()) }
    }

    /// Reads a scalar or an empty container, after entering the containers that begin before it.
    fn value(&mut self) -> Result<(), SyntaxError> {
        loop {
            match self.peek() {
                Some('{') => {
                    if self.enter('}') {
                        return Ok(());
                    }
                    self.name()?;
                }
                Some('[') => {
                    if self.enter(']') {
                        return Ok(());
                    }
                }
                Some('"') => return self.string(),
                _ => return self.word_or_number(),
            }
        }
    }

    /// Reads the start of a container; returns true, after reading its end too, if it is empty.
    fn enter(&mut self, end: char) -> bool {
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(end) {
            self.at += 1;
            return true;
        }
        self.ends.push(end);
        false
    }

    /// Reads what follows an item: the `end` of the container, or a comma and the next item.
    fn after_item(&mut self, end: char) -> Result<(), SyntaxError> {
        self.skip_space();
        match self.peek() {
            Some(found) if found == end => {
                self.at += 1;
                self.ends.pop();
                return Ok(());
            }
            Some(',') => self.at += 1,
            _ => return error(self.at, EXPECTING_COMMA),
        }
        self.skip_space();
        if end == '}' {
            self.name()?;
        }
        self.value()
    }

    /// Reads a field's name and its colon.
    fn name(&mut self) -> Result<(), SyntaxError> {
        if self.peek() != Some('"') {
            return error(self.at, EXPECTING_NAME);
        }
        self.string()?;
        self.skip_space();
        if self.peek() != Some(':') {
            return error(self.at, EXPECTING_COLON);
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        let quote = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return error(quote, UNTERMINATED),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\\') => self.escape(quote)?,
                Some(character) if character <= '\u{1f}' => return error(self.at, CONTROL_CHARACTER),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self, quote: usize) -> Result<(), SyntaxError> {
        match self.characters.get(self.at + 1) {
            None => error(quote, UNTERMINATED),
            Some('u') => self.unicode_escape(),
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {
                self.at += 2;
                Ok(())
            }
            Some(_) => error(self.at, BAD_ESCAPE),
        }
    }

    /// Reads `\u` and four hex digits. Python requires at least one more character after them.
    fn unicode_escape(&mut self) -> Result<(), SyntaxError> {
        let digits = self.at + 2..self.at + 6;
        let complete = digits.end < self.characters.len();
        if complete && self.characters[digits.clone()].iter().all(char::is_ascii_hexdigit) {
            self.at = digits.end;
            Ok(())
        } else {
            error(self.at + 1, BAD_UNICODE_ESCAPE)
        }
    }

    fn word_or_number(&mut self) -> Result<(), SyntaxError> {
        let rest = &self.characters[self.at.min(self.characters.len())..];
        let word = WORDS
            .iter()
            .find(|word| word.chars().zip(rest).filter(|(left, right)| left == *right).count() == word.len());
        match word.map_or_else(|| number_length(rest), |word| word.len()) {
            0 => error(self.at, EXPECTING_VALUE),
            length => {
                self.at += length;
                Ok(())
            }
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }
}

/// The length of the longest number at the start of `rest`, in characters; 0 if there is none.
fn number_length(rest: &[char]) -> usize {
    let digits_from = |from: usize| rest.iter().skip(from).take_while(|character| character.is_ascii_digit()).count();
    let sign = usize::from(rest.first() == Some(&'-'));
    let integer = match rest.get(sign) {
        Some('0') => 1,
        Some('1'..='9') => digits_from(sign),
        _ => return 0,
    };
    let mut length = sign + integer;
    if rest.get(length) == Some(&'.') && digits_from(length + 1) > 0 {
        length += 1 + digits_from(length + 1);
    }
    if matches!(rest.get(length), Some('e' | 'E')) {
        let signed = usize::from(matches!(rest.get(length + 1), Some('+' | '-')));
        let exponent = digits_from(length + 1 + signed);
        length += if exponent > 0 { 1 + signed + exponent } else { 0 };
    }
    length
}
