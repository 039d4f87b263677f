//! The characters of a font that does not say them in the usual ways: by its collection, a map of another kind, the
//! names of its glyphs, or its own table, in this order.

use std::collections::HashMap;

use hayro_font::hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_font::hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as PdfString};
use hayro_font::{Font, FontGlyph, GlyphId};
use skrifa::{FontRef, MetadataProvider};

use super::glyph_names::GlyphNames;

/// How many characters of a font in the file are looked at: all that Unicode has.
const MAX_MAPPINGS: usize = 0x11_0000;

/// Other ways to find the characters of a font.
pub(super) struct FontFallback<'a> {
    collection: Option<CidCollection>,
    /// A map to characters that is written as a map to glyphs, such as `Identity-H`.
    characters: Option<CMap>,
    names: GlyphNames<'a>,
    /// Those that a font in the file has for its glyphs.
    of_glyphs: HashMap<GlyphId, char>,
}

/// A font of Chinese, Japanese or Korean whose glyphs are numbered as in a list of Adobe.
struct CidCollection {
    /// From codes to numbers of glyphs.
    numbers: CMap,
    /// From these to characters.
    characters: CMap,
}

impl<'a> FontFallback<'a> {
    /// The other ways of a font with this dictionary.
    pub(super) fn of(font: &Font<'a>, dictionary: &Dict<'a>) -> Self {
        Self {
            collection: CidCollection::of(dictionary),
            characters: dictionary.get::<Object<'_>>("ToUnicode").and_then(map_of),
            names: GlyphNames::of(dictionary),
            of_glyphs: characters_of_glyphs(font).unwrap_or_default(),
        }
    }

    /// The characters of a code, which shows this glyph.
    pub(super) fn characters(&self, code: u32, glyph: GlyphId) -> Option<BfString> {
        let of_collection = self.collection.as_ref().and_then(|collection| collection.characters(code));
        let of_map = || {
            let number = number_of(self.characters.as_ref()?, code)?;
            char::from_u32(number).filter(|character| !character.is_control()).map(BfString::Char)
        };
        let of_name = || self.names.characters(code).map(BfString::String);
        let of_glyph = || self.of_glyphs.get(&glyph).copied().map(BfString::Char);
        of_collection.or_else(of_map).or_else(of_name).or_else(of_glyph)
    }
}

impl CidCollection {
    /// The collection of a composite font.
    fn of(font: &Dict<'_>) -> Option<Self> {
        let descendant = font.get::<Array<'_>>("DescendantFonts")?.iter::<Dict<'_>>().next()?;
        let numbers = map_of(font.get::<Object<'_>>("Encoding")?)?;
        let of_map =
            numbers.metadata().character_collection.as_ref().and_then(|collection| collection.family.ucs2_cmap());
        let name = of_map.or_else(|| family_of(&descendant)?.ucs2_cmap())?;
        Some(Self { numbers, characters: CMap::parse(load_embedded(name)?, load_embedded)? })
    }

    fn characters(&self, code: u32) -> Option<BfString> {
        self.characters.lookup_bf_string(number_of(&self.numbers, code)?)
    }
}

fn family_of(descendant: &Dict<'_>) -> Option<CidFamily> {
    let info = descendant.get::<Dict<'_>>("CIDSystemInfo")?;
    let (registry, ordering) = (info.get::<PdfString<'_>>("Registry")?, info.get::<PdfString<'_>>("Ordering")?);
    Some(CidFamily::from_registry_ordering(&registry, &ordering))
}

/// A character map, which is named or in the file.
fn map_of(object: Object<'_>) -> Option<CMap> {
    match object {
        Object::Name(name) => named_map(&name),
        Object::Stream(stream) => map_in(&stream),
        _ => None,
    }
}

fn named_map(name: &Name<'_>) -> Option<CMap> {
    match CMapName::from_bytes(name.as_ref()) {
        CMapName::IdentityH => Some(CMap::identity_h()),
        CMapName::IdentityV => Some(CMap::identity_v()),
        name => CMap::parse(load_embedded(name)?, load_embedded),
    }
}

/// The character map in a stream.
pub(super) fn map_in(stream: &Stream<'_>) -> Option<CMap> {
    CMap::parse(&stream.decoded_data().ok()?, load_embedded)
}

/// The first character of each glyph of a font that is in the file, except those for private use.
fn characters_of_glyphs(font: &Font<'_>) -> Option<HashMap<GlyphId, char>> {
    let FontGlyph::Outline(glyph) = font.glyph(GlyphId::NOTDEF, 0) else { return None };
    let data = glyph.font_data()?.data;
    let font = FontRef::new((*data).as_ref()).ok()?;
    let mut characters = HashMap::new();
    for (character, glyph) in font.charmap().mappings().take(MAX_MAPPINGS) {
        let character = char::from_u32(character).filter(|character| !matches!(character, '\u{e000}'..='\u{f8ff}'));
        if let Some(character) = character.filter(|_| glyph != skrifa::GlyphId::NOTDEF) {
            characters.entry(GlyphId::new(glyph.to_u32())).or_insert(character);
        }
    }
    Some(characters)
}

/// The number of a code's glyph, whatever the length of the code.
fn number_of(map: &CMap, code: u32) -> Option<u32> {
    (1..=4).find_map(|bytes| map.lookup_cid_code(code, bytes))
}
