//! The fonts of a document, and which characters their codes show. Where a font does not say it in the usual ways, the
//! ways follow that other programs accept too.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use hayro_font::hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_font::hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as PdfString};
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn, GlyphId};
use skrifa::{FontRef, MetadataProvider};

use super::glyph_names::GlyphNames;

/// The fonts of a document.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    standard: FontResolverFn,
    character_maps: CMapResolverFn,
    /// By the bytes of their dictionaries; `None` for one that cannot be loaded.
    known: RefCell<HashMap<&'a [u8], Option<Rc<TextFont<'a>>>>>,
}

/// A font, with what its dictionary says of its characters besides.
pub(super) struct TextFont<'a> {
    pub(super) font: Font<'a>,
    dictionary: Dict<'a>,
    /// The map to characters of a font that has no other relation to them.
    only_map: Option<CMap>,
    /// Made when the font does not say a character.
    fallback: OnceCell<Fallback<'a>>,
}

/// How many characters of a font in the file are looked at: all that Unicode has.
const MAX_MAPPINGS: usize = 0x11_0000;

/// Other ways to find the characters of a font.
struct Fallback<'a> {
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

impl<'a> Fonts<'a> {
    /// No fonts yet.
    pub(super) fn new() -> Self {
        let standard: FontResolverFn = Arc::new(|query| {
            let font = match query {
                FontQuery::Standard(font) => *font,
                FontQuery::Fallback(query) => query.pick_standard_font(),
            };
            Some(font.get_font_data())
        });
        let character_maps: CMapResolverFn = Arc::new(load_embedded);
        Self { cache: FontCache::new(), standard, character_maps, known: RefCell::default() }
    }

    /// The font of a dictionary; `None` if it cannot be loaded.
    pub(super) fn font(&self, dictionary: Dict<'a>) -> Option<Rc<TextFont<'a>>> {
        if let Some(known) = self.known.borrow().get(dictionary.data()) {
            return known.clone();
        }
        let key = dictionary.data();
        let font = self.cache.font(&dictionary, &self.standard, &self.character_maps);
        let font = font.map(|font| {
            let only_map = only_map_of(&dictionary);
            Rc::new(TextFont { font, dictionary, only_map, fallback: OnceCell::new() })
        });
        self.known.borrow_mut().insert(key, font.clone());
        font
    }
}

impl TextFont<'_> {
    /// The characters that a code shows.
    pub(super) fn characters(&self, code: u32) -> Option<BfString> {
        let glyph = self.font.map_code(code);
        let said = match self.font.glyph(glyph, code) {
            FontGlyph::Outline(glyph) => glyph.as_unicode(),
            FontGlyph::Type3(glyph) => glyph.as_unicode(),
        };
        let said = said.filter(|said| !matches!(said, BfString::Char('\0' | char::REPLACEMENT_CHARACTER)));
        said.filter(|said| *said == BfString::Char(' ') || self.is_believable(code))
            .or_else(|| self.fallback.get_or_init(|| Fallback::of(self)).characters(code, glyph))
    }

    /// Whether what is said of a code is more than the standard encoding, which a font with its own numbers does not
    /// follow.
    fn is_believable(&self, code: u32) -> bool {
        self.only_map.as_ref().is_none_or(|map| map.lookup_bf_string(code).is_some())
    }
}

impl<'a> Fallback<'a> {
    fn of(TextFont { font: loaded, dictionary: font, .. }: &TextFont<'a>) -> Self {
        Self {
            collection: CidCollection::of(font),
            characters: font.get::<Object<'_>>("ToUnicode").and_then(map_of),
            names: GlyphNames::of(font),
            of_glyphs: characters_of_glyphs(loaded).unwrap_or_default(),
        }
    }

    fn characters(&self, code: u32, glyph: GlyphId) -> Option<BfString> {
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

fn map_in(stream: &Stream<'_>) -> Option<CMap> {
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

/// The map to characters of a TrueType font that is symbolic and has no encoding, as those of macOS.
fn only_map_of(font: &Dict<'_>) -> Option<CMap> {
    const SYMBOLIC: u32 = 1 << 2;
    let flags = font.get::<Dict<'_>>("FontDescriptor")?.get::<u32>("Flags")?;
    let is_truetype = font.get::<Name<'_>>("Subtype")?.as_str() == "TrueType";
    // A subset, of which `AAAAAA+` says that it is one.
    let is_subset = font.get::<Name<'_>>("BaseFont")?.as_str().as_bytes().get(6) == Some(&b'+');
    let has_no_encoding = flags & SYMBOLIC != 0 && !font.contains_key("Encoding");
    (is_truetype && is_subset && has_no_encoding).then(|| map_in(&font.get::<Stream<'_>>("ToUnicode")?))?
}

/// The number of a code's glyph, whatever the length of the code.
fn number_of(map: &CMap, code: u32) -> Option<u32> {
    (1..=4).find_map(|bytes| map.lookup_cid_code(code, bytes))
}
