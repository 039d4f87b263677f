//! The text of annotations: the values of form fields, and the notes on a page.

use hayro_font::hayro_syntax::Pdf;
use hayro_font::hayro_syntax::object::{Array, Dict, Name, Object, Rect, Stream, String as PdfString};
use hayro_font::hayro_syntax::page::{Page, Resources};

use super::text_strings;

/// Maximum depth of fields in fields.
const MAX_PARENTS: usize = 32;

/// The bits of an annotation's flags with which it is not shown: hidden, and not on the screen.
const NOT_SHOWN: u32 = 1 << 1 | 1 << 5;

/// The bit of a field's flags with which its value is a password.
const PASSWORD: u32 = 1 << 13;

/// The annotations whose contents are a note for the reader. Those of others describe them, such as where a link leads.
const WITH_NOTE: [&str; 13] = [
    "Text",
    "FreeText",
    "Highlight",
    "Underline",
    "Squiggly",
    "StrikeOut",
    "Line",
    "Square",
    "Circle",
    "Polygon",
    "PolyLine",
    "Caret",
    "Ink",
];

/// What holds for all form fields of a document.
pub(super) struct AcroForm<'a> {
    /// For appearances without resources of their own.
    pub(super) resources: Resources<'a>,
    /// Whether the appearances in the file are out of date.
    pub(super) needs_appearances: bool,
}

/// An annotation that a reader sees.
pub(super) struct Annotation<'a>(Dict<'a>);

impl<'a> AcroForm<'a> {
    /// That of a document; an empty one if it has none.
    pub(super) fn of(pdf: &'a Pdf) -> Self {
        let root = pdf.xref().get::<Dict<'a>>(pdf.xref().root_id());
        let form = root.and_then(|root| root.get::<Dict<'a>>("AcroForm")).unwrap_or_default();
        Self {
            resources: Resources::new(form.get::<Dict<'a>>("DR").unwrap_or_default()),
            needs_appearances: form.get::<bool>("NeedAppearances").unwrap_or(false),
        }
    }
}

/// The annotations that a reader sees on a page.
pub(super) fn of_page<'a>(page: &Page<'a>) -> Vec<Annotation<'a>> {
    let Some(annotations) = page.raw().get::<Array<'a>>("Annots") else { return Vec::new() };
    let bounds = page.intersected_crop_box();
    annotations.iter::<Dict<'a>>().map(Annotation).filter(|annotation| annotation.is_seen_within(bounds)).collect()
}

impl<'a> Annotation<'a> {
    /// What draws it.
    pub(super) fn appearance(&self) -> Option<Stream<'a>> {
        let appearances = self.0.get::<Dict<'a>>("AP")?;
        let of_state = || {
            let states = appearances.get::<Dict<'a>>("N")?;
            states.get::<Stream<'a>>(self.0.get::<Name<'_>>("AS")?)
        };
        appearances.get::<Stream<'a>>("N").or_else(of_state)
    }

    /// The value of a text or choice field, and the note of another annotation.
    pub(super) fn value(&self) -> Option<String> {
        let subtype = self.0.get::<Name<'_>>("Subtype")?;
        if subtype.as_str() == "Widget" {
            return self.field_value();
        }
        let has_note = WITH_NOTE.contains(&subtype.as_str());
        has_note.then(|| self.0.get::<PdfString<'_>>("Contents")).flatten().map(|note| text_strings::decode(&note))
    }

    fn field_value(&self) -> Option<String> {
        let kind = self.inherited("FT")?.into_name()?;
        let is_password = self.inherited("Ff").is_some_and(|flags| is_set(&flags, PASSWORD));
        let value = self.inherited("V")?;
        match kind.as_str() {
            "Tx" if !is_password => text(&value),
            "Ch" => Some(self.choices(value).join("\n")),
            _ => None,
        }
    }

    /// The chosen options, by the names that are shown.
    fn choices(&self, value: Object<'a>) -> Vec<String> {
        let options = self.inherited("Opt").and_then(Object::into_array);
        let chosen: Vec<Object<'_>> = match value {
            Object::Array(values) => values.iter::<Object<'_>>().collect(),
            value => vec![value],
        };
        chosen.iter().filter_map(text).map(|value| shown_option(options.as_ref(), &value).unwrap_or(value)).collect()
    }

    /// An entry of a field or of one that contains it.
    fn inherited(&self, key: &str) -> Option<Object<'a>> {
        let fields = std::iter::successors(Some(self.0.clone()), |field| field.get::<Dict<'a>>("Parent"));
        fields.take(MAX_PARENTS).find_map(|field| field.get::<Object<'a>>(key))
    }

    fn is_seen_within(&self, bounds: Rect) -> bool {
        let is_shown = self.0.get::<Object<'_>>("F").is_none_or(|flags| !is_set(&flags, NOT_SHOWN));
        let is_inside = self.0.get::<Rect>("Rect").is_none_or(|rect| {
            let inside = rect.intersect(bounds);
            inside.width() > 0.0 && inside.height() > 0.0
        });
        is_shown && is_inside
    }
}

/// Whether one of these bits is set in flags.
fn is_set(flags: &Object<'_>, bits: u32) -> bool {
    matches!(flags, Object::Number(number) if u32::try_from(number.as_i64()).is_ok_and(|flags| flags & bits != 0))
}

/// A text, which long ones keep in a stream.
fn text(value: &Object<'_>) -> Option<String> {
    match value {
        Object::String(text) => Some(text_strings::decode(text)),
        Object::Stream(stream) => Some(text_strings::decode(&stream.decoded_data().ok()?)),
        _ => None,
    }
}

/// The name that is shown for an option, if it is not its value.
fn shown_option(options: Option<&Array<'_>>, value: &str) -> Option<String> {
    options?.iter::<Object<'_>>().find_map(|option| {
        let mut pair =
            option.into_array()?.iter::<Object<'_>>().map(|part| text(&part)).collect::<Vec<_>>().into_iter();
        let is_chosen = pair.next()??.as_str() == value;
        is_chosen.then(|| pair.next().flatten()).flatten()
    })
}
