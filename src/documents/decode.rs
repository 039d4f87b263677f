//! Text from bytes in any common encoding: by the byte-order mark, else UTF-8, else the encoding that the text declares
//! or a guess.

use bytes::Bytes;
use bytestring::ByteString;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::text::owned;
use super::{MAX_TEXT_BYTES, Unreadable};

/// The bytes that the encoding is guessed from, beginning shortly before the first one that is not ASCII: enough for
/// any language, and a guess over a whole file would take longer than everything else.
const SAMPLE_BYTES: usize = 32 << 10;

/// The ASCII characters before the first other one that belong to the sample: letters beside it inform the guess.
const SAMPLE_LEAD_BYTES: usize = 64;

/// The characters of UTF-8 that are not ASCII for each error in text that counts as damaged UTF-8.
const MIN_VALID_PER_ERROR: usize = 20;

/// Where HTML and XML declare their encoding, by the HTML standard.
const DECLARATION_BYTES: usize = 1024;

/// The text of these bytes without its byte-order mark. Plain UTF-8 is not copied.
pub(super) fn decode(bytes: &Bytes) -> Result<ByteString, Unreadable> {
    let content = if let Some(little_endian) = utf_32_mark(bytes) {
        check_length(bytes)?;
        utf_32(&bytes[4..], little_endian)?
    } else if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        check_length(bytes)?;
        let rest = bytes.slice(mark..);
        if encoding == UTF_16LE || encoding == UTF_16BE {
            decode_strictly(encoding, &rest).ok_or(Unreadable::Malformed(encoding.name()))?
        } else {
            ByteString::try_from(rest).map_err(|_| Unreadable::Malformed("UTF-8"))?
        }
    } else if bytes.contains(&0) {
        return Err(Unreadable::NulBytes);
    } else {
        check_length(bytes)?;
        ByteString::try_from(bytes.clone()).or_else(|_| decode_unmarked(bytes))?
    };
    if content.contains('\0') { Err(Unreadable::NulBytes) } else { Ok(content) }
}

/// Refuses too many bytes before anything is made of them. The limit of a text is that of its file too, although UTF-16
/// and UTF-32 can need more bytes than UTF-8.
fn check_length(bytes: &[u8]) -> Result<(), Unreadable> {
    if bytes.len() > MAX_TEXT_BYTES { Err(Unreadable::TooLong) } else { Ok(()) }
}

/// Whether the bytes begin with a byte-order mark of UTF-32, and whether it is that of little endian. That one begins
/// with the mark of UTF-16, but the NUL that would follow it there is no text.
fn utf_32_mark(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => Some(true),
        [0, 0, 0xfe, 0xff, ..] => Some(false),
        _ => None,
    }
}

fn utf_32(bytes: &[u8], little_endian: bool) -> Result<ByteString, Unreadable> {
    let (units, rest) = bytes.as_chunks::<4>();
    let number = |unit: &[u8; 4]| if little_endian { u32::from_le_bytes(*unit) } else { u32::from_be_bytes(*unit) };
    let text: Option<String> = units.iter().map(|unit| char::from_u32(number(unit))).collect();
    text.filter(|_| rest.is_empty()).map(owned).ok_or(Unreadable::Malformed("UTF-32"))
}

/// The text of bytes without a mark that are not UTF-8.
fn decode_unmarked(bytes: &[u8]) -> Result<ByteString, Unreadable> {
    if is_damaged_utf_8(bytes) {
        return Ok(owned(String::from_utf8_lossy(bytes).into_owned()));
    }
    // windows-1252 is what the guess falls back to for a short text, and decodes most bytes.
    let candidates = [declared_encoding(bytes), Some(detected_encoding(bytes)), Some(WINDOWS_1252)];
    let text = |encoding| decode_strictly(encoding, bytes).filter(|text| !text.chars().any(is_binary));
    candidates.into_iter().flatten().find_map(text).ok_or(Unreadable::Encoding)
}

/// Whether these bytes are UTF-8 with few errors, such as a file that was cut within a character: text in another
/// encoding hardly has characters that are valid in UTF-8 too. What is not valid is replaced by U+FFFD.
fn is_damaged_utf_8(bytes: &[u8]) -> bool {
    let (mut valid, mut errors) = (0, 0);
    for part in bytes.utf8_chunks() {
        valid += part.valid().chars().filter(|character| !character.is_ascii()).count();
        errors += usize::from(!part.invalid().is_empty());
    }
    valid >= MIN_VALID_PER_ERROR * errors
}

/// The encoding that HTML or XML declares.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES)];
    if !head.trim_ascii_start().starts_with(b"<") {
        return None;
    }
    let label = ["charset=", "encoding="].iter().find_map(|name| {
        let at = head.windows(name.len()).position(|window| window.eq_ignore_ascii_case(name.as_bytes()))?;
        let value = head[at + name.len()..].trim_ascii_start();
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let length = value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(byte)).count();
        Some(&value[..length])
    })?;
    // A declaration that can be read as ASCII is not in UTF-16.
    Encoding::for_label(label).filter(|encoding| encoding.is_ascii_compatible())
}

fn detected_encoding(bytes: &[u8]) -> &'static Encoding {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    let start = first.saturating_sub(SAMPLE_LEAD_BYTES);
    let end = bytes.len().min(start + SAMPLE_BYTES);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes[start..end], end == bytes.len());
    detector.guess(None, Utf8Detection::Deny)
}

/// The text of the bytes in this encoding, if all of them are valid in it.
fn decode_strictly(encoding: &'static Encoding, bytes: &[u8]) -> Option<ByteString> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(owned(text.into_owned()))
}

/// Whether a character hardly stands in text: control characters other than white space, backspace, escape (in colored
/// logs) and the end-of-file mark of DOS. Only guessed encodings are checked for it.
fn is_binary(character: char) -> bool {
    character.is_control() && !matches!(character, '\u{8}'..='\u{d}' | '\u{1a}' | '\u{1b}' | '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<String, Unreadable> {
        decode(&Bytes::copy_from_slice(bytes)).map(|text| text.to_string())
    }

    fn with_mark(mark: &[u8], units: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
        units.into_iter().fold(mark.to_vec(), |bytes, unit| [bytes, unit].concat())
    }

    #[test]
    fn every_byte_order_mark_is_removed() {
        let text = "Größe 漢字 😀\r\nx";
        let utf_16: Vec<u16> = text.encode_utf16().collect();
        let encoded = [
            with_mark(&[0xef, 0xbb, 0xbf], [text.as_bytes().to_vec()]),
            with_mark(&[0xff, 0xfe], utf_16.iter().map(|unit| unit.to_le_bytes().to_vec())),
            with_mark(&[0xfe, 0xff], utf_16.iter().map(|unit| unit.to_be_bytes().to_vec())),
            with_mark(&[0xff, 0xfe, 0, 0], text.chars().map(|c| u32::from(c).to_le_bytes().to_vec())),
            with_mark(&[0, 0, 0xfe, 0xff], text.chars().map(|c| u32::from(c).to_be_bytes().to_vec())),
        ];
        for bytes in encoded {
            assert_eq!(decoded(&bytes).as_deref(), Ok(text), "{bytes:x?}");
        }
        assert_eq!(decoded(text.as_bytes()).as_deref(), Ok(text));
        assert_eq!(decoded("\u{feff}\u{feff}a".as_bytes()).as_deref(), Ok("\u{feff}a"), "only one mark is removed");
    }

    #[test]
    fn utf_8_is_not_copied() {
        let bytes = Bytes::from_static("naïve".as_bytes());
        assert_eq!(decode(&bytes).expect("is UTF-8").as_ptr(), bytes.as_ptr());
        let marked = Bytes::from_static("\u{feff}naïve".as_bytes());
        assert_eq!(decode(&marked).expect("is UTF-8").as_ptr(), marked[3..].as_ptr());
    }

    #[test]
    fn broken_text_after_a_byte_order_mark_is_refused() {
        let cases: [(&[u8], &str); 6] = [
            (b"\xef\xbb\xbfa\xff", "UTF-8"),
            (b"\xff\xfea", "UTF-16LE"),
            (b"\xff\xfea\0\0\xd8", "UTF-16LE"),
            (b"\xfe\xff\xd8\0\0a", "UTF-16BE"),
            (b"\xff\xfe\0\0a\0\0", "UTF-32"),
            (b"\0\0\xfe\xff\0\x11\0\0", "UTF-32"),
        ];
        for (bytes, name) in cases {
            assert_eq!(decoded(bytes), Err(Unreadable::Malformed(name)), "{bytes:x?}");
        }
    }

    #[test]
    fn nul_bytes_are_refused_in_every_encoding() {
        let cases: [&[u8]; 4] = [b"a\0b", b"\xef\xbb\xbfa\0", b"\xff\xfea\0\0\0", b"\xff\0\xfe"];
        for bytes in cases {
            assert_eq!(decoded(bytes), Err(Unreadable::NulBytes), "{bytes:x?}");
        }
    }

    #[test]
    fn common_encodings_are_guessed() {
        let cases: [(&str, &str); 7] = [
            ("windows-1252", "Die Größe der Bücher, die überall für schöne Gefühle sorgen: “déjà vu” à la carte."),
            (
                "windows-1251",
                "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.",
            ),
            ("Shift_JIS", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"),
            ("EUC-JP", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"),
            ("GB18030", "道可道，非常道。名可名，非常名。无名天地之始；有名万物之母。"),
            ("Big5", "道可道，非常道。名可名，非常名。無名天地之始；有名萬物之母。"),
            ("EUC-KR", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."),
        ];
        for (name, text) in cases {
            let encoding = Encoding::for_label(name.as_bytes()).expect("the label is known");
            let (bytes, _, replaced) = encoding.encode(text);
            assert!(!replaced, "{name} has every character");
            assert_eq!(decoded(&bytes).as_deref(), Ok(text), "{name}");
            let late = [&b"plain words\n".repeat(20_000)[..], &bytes].concat();
            assert!(decoded(&late).expect("is text").ends_with(text), "{name} after much ASCII");
        }
    }

    #[test]
    fn a_declared_encoding_is_used_for_what_is_not_utf_8() {
        // Too short for a guess.
        assert_eq!(decoded(b"<meta CHARSET='iso-8859-7'><p>\xe1").as_deref(), Ok("<meta CHARSET='iso-8859-7'><p>α"));
        let xml = b"<?xml version=\"1.0\" encoding=\"koi8-r\"?><a>\xc1</a>";
        assert_eq!(decoded(xml).as_deref(), Ok("<?xml version=\"1.0\" encoding=\"koi8-r\"?><a>а</a>"));
        assert_eq!(decoded(b"<p charset=utf-16>\xe9").as_deref(), Ok("<p charset=utf-16>é"));
        assert_eq!(decoded(b"<p charset=>\xe9").as_deref(), Ok("<p charset=>é"));
    }

    #[test]
    fn utf_8_with_few_errors_stays_utf_8() {
        let text = "Größe ".repeat(20);
        let cut = &text.as_bytes()[..text.len() - 3];
        assert_eq!(decoded(cut).as_deref(), Ok(&*format!("{}Grö\u{fffd}", "Größe ".repeat(19))));
        assert_eq!(decoded(b"Gr\xf6\xdfe").as_deref(), Ok("Größe"));
    }

    #[test]
    fn what_is_text_in_no_encoding_is_refused() {
        assert_eq!(decoded(b"\x01\x02\xff\xfe\x81\x8d\x03"), Err(Unreadable::Encoding));
        assert_eq!(decoded(b"\x1b[1mB\xe9ret\x1b[0m").as_deref(), Ok("\u{1b}[1mBéret\u{1b}[0m"));
    }
}
