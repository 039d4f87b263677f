//! Formats of the cells of spreadsheets: which show dates, which show nothing, and how numbers are shown.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::{SignedDuration, civil};

use super::xml::{self, Attributes, Visitor};

/// Formats of dates and times that every spreadsheet has (ECMA-376, 18.8.30).
const BUILT_IN: [std::ops::RangeInclusive<u32>; 4] = [14..=22, 27..=36, 45..=47, 50..=58];

const SECONDS_PER_DAY: f64 = 86_400.0;

/// The format that shows nothing, whatever the cell holds.
const HIDING: &str = ";;;";

/// What the cells of a style show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum CellFormat {
    #[default]
    Plain,
    Date,
    Nothing,
}

/// The formats of the cells.
#[derive(Debug)]
pub(super) struct CellFormats {
    /// The day whose number is 0.
    day_0: DateTime,
    by_style: Vec<CellFormat>,
}

/// Reads the formats of a spreadsheet from its part of styles.
pub(super) fn read(part: Option<&str>, starts_in_1904: bool) -> Result<CellFormats, String> {
    let mut styles = CellStyles::default();
    if let Some(part) = part {
        xml::read(part, &mut styles)?;
    }
    let day_0 = if starts_in_1904 { civil::date(1904, 1, 1) } else { civil::date(1899, 12, 30) };
    Ok(CellFormats { day_0: day_0.at(0, 0, 0, 0), by_style: styles.by_style })
}

impl CellFormats {
    fn of_style(&self, style: usize) -> CellFormat {
        self.by_style.get(style).copied().unwrap_or_default()
    }

    /// Whether cells of this style show nothing.
    pub(super) fn hides(&self, style: usize) -> bool {
        self.of_style(style) == CellFormat::Nothing
    }

    /// The text of a number in a cell of this style.
    pub(super) fn text(&self, style: usize, value: String) -> String {
        let Ok(number) = value.trim().parse::<f64>() else { return value };
        let date = if self.of_style(style) == CellFormat::Date { self.date(number) } else { None };
        date.unwrap_or_else(|| rounded(number, value))
    }

    /// A date, a time of the day, or both.
    fn date(&self, number: f64) -> Option<String> {
        // The format has 1900 as a leap year, so that the numbers of the first days are one too low.
        let number = if self.day_0.year() == 1899 && (1.0..60.0).contains(&number) { number + 1.0 } else { number };
        let seconds = SignedDuration::try_from_secs_f64((number * SECONDS_PER_DAY).round()).ok()?;
        let time = self.day_0.checked_add(seconds).ok()?;
        let has_time = time.time() != civil::Time::midnight();
        Some(match (number >= 1.0, has_time) {
            (true, false) => time.date().to_string(),
            (true, true) => format!("{} {}", time.date(), time.time()),
            (false, _) => time.time().to_string(),
        })
    }
}

/// A number with the 15 digits that spreadsheets show, and without the error of its binary form after them.
fn rounded(number: f64, value: String) -> String {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits <= 15 {
        return value;
    }
    let rounded = format!("{number:.14e}").parse::<f64>();
    rounded.map_or(value, |rounded| rounded.to_string())
}

#[derive(Default)]
struct CellStyles {
    /// The formats of the file's own that are not plain.
    formats: BTreeMap<u32, CellFormat>,
    by_style: Vec<CellFormat>,
    /// Whether formats of cells follow, and not those that styles share.
    is_cells: bool,
}

impl Visitor for CellStyles {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        let id = || attributes.value("numFmtId").and_then(|id| id.parse().ok()).unwrap_or_default();
        match name {
            "numFmt" => match attributes.value("formatCode") {
                Some(code) if is_date(&code) => _ = self.formats.insert(id(), CellFormat::Date),
                Some(code) if code == HIDING => _ = self.formats.insert(id(), CellFormat::Nothing),
                _ => {}
            },
            "cellXfs" => self.is_cells = true,
            "xf" if self.is_cells => {
                let id: u32 = id();
                let is_built_in = BUILT_IN.iter().any(|range| range.contains(&id));
                let own = self.formats.get(&id).copied().unwrap_or_default();
                self.by_style.push(if is_built_in { CellFormat::Date } else { own });
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        if name == "cellXfs" {
            self.is_cells = false;
        }
        Ok(())
    }
}

/// Whether a format shows a part of a date or time. Text in quotes, after a backslash or in brackets is shown as it is.
fn is_date(code: &str) -> bool {
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => _ = characters.by_ref().find(|character| *character == '"'),
            '\\' | '_' | '*' => _ = characters.next(),
            '[' => {
                // A colour, a condition, a currency; elapsed time is `[h]`, `[mm]`, `[s]`.
                let inner: String = characters.by_ref().take_while(|character| *character != ']').collect();
                if !inner.is_empty() && inner.chars().all(|character| "hmsHMS".contains(character)) {
                    return true;
                }
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => return true,
            // `General`, scientific numbers, and the end of the format of positive numbers, which alone counts.
            'G' | 'E' | 'e' | ';' => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_dates_are_recognised() {
        for code in ["yyyy-mm-dd", "[$-409]d/m/yy h:mm AM/PM;@", "[h]:mm:ss", "\"on \"d", "mmm"] {
            assert!(is_date(code), "{code}");
        }
        for code in ["General", "0.00", "#,##0 \"days\"", "[Red]0.0", "0.00E+00", "0\\d", "_d0", "@", "0;yyyy"] {
            assert!(!is_date(code), "{code}");
        }
    }

    #[test]
    fn numbers_of_date_cells_are_shown_as_dates() {
        let formats = |year, month, day| CellFormats {
            day_0: civil::date(year, month, day).at(0, 0, 0, 0),
            by_style: vec![CellFormat::Plain, CellFormat::Date],
        };
        let in_1900 = formats(1899, 12, 30);
        let cases = [
            ("45352", "2024-03-01"),
            ("45352.75", "2024-03-01 18:00:00"),
            ("0.5", "12:00:00"),
            ("1", "1900-01-01"),
            ("61", "1900-03-01"),
        ];
        for (number, text) in cases {
            assert_eq!(in_1900.text(1, number.to_owned()), text, "{number}");
            assert_eq!(in_1900.text(0, number.to_owned()), number, "{number}");
        }
        assert_eq!(formats(1904, 1, 1).text(1, "43890".to_owned()), "2024-03-01");
        for number in ["1e300", "-1e9", "no number", ""] {
            assert_eq!(in_1900.text(1, number.to_owned()), number, "{number}");
        }
    }

    #[test]
    fn numbers_have_fifteen_digits() {
        let formats = CellFormats { day_0: civil::date(1904, 1, 1).at(0, 0, 0, 0), by_style: Vec::new() };
        for (number, text) in
            [("0.30000000000000004", "0.3"), ("12.5", "12.5"), ("1234567890123456", "1234567890123460")]
        {
            assert_eq!(formats.text(0, number.to_owned()), text);
        }
    }
}
