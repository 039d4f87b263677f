//! Escapes: a backslash and what follows it, in a pattern and in a set.

use super::syntax::Parser;
use super::tree::{Anchor, Boundary, Class, ClassKind, Node, SetItem};
use crate::search::grep::PatternError;

/// The largest value of an octal escape.
const MAX_OCTAL: u32 = 0o377;

impl Parser {
    /// The node of an escape outside a set.
    pub(super) fn escape(&mut self, letter: char) -> Result<Node, PatternError> {
        let node = match letter {
            'A' => Node::At(Anchor::TextStart),
            'Z' => Node::At(Anchor::TextEnd),
            'b' | 'B' => Node::At(Anchor::Boundary(Boundary { negated: letter == 'B', ascii: self.flags.is_ascii() })),
            '0' => {
                let digits = self.tokens.take_digits(8, 2)?;
                self.literal(u32::from_str_radix(&digits, 8).unwrap_or(0))
            }
            '1'..='9' => self.octal_or_reference(letter)?,
            _ => match self.item(letter)? {
                SetItem::Range(code, _) => self.literal(code),
                SetItem::Class(class) => self.class(class),
            },
        };
        Ok(node)
    }

    fn class(&self, class: Class) -> Node {
        Node::Set { negated: false, items: vec![SetItem::Class(class)], case_fold: self.flags.case_fold() }
    }

    /// The member of an escape in a set.
    pub(super) fn set_escape(&mut self, letter: char) -> Result<SetItem, PatternError> {
        match letter {
            'b' => Ok(SetItem::Range(8, 8)),
            '0'..='7' => {
                let digits = format!("{letter}{}", self.tokens.take_digits(8, 2)?);
                let code = self.octal(&digits)?;
                Ok(SetItem::Range(code, code))
            }
            _ => self.item(letter),
        }
    }

    /// The member of an escape that means the same in a pattern and in a set.
    fn item(&mut self, letter: char) -> Result<SetItem, PatternError> {
        let code = match letter {
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => self.hexadecimal(letter, 2)?,
            'u' => self.hexadecimal(letter, 4)?,
            'U' => self.hexadecimal(letter, 8)?,
            'd' | 'D' => return Ok(self.class_item(ClassKind::Digit, letter)),
            's' | 'S' => return Ok(self.class_item(ClassKind::Space, letter)),
            'w' | 'W' => return Ok(self.class_item(ClassKind::Word, letter)),
            'N' => return Err(self.character_name()),
            _ if letter.is_ascii_alphanumeric() => {
                return Err(self.tokens.error(&format!("bad escape \\{letter}"), 2));
            }
            _ => u32::from(letter),
        };
        Ok(SetItem::Range(code, code))
    }

    fn class_item(&self, kind: ClassKind, letter: char) -> SetItem {
        SetItem::Class(Class { kind, negated: letter.is_ascii_uppercase(), ascii: self.flags.is_ascii() })
    }

    /// The error of `\N{NAME}`: the names of all characters would be a table larger than the rest of this module.
    fn character_name(&self) -> PatternError {
        self.tokens.error("character names (\\N{...}) are not supported; write \\u and four digits", 2)
    }

    fn hexadecimal(&mut self, letter: char, digits: usize) -> Result<u32, PatternError> {
        let found = self.tokens.take_digits(16, digits)?;
        let written = format!("\\{letter}{found}");
        if found.len() != digits {
            return Err(self.tokens.error(&format!("incomplete escape {written}"), written.len()));
        }
        match u32::from_str_radix(&found, 16) {
            Ok(code) if code <= u32::from(char::MAX) => Ok(code),
            _ => Err(self.tokens.error(&format!("bad escape {written}"), written.len())),
        }
    }

    fn octal(&self, digits: &str) -> Result<u32, PatternError> {
        match u32::from_str_radix(digits, 8) {
            Ok(code) if code <= MAX_OCTAL => Ok(code),
            _ => {
                let message = format!("octal escape value \\{digits} outside of range 0-0o377");
                Err(self.tokens.error(&message, digits.len() + 1))
            }
        }
    }

    /// Three octal digits are a character; fewer, or others, are the number of a group.
    fn octal_or_reference(&mut self, first: char) -> Result<Node, PatternError> {
        let mut digits = first.to_string();
        digits.push_str(&self.tokens.take_digits(10, 1)?);
        if digits.len() == 2 && digits.chars().all(|digit| digit.is_digit(8)) {
            let third = self.tokens.take_digits(8, 1)?;
            if !third.is_empty() {
                digits.push_str(&third);
                let code = self.octal(&digits)?;
                return Ok(self.literal(code));
            }
        }
        let group: usize = digits.parse().unwrap_or_default();
        if group >= self.groups.len() {
            return Err(self.tokens.error(&format!("invalid group reference {group}"), digits.len()));
        }
        if self.groups[group].is_none() {
            return Err(self.tokens.error("cannot refer to an open group", digits.len() + 1));
        }
        self.check_look_behind(group)?;
        Ok(Node::Reference(group, self.flags.case_fold()))
    }
}
