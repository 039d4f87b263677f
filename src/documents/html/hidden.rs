//! Which elements of HTML are not shown, and where such an element ends, with or without its end tag. Style sheets and
//! scripts are not applied.

use super::line_breaks;

/// Elements whose content browsers do not show. The rest of `<head>` has no text but `<title>`.
const NEVER_SHOWN: &[&[u8]] = &[
    b"audio",
    b"canvas",
    b"datalist",
    b"iframe",
    b"noembed",
    b"noframes",
    b"noscript",
    b"script",
    b"style",
    b"template",
    b"video",
];

/// Elements without content, and `body` and `html`: a page that hides itself is shown by its scripts.
const NEVER_HIDDEN: &[&[u8]] = &[
    b"area", b"base", b"body", b"br", b"col", b"embed", b"hr", b"html", b"img", b"input", b"link", b"meta", b"param",
    b"source", b"track", b"wbr",
];

/// A start tag as it is read.
#[derive(Debug, Default)]
pub(super) struct StartTag {
    pub(super) name: Vec<u8>,
    /// The attribute that was read last.
    attribute: Vec<u8>,
    /// Whether its attributes hide the element.
    is_hidden: bool,
}

impl StartTag {
    pub(super) fn open(&mut self, name: &[u8]) {
        name.clone_into(&mut self.name);
        // A dialog is shown once it has the attribute `open`.
        self.is_hidden = name == b"dialog";
    }

    pub(super) fn attribute(&mut self, name: &[u8]) {
        name.clone_into(&mut self.attribute);
        match name {
            b"hidden" => self.is_hidden = true,
            b"open" if self.name == b"dialog" => self.is_hidden = false,
            _ => {}
        }
    }

    pub(super) fn value(&mut self, value: &[u8]) {
        match &*self.attribute {
            // The search of a browser finds and shows it.
            b"hidden" if value.eq_ignore_ascii_case(b"until-found") => self.is_hidden = false,
            b"style" => self.is_hidden |= hides(&String::from_utf8_lossy(value)),
            _ => {}
        }
    }

    /// The element, if its content is not shown. An element that ends with its start tag has no content.
    pub(super) fn hidden_element(&self, is_self_closing: bool) -> Option<HiddenElement> {
        let has_content = !is_self_closing && !NEVER_HIDDEN.contains(&&*self.name);
        let is_hidden = NEVER_SHOWN.contains(&&*self.name) || (self.is_hidden && has_content);
        is_hidden.then(|| HiddenElement { name: self.name.clone(), nested: 0 })
    }
}

/// Whether declarations of a style hide an element. Of two for one property the last one counts.
fn hides(style: &str) -> bool {
    let (mut display, mut visibility) = (false, false);
    for (property, value) in style.split(';').filter_map(|declaration| declaration.split_once(':')) {
        let value = value.trim_start().split(|c: char| c.is_whitespace() || c == '!').next().unwrap_or_default();
        let is = |hiding: &str| value.eq_ignore_ascii_case(hiding);
        match property.trim().to_ascii_lowercase().as_str() {
            "display" => display = is("none"),
            "visibility" => visibility = is("hidden") || is("collapse"),
            _ => {}
        }
    }
    display || visibility
}

/// An element whose content is not shown, while it is open.
#[derive(Debug)]
pub(super) struct HiddenElement {
    name: Vec<u8>,
    /// How many elements are open within it that its end tag or its parent's could belong to.
    nested: usize,
}

/// What an end tag means for a hidden element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It stands within the element.
    Inside,
    /// It is that of the element.
    Own,
    /// It is that of an element around it.
    Outside,
}

impl HiddenElement {
    /// An element starts; whether the hidden one is still open. HTML lets the end tags of some elements out.
    pub(super) fn stays_open_at(&mut self, start: &[u8]) -> bool {
        if self.nested == 0 && ends_before(&self.name, start) {
            return false;
        }
        self.nested += usize::from(is_counted(&self.name, start));
        true
    }

    /// An element ends.
    pub(super) fn end(&mut self, name: &[u8]) -> End {
        if self.nested == 0 && self.name == name {
            return End::Own;
        }
        if !is_counted(&self.name, name) {
            return End::Inside;
        }
        match self.nested.checked_sub(1) {
            Some(nested) => {
                self.nested = nested;
                End::Inside
            }
            None => End::Outside,
        }
    }
}

/// Whether an element ends where this other one starts.
fn ends_before(name: &[u8], start: &[u8]) -> bool {
    match name {
        b"li" => start == b"li",
        b"dt" | b"dd" => matches!(start, b"dt" | b"dd"),
        b"option" => matches!(start, b"option" | b"optgroup"),
        b"optgroup" => start == b"optgroup",
        b"td" | b"th" => matches!(start, b"td" | b"th" | b"tr" | b"tbody" | b"tfoot" | b"thead"),
        b"tr" => matches!(start, b"tr" | b"tbody" | b"tfoot" | b"thead"),
        b"tbody" | b"tfoot" | b"thead" => matches!(start, b"tbody" | b"tfoot" | b"thead"),
        b"p" => is_block(start),
        _ => false,
    }
}

/// Whether the elements of a name are counted within a hidden one: those of its own name or, if its end tag can be left
/// out, those that can be its parent.
fn is_counted(hidden: &[u8], name: &[u8]) -> bool {
    match hidden {
        b"li" => matches!(name, b"ul" | b"ol" | b"menu" | b"dir"),
        b"dt" | b"dd" => name == b"dl",
        b"option" | b"optgroup" => name == b"select",
        b"td" | b"th" | b"tr" | b"tbody" | b"tfoot" | b"thead" => name == b"table",
        b"p" => is_block(name),
        _ => hidden == name,
    }
}

fn is_block(name: &[u8]) -> bool {
    line_breaks(name) > 0 || matches!(name, b"ul" | b"ol" | b"menu" | b"dir")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_that_hide_are_recognised() {
        for style in [
            "display:none",
            " color: red; DISPLAY : None !important",
            "visibility:hidden;",
            "display:block;display:none",
        ] {
            assert!(hides(style), "{style}");
        }
        for style in
            ["", "display", "display:none;display:block", "display:inline", "overflow:hidden", "x-display:none"]
        {
            assert!(!hides(style), "{style}");
        }
    }
}
