//! Text from bytes in any common encoding: by the byte-order mark, else UTF-8, else the encoding that the text declares
//! or a guess. A few faults, such as a NUL or a character that is cut in two, do not make a text unreadable.

use bytes::Bytes;
use bytestring::ByteString;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::{memchr_iter, memmem};

use super::text::owned;
use super::{MAX_TEXT_BYTES, Unreadable};

/// The bytes that the encoding is guessed from, beginning shortly before the first one that is not ASCII: enough for
/// any language, and a guess over a whole file would take longer than everything else.
const SAMPLE_BYTES: usize = 32 << 10;

/// The ASCII characters before the first other one that belong to the sample: letters beside it inform the guess.
const SAMPLE_LEAD_BYTES: usize = 64;

/// The characters of UTF-8 that are not ASCII for each error in text that counts as damaged UTF-8.
const MIN_VALID_PER_ERROR: usize = 20;

/// The characters of a text for each of its faults, if these are few. One in ten random bytes is a control character.
const MIN_CHARS_PER_FAULT: usize = 50;

/// A text with one fault needs only so many.
const MIN_CHARS_FOR_A_FAULT: usize = 4;

/// The mark that stands in the middle of a text where files with one were joined; in UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Where HTML and XML declare their encoding, by the HTML standard.
const DECLARATION_BYTES: usize = 1024;

/// The text of these bytes without byte-order marks and NUL characters. Plain UTF-8 is not copied.
pub(super) fn decode(bytes: &Bytes) -> Result<ByteString, Unreadable> {
    let text = if let Some(little_endian) = utf_32_mark(bytes) {
        check_length(bytes)?;
        utf_32(&bytes[4..], little_endian)?
    } else if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        check_length(bytes)?;
        decode_marked(encoding, &bytes.slice(mark..))?
    } else if are_few(memchr_iter(0, bytes).count(), bytes.len()) {
        check_length(bytes)?;
        ByteString::try_from(bytes.clone()).or_else(|_| decode_unmarked(bytes))?
    } else {
        return Err(Unreadable::NulBytes);
    };
    without_nuls_and_marks(text)
}

/// Whether a text of so many characters is readable in spite of these faults.
fn are_few(faults: usize, chars: usize) -> bool {
    faults * MIN_CHARS_PER_FAULT <= chars + (MIN_CHARS_PER_FAULT - MIN_CHARS_FOR_A_FAULT)
}

fn without_nuls_and_marks(text: ByteString) -> Result<ByteString, Unreadable> {
    if !text.as_bytes().contains(&0) && memmem::find(text.as_bytes(), BYTE_ORDER_MARK.as_bytes()).is_none() {
        return Ok(text);
    }
    let nuls = memchr_iter(0, text.as_bytes()).count();
    if !are_few(nuls, text.chars().count()) {
        return Err(Unreadable::NulBytes);
    }
    Ok(owned(text.replace(['\0', '\u{feff}'], "")))
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
    let characters = || units.iter().map(|unit| char::from_u32(number(unit)));
    let errors = characters().filter(Option::is_none).count() + usize::from(!rest.is_empty());
    if !are_few(errors, units.len()) {
        return Err(Unreadable::Malformed("UTF-32"));
    }
    Ok(owned(characters().map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()))
}

/// The text of the bytes after a mark. What is not valid is replaced by U+FFFD, if it is little.
fn decode_marked(encoding: &'static Encoding, bytes: &Bytes) -> Result<ByteString, Unreadable> {
    if encoding == UTF_8
        && let Ok(text) = ByteString::try_from(bytes.clone())
    {
        return Ok(text);
    }
    let (text, is_malformed) = encoding.decode_without_bom_handling(bytes);
    if is_malformed && !are_few(text.matches(char::REPLACEMENT_CHARACTER).count(), text.chars().count()) {
        return Err(Unreadable::Malformed(encoding.name()));
    }
    Ok(owned(text.into_owned()))
}

/// The text of bytes without a mark that are not UTF-8: in the encoding in which it has the fewest faults, without its
/// control characters.
fn decode_unmarked(bytes: &[u8]) -> Result<ByteString, Unreadable> {
    if is_damaged_utf_8(bytes) {
        return Ok(owned(String::from_utf8_lossy(bytes).into_owned()));
    }
    // windows-1252 is what the guess falls back to for a short text, and decodes most bytes.
    let candidates = [declared_encoding(bytes), Some(detected_encoding(bytes)), Some(WINDOWS_1252)];
    let texts = candidates.into_iter().flatten().map(|encoding| encoding.decode_without_bom_handling(bytes).0);
    let faults = |text: &str| text.chars().filter(|it| is_binary(*it) || *it == char::REPLACEMENT_CHARACTER).count();
    let (faults, text) =
        texts.map(|text| (faults(&text), text)).min_by_key(|(faults, _)| *faults).expect("a candidate");
    match faults {
        0 => Ok(owned(text.into_owned())),
        _ if are_few(faults, text.chars().count()) => Ok(owned(text.replace(is_binary, ""))),
        _ => Err(Unreadable::Encoding),
    }
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
    fn many_nuls_are_refused_in_every_encoding() {
        let cases: [&[u8]; 5] = [b"a\0b", b"\xef\xbb\xbfa\0", b"\xff\xfea\0\0\0", b"\xff\0\xfe", b"two \0 in few \0"];
        for bytes in cases {
            assert_eq!(decoded(bytes), Err(Unreadable::NulBytes), "{bytes:x?}");
        }
    }

    #[test]
    fn a_few_faults_are_left_out_or_replaced() {
        let utf_16 = |text: &[u16]| with_mark(&[0xff, 0xfe], text.iter().map(|unit| unit.to_le_bytes().to_vec()));
        let ascii = |text: &[u8]| text.iter().map(|byte| u16::from(*byte)).collect::<Vec<_>>();
        let surrogate = [ascii(b"pair "), vec![0xd83d], ascii(b" cut")].concat();
        let utf_32 = [&b"\0\0\xfe\xff"[..], b"\0\0\0a\0\0\0b\0\x11\0\0\0\0\0c\0\0\0d"].concat();
        let cases: [(&[u8], &str); 11] = [
            (b"<p>a\0b</p>", "<p>ab</p>"),
            ("Größe\0".as_bytes(), "Größe"),
            (b"\xef\xbb\xbfabc\0", "abc"),
            (&utf_16(&ascii(b"abc\0d")), "abcd"),
            (b"Caf\xe9 au\x7f lait", "Café au lait"),
            (b"Caf\xe9\0 au lait", "Café au lait"),
            (b"Caf\xe9 \x81au lait", "Café au lait"),
            ("one\n\u{feff}two".as_bytes(), "one\ntwo"),
            (&utf_16(&surrogate), "pair \u{fffd} cut"),
            (b"\xef\xbb\xbfabc\xffd", "abc\u{fffd}d"),
            (&utf_32, "ab\u{fffd}cd"),
        ];
        for (bytes, text) in cases {
            assert_eq!(decoded(bytes).as_deref(), Ok(text), "{bytes:x?}");
        }
        let japanese = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。".repeat(3);
        let shift_jis = Encoding::for_label(b"Shift_JIS").expect("the label is known").encode(&japanese).0;
        let damaged = [&*shift_jis, b"\xff\n"].concat();
        assert_eq!(decoded(&damaged).as_deref(), Ok(&*format!("{japanese}\u{fffd}\n")));
        let at_limit = |nuls: usize, chars: usize| ["\0".repeat(nuls), "x".repeat(chars - nuls)].concat();
        assert_eq!(decoded(at_limit(3, 104).as_bytes()), Ok("x".repeat(101)));
        assert_eq!(decoded(at_limit(3, 103).as_bytes()), Err(Unreadable::NulBytes));
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
        let any_bytes: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 1).collect();
        assert_eq!(decoded(&any_bytes), Err(Unreadable::Encoding));
        assert_eq!(decoded(b"\x1b[1mB\xe9ret\x1b[0m").as_deref(), Ok("\u{1b}[1mBéret\u{1b}[0m"));
    }
}
