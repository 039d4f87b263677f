//! Text in the objects of a PDF (ISO 32000-2, 7.9.2.2): UTF-16 or UTF-8 with a byte-order mark, else
//! `PDFDocEncoding`.

use encoding_rs::Encoding;

/// The characters of `PDFDocEncoding` from 0x18 to 0x1F.
const ACCENTS: &str = "˘ˇˆ˙˝˛˚˜";

/// The characters of `PDFDocEncoding` from 0x80 to 0xA0.
const SYMBOLS: &str = "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\u{fffd}€";

/// The characters of a text, with line ends as `\n` and without other controls.
pub(super) fn decode(bytes: &[u8]) -> String {
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned(),
        None => bytes.iter().map(|byte| character(*byte)).collect(),
    };
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace(|character: char| character.is_control() && character != '\n', "")
}

fn character(byte: u8) -> char {
    let in_table = |table: &str, first: u8| table.chars().nth(usize::from(byte - first));
    let special = match byte {
        0x18..=0x1f => in_table(ACCENTS, 0x18),
        0x80..=0xa0 => in_table(SYMBOLS, 0x80),
        _ => None,
    };
    special.unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_read() {
        assert_eq!(decode(b"plain"), "plain");
        assert_eq!(decode(b"M\xfcller \xa0 5 \x84 \x92 \x93x \x18"), "Müller € 5 — ™ ﬁx ˘");
        assert_eq!(decode(b"\xfe\xff\x05\xd0\x20\xac"), "א€");
        assert_eq!(decode(b"\xff\xfea\0b\0"), "ab");
        assert_eq!(decode("\u{feff}Größe".as_bytes()), "Größe");
        assert_eq!(decode(b"one\rtwo\r\nthree\x0c\x07"), "one\ntwo\nthree");
        assert_eq!((ACCENTS.chars().count(), SYMBOLS.chars().count()), (8, 33));
    }
}
