//! The fonts of a document, and which characters their codes show.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use hayro_font::hayro_cmap::{BfString, CMap, load_embedded};
use hayro_font::hayro_syntax::object::{Dict, Name, Stream};
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn};

use super::font_fallback::{FontFallback, map_in};

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
    fallback: OnceCell<FontFallback<'a>>,
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
        said.filter(|said| *said == BfString::Char(' ') || self.is_believable(code)).or_else(|| {
            self.fallback.get_or_init(|| FontFallback::of(&self.font, &self.dictionary)).characters(code, glyph)
        })
    }

    /// Whether what is said of a code is more than the standard encoding, which a font with its own numbers does not
    /// follow.
    fn is_believable(&self, code: u32) -> bool {
        self.only_map.as_ref().is_none_or(|map| map.lookup_bf_string(code).is_some())
    }
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
