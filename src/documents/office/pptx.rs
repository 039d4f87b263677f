//! Presentations: one page a slide. Speaker notes, charts and diagrams are not read.

use super::blocks::{Blocks, Style};
use super::package::Package;
use super::xml::{self, Attributes, Visitor};
use crate::documents::pages::Pages;

/// Reads a presentation.
pub(super) fn pages(package: &mut Package<'_>) -> Result<Pages, String> {
    let mut slides = Slides { blocks: Blocks::default(), shown: 0, is_title: false };
    for part in &slides_in_order(package)? {
        let content = package.required(part)?;
        xml::read(&content, &mut slides)?;
    }
    slides.blocks.finish()
}

/// The parts of the slides in the order in which they are shown.
fn slides_in_order(package: &mut Package<'_>) -> Result<Vec<String>, String> {
    let main = package.main_part("ppt/presentation.xml")?;
    let content = package.required(&main)?;
    let targets = package.relationships(&main)?;
    let mut order = Order { ids: Vec::new() };
    xml::read(&content, &mut order)?;
    let part = |id: &String| targets.target(id).map(str::to_owned).ok_or_else(|| format!("the file has no slide {id}"));
    order.ids.iter().map(part).collect()
}

struct Order {
    ids: Vec<String>,
}

impl Visitor for Order {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        if name == "sldId" {
            // Its own number is an attribute without a prefix, which stands first or second.
            self.ids.extend(attributes.prefixed_value("id"));
        }
        Ok(())
    }
}

struct Slides {
    blocks: Blocks,
    /// The number of slides that are shown, so far.
    shown: usize,
    /// Whether the shape is the title of its slide.
    is_title: bool,
}

impl Visitor for Slides {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        self.blocks.open(name);
        match name {
            "sld" if !attributes.is_on("show", true) => self.blocks.skip_elements(1),
            "sld" => {
                if self.shown > 0 {
                    self.blocks.end_page()?;
                }
                self.shown += 1;
            }
            "sp" => self.is_title = false,
            // It names a shape, and stands in the properties of the shape.
            "cNvPr" if attributes.is_on("hidden", false) => self.blocks.skip_elements(3),
            "ph" => {
                let kind = attributes.value("type");
                self.is_title = matches!(kind.as_deref(), Some("title" | "ctrTitle"));
            }
            "p" if self.is_title => self.blocks.set_style(Style::Heading(1)),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        self.blocks.close(name);
        if name == "sp" {
            self.is_title = false;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.blocks.text(text);
    }
}
