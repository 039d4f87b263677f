//! The rows in which a text stands on the picture of its page. A pixel is a point.

use std::ops::Range;

use serde::Serialize;

/// The size of a page: US Letter.
pub(super) const WIDTH: usize = 612;
pub(super) const HEIGHT: usize = 792;

/// The space around the text.
pub(super) const MARGIN: usize = 36;

/// The size of a character and the distance of rows.
pub(super) const CHARACTER_WIDTH: usize = 7;
pub(super) const ROW_HEIGHT: usize = 18;

/// The rows of the head, and those kept free at the foot.
const HEAD_ROWS: usize = 3;
const FOOT_ROWS: usize = 2;

/// Characters of a row.
pub(super) const COLUMNS: usize = (WIDTH - 2 * MARGIN) / CHARACTER_WIDTH;

/// Maximum number of rows of text.
const MAX_ROWS: usize = (HEIGHT - 2 * MARGIN) / ROW_HEIGHT - HEAD_ROWS - FOOT_ROWS;

/// The rows of the text that fit on the page.
#[derive(Debug)]
pub(super) struct PageLayout<'a> {
    pub(super) rows: Vec<TextRow<'a>>,
}

/// A line of the text, or a part of a long one.
#[derive(Debug)]
pub(super) struct TextRow<'a> {
    pub(super) text: &'a str,
    /// The number of its line, from 0 on.
    line: usize,
}

/// Where something stands on a page, in points from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct PageBox {
    x: usize,
    y: usize,
    w: usize,
    h: usize,
}

impl<'a> PageLayout<'a> {
    /// The layout of a text: its lines from the top, long ones wrapped.
    pub(super) fn of(text: &'a str) -> Self {
        let lines = text.lines().enumerate();
        let rows = lines.flat_map(|(line, text)| wrapped(text).map(move |text| TextRow { text, line }));
        Self { rows: rows.take(MAX_ROWS).collect() }
    }

    /// The box around these lines of the text; `None` if none of them is on the page.
    pub(super) fn box_of(&self, lines: &Range<usize>) -> Option<PageBox> {
        let first = self.rows.iter().position(|row| lines.contains(&row.line))?;
        let rows = self.rows[first..].iter().take_while(|row| lines.contains(&row.line));
        let lengths: Vec<usize> = rows.map(|row| row.text.chars().count()).collect();
        let longest = lengths.iter().max().copied().unwrap_or_default();
        Some(PageBox { x: MARGIN, y: row_top(first), w: longest * CHARACTER_WIDTH, h: lengths.len() * ROW_HEIGHT })
    }
}

/// Where a row of text begins.
pub(super) const fn row_top(row: usize) -> usize {
    MARGIN + (HEAD_ROWS + row) * ROW_HEIGHT
}

/// The parts of a line that each fit in a row; one for an empty line.
fn wrapped(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let end = line.char_indices().nth(COLUMNS).map(|(end, _)| end);
        let (row, after) = line.split_at(end.unwrap_or(line.len()));
        rest = end.map(|_| after);
        Some(row)
    })
}
