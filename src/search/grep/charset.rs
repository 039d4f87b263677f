//! Sets of characters in the syntax of the engines: Python's classes, and its rules for upper and lower case.

use std::fmt::Write as _;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::python::{CaseFold, Class, ClassKind, SetItem};

/// A set without members.
pub(super) const NONE: &str = r"[^\x{00}-\x{10FFFF}]";

/// A set of all characters.
pub(super) const ALL: &str = r"[\x{00}-\x{10FFFF}]";

/// What Python takes for a word character, for use in a set.
pub(super) const WORD: &str = r"\p{L}\p{N}_";

/// The same of ASCII only.
pub(super) const ASCII_WORD: &str = "0-9A-Z_a-z";

/// Characters that are equal for Python when case is ignored, beyond those of the simple case folding of Unicode.
const EQUAL: &[&[char]] = &[&['i', 'I', '\u{130}', '\u{131}']];

/// The set of one character.
pub(super) fn literal(code: u32, case_fold: CaseFold) -> String {
    match case_fold {
        CaseFold::None => match char::from_u32(code) {
            Some(c) => escaped(c),
            // A surrogate, which no text contains.
            None => NONE.to_owned(),
        },
        _ => set(false, &[SetItem::Range(code, code)], case_fold),
    }
}

/// The set with these members, or of all other characters.
pub(super) fn set(negated: bool, items: &[SetItem], case_fold: CaseFold) -> String {
    let ranges = folded(ranges(items), case_fold);
    let classes = items.iter().filter_map(|item| match item {
        SetItem::Class(class) => Some(class_text(*class)),
        SetItem::Range(..) => None,
    });
    let mut members: String = classes.collect();
    for range in ranges.ranges() {
        members.push_str(&escaped(range.start()));
        if range.start() != range.end() {
            let _ = write!(members, "-{}", escaped(range.end()));
        }
    }
    match (members.is_empty(), negated) {
        (true, false) => NONE.to_owned(),
        (true, true) => ALL.to_owned(),
        (false, false) => format!("[{members}]"),
        (false, true) => format!("[^{members}]"),
    }
}

/// The ranges among the members, without surrogates.
fn ranges(items: &[SetItem]) -> ClassUnicode {
    let mut ranges = ClassUnicode::empty();
    for item in items {
        let SetItem::Range(low, high) = *item else { continue };
        for (first, last) in [(0, 0xd7ff), (0xe000, u32::from(char::MAX))] {
            let bounds = char::from_u32(low.max(first)).zip(char::from_u32(high.min(last)));
            if let Some((start, end)) = bounds.filter(|(start, end)| start <= end) {
                ranges.push(ClassUnicodeRange::new(start, end));
            }
        }
    }
    ranges
}

/// The ranges with every character that is equal to one of them when case is ignored.
fn folded(mut ranges: ClassUnicode, case_fold: CaseFold) -> ClassUnicode {
    match case_fold {
        CaseFold::None => {}
        CaseFold::Ascii => {
            for letter in 'a'..='z' {
                let upper = letter.to_ascii_uppercase();
                if contains(&ranges, letter) || contains(&ranges, upper) {
                    ranges.push(ClassUnicodeRange::new(letter, letter));
                    ranges.push(ClassUnicodeRange::new(upper, upper));
                }
            }
        }
        CaseFold::Unicode => {
            // Fails only if the tables of case are not built in; then letters differ from their other case.
            let _ = ranges.try_case_fold_simple();
            for equal in EQUAL {
                if equal.iter().any(|c| contains(&ranges, *c)) {
                    equal.iter().for_each(|c| ranges.push(ClassUnicodeRange::new(*c, *c)));
                }
            }
        }
    }
    ranges
}

fn contains(ranges: &ClassUnicode, c: char) -> bool {
    ranges.ranges().iter().any(|range| range.start() <= c && c <= range.end())
}

/// A class as members of a set.
fn class_text(class: Class) -> String {
    let members = match (class.kind, class.ascii) {
        (ClassKind::Digit, false) => r"\d",
        (ClassKind::Digit, true) => "0-9",
        // Python takes the four separators of ASCII for spaces.
        (ClassKind::Space, false) => r"\s\x{1C}-\x{1F}",
        (ClassKind::Space, true) => r"\x{09}-\x{0D}\x{20}",
        (ClassKind::Word, false) => WORD,
        (ClassKind::Word, true) => ASCII_WORD,
    };
    if class.negated { format!("[^{members}]") } else { members.to_owned() }
}

/// A character that stands for itself, in a set and outside.
fn escaped(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\x{{{:02X}}}", u32::from(c)) }
}
