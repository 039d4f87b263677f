//! The chunks of a text, in one pass: each ends with a paragraph, line, sentence or word where one ends in the second
//! half of a window, and none crosses a page. They do not overlap, and together hold every character that is not white
//! space. A table that is longer than a chunk is divided between its rows, and its header belongs to each part.

use std::iter::Peekable;
use std::ops::Range;

use super::tables::{TableParts, Tables};
use super::text::offset;
use super::{Format, MAX_PARTS, Unreadable};

/// Maximum number of code points of a chunk.
pub(super) const WINDOW_CHARS: usize = 1000;

/// A heading begins a new chunk only after as many code points, so that a title stays with the text below it.
pub(super) const MIN_SECTION_CHARS: usize = 200;

/// Characters that may stand between the end of a sentence and the white space after it.
const CLOSING: &[char] = &['"', '\'', ')', ']', '*', '_', '”', '’', '»', '」', '』', '）', '】'];

/// The longest header of a table that begins the other chunks of the table too, in code points.
const MAX_HEADER_CHARS: usize = WINDOW_CHARS / 2;

/// The bytes of the chunks of a text whose pages are these bytes, and the tables within which chunks begin, if their
/// headers are short: those chunks are shorter by the header.
pub(super) fn split(
    text: &str,
    pages: &[Range<u32>],
    format: Format,
) -> Result<(Vec<Range<u32>>, Vec<TableParts>), Unreadable> {
    let headings = Headings { text: if format.has_headings() { text } else { "" }, at: 0, fence: None };
    let mut splitter = Splitter { text, headings: headings.peekable(), tables: Tables::new(text, format).peekable() };
    let (mut chunks, mut tables) = (Vec::new(), Vec::new());
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
            let mut window = WINDOW_CHARS;
            if let Some((table, chars)) = splitter.table_around(start) {
                // A line end follows the header.
                window -= chars + 1;
                if tables.last() != Some(table) {
                    tables.push(table.clone());
                }
            }
            at = splitter.chunk_end(start..end, window);
            let length = text[start..at].trim_end().len();
            chunks.push(offset(start)..offset(start + length));
        }
    }
    Ok((chunks, tables))
}

struct Splitter<'a> {
    text: &'a str,
    headings: Peekable<Headings<'a>>,
    /// Those that end after the last chunk.
    tables: Peekable<Tables<'a>>,
}

impl Splitter<'_> {
    /// The next table that ends after this place.
    fn table_after(&mut self, at: usize) -> Option<&TableParts> {
        while self.tables.next_if(|table| table.rows.end as usize <= at).is_some() {}
        self.tables.peek()
    }

    /// The table between whose rows a chunk begins, and the length of its header, if that is short.
    fn table_around(&mut self, start: usize) -> Option<(&TableParts, usize)> {
        let text = self.text;
        let table = self.table_after(start).filter(|table| table.rows.start as usize <= start)?;
        let header = &text[table.header.start as usize..table.header.end as usize];
        let chars = header.chars().take(MAX_HEADER_CHARS + 1).count();
        (chars <= MAX_HEADER_CHARS).then_some((table, chars))
    }

    /// Where the chunk ends that begins a range, which begins with a visible character, after at most so many
    /// characters.
    fn chunk_end(&mut self, range: Range<usize>, window: usize) -> usize {
        let rest = &self.text[range.clone()];
        let byte_of = |chars: usize| rest.char_indices().nth(chars).map(|(at, _)| at);
        let Some(enough) = byte_of(MIN_SECTION_CHARS) else { return range.end };
        let half = byte_of(window / 2);
        let window = byte_of(window);
        // Headings that come too early are within this chunk: no later chunk needs them.
        while self.headings.next_if(|at| *at < range.start + enough).is_some() {}
        if let Some(heading) = self.headings.peek().filter(|at| **at < range.start + window.unwrap_or(rest.len())) {
            return *heading;
        }
        let (Some(half), Some(window)) = (half, window) else { return range.end };
        // A word may end exactly with the window.
        let next = rest[window..].chars().next().filter(|next| next.is_whitespace()).map_or(0, char::len_utf8);
        let tail = &rest[half..window + next];
        let end = paragraph_end(tail)
            .or_else(|| tail.rfind(['\n', '\r']))
            .or_else(|| sentence_end(tail))
            .or_else(|| tail.rfind(char::is_whitespace));
        let end = range.start + end.map_or(window, |end| half + end);
        self.end_beside_header(end, range.start + half..range.start + window)
    }

    /// The end of a chunk, which is best at this place: before the header of a table if no row of the table is before
    /// it, or within the first row if the header is before the second half of the window.
    fn end_beside_header(&mut self, end: usize, second_half: Range<usize>) -> usize {
        let text = self.text;
        let Some(table) = self.table_after(end) else { return end };
        let [header, rows, rows_end] = [table.header.start, table.rows.start, table.rows.end].map(|at| at as usize);
        let has_row = || text[rows..end.max(rows)].contains(|it: char| !it.is_whitespace());
        if end <= header || (end >= rows && has_row()) || rows == rows_end {
            return end;
        }
        if header >= second_half.start {
            return header;
        }
        let Some(row) = text.get(rows..second_half.end) else { return end };
        let word = row.char_indices().rfind(|(at, it)| *at > row.len() / 2 && it.is_whitespace());
        word.map_or(second_half.end, |(at, _)| rows + at)
    }
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
        let format = if has_headings { Format::Markdown } else { Format::Plain };
        let (chunks, _) = split(text, std::slice::from_ref(&page), format).expect("the text has few chunks");
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

    /// The chunks of a text of tables, each with the header that it gets.
    fn with_headers(text: &str, format: Format) -> Vec<(&str, &str)> {
        let page = 0..offset(text.len());
        let (chunks, tables) = split(text, std::slice::from_ref(&page), format).expect("the text has few chunks");
        let part = |range: &Range<u32>| &text[range.start as usize..range.end as usize];
        let header = |chunk: &Range<u32>| {
            let table = tables.iter().find(|table| table.rows.contains(&chunk.start));
            table.map_or("", |table| part(&table.header))
        };
        chunks.iter().map(|chunk| (header(chunk), part(chunk))).collect()
    }

    #[test]
    fn each_chunk_of_a_table_has_its_header_and_whole_rows() {
        let rows = |form: &str| (0..200).map(|number| form.replace('0', &number.to_string())).collect::<String>();
        let cases = [
            (Format::Csv, "id,name".to_owned(), rows("0,name of 0\n")),
            (Format::Markdown, "| id | name |\n|---|---|".to_owned(), rows("| 0 | name of 0 |\n")),
            (Format::Html, "id\tname".to_owned(), rows("0\tname of 0\n")),
            (Format::Csv, "x".repeat(MAX_HEADER_CHARS), rows("0,name of 0\n")),
        ];
        for (format, header, rows) in cases {
            let text = format!("{header}\n{rows}");
            let chunks = with_headers(&text, format);
            assert!(chunks.len() > 2 && chunks[0].0.is_empty() && chunks[0].1.starts_with(&header));
            for (found, part) in &chunks[1..] {
                assert_eq!(*found, header);
                assert!(part.chars().count() + header.chars().count() < WINDOW_CHARS, "{part}");
                assert!(part.lines().all(|line| rows.contains(&format!("{line}\n"))), "{part}");
            }
        }
        let long = format!("{}\n{}", "x".repeat(MAX_HEADER_CHARS + 1), "0,name of 0\n".repeat(200));
        assert!(with_headers(&long, Format::Csv).iter().all(|(header, _)| header.is_empty()));
    }

    #[test]
    fn no_chunk_ends_between_the_header_and_the_first_row() {
        let words = |count: usize| "nine abc. ".repeat(count);
        let header = "| id | name |\n|---|---|\n";
        // The header is in the second half of the window, before it, alone, or longer than a row may be.
        for (before, header, row) in [(80, header, 30), (20, header, 99), (0, header, 99), (0, &"| x ".repeat(170), 60)]
        {
            let header = if header.starts_with("| x") { format!("{header}\n|---|\n") } else { header.to_owned() };
            let text = format!("{}\n\n{header}| {}|\n| end |\n", words(before), words(row));
            for (_, part) in with_headers(&text, Format::Markdown) {
                assert!(!part.ends_with("---|"), "{part}");
                assert!(!part.starts_with("|---"), "{part}");
            }
        }
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
