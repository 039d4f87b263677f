//! Text documents. Headers, footers, notes and comments are not read.

use std::collections::BTreeMap;

use super::blocks::{Blocks, Style};
use super::package::Package;
use super::xml::{self, Attributes, Visitor};
use crate::documents::pages::Pages;

/// The mark that a word processor leaves where a page began when it last laid the document out.
const RENDERED_PAGE_BREAK: &str = "lastRenderedPageBreak";

/// Maximum number of styles each of which is based on the next one.
const MAX_BASES: usize = 11;

/// Reads a text document.
pub(super) fn pages(package: &mut Package<'_>) -> Result<Pages, String> {
    let main = package.main_part("word/document.xml")?;
    let content = package.required(&main)?;
    let mut styles = Styles::default();
    let related = package.relationships(&main)?;
    if let Some(part) = package.part(related.of_kind("styles", "word/styles.xml"))? {
        xml::read(&part, &mut styles)?;
    }
    let has_rendered_breaks = content.contains(RENDERED_PAGE_BREAK);
    let mut document =
        DocumentVisitor { blocks: Blocks::default(), styles, has_rendered_breaks, is_of_paragraph: false };
    xml::read(&content, &mut document)?;
    document.blocks.finish()
}

struct DocumentVisitor {
    blocks: Blocks,
    styles: Styles,
    /// Whether pages are known from the last layout; otherwise page breaks of the author end them.
    has_rendered_breaks: bool,
    /// Whether properties that follow are of a paragraph, and not of a run.
    is_of_paragraph: bool,
}

impl DocumentVisitor {
    /// The style that an element names.
    fn style(&self, attributes: &Attributes<'_>) -> NamedStyle {
        attributes.value("val").map(|id| self.styles.named(&id)).unwrap_or_default()
    }
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
            "pPr" => self.is_of_paragraph = true,
            "pStyle" => {
                let style = self.style(attributes);
                self.blocks.set_style(style.kind);
                if style.is_hidden == Some(true) {
                    self.blocks.hide_paragraph();
                }
            }
            "numPr" => self.blocks.set_list_item(),
            "rStyle" if !self.is_of_paragraph => {
                if let Some(is_hidden) = self.style(attributes).is_hidden {
                    self.blocks.hide_run(is_hidden);
                }
            }
            // That of a paragraph hides its end only.
            "vanish" if !self.is_of_paragraph => self.blocks.hide_run(attributes.is_on("val", true)),
            // It stands in the properties of a row.
            "hidden" if attributes.is_on("val", true) => self.blocks.hide_row(),
            // It stands in a drawing, which can be a text box.
            "docPr" if attributes.is_on("hidden", false) => self.blocks.skip_elements(2),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        self.blocks.close(name);
        if name == "pPr" {
            self.is_of_paragraph = false;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.blocks.text(text);
    }
}

/// A style of paragraphs or of runs.
#[derive(Debug, Clone, Copy, Default)]
struct NamedStyle {
    kind: Style,
    /// Nothing if the style that it is based on decides.
    is_hidden: Option<bool>,
}

/// The styles of a document. Their ids are in the language of the author; the names of built-in ones are not.
#[derive(Default)]
struct Styles {
    by_id: BTreeMap<String, NamedStyle>,
    /// The style on which each is based.
    bases: BTreeMap<String, String>,
    id: String,
}

impl Styles {
    /// The style with this id.
    fn named(&self, id: &str) -> NamedStyle {
        let style = |id: &str| self.by_id.get(id).copied().unwrap_or_default();
        let mut chain = std::iter::successors(Some(id), |id| self.bases.get(*id).map(String::as_str)).take(MAX_BASES);
        NamedStyle { is_hidden: chain.find_map(|id| style(id).is_hidden), ..style(id) }
    }
}

impl Visitor for Styles {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        match name {
            "style" => self.id = attributes.value("styleId").unwrap_or_default(),
            "name" => {
                let style = attributes.value("val").and_then(|name| style_named(&name));
                if let Some(kind) = style {
                    self.by_id.entry(self.id.clone()).or_default().kind = kind;
                }
            }
            "basedOn" => {
                self.bases.extend(attributes.value("val").map(|base| (self.id.clone(), base)));
            }
            "vanish" => {
                self.by_id.entry(self.id.clone()).or_default().is_hidden = Some(attributes.is_on("val", true));
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
