//! Groups: everything that begins with a parenthesis.

use super::flags::{self, FlagChange, FlagSetting};
use super::syntax::Parser;
use super::tokens::PatternToken;
use super::tree::{Look, Node};
use super::width;
use crate::search::grep::PatternError;

/// The largest number of a group.
const MAX_GROUP: usize = i32::MAX as usize / 2;

/// A group whose head has been read.
enum GroupHead {
    Capture(Option<String>),
    Plain(FlagChange),
    Atomic,
    Look(Look),
    Condition(usize),
    /// It has no body: a comment, flags of the whole pattern, or a reference by name.
    Whole(Option<Node>),
}

impl Parser {
    /// Reads a group whose opening parenthesis has been taken; nothing for a comment and for flags of the whole
    /// pattern.
    pub(super) fn group(&mut self, may_set_flags: bool) -> Result<Option<Node>, PatternError> {
        let start = self.tokens.position() - 1;
        let head = self.head(start, may_set_flags)?;
        self.depth += 1;
        let flags = self.flags;
        let node = match head {
            GroupHead::Capture(name) => self.capture(name, start)?,
            GroupHead::Plain(change) => {
                self.flags = flags.changed(change);
                Node::Group(self.body(start)?)
            }
            GroupHead::Atomic => Node::Atomic(self.body(start)?),
            GroupHead::Look(look) => self.look(look, start)?,
            GroupHead::Condition(group) => self.condition(group, start)?,
            GroupHead::Whole(node) => {
                self.depth -= 1;
                return Ok(node);
            }
        };
        self.flags = flags;
        self.depth -= 1;
        Ok(Some(node))
    }

    /// Reads what follows the opening parenthesis, up to the body.
    fn head(&mut self, start: usize, may_set_flags: bool) -> Result<GroupHead, PatternError> {
        if !self.tokens.take_if('?')? {
            return Ok(GroupHead::Capture(None));
        }
        let token = self.tokens.take()?.ok_or_else(|| self.unexpected_end())?;
        match token {
            PatternToken::Plain('P') => self.python_extension(),
            PatternToken::Plain(':') => Ok(GroupHead::Plain(FlagChange::default())),
            PatternToken::Plain('#') => self.comment(start),
            PatternToken::Plain('=' | '!') => {
                Ok(GroupHead::Look(Look { behind: false, negated: token == PatternToken::Plain('!') }))
            }
            PatternToken::Plain('<') => self.look_behind_head(),
            PatternToken::Plain('(') => self.condition_head(),
            PatternToken::Plain('>') => Ok(GroupHead::Atomic),
            _ if flags::begin_with(token) => match flags::read(&mut self.tokens, token)? {
                FlagSetting::Group(change) => Ok(GroupHead::Plain(change)),
                FlagSetting::Pattern(_) if !may_set_flags => {
                    Err(self.tokens.error_at("global flags not at the start of the expression", start))
                }
                FlagSetting::Pattern(flags) => {
                    self.flags = self.flags.with(flags);
                    Ok(GroupHead::Whole(None))
                }
            },
            _ => Err(self.unknown_extension("?", token)),
        }
    }

    fn unexpected_end(&self) -> PatternError {
        self.tokens.error("unexpected end of pattern", 0)
    }

    fn unknown_extension(&self, before: &str, token: PatternToken) -> PatternError {
        let mut extension = before.to_owned();
        token.write_to(&mut extension);
        self.tokens.error(&format!("unknown extension {extension}"), extension.chars().count())
    }

    fn comment(&mut self, start: usize) -> Result<GroupHead, PatternError> {
        while self.tokens.peek().is_some() {
            if self.tokens.take()? == Some(PatternToken::Plain(')')) {
                return Ok(GroupHead::Whole(None));
            }
        }
        Err(self.tokens.error_at("missing ), unterminated comment", start))
    }

    /// What follows `(?P`: a group with a name, or a reference to one.
    fn python_extension(&mut self) -> Result<GroupHead, PatternError> {
        if self.tokens.take_if('<')? {
            let name = self.tokens.take_until('>', "group name")?;
            self.check_name(&name)?;
            return Ok(GroupHead::Capture(Some(name)));
        }
        if !self.tokens.take_if('=')? {
            let token = self.tokens.take()?.ok_or_else(|| self.unexpected_end())?;
            return Err(self.unknown_extension("?P", token));
        }
        let name = self.tokens.take_until(')', "group name")?;
        self.check_name(&name)?;
        let group = self.group_named(&name)?;
        if self.groups[group].is_none() {
            return Err(self.tokens.error("cannot refer to an open group", name.chars().count() + 1));
        }
        self.check_look_behind(group)?;
        Ok(GroupHead::Whole(Some(Node::Reference(group, self.flags.case_fold()))))
    }

    fn look_behind_head(&mut self) -> Result<GroupHead, PatternError> {
        let token = self.tokens.take()?.ok_or_else(|| self.unexpected_end())?;
        match token {
            PatternToken::Plain('=' | '!') => {
                Ok(GroupHead::Look(Look { behind: true, negated: token == PatternToken::Plain('!') }))
            }
            _ => Err(self.unknown_extension("?<", token)),
        }
    }

    fn condition_head(&mut self) -> Result<GroupHead, PatternError> {
        let name = self.tokens.take_until(')', "group name")?;
        let length = name.chars().count();
        let group = if is_identifier(&name) {
            self.group_named(&name)?
        } else {
            let number: usize = name
                .bytes()
                .all(|digit| digit.is_ascii_digit())
                .then(|| name.parse().unwrap_or(usize::MAX))
                .ok_or_else(|| self.bad_name(&name))?;
            if number == 0 {
                return Err(self.tokens.error("bad group number", length + 1));
            }
            if number >= MAX_GROUP {
                return Err(self.tokens.error(&format!("invalid group reference {name}"), length + 1));
            }
            if self.conditions.iter().all(|(known, _)| *known != number) {
                self.conditions.push((number, self.tokens.position() - length - 1));
            }
            number
        };
        self.check_look_behind(group)?;
        Ok(GroupHead::Condition(group))
    }

    /// Reads the body of a group and its closing parenthesis.
    fn body(&mut self, start: usize) -> Result<Vec<Node>, PatternError> {
        let body = self.alternatives()?;
        self.close(start)?;
        Ok(body)
    }

    fn close(&mut self, start: usize) -> Result<(), PatternError> {
        if self.tokens.take_if(')')? {
            return Ok(());
        }
        Err(self.tokens.error_at("missing ), unterminated subpattern", start))
    }

    fn capture(&mut self, name: Option<String>, start: usize) -> Result<Node, PatternError> {
        let group = self.groups.len();
        self.groups.push(None);
        if let Some(name) = name {
            if let Some(other) = self.names.get(&name) {
                let shown = quoted(&name);
                let message = format!("redefinition of group name {shown} as group {group}; was group {other}");
                return Err(self.tokens.error(&message, name.chars().count() + 1));
            }
            self.names.insert(name, group);
        }
        let body = self.body(start)?;
        self.groups[group] = Some(width::of(&body, &self.groups));
        Ok(Node::Capture(group, body))
    }

    fn look(&mut self, look: Look, start: usize) -> Result<Node, PatternError> {
        let outer = self.look_behind;
        if look.behind && outer.is_none() {
            self.look_behind = Some(self.groups.len());
        }
        let body = self.alternatives()?;
        if look.behind {
            self.look_behind = outer;
        }
        self.close(start)?;
        Ok(Node::Look(look, body))
    }

    fn condition(&mut self, group: usize, start: usize) -> Result<Node, PatternError> {
        let yes = self.sequence(false)?;
        let mut no = Vec::new();
        if self.tokens.take_if('|')? {
            no = self.sequence(false)?;
            if self.tokens.peek() == Some(PatternToken::Plain('|')) {
                return Err(self.tokens.error("conditional backref with more than two branches", 0));
            }
        }
        self.close(start)?;
        Ok(Node::Conditional { group, yes, no })
    }

    /// An error if a look-behind refers to a group whose text is not known there.
    pub(super) fn check_look_behind(&self, group: usize) -> Result<(), PatternError> {
        let Some(groups_before) = self.look_behind else { return Ok(()) };
        if self.groups.get(group).is_none_or(Option::is_none) {
            return Err(self.tokens.error("cannot refer to an open group", 0));
        }
        if group >= groups_before {
            return Err(self.tokens.error("cannot refer to group defined in the same lookbehind subpattern", 0));
        }
        Ok(())
    }

    fn group_named(&self, name: &str) -> Result<usize, PatternError> {
        self.names.get(name).copied().ok_or_else(|| {
            let message = format!("unknown group name {}", quoted(name));
            self.tokens.error(&message, name.chars().count() + 1)
        })
    }

    fn check_name(&self, name: &str) -> Result<(), PatternError> {
        if is_identifier(name) { Ok(()) } else { Err(self.bad_name(name)) }
    }

    fn bad_name(&self, name: &str) -> PatternError {
        let message = format!("bad character in group name {}", quoted(name));
        self.tokens.error(&message, name.chars().count() + 1)
    }
}

/// Whether Python takes this for a name. The tables of Unicode identifiers differ from those of letters and digits in a
/// few rare characters.
fn is_identifier(name: &str) -> bool {
    let is_start = |c: char| c == '_' || c.is_alphabetic();
    name.starts_with(is_start) && name.chars().all(|c| c == '_' || c.is_alphanumeric())
}

/// A string as Python shows it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    if escaped.contains('\'') && !escaped.contains('"') {
        return format!("\"{escaped}\"");
    }
    format!("'{}'", escaped.replace('\'', "\\'"))
}
