//! Words that are divided at the end of a line. The parts are joined, so that a search finds the word.

use std::collections::HashSet;

/// How much of a text is searched for words, in bytes: a book has about one million.
const MAX_SEARCHED_BYTES: usize = 4 << 20;

/// The text with divided words in one piece. The line then ends after the word.
pub(super) fn join(text: &str) -> String {
    let mut divisions = divisions(text).peekable();
    if divisions.peek().is_none() {
        return text.to_owned();
    }
    let words = words(text);
    let mut joined = String::with_capacity(text.len());
    let mut from = 0;
    for division in divisions {
        let end = if division.is_compound(&words) { division.hyphen + division.hyphen_bytes } else { division.hyphen };
        joined.push_str(&text[from..end]);
        from = division.next_line;
    }
    joined.push_str(&text[from..]);
    joined
}

/// A place where a line ends with a hyphen after a letter, and the next one starts with a letter or digit.
struct Division<'t> {
    /// The letters and hyphens before the last hyphen.
    first: &'t str,
    /// The letters after it.
    second: &'t str,
    hyphen: usize,
    hyphen_bytes: usize,
    next_line: usize,
}

fn divisions(text: &str) -> impl Iterator<Item = Division<'_>> {
    text.match_indices('\n').filter_map(|(end, _)| {
        let hyphen = text[..end].chars().next_back().filter(|last| matches!(last, '-' | '\u{2010}'))?;
        let (before, after) = (&text[..end - hyphen.len_utf8()], &text[end + 1..]);
        let starts = after.starts_with(char::is_alphanumeric) && before.ends_with(char::is_alphanumeric);
        starts.then(|| Division {
            first: before.rsplit(|c| !is_part(c)).next().unwrap_or_default(),
            second: after.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default(),
            hyphen: before.len(),
            hyphen_bytes: hyphen.len_utf8(),
            next_line: end + 1,
        })
    })
}

fn is_part(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '\u{2010}')
}

impl Division<'_> {
    /// Whether the hyphen belongs to the word, as in `state-of-the-art`, `Jean-Paul` and `COVID-19`, or in a compound
    /// that the document writes elsewhere too.
    fn is_compound(&self, words: &HashSet<String>) -> bool {
        let (first, second) = (self.first.to_lowercase(), self.second.to_lowercase());
        let is_divided = self.first.ends_with(char::is_lowercase) && self.second.starts_with(char::is_lowercase);
        if !is_divided || first.contains(['-', '\u{2010}']) {
            return true;
        }
        if words.contains(&format!("{first}{second}")) {
            return false;
        }
        words.contains(&format!("{first}-{second}")) || (words.contains(&first) && words.contains(&second))
    }
}

/// The words of a text in lower case, without parts of words.
fn words(text: &str) -> HashSet<String> {
    let mut end = text.len().min(MAX_SEARCHED_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut words = HashSet::new();
    let mut is_second_part = false;
    for line in text[..end].split('\n') {
        for (number, word) in line.split(|character| !is_part(character)).enumerate() {
            let is_first_part = word.ends_with(['-', '\u{2010}']);
            if !(word.is_empty() || is_first_part || (number == 0 && is_second_part)) {
                words.insert(word.replace('\u{2010}', "-").to_lowercase());
            }
        }
        is_second_part = line.ends_with(['-', '\u{2010}']);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divided_words_are_joined() {
        assert_eq!(join("The cap-\ntions of fig\u{2010}\nures\nend"), "The captions of figures\nend");
        assert_eq!(join("Grö-\nße"), "Größe");
        assert_eq!(join("a-\nb-\nc"), "abc", "a word over three lines");
    }

    #[test]
    fn hyphens_of_compounds_stay() {
        assert_eq!(join("a state-of-the-\nart method"), "a state-of-the-art method");
        assert_eq!(join("Jean-\nPaul had COVID-\n19 in 2019-\n2020"), "Jean-Paul had COVID-19 in 2019-2020");
        assert_eq!(join("well-\nknown, as it is well-known"), "well-known, as it is well-known");
        assert_eq!(join("peer-\nreviewed: a peer has reviewed it"), "peer-reviewed: a peer has reviewed it");
        assert_eq!(join("under-\nstand: stand under, understand"), "understand: stand under, understand");
    }

    #[test]
    fn other_line_ends_stay() {
        for text in
            ["- one\n- two", "a -\nb", "a-\n\nb", "a-\n(b)", "-\nb", "a-", "a\nb", "", "5-\n\u{c}x", "שלום\nעולם"]
        {
            assert_eq!(join(text), text);
        }
    }
}
