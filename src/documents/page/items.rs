//! The items of a page in the form of the service's parse results. Their boxes are places on the picture of the page.

use serde::Serialize;

use super::DocumentPage;
use super::blocks::{Block, BlockKind, blocks, list_item, table_row};
use super::layout::{HEIGHT, PageBox, PageLayout, WIDTH};

/// The items of a page.
#[derive(Debug, Serialize)]
pub(crate) struct PageItems<'a> {
    page_number: usize,
    page_width: usize,
    page_height: usize,
    success: bool,
    items: Vec<PageItem<'a>>,
}

/// A part of a page.
#[derive(Debug, Serialize)]
struct PageItem<'a> {
    #[serde(flatten)]
    content: ItemContent<'a>,
    /// The item as Markdown.
    md: String,
    /// Null if it is not on the picture of the page.
    bbox: Option<[PageBox; 1]>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ItemContent<'a> {
    Text { value: String },
    Heading { value: &'a str, level: usize },
    List { items: Vec<PageItem<'a>>, ordered: bool },
    Table { rows: Vec<Vec<String>>, csv: String, html: String },
    Code { value: String, language: Option<&'a str> },
}

impl<'a> PageItems<'a> {
    pub(super) fn of(page: &'a DocumentPage<'_>) -> Self {
        let lines: Vec<&str> = page.text().lines().collect();
        let layout = page.layout();
        let items = blocks(&lines, page.has_headings).into_iter().map(|block| PageItem::of(block, &lines, &layout));
        Self { page_number: page.number, page_width: WIDTH, page_height: HEIGHT, success: true, items: items.collect() }
    }
}

impl<'a> PageItem<'a> {
    fn of(block: Block<'a>, page: &[&'a str], layout: &PageLayout<'_>) -> Self {
        let Block { kind, lines: range } = block;
        let (lines, bbox) = (&page[range.clone()], layout.box_of(&range).map(|place| [place]));
        let md = lines.join("\n");
        let content = match kind {
            BlockKind::Paragraph => ItemContent::Text { value: md.clone() },
            BlockKind::Heading { level, title } => ItemContent::Heading { value: title, level },
            BlockKind::List { is_ordered } => ItemContent::List { items: list_items(lines), ordered: is_ordered },
            BlockKind::Table => {
                let rows: Vec<Vec<String>> = lines.iter().filter_map(|line| table_row(line)).collect();
                ItemContent::Table { csv: csv(&rows), html: html(&rows), rows }
            }
            BlockKind::Code { language } => {
                let is_closed = lines.len() > 1 && lines[lines.len() - 1].trim().starts_with(&lines[0].trim()[..3]);
                let inner = &lines[1..lines.len() - usize::from(is_closed)];
                ItemContent::Code { value: inner.join("\n"), language }
            }
        };
        Self { content, md, bbox }
    }
}

/// The items of a list, in one level: a line that begins no item goes on with the one before it.
fn list_items<'a>(lines: &[&str]) -> Vec<PageItem<'a>> {
    let mut texts: Vec<String> = Vec::new();
    for line in lines {
        match (list_item(line), texts.last_mut()) {
            (None, Some(last)) => {
                last.push('\n');
                last.push_str(line.trim());
            }
            (item, _) => texts.push(item.map_or(*line, |(_, text)| text).to_owned()),
        }
    }
    let item = |value: String| PageItem { md: value.clone(), content: ItemContent::Text { value }, bbox: None };
    texts.into_iter().map(item).collect()
}

fn csv(rows: &[Vec<String>]) -> String {
    let cell = |cell: &String| {
        let is_quoted = cell.contains([',', '"', '\n']);
        if is_quoted { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    let row = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",");
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// A table whose first row is its head.
fn html(rows: &[Vec<String>]) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let row = |(number, row): (usize, &Vec<String>)| {
        let tag = if number == 0 { "th" } else { "td" };
        let cells = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    format!("<table>{}</table>", rows.iter().enumerate().map(row).collect::<String>())
}
