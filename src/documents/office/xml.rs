//! Elements and text of XML, for visitors that look for few of them. Names have no prefixes: files differ in them.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;

/// Maximum depth of elements.
const MAX_DEPTH: usize = 1_000;

/// Receives the parts of a document in their order.
pub(super) trait Visitor {
    /// An element starts.
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String>;

    /// An element ends.
    fn close(&mut self, _name: &str) -> Result<(), String> {
        Ok(())
    }

    /// Text; one text can come in several calls.
    fn text(&mut self, _text: &str) {}
}

/// The attributes of an element.
pub(super) struct Attributes<'a>(&'a BytesStart<'a>);

impl Attributes<'_> {
    /// The value of the attribute of this name without a prefix.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let attribute =
            self.0.attributes().with_checks(false).flatten().find(|it| it.key.local_name().as_ref() == name)?;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(String::from)
    }

    /// Whether the attribute of this name is on; `default` if it is missing.
    pub(super) fn is_on(&self, name: &str, default: bool) -> bool {
        self.value(name).map_or(default, |value| !matches!(value.as_str(), "0" | "false" | "off"))
    }

    /// The value of the attribute of this name with any prefix.
    pub(super) fn prefixed_value(&self, name: &str) -> Option<String> {
        let is_named = |key: QName<'_>| key.prefix().is_some() && key.local_name().as_ref() == name;
        let attribute = self.0.attributes().with_checks(false).flatten().find(|it| is_named(it.key))?;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(String::from)
    }
}

/// Visits the parts of a document.
///
/// Errors: the document is not well-formed, is nested too deep, or the visitor stops.
pub(super) fn read(document: &str, visitor: &mut impl Visitor) -> Result<(), String> {
    let mut reader = Reader::from_str(document);
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|error| format!("XML in the file is not well-formed: {error}"))? {
            Event::Start(element) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("XML in the file is nested deeper than {MAX_DEPTH} elements, the limit"));
                }
                visitor.open(element.local_name().as_ref(), &Attributes(&element))?;
            }
            Event::Empty(element) => {
                visitor.open(element.local_name().as_ref(), &Attributes(&element))?;
                visitor.close(element.local_name().as_ref())?;
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                visitor.close(element.local_name().as_ref())?;
            }
            Event::Text(text) => visitor.text(&text.xml10_content()),
            Event::CData(text) => visitor.text(&text.xml10_content()),
            // References come apart from the text around them. Entities of the document's own are not expanded.
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => visitor.text(character.encode_utf8(&mut [0; 4])),
                _ => visitor.text(resolve_predefined_entity(&reference).unwrap_or_default()),
            },
            Event::Eof if depth > 0 => return Err("XML in the file is cut off".to_owned()),
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct VisitRecord(String);

    impl Visitor for VisitRecord {
        fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
            let value = attributes.value("val").unwrap_or_default();
            self.0 += &["<", name, " ", &value, ">"].concat();
            Ok(())
        }

        fn close(&mut self, name: &str) -> Result<(), String> {
            self.0 += &["</", name, ">"].concat();
            Ok(())
        }

        fn text(&mut self, text: &str) {
            self.0 += text;
        }
    }

    fn visited(document: &str) -> Result<String, String> {
        let mut record = VisitRecord::default();
        read(document, &mut record).map(|()| record.0)
    }

    #[test]
    fn elements_text_and_references_are_visited() {
        let document = "<?xml version=\"1.0\"?><w:a w:val='1&amp;2'>x &lt; &#233;&unknown;<![CDATA[<y>]]><b/></w:a>";
        assert_eq!(visited(document).as_deref(), Ok("<a 1&2>x < é<y><b ></b></a>"));
    }

    #[test]
    fn what_is_not_well_formed_or_too_deep_is_refused() {
        for document in ["<a>", "<a></b>", "<a", "</a>"] {
            assert!(visited(document).is_err(), "{document}");
        }
        let nested = |depth| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(visited(&nested(MAX_DEPTH)).is_ok());
        assert!(visited(&nested(MAX_DEPTH + 1)).expect_err("is too deep").contains("deeper than 1000"));
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"yyyyyyyy\"><!ENTITY z \"&x;&x;&x;\">]><a>&z;</a>";
        assert_eq!(visited(bomb).as_deref(), Ok("<a ></a>"));
    }
}
