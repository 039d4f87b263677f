//! Tables in Markdown.

/// Adds a table. The first row is its head; rows can differ in length.
pub(super) fn push_table(to: &mut String, rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    for (number, row) in rows.iter().enumerate() {
        let cell = |column| row.get(column).map(String::as_str).unwrap_or_default();
        push_row(to, (0..columns).map(cell));
        if number == 0 {
            push_line_below_head(to, columns);
        }
    }
}

/// Adds a row.
pub(super) fn push_row<'a>(to: &mut String, cells: impl Iterator<Item = &'a str>) {
    to.push('|');
    for cell in cells {
        to.push(' ');
        push_cell(to, cell);
        to.push_str(if cell.is_empty() { "|" } else { " |" });
    }
    to.push('\n');
}

/// Adds the line below the first row.
pub(super) fn push_line_below_head(to: &mut String, columns: usize) {
    to.push('|');
    to.push_str(&"---|".repeat(columns));
    to.push('\n');
}

/// Adds the text of a cell, in which a line end or a bar would end the row or the cell.
fn push_cell(to: &mut String, cell: &str) {
    for (number, word) in cell.split_whitespace().enumerate() {
        if number > 0 {
            to.push(' ');
        }
        to.push_str(&word.replace('|', "\\|"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_the_table() {
        let rows = [vec!["a|b".to_owned(), "c\nd".to_owned()], vec!["1".to_owned()], vec![]];
        let mut text = String::new();
        push_table(&mut text, &rows);
        assert_eq!(text, "| a\\|b | c d |\n|---|---|\n| 1 | |\n| | |\n");
    }
}
