//! Paragraphs and tables, whose elements have the same names in text documents and in presentations.

use super::table::push_table;
use crate::documents::pages::Pages;

/// The text of a document as it grows.
#[derive(Default)]
pub(super) struct Blocks {
    pages: Pages,
    page: String,
    /// The paragraphs that are open: a text box is a paragraph in a paragraph.
    paragraphs: Vec<Paragraph>,
    /// The tables that are open: a cell can hold a table.
    tables: Vec<Table>,
    /// The depth of elements whose text is not read.
    skipped: usize,
    /// Whether the text of the run is hidden.
    is_hidden: bool,
    /// Whether text belongs to the paragraph, and is not just space between elements.
    in_text: bool,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    style: Style,
    is_hidden: bool,
}

/// The kind of a paragraph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Style {
    #[default]
    Body,
    /// A heading of this level, from 1 to 6.
    Heading(usize),
    ListItem,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
}

impl Blocks {
    /// An element starts that has the same meaning everywhere. Elements whose text stands elsewhere too, or is deleted,
    /// and properties of before a change are skipped.
    pub(super) fn open(&mut self, name: &str) {
        if self.skipped > 0 || matches!(name, "Fallback" | "moveFrom" | "del") || name.ends_with("PrChange") {
            self.skipped += 1;
            return;
        }
        match name {
            "p" => {
                self.paragraphs.push(Paragraph::default());
                self.is_hidden = false;
            }
            "r" => self.is_hidden = self.paragraphs.last().is_some_and(|paragraph| paragraph.is_hidden),
            "t" => self.in_text = true,
            "tab" => self.push_text("\t"),
            "br" | "cr" => self.push_text("\n"),
            "tbl" => self.tables.push(Table::default()),
            "tr" => self.with_table(|table| table.rows.push(Vec::new())),
            "tc" => self.with_table(|table| {
                if let Some(row) = table.rows.last_mut() {
                    row.push(String::new());
                }
            }),
            _ => {}
        }
    }

    /// An element ends.
    pub(super) fn close(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        match name {
            "p" => self.end_paragraph(),
            "t" => self.in_text = false,
            "tbl" => self.end_table(),
            _ => {}
        }
    }

    /// Text within an element for text.
    pub(super) fn text(&mut self, text: &str) {
        if self.in_text {
            self.push_text(text);
        }
    }

    /// Whether text is skipped at present.
    pub(super) fn is_skipping(&self) -> bool {
        self.skipped > 0 || self.is_hidden
    }

    /// Skips the rest of the element that has just started and of those around it, so many in all.
    pub(super) fn skip_elements(&mut self, count: usize) {
        if self.skipped == 0 {
            self.skipped = count;
        }
    }

    /// Says whether the text of the run is hidden.
    pub(super) fn hide_run(&mut self, is_hidden: bool) {
        if self.skipped == 0 {
            self.is_hidden = is_hidden;
        }
    }

    /// Hides the text of the open paragraph, except runs that are not hidden.
    pub(super) fn hide_paragraph(&mut self) {
        if let Some(paragraph) = self.open_paragraph() {
            paragraph.is_hidden = true;
        }
    }

    /// Leaves out the last row of the table. A property of the row's properties says so.
    pub(super) fn hide_row(&mut self) {
        if self.skipped == 0 && !self.tables.is_empty() {
            self.with_table(|table| _ = table.rows.pop());
            self.skip_elements(3);
        }
    }

    /// Sets what the open paragraph is.
    pub(super) fn set_style(&mut self, style: Style) {
        if let Some(paragraph) = self.open_paragraph() {
            paragraph.style = style;
        }
    }

    /// Makes the open paragraph an item of a list, unless it is a heading: those can be numbered.
    pub(super) fn set_list_item(&mut self) {
        if let Some(paragraph) = self.open_paragraph()
            && paragraph.style == Style::Body
        {
            paragraph.style = Style::ListItem;
        }
    }

    /// Ends the page. What the open paragraph has so far stays on it.
    pub(super) fn end_page(&mut self) -> Result<(), String> {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            let part = Paragraph { text: std::mem::take(&mut paragraph.text), ..*paragraph };
            self.push_paragraph(&part);
        }
        let page = std::mem::take(&mut self.page);
        self.pages.push(page.trim_end())
    }

    /// The pages, the last one included.
    pub(super) fn finish(mut self) -> Result<Pages, String> {
        self.end_page()?;
        Ok(self.pages)
    }

    /// The open paragraph, except while elements are skipped.
    fn open_paragraph(&mut self) -> Option<&mut Paragraph> {
        self.paragraphs.last_mut().filter(|_| self.skipped == 0)
    }

    fn push_text(&mut self, text: &str) {
        if !self.is_skipping()
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            paragraph.text.push_str(text);
        }
    }

    fn with_table(&mut self, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.last_mut() {
            change(table);
        }
    }

    fn end_paragraph(&mut self) {
        if let Some(paragraph) = self.paragraphs.pop() {
            self.push_paragraph(&paragraph);
        }
    }

    fn push_paragraph(&mut self, Paragraph { text, style, .. }: &Paragraph) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if let Some(cell) = self.tables.last_mut().and_then(Table::cell) {
            cell.push(' ');
            cell.push_str(text);
            return;
        }
        let (mark, end) = match style {
            Style::Body => (String::new(), "\n\n"),
            Style::Heading(level) => ("#".repeat(*level) + " ", "\n\n"),
            Style::ListItem => ("- ".to_owned(), "\n"),
        };
        if *style != Style::ListItem && !self.page.is_empty() && !self.page.ends_with("\n\n") {
            self.page.push('\n');
        }
        self.page.push_str(&mark);
        if matches!(style, Style::Heading(_)) {
            // A heading is one line.
            self.page.push_str(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        } else {
            self.page.push_str(text);
        }
        self.page.push_str(end);
    }

    fn end_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        if let Some(cell) = self.tables.last_mut().and_then(Table::cell) {
            for text in table.rows.iter().flatten() {
                cell.push(' ');
                cell.push_str(text);
            }
            return;
        }
        if !self.page.is_empty() && !self.page.ends_with("\n\n") {
            self.page.push('\n');
        }
        push_table(&mut self.page, &table.rows);
        self.page.push('\n');
    }
}

impl Table {
    /// The last cell.
    fn cell(&mut self) -> Option<&mut String> {
        self.rows.last_mut()?.last_mut()
    }
}
