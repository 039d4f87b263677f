//! Splits text into words for ranking: runs of letters and digits, as they are compared, with the parts of identifiers
//! such as `maxRetries`.

use super::letters::{composed, fold, is_invisible, is_mark, without_article};

/// The longest word that is kept whole, in bytes; what follows in a longer one (encoded data) is ignored.
const MAX_WORD_BYTES: usize = 64;

/// An identifier with more parts is taken as one word: it is encoded data rather than a name.
const MAX_PARTS: usize = 8;

/// A word or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WordToken<'t> {
    /// Lower case, without accents and without the Arabic article.
    pub(super) text: &'t str,
    /// The number of words before it. An identifier has the position of its first part.
    pub(super) position: usize,
}

/// Calls `visit` with each word of the text in order, and returns the number of positions. An identifier is visited
/// whole and then part by part, so that both ways of writing it find it. Scripts that do not separate words give one
/// word a character.
pub(super) fn each_token(text: &str, mut visit: impl FnMut(WordToken<'_>)) -> usize {
    let mut word = WordReader::default();
    let mut position = 0;
    let text = composed(text);
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_alphanumeric()
            && word.text.is_empty()
            && let Some(plain) = plain_word(rest)
        {
            visit(WordToken { text: word.in_lower_case(plain), position });
            word.text.clear();
            position += 1;
            rest = &rest[plain.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if has_no_word_breaks(c) {
            position += word.emit(position, &mut visit);
            word.push(c);
            position += word.emit(position, &mut visit);
        } else if c.is_alphanumeric() {
            word.push_part_of(c, rest);
        } else if !word.is_empty() && !word.continues_with(c, rest.chars().next()) {
            position += word.emit(position, &mut visit);
        }
    }
    position + word.emit(position, &mut visit)
}

/// The word with which the text starts, if it is of the most frequent kind, which needs no character by character
/// reading: ASCII, lower case but for the first letter, and of one part.
fn plain_word(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let following = bytes.iter().skip(1).take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()).count();
    let end = following + 1;
    let continues = |byte: &u8| byte.is_ascii_uppercase() || !byte.is_ascii() || matches!(byte, b'_' | b'.');
    let ends_a_sentence = || bytes.get(end) == Some(&b'.') && !bytes[end - 1].is_ascii_digit();
    (end < MAX_WORD_BYTES && (!bytes.get(end).is_some_and(continues) || ends_a_sentence())).then(|| &text[..end])
}

/// The word that is being read.
#[derive(Default)]
struct WordReader {
    text: String,
    /// The byte offsets at which parts after the first start.
    parts: Vec<usize>,
    /// The last letter or digit as it was written.
    last: Option<char>,
}

impl WordReader {
    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A word of ASCII in lower case.
    fn in_lower_case<'w>(&'w mut self, plain: &'w str) -> &'w str {
        if !plain.as_bytes()[0].is_ascii_uppercase() {
            return plain;
        }
        self.text.push_str(plain);
        self.text.make_ascii_lowercase();
        &self.text
    }

    /// Adds a letter or digit, and notes whether a part of an identifier starts with it.
    fn push_part_of(&mut self, c: char, rest: &str) {
        if c.is_uppercase() && self.last.is_some_and(|last| starts_part(last, rest)) {
            self.start_part();
        }
        self.push(c);
    }

    fn push(&mut self, c: char) {
        self.last = Some(c);
        self.push_folded(c);
    }

    fn push_folded(&mut self, c: char) {
        if self.text.len() < MAX_WORD_BYTES {
            fold(c, &mut self.text);
        }
    }

    fn start_part(&mut self) {
        if !self.text.is_empty() && self.parts.last() != Some(&self.text.len()) {
            self.parts.push(self.text.len());
        }
    }

    /// Whether the word goes on after a character that is no letter or digit: `28.4`, `max_retries`, a mark of a
    /// letter, a soft hyphen.
    fn continues_with(&mut self, c: char, next: Option<char>) -> bool {
        let Some(last) = self.last else { return false };
        match c {
            '.' if last.is_ascii_digit() && next.is_some_and(|next| next.is_ascii_digit()) => {
                self.push('.');
                true
            }
            '_' => {
                self.start_part();
                true
            }
            _ if is_mark(c) => {
                self.push_folded(c);
                true
            }
            _ => is_invisible(c),
        }
    }

    /// Visits the word and its parts, clears it, and returns how many positions it takes.
    fn emit(&mut self, position: usize, visit: &mut impl FnMut(WordToken<'_>)) -> usize {
        if self.text.is_empty() {
            return 0;
        }
        // A trailing underscore starts a part that has no text.
        self.parts.retain(|start| *start < self.text.len());
        if self.parts.len() >= MAX_PARTS || self.text.len() >= MAX_WORD_BYTES {
            self.parts.clear();
        }
        visit(WordToken { text: without_article(&self.text), position });
        let positions = self.parts.len() + 1;
        if !self.parts.is_empty() {
            let starts = std::iter::once(0).chain(self.parts.iter().copied());
            let ends = self.parts.iter().copied().chain([self.text.len()]);
            for (index, (start, end)) in starts.zip(ends).enumerate() {
                visit(WordToken { text: &self.text[start..end], position: position + index });
            }
        }
        self.text.clear();
        self.parts.clear();
        self.last = None;
        positions
    }
}

/// Whether an upper-case letter after `last` starts a part: in `maxRetries`, and in `HTTPServer` but not in `PDFs`.
fn starts_part(last: char, rest: &str) -> bool {
    let mut following = rest.chars();
    last.is_lowercase()
        || last.is_numeric()
        || (last.is_uppercase() && (0..2).all(|_| following.next().is_some_and(char::is_lowercase)))
}

/// Whether the character belongs to a script that is written without spaces, or (Hangul) with many suffixes.
fn has_no_word_breaks(c: char) -> bool {
    c >= '\u{e00}'
        && c.is_alphanumeric()
        && matches!(c,
            '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        each_token(text, |token| found.push((token.text.to_owned(), token.position)));
        found
    }

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            texts("BLEU of 28.4, multi-head; it's v2.19.0."),
            "bleu of 28.4 multi head it s v2.19.0".split(' ').collect::<Vec<_>>()
        );
        assert_eq!(texts(" .,_- "), Vec::<String>::new());
    }

    #[test]
    fn identifiers_are_visited_whole_and_in_parts() {
        assert_eq!(texts("maxRetryCount"), ["maxretrycount", "max", "retry", "count"]);
        assert_eq!(texts("MAX_RETRY_COUNT"), ["maxretrycount", "max", "retry", "count"]);
        assert_eq!(texts("HTTPServer PDFs __init__"), ["httpserver", "http", "server", "pdfs", "init"]);
        assert_eq!(
            words("a maxRetry b"),
            [("a", 0), ("maxretry", 1), ("max", 1), ("retry", 2), ("b", 3)].map(|(word, at)| (word.to_owned(), at))
        );
    }

    #[test]
    fn letters_that_are_the_same_to_a_reader_are_the_same_words() {
        let same = [
            ["Café ÜBER", "Cafe\u{301} U\u{308}ber"],
            ["Straße", "STRASSE"],
            ["STRAẞE", "strasse"],
            ["Stra\u{ad}sse", "strasse"],
            ["ＡＢＣ １２", "abc 12"],
            ["ﬁnal Œuvre Cæsar", "final oeuvre Caesar"],
            ["ﾊﾟｿｺﾝ", "パソコン"],
            ["İstanbul ısı", "istanbul isi"],
            ["ΟΔΥΣΣΕΎΣ", "Οδυσσευς"],
            ["ёлка", "Елка"],
            ["الكِتَـــاب", "كتاب"],
            ["والمدرسة", "مدرسه"],
            ["أحمد إلى", "احمد الي"],
            ["ﻛﺘﺎﺏ ١٢", "كتاب 12"],
            ["שָׁלוֹם", "שלום"],
            ["x² №", "x2 no"],
        ];
        for [one, other] in same {
            assert_eq!(texts(one), texts(other), "{one}");
        }
        let different = [["мой", "мои"], ["が", "か"], ["हिन्दी", "हिनदी"], ["الله", "ل"], ["الف", "ف"]];
        for [one, other] in different {
            assert_ne!(texts(one), texts(other), "{one}");
        }
        assert_eq!(texts("हिन्दी").len(), 1, "a mark that joins letters ends no word");
    }

    #[test]
    fn scripts_without_spaces_give_a_word_a_character() {
        assert_eq!(texts("東京tower 서울"), ["東", "京", "tower", "서", "울"]);
    }

    #[test]
    fn long_words_are_cut_and_not_split() {
        let long = "aB".repeat(5_000);
        let found = texts(&long);
        assert_eq!(found.len(), 1);
        assert!(found[0].len() <= MAX_WORD_BYTES + 4);
    }
}
