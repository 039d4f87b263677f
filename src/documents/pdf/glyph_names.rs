//! Characters by the names of glyphs that are in no list of names, but say a number: `/uni0041`, `/a65`, `/65`, `/G41`.

use std::collections::HashMap;

use hayro_font::hayro_syntax::object::{Array, Dict, Name, Object};

/// The ligatures of TeX, in their order in its encodings.
const LIGATURES: [&str; 5] = ["ff", "fi", "fl", "ffi", "ffl"];

/// The codes of the first ligature in the encodings OT1 and T1 of TeX.
const FIRST_LIGATURES: [u32; 2] = [11, 27];

/// dvips names the glyph of a code by the code and this, in base 36.
const DVIPS_OFFSET: u32 = 360;

/// The names of glyphs by code, as the encoding of a font lists them.
pub(super) struct GlyphNames<'a> {
    by_code: HashMap<u8, Name<'a>>,
    /// Whether the font is of type 3, in which a number is that of a character: it has no numbers of glyphs.
    is_type3: bool,
    /// Whether numbers are in base 16, because one of them can be in no other.
    are_hexadecimal: bool,
}

impl<'a> GlyphNames<'a> {
    /// The names in the dictionary of a font.
    pub(super) fn of(font: &Dict<'a>) -> Self {
        let is_type3 = font.get::<Name<'_>>("Subtype").is_some_and(|subtype| subtype.as_str() == "Type3");
        let differences =
            font.get::<Dict<'a>>("Encoding").and_then(|encoding| encoding.get::<Array<'a>>("Differences"));
        let mut by_code = HashMap::new();
        let mut code = 0_i64;
        for item in differences.iter().flat_map(Array::iter::<Object<'a>>) {
            match item {
                Object::Number(number) => code = number.as_i64(),
                Object::Name(name) => {
                    if let Ok(code) = u8::try_from(code) {
                        by_code.insert(code, name);
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
        let are_hexadecimal = by_code.values().any(|name| can_only_be_hexadecimal(name.as_str()));
        Self { by_code, is_type3, are_hexadecimal }
    }

    /// The characters that the name of a code's glyph says.
    pub(super) fn characters(&self, code: u32) -> Option<String> {
        let name = self.by_code.get(&u8::try_from(code).ok()?)?.as_str();
        let name = name.split('.').next().unwrap_or_default();
        if let Some(character) = unicode_name(name) {
            return Some(character.into());
        }
        let number = if self.is_type3 { self.number(name, code)? } else { number_of_other_font(name)? };
        let ligature = FIRST_LIGATURES.iter().find_map(|first| LIGATURES.get(number.checked_sub(*first)? as usize));
        match ligature {
            Some(ligature) if self.is_type3 => Some((*ligature).to_owned()),
            _ => char::from_u32(number).filter(|character| !character.is_control()).map(String::from),
        }
    }

    /// The number in the name of a glyph of a font of type 3.
    fn number(&self, name: &str, code: u32) -> Option<u32> {
        if u32::from_str_radix(name, 36) == Ok(code + DVIPS_OFFSET) {
            return Some(code);
        }
        let digits = name.trim_start_matches(|character: char| character.is_ascii_alphabetic());
        if self.are_hexadecimal {
            return hexadecimal(name.get(name.len().checked_sub(2)?..)?);
        }
        let letters = name.len() - digits.len();
        if letters <= 2 { decimal(digits) } else { None }
    }
}

/// `uni0041` and `u1F600`, also in lower case, which the rules for such names do not allow.
fn unicode_name(name: &str) -> Option<char> {
    let digits = name.strip_prefix("uni").filter(|digits| digits.len() == 4);
    let digits = digits.or_else(|| name.strip_prefix('u').filter(|digits| (4..=6).contains(&digits.len())));
    hexadecimal(digits?).and_then(char::from_u32).filter(|character| !character.is_control())
}

/// The number of a character in the name of a glyph of a font that has numbers of glyphs too: `G41`, `g0041`, `C65`.
fn number_of_other_font(name: &str) -> Option<u32> {
    let digits = name.get(1..)?;
    match (name.as_bytes().first()?, digits.len()) {
        (b'G', 2) | (b'g', 4) => hexadecimal(digits),
        (b'C' | b'c', 2 | 3) => decimal(digits),
        _ => None,
    }
}

/// Whether a name is at most a letter and two digits of base 16, of which one is a letter.
fn can_only_be_hexadecimal(name: &str) -> bool {
    let digits = if name.len() == 3 { name.get(1..) } else { Some(name) };
    let digits = digits.filter(|digits| digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    digits.is_some_and(|digits| digits.starts_with(|first: char| first.is_ascii_digit()))
        && digits.is_some_and(|digits| digits.ends_with(|last: char| last.is_ascii_alphabetic()))
}

fn decimal(digits: &str) -> Option<u32> {
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn hexadecimal(digits: &str) -> Option<u32> {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use hayro_font::hayro_syntax::object::FromBytes;

    use super::*;

    /// The characters of a font whose glyphs have these names from the code 65 on.
    fn characters(subtype: &str, names: &str) -> Vec<Option<String>> {
        let dictionary = format!("<< /Subtype /{subtype} /Encoding << /Differences [65 {names}] >> >>");
        let font = Dict::from_bytes(dictionary.as_bytes()).expect("is a dictionary");
        let names = GlyphNames::of(&font);
        (65..65 + u32::try_from(names.by_code.len()).expect("is small")).map(|code| names.characters(code)).collect()
    }

    fn found(subtype: &str, names: &str) -> String {
        characters(subtype, names).into_iter().map(|found| found.unwrap_or_else(|| "?".to_owned())).collect()
    }

    #[test]
    fn numbers_in_the_names_of_type_3_are_characters() {
        assert_eq!(found("Type3", "/a72 /a105 /33"), "Hi!");
        assert_eq!(found("Type3", "/uni0416 /u1F600 /uni20ac /uni0041.alt"), "Ж😀€A");
        assert_eq!(found("Type3", "/x48 /x69 /x2E /6A"), "Hi.j", "one name has a digit of base 16");
        assert_eq!(found("Type3", "/BT /BU"), "AB", "as dvips names them");
        assert_eq!(found("Type3", "/a11 /a28 /a12"), "fffifi", "ligatures of TeX");
        assert_eq!(found("Type3", "/a0 /g7 /a140 /glyph65 /name /a99999999999"), "??????");
    }

    #[test]
    fn other_fonts_have_numbers_of_glyphs_too() {
        assert_eq!(found("Type1", "/G48 /g0069 /C33 /uni0416"), "Hi!Ж");
        assert_eq!(found("TrueType", "/g72 /72 /a72 /glyph72 /G4 /G4X"), "??????");
    }
}
