//! The chunks of a text, in one pass: each ends with a paragraph, line, sentence or word where one ends in the second
//! half of a window, and none crosses a page. They do not overlap, and together hold every character that is not white
//! space.

use std::iter::Peekable;
use std::ops::Range;

use super::text::offset;
use super::{MAX_PARTS, Unreadable};

/// Maximum number of code points of a chunk.
pub(super) const WINDOW_CHARS: usize = 1000;

/// A heading begins a new chunk only after as many code points, so that a title stays with the text below it.
pub(super) const MIN_SECTION_CHARS: usize = 200;

/// Characters that may stand between the end of a sentence and the white space after it.
const CLOSING: &[char] = &['"', '\'', ')', ']', '*', '_', '”', '’', '»', '」', '』', '）', '】'];

/// The bytes of the chunks of a text whose pages are these bytes. The headings of Markdown begin chunks if
/// `has_headings`.
pub(super) fn split(text: &str, pages: &[Range<u32>], has_headings: bool) -> Result<Vec<Range<u32>>, Unreadable> {
    let mut headings = Headings { text: if has_headings { text } else { "" }, at: 0, fence: None }.peekable();
    let mut chunks = Vec::new();
    for page in pages {
        let (mut at, end) = (page.start as usize, page.end as usize);
        loop {
            let start = end - text[at..end].trim_start().len();
            if start == end {
                break;
            }
            if chunks.len() == MAX_PARTS {
                return Err(Unreadable::TooManyChunks);
            }
            at = chunk_end(text, start..end, &mut headings);
            let length = text[start..at].trim_end().len();
            chunks.push(offset(start)..offset(start + length));
        }
    }
    Ok(chunks)
}

/// Where the chunk ends that begins a range, which begins with a visible character.
fn chunk_end(text: &str, range: Range<usize>, headings: &mut Peekable<Headings<'_>>) -> usize {
    let rest = &text[range.clone()];
    let byte_of = |chars: usize| rest.char_indices().nth(chars).map(|(at, _)| at);
    let Some(enough) = byte_of(MIN_SECTION_CHARS) else { return range.end };
    let window = byte_of(WINDOW_CHARS);
    // Headings that come too early are within this chunk: no later chunk needs them.
    while headings.next_if(|at| *at < range.start + enough).is_some() {}
    if let Some(heading) = headings.peek().filter(|at| **at < range.start + window.unwrap_or(rest.len())) {
        return *heading;
    }
    let Some(window) = window else { return range.end };
    let half = byte_of(WINDOW_CHARS / 2).expect("the window is longer");
    // A word may end exactly with the window.
    let next = rest[window..].chars().next().filter(|next| next.is_whitespace()).map_or(0, char::len_utf8);
    let tail = &rest[half..window + next];
    let end = paragraph_end(tail)
        .or_else(|| tail.rfind(['\n', '\r']))
        .or_else(|| sentence_end(tail))
        .or_else(|| tail.rfind(char::is_whitespace));
    range.start + end.map_or(window, |end| half + end)
}

/// The last place where a line end is followed by an empty line.
fn paragraph_end(text: &str) -> Option<usize> {
    let mut next_line = None;
    for (at, _) in text.rmatch_indices('\n') {
        if next_line.is_some_and(|next_line| text[at..next_line].trim().is_empty()) {
            return Some(at);
        }
        next_line = Some(at);
    }
    None
}

/// The last place where a sentence ends: after a stop before white space, or after a stop of Chinese or Japanese.
fn sentence_end(text: &str) -> Option<usize> {
    // Where the characters up to here would end the sentence: everything from here to there may follow a stop.
    let mut end = None;
    for (at, character) in text.char_indices().rev() {
        match character {
            '。' | '！' | '？' => {
                let after = &text[at + character.len_utf8()..];
                return Some(text.len() - after.trim_start_matches(CLOSING).len());
            }
            '.' | '!' | '?' | '…' if end.is_some() => return end,
            _ if character.is_whitespace() => end = Some(at),
            _ if CLOSING.contains(&character) => {}
            _ => end = None,
        }
    }
    None
}

/// An estimate of the number of tokens: one for every 4 letters and digits begun in a word, and one for every other
/// visible character. Characters of East Asian scripts count as one each.
pub(crate) fn count_tokens(text: &str) -> u32 {
    let (mut tokens, mut letters) = (0, 0);
    for character in text.chars() {
        if character.is_alphanumeric() && character < '\u{2e80}' {
            tokens += u32::from(letters % 4 == 0);
            letters += 1;
        } else {
            tokens += u32::from(!character.is_whitespace() && !character.is_control());
            letters = 0;
        }
    }
    tokens
}

/// Where the lines begin that are headings of Markdown (`# Title`), outside of fenced code.
struct Headings<'a> {
    text: &'a str,
    /// Where the next line begins.
    at: usize,
    /// The fence of the code block that is open.
    fence: Option<&'static str>,
}

impl Iterator for Headings<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.at < self.text.len() {
            let start = self.at;
            let rest = &self.text[start..];
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            self.at += length;
            let line = &rest[..length];
            let content = line.trim_start_matches(' ');
            if line.len() - content.len() > 3 {
                continue;
            }
            match ["```", "~~~"].into_iter().find(|fence| content.starts_with(fence)) {
                Some(fence) if self.fence.is_none() => self.fence = Some(fence),
                Some(fence) if self.fence == Some(fence) => self.fence = None,
                _ if self.fence.is_none() && is_heading(content) => return Some(start),
                _ => {}
            }
        }
        None
    }
}

fn is_heading(line: &str) -> bool {
    let title = line.trim_start_matches('#');
    (1..=6).contains(&(line.len() - title.len())) && title.starts_with([' ', '\t']) && !title.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(text: &str, has_headings: bool) -> Vec<&str> {
        let page = 0..offset(text.len());
        let chunks = split(text, std::slice::from_ref(&page), has_headings).expect("the text has few chunks");
        chunks.iter().map(|chunk| &text[chunk.start as usize..chunk.end as usize]).collect()
    }

    /// The first chunk of a text in which `ending` stands after `before` words of ten characters.
    fn first_chunk(before: usize, ending: &str) -> String {
        let text = format!("{}{ending}{}", "abcdefghi ".repeat(before), "abcdefghi ".repeat(100));
        contents(&text, false)[0].to_owned()
    }

    #[test]
    fn a_chunk_ends_with_the_largest_part_of_the_second_half_of_the_window() {
        assert_eq!(first_chunk(55, "end.\n \t\nline\nOne. two ").len(), 554, "a paragraph");
        assert_eq!(first_chunk(55, "end\r\n\r\nline\r\nOne. two ").len(), 553, "a paragraph of Windows");
        assert_eq!(first_chunk(55, "line\nOne. two ").len(), 554, "a line");
        assert_eq!(first_chunk(55, "line\rOne. two ").len(), 554, "a line of old systems");
        assert_eq!(first_chunk(55, "(One.) two ").len(), 556, "a sentence");
        assert_eq!(first_chunk(55, "v1.5 e.g., two ").len(), 994, "a word: no stop stands before white space");
        assert_eq!(first_chunk(45, "end.\n\nline\nOne. two ").len(), 999, "a part of the first half does not count");
        assert_eq!(first_chunk(99, "abcdefghij ").len(), 1000, "a word that ends with the window");
    }

    #[test]
    fn text_without_spaces_is_cut_between_characters() {
        let text = "漢".repeat(2500);
        let lengths: Vec<usize> = contents(&text, false).iter().map(|content| content.chars().count()).collect();
        assert_eq!(lengths, [1000, 1000, 500]);
        let sentences = format!("{}。」{}", "漢".repeat(700), "字".repeat(700));
        assert_eq!(contents(&sentences, false)[0].chars().count(), 702);
    }

    #[test]
    fn white_space_belongs_to_no_chunk() {
        let text = format!("  \n a{}b \n", " ".repeat(5000));
        assert_eq!(contents(&text, false), ["a", "b"]);
        assert!(contents("\u{2003}\n", false).is_empty());
    }

    #[test]
    fn a_heading_begins_a_chunk_once_there_is_enough_text() {
        let section = |title: &str, words: usize| format!("{title}\n\n{}\n", "word ".repeat(words));
        let text =
            [section("# One", 10), section("## Two", 50), section("### Three", 50), section("Four", 10)].concat();
        let starts: Vec<&str> = contents(&text, true).iter().filter_map(|content| content.lines().next()).collect();
        assert_eq!(starts, ["# One", "### Three"]);
        assert_eq!(contents(&text, false).len(), 1);
    }

    #[test]
    fn headings_are_those_of_markdown_outside_of_code() {
        let text = "# a\n#b\n####### c\n#\n   ## d\n    # e\n```sh\n# f\n~~~\n# g\n```\n###### h";
        let headings = Headings { text, at: 0, fence: None };
        let lines: Vec<&str> = headings.map(|at| text[at..].lines().next().expect("a line begins").trim()).collect();
        assert_eq!(lines, ["# a", "## d", "###### h"]);
    }

    #[test]
    fn tokens_are_estimated_by_letters_and_signs() {
        let cases = [
            ("", 0),
            ("a", 1),
            ("four", 1),
            ("fives", 2),
            ("a b", 2),
            ("it's 2026!", 5),
            ("漢字", 2),
            ("  \n", 0),
            ("é€", 2),
        ];
        for (text, tokens) in cases {
            assert_eq!(count_tokens(text), tokens, "{text:?}");
        }
    }
}
