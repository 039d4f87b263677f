//! Immutable text that is addressed by code points, as the service's offsets are.

use bytes::Bytes;
use bytestring::ByteString;

use super::Unreadable;

/// Maximum length of a text in UTF-8. It keeps every offset within 32 bits.
pub(crate) const MAX_TEXT_BYTES: usize = 64 << 20;

/// The code points from one checkpoint to the next: a look-up scans at most as many.
const STRIDE: usize = 1024;

/// UTF-8 text whose parts are found by the number of their first code point.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// Shares the memory of the bytes that it was made from.
    content: ByteString,
    /// The number of code points.
    chars: usize,
    /// The byte offset of each code point whose number is a multiple of `STRIDE`. Empty for ASCII, where both numbers
    /// are equal.
    checkpoints: Box<[u32]>,
}

impl Text {
    /// The text of these bytes, which must be UTF-8; a byte-order mark is part of the text.
    #[cfg(test)]
    pub(crate) fn new(bytes: Bytes) -> Result<Self, Unreadable> {
        Self::from_content(ByteString::try_from(bytes).map_err(|_| Unreadable::Encoding)?)
    }

    pub(super) fn from_content(content: ByteString) -> Result<Self, Unreadable> {
        if content.len() > MAX_TEXT_BYTES {
            return Err(Unreadable::TooLong);
        }
        if content.is_ascii() {
            return Ok(Self { chars: content.len(), content, checkpoints: Box::default() });
        }
        let (mut chars, mut at, mut checkpoints) = (0, 0, Vec::with_capacity(content.len() / STRIDE + 1));
        loop {
            checkpoints.push(offset(at));
            let rest = &content[at..];
            let Some((stride, _)) = rest.char_indices().nth(STRIDE) else {
                chars += rest.chars().count();
                break;
            };
            chars += STRIDE;
            at += stride;
        }
        Ok(Self { content, chars, checkpoints: checkpoints.into_boxed_slice() })
    }

    /// The whole text.
    pub(crate) fn as_str(&self) -> &str {
        &self.content
    }

    /// The number of code points.
    pub(crate) fn len_chars(&self) -> usize {
        self.chars
    }

    /// The byte offset of a code point; the length in bytes for a number past the end.
    pub(crate) fn byte_of(&self, char_offset: usize) -> usize {
        if char_offset >= self.chars {
            return self.content.len();
        }
        let Some(checkpoint) = self.checkpoints.get(char_offset / STRIDE) else { return char_offset };
        let from = *checkpoint as usize;
        let within = self.content[from..].char_indices().nth(char_offset % STRIDE);
        from + within.expect("the code point stands before the end").0
    }

    /// The number of the code point that holds this byte; the number of all code points for an offset past the end.
    pub(crate) fn char_of(&self, byte_offset: usize) -> usize {
        if byte_offset >= self.content.len() {
            return self.chars;
        }
        let before = self.checkpoints.partition_point(|checkpoint| *checkpoint as usize <= byte_offset);
        let Some(stride) = before.checked_sub(1) else { return byte_offset };
        let from = self.checkpoints[stride] as usize;
        let to = self.content.floor_char_boundary(byte_offset);
        stride * STRIDE + self.content[from..to].chars().count()
    }

    /// The code points from `start` up to but not including `end`. Offsets past the end count as the end; an empty or
    /// reversed range gives an empty text.
    pub(crate) fn slice_chars(&self, start: usize, end: usize) -> &str {
        let from = self.byte_of(start);
        if end <= start { "" } else { &self.content[from..self.byte_of(end)] }
    }

    /// Whether its content lies in the memory of these bytes.
    pub(crate) fn shares_memory_with(&self, bytes: &Bytes) -> bool {
        bytes.as_ptr_range().contains(&self.content.as_ptr())
    }

    /// The memory that it holds, with the bytes that it shares.
    pub(crate) fn weight_bytes(&self) -> usize {
        self.content.len() + size_of_val(&*self.checkpoints)
    }
}

/// The text in memory of its own, of which none is unused.
pub(super) fn owned(mut text: String) -> ByteString {
    text.shrink_to_fit();
    ByteString::from(text)
}

/// An offset into a text as 32 bits.
pub(super) fn offset(value: usize) -> u32 {
    u32::try_from(value).expect("a text is shorter than 4 GiB")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(content: &str) -> Text {
        Text::new(Bytes::copy_from_slice(content.as_bytes())).expect("the text is UTF-8")
    }

    #[test]
    fn plain_text_shares_the_memory_of_its_bytes() {
        let bytes = Bytes::from("naïve".repeat(1000));
        let text = Text::new(bytes.clone()).expect("the text is UTF-8");
        assert_eq!(text.as_str().as_ptr(), bytes.as_ptr());
        assert!(text.shares_memory_with(&bytes) && !text.shares_memory_with(&Bytes::copy_from_slice(&bytes)));
        assert_eq!(text.weight_bytes(), 6000 + 4 * 5);
    }

    #[test]
    fn offsets_past_the_end_are_the_end() {
        for content in ["", "abc", "äöü"] {
            let text = text(content);
            assert_eq!(text.byte_of(usize::MAX), content.len());
            assert_eq!(text.char_of(usize::MAX), text.len_chars());
            assert_eq!(text.slice_chars(1, usize::MAX), content.get(content.len() / 3..).unwrap_or_default());
            assert_eq!(text.slice_chars(2, 1), "");
            assert_eq!(text.slice_chars(usize::MAX, usize::MAX), "");
        }
    }

    #[test]
    fn text_at_the_limit_is_taken_and_past_it_refused() {
        let at_limit = Bytes::from(vec![b'a'; MAX_TEXT_BYTES]);
        assert_eq!(Text::new(at_limit).expect("is at the limit").len_chars(), MAX_TEXT_BYTES);
        let past = Text::new(Bytes::from(vec![b'a'; MAX_TEXT_BYTES + 1]));
        assert_eq!(past.expect_err("is past the limit"), Unreadable::TooLong);
    }

    /// Text with characters of one to four bytes, longer than a stride.
    fn any_text() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![Just("a"), Just("é"), Just("漢"), Just("😀"), Just("\r\n"), Just("e\u{301}")];
        prop_oneof![
            any::<String>(),
            "[ -~]{0,200}",
            prop::collection::vec((pieces, 0..900_usize), 0..3)
                .prop_map(|runs| runs.iter().map(|(piece, times)| piece.repeat(*times)).collect()),
        ]
    }

    proptest! {
        #[test]
        fn offsets_agree_with_the_characters(content in any_text()) {
            let text = text(&content);
            prop_assert_eq!(text.len_chars(), content.chars().count());
            for (number, (at, character)) in content.char_indices().enumerate() {
                prop_assert_eq!(text.byte_of(number), at);
                for within in 0..character.len_utf8() {
                    prop_assert_eq!(text.char_of(at + within), number);
                }
            }
        }

        #[test]
        fn slices_agree_with_the_characters(content in any_text(), start in 0..4000_usize, length in 0..3000_usize) {
            let expected: String = content.chars().skip(start).take(length).collect();
            let text = text(&content);
            prop_assert_eq!(text.slice_chars(start, start + length), expected);
        }
    }
}
