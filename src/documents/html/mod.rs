//! Readable text from HTML, in one pass over its tokens: block elements break lines, headings and list items look as in
//! Markdown, what is hidden is left out. No tree is built, so that nesting of any depth takes linear time and no
//! stack.

mod hidden;

use std::convert::Infallible;
use std::fmt::Write;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use self::hidden::{End, HiddenElement, StartTag};
use super::MAX_TEXT_BYTES;

/// Maximum number of lists within each other that are numbered and indented by their own; the rest is taken as one.
const MAX_LISTS: usize = 5;

/// Whether a text of unknown format is HTML.
pub(super) fn is_html(text: &str) -> bool {
    let text = text.trim_start().as_bytes();
    let begins = |start: &[u8]| {
        text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
            && text.get(start.len()).is_none_or(|next| !next.is_ascii_alphanumeric())
    };
    begins(b"<!doctype html") || begins(b"<html")
}

/// The readable text of an HTML document. It ends early when it is longer than a text may be.
pub(super) fn to_text(html: &str) -> String {
    let mut layout = Layout::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        layout.event(&event);
        None
    });
    // Scripts, styles and titles have a syntax of their own.
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    layout.text.truncate(layout.text.trim_end().len());
    layout.text
}

/// The white space between two words of one line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Gap {
    #[default]
    None,
    Space,
    /// Between the cells of a table.
    Tab,
}

/// The text so far, and what stands between it and the next word.
#[derive(Debug, Default)]
struct Layout {
    text: String,
    /// Line ends before the next word.
    breaks: usize,
    gap: Gap,
    /// The mark at the beginning of the next line: of a heading or of a list item.
    marker: String,
    /// How many `<pre>` are open.
    preformatted: usize,
    /// Whether a line end that comes next directly follows `<pre>` and is not part of its text.
    after_pre_tag: bool,
    /// The open lists: the number of the next item, or nothing in a list with bullets.
    lists: Vec<Option<u32>>,
    /// The start tag that is being read.
    tag: StartTag,
    /// The hidden element that is open.
    hidden: Option<HiddenElement>,
}

impl Layout {
    fn event(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => self.tag.open(name),
            CallbackEvent::AttributeName { name } => self.tag.attribute(name),
            CallbackEvent::AttributeValue { value } => self.tag.value(value),
            CallbackEvent::CloseStartTag { self_closing } => {
                let tag = std::mem::take(&mut self.tag);
                self.start_tag(&tag, *self_closing);
                self.tag = tag;
            }
            CallbackEvent::EndTag { name } => self.end_tag(name),
            CallbackEvent::String { value } if self.hidden.is_none() && self.text.len() <= MAX_TEXT_BYTES => {
                let text = String::from_utf8_lossy(value);
                if self.preformatted > 0 { self.preformatted_text(&text) } else { self.flow_text(&text) }
            }
            _ => {}
        }
    }

    fn start_tag(&mut self, tag: &StartTag, is_self_closing: bool) {
        if self.hidden.as_mut().is_some_and(|hidden| hidden.stays_open_at(&tag.name)) {
            return;
        }
        self.hidden = tag.hidden_element(is_self_closing);
        if self.hidden.is_none() {
            self.start(&tag.name);
        }
    }

    fn end_tag(&mut self, name: &[u8]) {
        match self.hidden.as_mut().map(|hidden| hidden.end(name)) {
            Some(End::Inside) => {}
            Some(End::Own) => self.hidden = None,
            Some(End::Outside) | None => {
                self.hidden = None;
                self.end(name);
            }
        }
    }

    fn start(&mut self, name: &[u8]) {
        self.break_around(name);
        match name {
            b"br" => self.breaks = (self.breaks + 1).min(2),
            b"pre" => {
                self.preformatted += 1;
                self.after_pre_tag = true;
            }
            b"ul" | b"menu" | b"dir" => self.open_list(None),
            b"ol" => self.open_list(Some(1)),
            b"li" => self.mark_item(),
            b"td" | b"th" if self.breaks == 0 => self.gap = Gap::Tab,
            [b'h', level @ b'1'..=b'6'] => self.marker = format!("{} ", "#".repeat(usize::from(level - b'0'))),
            _ => {}
        }
    }

    fn end(&mut self, name: &[u8]) {
        match name {
            b"pre" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.text.truncate(self.text.trim_end().len());
            }
            b"ul" | b"menu" | b"dir" | b"ol" => {
                self.lists.pop();
                self.break_list();
            }
            b"li" | [b'h', b'1'..=b'6'] => self.marker.clear(),
            _ => {}
        }
        self.break_around(name);
    }

    fn break_around(&mut self, name: &[u8]) {
        self.breaks = self.breaks.max(line_breaks(name));
    }

    fn open_list(&mut self, number: Option<u32>) {
        self.break_list();
        if self.lists.len() < MAX_LISTS {
            self.lists.push(number);
        }
    }

    /// A list within a list follows its item directly.
    fn break_list(&mut self) {
        self.breaks = self.breaks.max(if self.lists.is_empty() { 2 } else { 1 });
    }

    fn mark_item(&mut self) {
        self.marker = "  ".repeat(self.lists.len().saturating_sub(1));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                write!(self.marker, "{number}. ").expect("a string can be written to");
                *number = number.saturating_add(1);
            }
            _ => self.marker.push_str("- "),
        }
    }

    /// Text in which all white space counts as one space.
    fn flow_text(&mut self, text: &str) {
        let is_space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        if text.starts_with(is_space) && self.gap == Gap::None {
            self.gap = Gap::Space;
        }
        for word in text.split(is_space).filter(|word| !word.is_empty()) {
            self.begin();
            // A search for two words finds them whatever space stands between them.
            self.text.extend(word.chars().map(|character| if character == '\u{a0}' { ' ' } else { character }));
            self.gap = Gap::Space;
        }
        if !text.ends_with(is_space) {
            self.gap = Gap::None;
        }
    }

    fn preformatted_text(&mut self, text: &str) {
        let text = if self.after_pre_tag { text.strip_prefix('\n').unwrap_or(text) } else { text };
        self.after_pre_tag = false;
        self.begin();
        self.text.push_str(text);
    }

    /// Writes what stands before a word.
    fn begin(&mut self) {
        if !self.text.is_empty() {
            match (self.breaks, self.gap) {
                (0, Gap::None) => {}
                (0, Gap::Space) => self.text.push(' '),
                (0, Gap::Tab) => self.text.push('\t'),
                (breaks, _) => self.text.extend(std::iter::repeat_n('\n', breaks)),
            }
        }
        (self.breaks, self.gap) = (0, Gap::None);
        self.text.push_str(&self.marker);
        self.marker.clear();
    }
}

/// The line ends before and after an element: paragraphs and their like have an empty line there, other blocks stand on
/// lines of their own.
fn line_breaks(name: &[u8]) -> usize {
    match name {
        b"blockquote" | b"dl" | b"figure" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"hr" | b"p" | b"pre"
        | b"table" | b"title" => 2,
        b"address" | b"article" | b"aside" | b"body" | b"caption" | b"center" | b"dd" | b"details" | b"dialog"
        | b"div" | b"dt" | b"fieldset" | b"figcaption" | b"footer" | b"form" | b"header" | b"html" | b"legend"
        | b"li" | b"main" | b"nav" | b"option" | b"section" | b"summary" | b"tbody" | b"tfoot" | b"thead" | b"tr" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_readable_text() {
        let html = "<!DOCTYPE html>\n<html><head><meta charset=utf-8><title>A &amp; B</title>\n\
            <style>p { color: red }</style>\
            <script>if (a < b) document.write('<p>no</p>')</script></head>\n<body>\n<h1>Big\n  <em>title</em></h1>\n\
            <p>One&nbsp;two   <b>three</b>,\n four.<br>Five</p><p>Six</p>\n\
            <div>Seven <span>eight</span></div><div>nine</div>\n\
            <ul>\n <li>first\n <li><p>second</p>\n  <ol><li>inner<li>other</ol>\n <li></li>\n</ul>after\n\
            <table><tr><th>Name</th> <th>Size</th></tr><tr><td>a<td>1</tr></table>\n\
            <pre>\nlet x = 1;\n  y\n\n</pre>end<!-- no --></body></html>\n";
        let expected = "A & B\n\n# Big title\n\nOne two three, four.\nFive\n\nSix\n\nSeven eight\nnine\n\n- first\n\n\
            - second\n\n  1. inner\n  2. other\n\nafter\n\nName\tSize\na\t1\n\nlet x = 1;\n  y\n\nend";
        assert_eq!(to_text(html), expected);
    }

    #[test]
    fn entities_are_decoded() {
        assert_eq!(
            to_text("&lt;p&gt; &copy;&#x41;&#66;&hearts; &unknown; &amp;amp; &#0;"),
            "<p> ©AB♥ &unknown; &amp; \u{fffd}"
        );
    }

    #[test]
    fn hidden_elements_are_left_out_with_all_they_hold() {
        assert_eq!(to_text("a<template>b<template>c</template>d</template>e"), "ae");
        assert_eq!(to_text("a<noscript><p>b</p></noscript>c"), "ac");
        assert_eq!(to_text("a<script>b"), "a");
        assert_eq!(to_text("a</script></template>b"), "ab");
    }

    #[test]
    fn what_a_browser_does_not_show_is_left_out() {
        let cases = [
            ("a<div hidden><div>b</div>c</div>d", "ad"),
            ("a<p style='color:red; Display: NONE !important'>b</p>c", "ac"),
            ("a <span style=visibility:hidden>b</span>c", "a c"),
            ("<dialog>a</dialog><dialog open>b</dialog><div hidden=until-found>c</div>", "b\nc"),
            ("<div aria-hidden=true>a</div>", "a"),
            ("a<br hidden>b<img hidden>c<input type=hidden value=d>e", "a\nbce"),
            ("<body style='display:none'>a<video>b</video><datalist><option>c</datalist>", "a"),
            // The end tags of these can be left out.
            ("<p hidden>a<em>b</em><p>c<p hidden>d<ul><li>e</ul>", "c\n\n- e"),
            ("<div><p hidden>a</div>b", "b"),
            ("<ol><li hidden>a<ol><li>b</ol>c<li>d<li hidden>e</ol>f", "1. d\n\nf"),
            ("<table><tr><td>a<td hidden>b<table><tr><td>c</table>d<td>e<tr hidden><td>f<tr><td>g</table>", "a\te\ng"),
            ("<dl><dt>a<dd hidden>b<dt>c</dl>d", "a\nc\n\nd"),
            ("<select><option hidden>a<option>b</option></select>c", "b\nc"),
            ("a<svg><path hidden /></svg>b", "ab"),
        ];
        for (html, text) in cases {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn text_without_tags_and_broken_tags_are_read() {
        assert_eq!(to_text(""), "");
        assert_eq!(to_text(" \n "), "");
        assert_eq!(to_text("just text"), "just text");
        assert_eq!(to_text("a < b <p"), "a < b");
        assert_eq!(to_text("</p></p></ul></pre></h1>a"), "a");
        assert_eq!(to_text("<h2></h2>a<li></li>b"), "a\nb");
        assert_eq!(to_text("<plaintext>a</plaintext>"), "a</plaintext>");
    }

    #[test]
    fn html_is_recognized() {
        for html in ["<!DOCTYPE html>", " \r\n<!doctype HTML PUBLIC \"x\">", "<html>", "<HTML lang=en>", "<html"] {
            assert!(is_html(html), "{html}");
        }
        for other in ["", "<!doctype htmlx>", "<htmlx>", "<!doctype", "text <html>", "<é"] {
            assert!(!is_html(other), "{other}");
        }
    }

    #[test]
    fn hostile_nesting_takes_no_stack() {
        let nested = |tag: &str, depth| format!("{}x", format!("<{tag}>").repeat(depth));
        assert_eq!(to_text(&nested("div", 100_000)), "x");
        let deep = |tag| nested(tag, 10_000);
        for tag in ["b", "pre", "table", "template", "select", "svg", "a href='x'", "div hidden", "p hidden"] {
            assert!(to_text(&deep(tag)).len() <= 1, "{tag}");
        }
        assert_eq!(to_text(&deep("ul")), "x");
        assert_eq!(to_text(&deep("li")), "- x");
        assert_eq!(to_text(&deep("h1")), "# x");
        assert_eq!(to_text(&deep("ul><li")), "        - x");
    }
}
