//! Letters that are the same to a reader, in one form: how a character is encoded, its case and its accents do not
//! matter.

use std::borrow::Cow;

use unicode_normalization::char::{canonical_combining_class, decompose_canonical, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The Arabic article, which is written with its word and with a conjunction or preposition of one letter before it.
const ARTICLES: [&str; 6] = ["ال", "وال", "بال", "كال", "فال", "لل"];

/// The text with one form of each character (NFKC): ligatures as letters, characters of full and half width as others.
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfkc().collect())
    }
}

/// Adds a character as it is compared: in lower case, without accents, vowel marks and the forms that a letter has at
/// the end of a word.
pub(super) fn fold(c: char, to: &mut String) {
    if c.is_ascii() {
        return to.push(c.to_ascii_lowercase());
    }
    for c in c.to_lowercase() {
        match c {
            'ё' => to.push('е'),
            // The mark of another Cyrillic letter, a kana or a syllable makes it another letter.
            '\u{400}'..='\u{52f}' | '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7af}' => to.push(c),
            _ => decompose_canonical(c, |part| fold_letter(part, to)),
        }
    }
}

/// Adds a letter in lower case, or a mark.
fn fold_letter(c: char, to: &mut String) {
    let one = match c {
        'ß' => return to.push_str("ss"),
        'æ' => return to.push_str("ae"),
        'œ' => return to.push_str("oe"),
        // The line of Arabic that stretches a word.
        '\u{640}' => return,
        _ if is_accent(c) => return,
        'đ' => 'd',
        'ħ' => 'h',
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'ŧ' => 't',
        'ς' => 'σ',
        'ٱ' => 'ا',
        'ة' => 'ه',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        '\u{660}'..='\u{669}' => digit(c, '\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit(c, '\u{6f0}'),
        other => other,
    };
    to.push(one);
}

/// The ASCII digit of a digit whose script has this zero.
fn digit(c: char, zero: char) -> char {
    char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c)
}

/// Whether a mark is an accent or a vowel of Hebrew or Arabic. The marks of other classes make another letter.
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 1 | 10..=36 | 200..)
}

/// Whether a character that is no letter belongs to the letter before it.
pub(super) fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

/// Whether a character within a word shows nothing: a soft hyphen, a joiner, a mark of direction or of byte order.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A word without the Arabic article, if enough of it is left to be a word.
pub(super) fn without_article(word: &str) -> &str {
    let rest = ARTICLES.iter().find_map(|article| word.strip_prefix(article));
    rest.filter(|rest| rest.chars().nth(1).is_some()).unwrap_or(word)
}
