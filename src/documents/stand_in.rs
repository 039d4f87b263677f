//! The text of a file whose kind is not read: a first line that says so, and paragraphs that depend on the file's
//! content only.

use bytes::Bytes;
use bytestring::ByteString;
use fake::Fake;
use fake::faker::lorem::en::Words;
use rand::RngExt;
use sha2::{Digest, Sha256};

use super::{Document, Format, Unreadable};
use crate::seed::{RandomStream, Seed};

/// Maximum number of characters of the file's name in the text.
const MAX_NAME_CHARS: usize = 200;

/// The document of a file of this media type. `reason` says why it is not read, as a relative clause. The same name and
/// bytes give the same text, whatever the tenant and the seed of the program, as the text of a file that is read does.
pub(super) fn document(name: &str, bytes: &Bytes, media_type: &str, reason: &str) -> Result<Document, Unreadable> {
    let hash = Bytes::copy_from_slice(&Sha256::digest(bytes));
    let shown: String = name.chars().take(MAX_NAME_CHARS).map(visible).collect();
    let mut text = format!("[llamacloud-mock stand-in: {shown} is {media_type}, {reason}]\nSHA-256: {hash:x}\n");
    let mut stream = Seed::new(0, "").stream(&format!("stand-in {hash:x}"), 0);
    for _ in 0..stream.random_range(3..6) {
        text.push('\n');
        text.push_str(&paragraph(&mut stream));
        text.push('\n');
    }
    let document = Document::from_content(ByteString::from(text), Format::Plain)?;
    Ok(Document { is_stand_in: true, ..document })
}

/// A name is data: a line end in it would break the first line, a form feed the page.
fn visible(character: char) -> char {
    if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }
}

fn paragraph(stream: &mut RandomStream) -> String {
    let count = stream.random_range(4..8);
    let sentences: Vec<String> = (0..count).map(|_| sentence(stream)).collect();
    sentences.join(" ")
}

fn sentence(stream: &mut RandomStream) -> String {
    let words: Vec<String> = Words(6..14).fake_with_rng(stream);
    let text = words.join(" ");
    let (first, rest) = text.split_at(1);
    format!("{}{rest}.", first.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::super::NOT_READ;
    use super::*;

    fn text_of(name: &str, bytes: &'static [u8]) -> String {
        let document = document(name, &Bytes::from_static(bytes), "image/png", NOT_READ).expect("is short");
        assert!(document.is_stand_in());
        document.text().as_str().to_owned()
    }

    #[test]
    fn the_first_line_says_what_the_text_is() {
        let text = text_of("report.png", b"%PDF-1.7 one");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "[llamacloud-mock stand-in: report.png is image/png, which this version does not read]");
        assert_eq!(lines[1], format!("SHA-256: {:x}", Bytes::copy_from_slice(&Sha256::digest(b"%PDF-1.7 one"))));
        assert!(lines.len() >= 8, "{text}");
    }

    #[test]
    fn equal_files_have_equal_texts_and_different_files_different_ones() {
        let body = |bytes| text_of("a.png", bytes).lines().skip(3).collect::<String>();
        assert_eq!(text_of("a.png", b"%PDF-1.7 one"), text_of("a.png", b"%PDF-1.7 one"));
        assert_eq!(body(b"one"), text_of("b.png", b"one").lines().skip(3).collect::<String>());
        assert_ne!(body(b"one"), body(b"two"));
    }

    #[test]
    fn a_name_cannot_break_the_first_line_or_the_page() {
        let name = format!("a\n\u{c}\0{}.png", "x".repeat(100_000));
        let document = document(&name, &Bytes::from_static(b"one"), "image/png", NOT_READ).expect("is short");
        assert_eq!(document.page_count(), 1);
        let first = document.text().as_str().lines().next().expect("has a first line");
        assert!(first.starts_with("[llamacloud-mock stand-in: a\u{fffd}\u{fffd}\u{fffd}xxx"), "{first}");
        assert!(first.ends_with(" is image/png, which this version does not read]"), "{first}");
        assert!(first.chars().count() < 300);
    }
}
