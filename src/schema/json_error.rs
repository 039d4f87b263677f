//! Where JSON is broken, in the words and at the character offset of Python's `json` module. It only looks for the
//! error: it builds nothing, and needs time and memory linear in the text however deeply that nests.

#[cfg(test)]
mod tests;

/// What became of a search for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Located {
    /// Python would read it (it also takes NaN, Infinity and lone surrogates).
    Sound,
    /// Python would not.
    Broken {
        /// Offset in characters.
        at: usize,
        /// Python's message.
        message: &'static str,
    },
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

/// Finds the first error in `text` that Python would report.
pub fn locate(text: &str) -> Located {
    let mut scanner = Scanner { characters: text.chars().collect(), at: 0, open: Vec::new() };
    match scanner.document() {
        Ok(()) => Located::Sound,
        Err(Broken(at, message)) => Located::Broken { at, message },
    }
}

struct Broken(usize, &'static str);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

struct Scanner {
    characters: Vec<char>,
    at: usize,
    /// The containers that are open around `at`, outermost first.
    open: Vec<Container>,
}

/// PydanticError that Python reads besides `null`, `true` and `false`.
const WORDS: &[&str] = &["null", "true", "false", "NaN", "Infinity", "-Infinity"];

impl Scanner {
    fn document(&mut self) -> Result<(), Broken> {
        self.skip_space();
        self.value()?;
        while let Some(container) = self.open.last().copied() {
            self.after_item(container)?;
        }
        self.skip_space();
        if self.at < self.characters.len() { Err(Broken(self.at, EXTRA_DATA)) } else { Ok(()) }
    }

    /// Reads a scalar, or enters containers until one begins with a scalar or is empty.
    fn value(&mut self) -> Result<(), Broken> {
        loop {
            match self.peek() {
                Some('{') => {
                    if self.enter(Container::Object, '}') {
                        return Ok(());
                    }
                    self.name()?;
                }
                Some('[') => {
                    if self.enter(Container::Array, ']') {
                        return Ok(());
                    }
                }
                Some('"') => return self.string(),
                _ => return self.word_or_number(),
            }
        }
    }

    /// Steps into a container; true when it is empty and already left again.
    fn enter(&mut self, container: Container, end: char) -> bool {
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(end) {
            self.at += 1;
            return true;
        }
        self.open.push(container);
        false
    }

    /// Behind an item: the container's end, or a comma and the next item.
    fn after_item(&mut self, container: Container) -> Result<(), Broken> {
        self.skip_space();
        let end = if container == Container::Object { '}' } else { ']' };
        match self.peek() {
            Some(found) if found == end => {
                self.at += 1;
                self.open.pop();
                return Ok(());
            }
            Some(',') => self.at += 1,
            _ => return Err(Broken(self.at, EXPECTING_COMMA)),
        }
        self.skip_space();
        if container == Container::Object {
            self.name()?;
        }
        self.value()
    }

    /// A name and its colon, up to the value.
    fn name(&mut self) -> Result<(), Broken> {
        if self.peek() != Some('"') {
            return Err(Broken(self.at, EXPECTING_NAME));
        }
        self.string()?;
        self.skip_space();
        if self.peek() != Some(':') {
            return Err(Broken(self.at, EXPECTING_COLON));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn string(&mut self) -> Result<(), Broken> {
        let quote = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(Broken(quote, UNTERMINATED)),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\\') => self.escape(quote)?,
                Some(character) if character <= '\u{1f}' => return Err(Broken(self.at, CONTROL_CHARACTER)),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self, quote: usize) -> Result<(), Broken> {
        match self.characters.get(self.at + 1) {
            None => Err(Broken(quote, UNTERMINATED)),
            Some('u') => self.unicode_escape(),
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {
                self.at += 2;
                Ok(())
            }
            Some(_) => Err(Broken(self.at, BAD_ESCAPE)),
        }
    }

    /// Four hex digits behind `\u`, and at least one character behind those.
    fn unicode_escape(&mut self) -> Result<(), Broken> {
        let digits = self.at + 2..self.at + 6;
        let complete = digits.end < self.characters.len();
        if complete && self.characters[digits.clone()].iter().all(char::is_ascii_hexdigit) {
            self.at = digits.end;
            Ok(())
        } else {
            Err(Broken(self.at + 1, BAD_UNICODE_ESCAPE))
        }
    }

    fn word_or_number(&mut self) -> Result<(), Broken> {
        let rest = &self.characters[self.at.min(self.characters.len())..];
        let word = WORDS
            .iter()
            .find(|word| word.chars().zip(rest).filter(|(left, right)| left == *right).count() == word.len());
        match word.map_or_else(|| number_length(rest), |word| word.len()) {
            0 => Err(Broken(self.at, EXPECTING_VALUE)),
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

/// How many characters of `rest` make the longest number at its start; 0 when none does.
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
