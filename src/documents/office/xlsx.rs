//! Spreadsheets: one page a sheet, with its name as the heading and its rows as a table. The results of formulas are
//! read as they were last computed. Comments, charts and the formats of numbers other than dates are not read.

use std::collections::{BTreeMap, BTreeSet};

use super::package::Package;
use super::table::{push_line_below_head, push_row};
use super::xlsx_formats::{self, CellFormats};
use super::xml::{self, Attributes, Visitor};
use crate::documents::pages::Pages;
use crate::documents::{MAX_TEXT_BYTES, Unreadable};

/// The text of cells, by row and column from 1.
type Cells = BTreeMap<(u32, u32), String>;

/// Reads a spreadsheet.
pub(super) fn pages(package: &mut Package<'_>) -> Result<Pages, String> {
    let mut workbook = Workbook::default();
    let main = package.main_part("xl/workbook.xml")?;
    xml::read(&package.required(&main)?, &mut workbook)?;
    let targets = package.relationships(&main)?;
    let strings = shared_strings(package, targets.of_kind("sharedStrings", "xl/sharedStrings.xml"))?;
    let styles = package.part(targets.of_kind("styles", "xl/styles.xml"))?;
    let formats = xlsx_formats::read(styles.as_deref(), workbook.starts_in_1904)?;
    let mut pages = Pages::default();
    for (name, id) in &workbook.sheets {
        let part = targets.target(id).ok_or_else(|| format!("the file has no sheet {id}"))?;
        let mut sheet = Sheet {
            strings: &strings,
            formats: &formats,
            cells: BTreeMap::new(),
            hidden: Hidden::default(),
            at: (0, 0),
            cell: Cell::default(),
        };
        xml::read(&package.required(part)?, &mut sheet)?;
        pages.push(page(name, &sheet.cells)?.trim_end())?;
    }
    Ok(pages)
}

/// The text of a sheet: only the rows that have cells, with only the columns that have some.
///
/// Errors: the cells are so many or so far apart that the table is longer than any text.
fn page(name: &str, cells: &Cells) -> Result<String, String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = format!("# {name}\n\n");
    let rows: BTreeSet<u32> = cells.keys().map(|(row, _)| *row).collect();
    let columns: BTreeSet<u32> = cells.keys().map(|(_, column)| *column).collect();
    // An empty cell takes two bytes.
    if rows.len().saturating_mul(columns.len()) > MAX_TEXT_BYTES / 2 {
        return Err(Unreadable::TooLong.to_string());
    }
    let mut rest = cells.iter().peekable();
    let mut is_head = true;
    while let Some(((row, _), _)) = rest.peek().copied() {
        let mut cell = |column: &u32| {
            let cell = rest.next_if(|(place, _)| **place == (*row, *column));
            cell.map(|(_, text)| text.as_str()).unwrap_or_default()
        };
        push_row(&mut text, columns.iter().map(&mut cell));
        if std::mem::take(&mut is_head) {
            push_line_below_head(&mut text, columns.len());
        }
    }
    Ok(text)
}

/// The sheets that are shown, in the order of their tabs: name and relationship.
#[derive(Default)]
struct Workbook {
    sheets: Vec<(String, String)>,
    starts_in_1904: bool,
}

impl Visitor for Workbook {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        match name {
            "sheet" => {
                let is_hidden = matches!(attributes.value("state").as_deref(), Some("hidden" | "veryHidden"));
                if !is_hidden && let Some(id) = attributes.prefixed_value("id") {
                    self.sheets.push((attributes.value("name").unwrap_or_default(), id));
                }
            }
            "workbookPr" => {
                self.starts_in_1904 = matches!(attributes.value("date1904").as_deref(), Some("1" | "true"));
            }
            _ => {}
        }
        Ok(())
    }
}

fn shared_strings(package: &mut Package<'_>, part: &str) -> Result<Vec<String>, String> {
    let mut strings = Strings::default();
    if let Some(part) = package.part(part)? {
        xml::read(&part, &mut strings)?;
    }
    Ok(strings.all)
}

#[derive(Default)]
struct Strings {
    all: Vec<String>,
    is_text: bool,
    /// Whether the text says how another one is pronounced.
    is_phonetic: bool,
}

impl Visitor for Strings {
    fn open(&mut self, name: &str, _attributes: &Attributes<'_>) -> Result<(), String> {
        match name {
            "si" => self.all.push(String::new()),
            "rPh" => self.is_phonetic = true,
            "t" => self.is_text = !self.is_phonetic,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        match name {
            "rPh" => self.is_phonetic = false,
            "t" => self.is_text = false,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.is_text
            && let Some(string) = self.all.last_mut()
        {
            string.push_str(text);
        }
    }
}

struct Sheet<'a> {
    strings: &'a [String],
    formats: &'a CellFormats,
    /// The cells that have text. Never a grid: a sheet can have its first and its last cell only.
    cells: Cells,
    hidden: Hidden,
    /// The place of the last cell: one without a place of its own follows it.
    at: (u32, u32),
    cell: Cell,
}

/// The cells that are not shown.
#[derive(Default)]
struct Hidden {
    /// The first column of each group, and the last one.
    columns: BTreeMap<u32, u32>,
    /// Whether the row is hidden.
    is_row: bool,
}

impl Hidden {
    fn holds(&self, column: u32) -> bool {
        self.is_row || self.columns.range(..=column).next_back().is_some_and(|(_, last)| column <= *last)
    }
}

/// Whether a row or column is hidden, or has no size.
fn is_hidden(attributes: &Attributes<'_>, size: &str) -> bool {
    let size = attributes.value(size).and_then(|size| size.parse::<f64>().ok());
    attributes.is_on("hidden", false) || size.is_some_and(|size| size <= 0.0)
}

#[derive(Default)]
struct Cell {
    kind: String,
    style: usize,
    value: String,
    is_value: bool,
}

impl Visitor for Sheet<'_> {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        match name {
            "col" if is_hidden(attributes, "width") => {
                let column = |name| attributes.value(name).and_then(|column| column.parse().ok());
                if let (Some(first), Some(last)) = (column("min"), column("max")) {
                    self.hidden.columns.insert(first, last);
                }
            }
            "row" => {
                self.hidden.is_row = is_hidden(attributes, "ht");
                let number = attributes.value("r").and_then(|number| number.parse().ok());
                self.at = (number.unwrap_or(self.at.0.saturating_add(1)), 0);
            }
            "c" => {
                let column = attributes.value("r").and_then(|place| column(&place));
                self.at.1 = column.unwrap_or(self.at.1.saturating_add(1));
                let style = attributes.value("s").and_then(|style| style.parse().ok()).unwrap_or_default();
                self.cell = Cell { kind: attributes.value("t").unwrap_or_default(), style, ..Cell::default() };
            }
            "v" | "t" => self.cell.is_value = true,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        match name {
            "v" | "t" => self.cell.is_value = false,
            "c" => {
                let text = self.text_of_cell()?;
                let is_hidden = self.hidden.holds(self.at.1) || self.formats.hides(self.cell.style);
                if !text.trim().is_empty() && !is_hidden {
                    self.cells.insert(self.at, text);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.cell.is_value {
            self.cell.value.push_str(text);
        }
    }
}

impl Sheet<'_> {
    fn text_of_cell(&mut self) -> Result<String, String> {
        let value = std::mem::take(&mut self.cell.value);
        match self.cell.kind.as_str() {
            // A cell can have a type and no value.
            "s" if value.trim().is_empty() => Ok(String::new()),
            "s" => {
                let string = value.trim().parse().ok().and_then(|number: usize| self.strings.get(number));
                string
                    .cloned()
                    .ok_or_else(|| format!("a cell refers to the string {value}, which the file does not have"))
            }
            "b" => Ok(if value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned()),
            "" | "n" => Ok(self.formats.text(self.cell.style, value)),
            // Strings of formulas and of the cell itself, errors, dates in ISO 8601.
            _ => Ok(value),
        }
    }
}

/// The column of a place like `AB12`, counted from 1.
fn column(place: &str) -> Option<u32> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters.fold(0_u32, |column, letter| {
        column.saturating_mul(26).saturating_add(u32::from(letter.to_ascii_uppercase() - b'A') + 1)
    });
    (column > 0).then_some(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_letters() {
        assert_eq!(
            ["A1", "Z9", "AA1", "xfd1048576", "7", ""].map(column),
            [Some(1), Some(26), Some(27), Some(16384), None, None]
        );
        assert_eq!(column(&"Z".repeat(100)), Some(u32::MAX));
    }

    fn cells(cells: impl IntoIterator<Item = ((u32, u32), &'static str)>) -> Cells {
        cells.into_iter().map(|(place, text)| (place, text.to_owned())).collect()
    }

    #[test]
    fn only_rows_and_columns_with_cells_are_shown() {
        let sparse = cells([((1, 1), "a"), ((1, 16384), "b"), ((1_048_576, 1), "c")]);
        assert_eq!(page("S", &sparse).as_deref(), Ok("# S\n\n| a | b |\n|---|---|\n| c | |\n"));
        assert_eq!(page(" two \n words ", &cells([])).as_deref(), Ok("# two words\n\n"));
    }

    #[test]
    fn a_table_that_is_longer_than_any_text_is_refused() {
        let diagonal = cells((1..=10_000).map(|number| ((number, number), "a")));
        assert_eq!(page("S", &diagonal), Err(Unreadable::TooLong.to_string()));
    }
}
