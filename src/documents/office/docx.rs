//! Text documents. Headers, footers, notes and comments are not read.

use std::collections::BTreeMap;

use super::blocks::{Blocks, Style};
use super::package::Package;
use super::xml::{self, Attributes, Visitor};
use crate::documents::pages::Pages;

/// The mark that a word processor leaves where a page began when it last laid the document out.
const RENDERED_PAGE_BREAK: &str = "lastRenderedPageBreak";

/// Reads a text document.
pub(super) fn pages(package: &mut Package<'_>) -> Result<Pages, String> {
    let content = package.required("word/document.xml")?;
    let mut styles = StyleNames::default();
    if let Some(part) = package.part("word/styles.xml")? {
        xml::read(&part, &mut styles)?;
    }
    let has_rendered_breaks = content.contains(RENDERED_PAGE_BREAK);
    let mut document = DocumentVisitor { blocks: Blocks::default(), styles: styles.by_id, has_rendered_breaks };
    xml::read(&content, &mut document)?;
    document.blocks.finish()
}

struct DocumentVisitor {
    blocks: Blocks,
    styles: BTreeMap<String, Style>,
    /// Whether pages are known from the last layout; otherwise page breaks of the author end them.
    has_rendered_breaks: bool,
}

impl Visitor for DocumentVisitor {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        let ends_page = match name {
            RENDERED_PAGE_BREAK => true,
            "br" => attributes.value("type").as_deref() == Some("page"),
            _ => false,
        };
        if ends_page && !self.blocks.is_skipping() {
            if self.has_rendered_breaks == (name == RENDERED_PAGE_BREAK) {
                self.blocks.end_page()?;
            }
            // It ends no line within its paragraph.
            return Ok(());
        }
        self.blocks.open(name);
        match name {
            "pStyle" => {
                let style = attributes.value("val").and_then(|id| self.styles.get(&id).copied());
                if let Some(style) = style {
                    self.blocks.set_style(style);
                }
            }
            "numPr" => self.blocks.set_list_item(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        self.blocks.close(name);
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.blocks.text(text);
    }
}

/// The kinds of paragraphs by style. The ids of styles are in the language of the author; the names of built-in ones
/// are not.
#[derive(Default)]
struct StyleNames {
    by_id: BTreeMap<String, Style>,
    id: String,
}

impl Visitor for StyleNames {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        match name {
            "style" => self.id = attributes.value("styleId").unwrap_or_default(),
            "name" => {
                let style = attributes.value("val").and_then(|name| style_named(&name));
                if let Some(style) = style {
                    self.by_id.insert(std::mem::take(&mut self.id), style);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn style_named(name: &str) -> Option<Style> {
    let name = name.to_ascii_lowercase();
    if let Some(level) = name.strip_prefix("heading ") {
        return level.parse().ok().map(|level: usize| Style::Heading(level.clamp(1, 6)));
    }
    match name.as_str() {
        "title" => Some(Style::Heading(1)),
        "subtitle" => Some(Style::Heading(2)),
        name if name.starts_with("list ") && name != "list paragraph" => Some(Style::ListItem),
        _ => None,
    }
}
