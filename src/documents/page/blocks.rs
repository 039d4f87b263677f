//! The blocks of a page: headings, lists, tables and code of Markdown, which the readers of HTML and office files write
//! too, and paragraphs.

use std::ops::Range;

use super::super::tables::is_table_rule;

/// A block of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) kind: BlockKind<'a>,
    /// Its lines, from 0 on.
    pub(super) lines: Range<usize>,
}

/// What a block is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BlockKind<'a> {
    Paragraph,
    Heading { level: usize, title: &'a str },
    List { is_ordered: bool },
    Table,
    Code { language: Option<&'a str> },
}

/// The blocks of these lines, which hold Markdown if `is_markdown`.
pub(super) fn blocks<'a>(lines: &[&'a str], is_markdown: bool) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.trim().is_empty() {
            at += 1;
            continue;
        }
        let kind = if is_markdown { kind_of(&lines[at..]) } else { BlockKind::Paragraph };
        let end = at + length(&kind, &lines[at..], is_markdown);
        blocks.push(Block { kind, lines: at..end });
        at = end;
    }
    blocks
}

/// The kind of the block that begins with the first of these lines.
fn kind_of<'a>(lines: &[&'a str]) -> BlockKind<'a> {
    let line = lines[0].trim();
    if let Some(fence) = fence(line) {
        let language = line.trim_start_matches(fence).trim();
        return BlockKind::Code { language: Some(language).filter(|language| !language.is_empty()) };
    }
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    if (1..=6).contains(&level) && (title.is_empty() || title.starts_with(' ')) {
        return BlockKind::Heading { level, title: title.trim() };
    }
    if line.starts_with('|') && lines.get(1).is_some_and(|next| is_table_rule(next)) {
        return BlockKind::Table;
    }
    list_item(line).map_or(BlockKind::Paragraph, |(is_ordered, _)| BlockKind::List { is_ordered })
}

/// How many of these lines belong to the block that begins with the first.
fn length(kind: &BlockKind<'_>, lines: &[&str], is_markdown: bool) -> usize {
    let while_holds = |holds: &dyn Fn(&str) -> bool| 1 + lines[1..].iter().take_while(|line| holds(line)).count();
    match kind {
        BlockKind::Heading { .. } => 1,
        BlockKind::Table => while_holds(&|line| line.trim_start().starts_with('|')),
        BlockKind::List { .. } => while_holds(&|line| !line.trim().is_empty() && !ends_list(line)),
        BlockKind::Code { .. } => {
            let fence = fence(lines[0].trim()).unwrap_or_default();
            let inner = while_holds(&|line| !line.trim().starts_with(fence));
            (inner + 1).min(lines.len())
        }
        BlockKind::Paragraph => {
            let begins_block = |at: usize| is_markdown && !matches!(kind_of(&lines[at..]), BlockKind::Paragraph);
            let goes_on = |at: &usize| !lines[*at].trim().is_empty() && !begins_block(*at);
            1 + (1..lines.len()).take_while(goes_on).count()
        }
    }
}

/// The fence with which a line begins a block of code.
fn fence(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence))
}

/// Whether a line cannot go on with a list: it begins another block at the margin.
fn ends_list(line: &str) -> bool {
    line.starts_with('#') || line.starts_with('|') || fence(line).is_some()
}

/// Whether the list of an item is ordered, and its text; `None` for a line that is no item.
pub(super) fn list_item(line: &str) -> Option<(bool, &str)> {
    let line = line.trim_start();
    if let Some(text) = ["- ", "* ", "+ "].into_iter().find_map(|mark| line.strip_prefix(mark)) {
        return Some((false, text.trim()));
    }
    let rest = line.trim_start_matches(|character: char| character.is_ascii_digit());
    let text = rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")).filter(|_| rest.len() < line.len())?;
    Some((true, text.trim()))
}

/// The cells of a row of a table; `None` for the line below its head.
pub(super) fn table_row(line: &str) -> Option<Vec<String>> {
    if is_table_rule(line) {
        return None;
    }
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').unwrap_or(line);
    // An escaped bar is part of a cell.
    let cells = line.replace("\\|", "\0");
    Some(cells.split('|').map(|cell| cell.trim().replace('\0', "|")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(String, Range<usize>)> {
        let lines: Vec<&str> = text.lines().collect();
        blocks(&lines, true).into_iter().map(|block| (format!("{:?}", block.kind), block.lines)).collect()
    }

    #[test]
    fn blocks_of_markdown_are_found() {
        let text = "# One\nfirst\nsecond\n\n- a\n- b\n  more\n1. c\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\
                    ```rust\n# no title\n\n```\nend";
        let expected = [
            (r#"Heading { level: 1, title: "One" }"#, 0..1),
            ("Paragraph", 1..3),
            ("List { is_ordered: false }", 4..8),
            ("Table", 9..12),
            (r#"Code { language: Some("rust") }"#, 12..16),
            ("Paragraph", 16..17),
        ];
        assert_eq!(kinds(text), expected.map(|(kind, lines)| (kind.to_owned(), lines)));
        assert_eq!(blocks(&["# a", "- b"], false).len(), 1, "plain text has paragraphs only");
    }

    #[test]
    fn what_is_not_closed_ends_with_the_page() {
        assert_eq!(kinds("```\na"), [("Code { language: None }".to_owned(), 0..2)]);
        assert_eq!(kinds("| a |"), [("Paragraph".to_owned(), 0..1)]);
        assert_eq!(kinds("#hashtag\n####### seven"), [("Paragraph".to_owned(), 0..2)]);
        assert_eq!(kinds(" \n\n"), []);
    }

    #[test]
    fn items_and_cells_are_read() {
        assert_eq!(list_item("  12) twelve"), Some((true, "twelve")));
        assert_eq!(list_item("-none"), None);
        assert_eq!(list_item(". none"), None);
        assert_eq!(table_row("| a | b \\| c |"), Some(vec!["a".to_owned(), "b | c".to_owned()]));
        assert_eq!(table_row("|:--|--:|"), None);
    }
}
