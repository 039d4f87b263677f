//! Sets of characters: `[…]`.

use super::syntax::Parser;
use super::tokens::PatternToken;
use super::tree::{Node, SetItem};
use crate::search::grep::PatternError;

impl Parser {
    /// Reads a set whose opening bracket has been taken.
    pub(super) fn set(&mut self) -> Result<Node, PatternError> {
        let start = self.tokens.position() - 1;
        let negated = self.tokens.take_if('^')?;
        let mut items: Vec<SetItem> = Vec::new();
        loop {
            let token = self.set_token(start)?;
            if token == PatternToken::Plain(']') && !items.is_empty() {
                break;
            }
            let low = self.set_item(token)?;
            if !self.tokens.take_if('-')? {
                items.push(low);
                continue;
            }
            let end = self.set_token(start)?;
            if end == PatternToken::Plain(']') {
                items.extend([low, SetItem::Range(u32::from('-'), u32::from('-'))]);
                break;
            }
            let high = self.set_item(end)?;
            match (low, high) {
                (SetItem::Range(low, _), SetItem::Range(high, _)) if low <= high => {
                    items.push(SetItem::Range(low, high));
                }
                _ => return Err(self.bad_range(token, end)),
            }
        }
        Ok(Node::Set { negated, items, case_fold: self.flags.case_fold() })
    }

    fn set_token(&mut self, start: usize) -> Result<PatternToken, PatternError> {
        let token = self.tokens.take()?;
        token.ok_or_else(|| self.tokens.error_at("unterminated character set", start))
    }

    fn set_item(&mut self, token: PatternToken) -> Result<SetItem, PatternError> {
        match token {
            PatternToken::Plain(plain) => Ok(SetItem::Range(u32::from(plain), u32::from(plain))),
            PatternToken::Escaped(letter) => self.set_escape(letter),
        }
    }

    fn bad_range(&self, low: PatternToken, high: PatternToken) -> PatternError {
        let mut range = String::new();
        low.write_to(&mut range);
        range.push('-');
        high.write_to(&mut range);
        self.tokens.error(&format!("bad character range {range}"), range.chars().count())
    }
}
