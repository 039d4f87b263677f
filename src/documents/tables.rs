//! The tables of a text, whose first row says what the columns of all rows mean.

use std::ops::Range;

use super::Format;
use super::text::offset;

/// The lines after the first one of a record of CSV: more are no header.
const MAX_RECORD_BYTES: usize = 4_000;

/// A table; its places are bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableParts {
    /// The first row; in Markdown, with the line below it.
    pub(super) header: Range<u32>,
    /// The other rows.
    pub(super) rows: Range<u32>,
}

/// Finds the tables of a text in their order: the whole of CSV, rows between bars in Markdown, and lines of cells
/// between tabs in what is made of HTML.
#[derive(Debug)]
pub(super) struct Tables<'a> {
    text: &'a str,
    format: Format,
    /// Where the next line begins.
    at: usize,
}

impl<'a> Tables<'a> {
    pub(super) fn new(text: &'a str, format: Format) -> Self {
        Self { text, format, at: 0 }
    }

    fn line(&self) -> &'a str {
        let rest = &self.text[self.at..];
        &rest[..rest.find('\n').map_or(rest.len(), |end| end + 1)]
    }

    /// Passes the lines of a header that begins with the next line; whether there is one.
    fn pass_header(&mut self) -> bool {
        let line = self.line();
        self.at += line.len();
        match self.format {
            Format::Csv => {
                self.pass_rest_of_record(line);
                !line.trim().is_empty()
            }
            Format::Html => line.contains('\t'),
            Format::Markdown if line.trim_start().starts_with('|') && is_table_rule(self.line()) => {
                self.at += self.line().len();
                true
            }
            Format::Markdown | Format::Plain => false,
        }
    }

    /// Passes the lines of a record that are within quotes. A quote that no other one closes soon stands for itself.
    fn pass_rest_of_record(&mut self, first_line: &str) {
        let first_end = self.at;
        let mut quotes = first_line.matches('"').count();
        while quotes % 2 == 1 {
            let line = self.line();
            quotes += line.matches('"').count();
            self.at += line.len();
            if line.is_empty() || self.at - first_end > MAX_RECORD_BYTES {
                self.at = first_end;
                return;
            }
        }
    }

    fn is_row(&self) -> bool {
        match self.format {
            Format::Plain => false,
            Format::Csv => true,
            Format::Html => self.line().contains('\t'),
            Format::Markdown => self.line().trim_start().starts_with('|'),
        }
    }
}

impl Iterator for Tables<'_> {
    type Item = TableParts;

    fn next(&mut self) -> Option<TableParts> {
        if self.format == Format::Plain {
            return None;
        }
        while self.at < self.text.len() {
            let start = self.at;
            if !self.pass_header() {
                continue;
            }
            let first_row = self.at;
            while self.at < self.text.len() && self.is_row() {
                self.at += self.line().len();
            }
            let header = start + self.text[start..first_row].trim_end().len();
            return Some(TableParts {
                header: offset(start)..offset(header),
                rows: offset(first_row)..offset(self.at),
            });
        }
        None
    }
}

/// Whether a line of Markdown separates the head of a table from its rows.
pub(super) fn is_table_rule(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('|')
        && line.contains('-')
        && line.chars().all(|character| matches!(character, '|' | '-' | ':' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(text: &str, format: Format) -> Vec<(&str, &str)> {
        let part = |range: Range<u32>| &text[range.start as usize..range.end as usize];
        Tables::new(text, format).map(|table| (part(table.header), part(table.rows))).collect()
    }

    #[test]
    fn tables_are_found_by_format() {
        let markdown = "# a\n| b |\n|c|\n\n  | d |\n|--:|\n| e |\n| f |\ng\n| h |\n|---|";
        assert_eq!(tables(markdown, Format::Markdown), [("  | d |\n|--:|", "| e |\n| f |\n"), ("| h |\n|---|", "")]);
        let html = "a\nb\tc\nd\te\n\nf\tg\nh";
        assert_eq!(tables(html, Format::Html), [("b\tc", "d\te\n"), ("f\tg", "")]);
        assert_eq!(tables("\n\"a\nb\",c\r\nd\n\ne", Format::Csv), [("\"a\nb\",c", "d\n\ne")]);
        assert_eq!(tables("5\" pipe,b\nd", Format::Csv), [("5\" pipe,b", "d")]);
        for (text, format) in
            [("a,b", Format::Plain), (" \n", Format::Csv), ("", Format::Html), ("|", Format::Markdown)]
        {
            assert_eq!(tables(text, format), []);
        }
    }
}
