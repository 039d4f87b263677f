//! Alternatives, sequences and repetitions. The parser follows that of Python step by step, so that it accepts and
//! refuses the same patterns with the same messages.

use std::collections::HashMap;

use super::flags::PatternFlags;
use super::tokens::{PatternToken, Tokens};
use super::tree::{Anchor, Greed, Node};
use super::width::{self, Width};
use crate::search::grep::PatternError;

/// Maximum nesting of groups: the engines recurse too.
const MAX_DEPTH: usize = 30;

/// The largest count of a repetition.
const MAX_COUNT: u32 = u32::MAX - 1;

/// A pattern as it is read.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) tokens: Tokens,
    /// The flags in force.
    pub(super) flags: PatternFlags,
    /// The widths of the groups; `None` for group 0 and as long as a group is open.
    pub(super) groups: Vec<Option<Width>>,
    /// The numbers of the groups that have a name.
    pub(super) names: HashMap<String, usize>,
    /// The number of groups before the outermost look-behind that is open.
    pub(super) look_behind: Option<usize>,
    /// The first position at which a conditional names each group.
    pub(super) conditions: Vec<(usize, usize)>,
    /// The number of open groups.
    pub(super) depth: usize,
}

/// A pattern as a tree, and its width.
///
/// Errors: as Python's, and patterns that nest deeper than the engines can follow.
pub(in crate::search::grep) fn parse(pattern: &str) -> Result<(Vec<Node>, Width), PatternError> {
    let mut parser = Parser {
        tokens: Tokens::new(pattern)?,
        flags: PatternFlags::default(),
        groups: vec![None],
        names: HashMap::new(),
        look_behind: None,
        conditions: Vec::new(),
        depth: 0,
    };
    let nodes = parser.alternatives()?;
    parser.flags.check()?;
    if parser.tokens.peek().is_some() {
        return Err(parser.tokens.error("unbalanced parenthesis", 0));
    }
    if let Some((group, position)) = parser.conditions.iter().find(|(group, _)| *group >= parser.groups.len()) {
        return Err(parser.tokens.error_at(&format!("invalid group reference {group}"), *position));
    }
    check_look_behinds(&nodes, &parser.groups)?;
    let width = width::of(&nodes, &parser.groups);
    Ok((nodes, width))
}

impl Parser {
    /// Reads alternatives up to a closing parenthesis or the end.
    pub(super) fn alternatives(&mut self) -> Result<Vec<Node>, PatternError> {
        if self.depth > MAX_DEPTH {
            let message = format!("groups that are nested more than {MAX_DEPTH} deep are not supported");
            return Err(self.tokens.error(&message, 0));
        }
        let first = self.sequence(self.depth == 0)?;
        if !self.tokens.take_if('|')? {
            return Ok(first);
        }
        let mut branches = vec![first, self.sequence(false)?];
        while self.tokens.take_if('|')? {
            branches.push(self.sequence(false)?);
        }
        Ok(vec![Node::Branch(branches)])
    }

    /// Reads one alternative. Flags for the whole pattern may only stand at the start of its first one.
    pub(super) fn sequence(&mut self, is_first: bool) -> Result<Vec<Node>, PatternError> {
        let mut nodes = Vec::new();
        while let Some(token) = self.tokens.peek() {
            if matches!(token, PatternToken::Plain('|' | ')')) {
                break;
            }
            self.tokens.take()?;
            match token {
                PatternToken::Plain(' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}') if self.flags.is_verbose() => {}
                PatternToken::Plain('#') if self.flags.is_verbose() => self.comment_line()?,
                PatternToken::Plain('(') => {
                    let may_set_flags = is_first && nodes.is_empty();
                    nodes.extend(self.group(may_set_flags)?);
                }
                PatternToken::Plain(sign @ ('*' | '+' | '?' | '{')) => self.repeat(sign, &mut nodes)?,
                _ => nodes.push(self.single(token)?),
            }
        }
        Ok(nodes)
    }

    fn single(&mut self, token: PatternToken) -> Result<Node, PatternError> {
        let is_multi_line = self.flags.is_multi_line();
        Ok(match token {
            PatternToken::Escaped(letter) => self.escape(letter)?,
            PatternToken::Plain('[') => self.set()?,
            PatternToken::Plain('.') => Node::Any { line_feed: self.flags.is_dot_all() },
            PatternToken::Plain('^') if is_multi_line => Node::At(Anchor::LineStart),
            PatternToken::Plain('^') => Node::At(Anchor::TextStart),
            PatternToken::Plain('$') if is_multi_line => Node::At(Anchor::LineEnd),
            PatternToken::Plain('$') => Node::At(Anchor::LastLineEnd),
            PatternToken::Plain(plain) => self.literal(u32::from(plain)),
        })
    }

    pub(super) fn literal(&self, code: u32) -> Node {
        Node::Literal(code, self.flags.case_fold())
    }

    fn comment_line(&mut self) -> Result<(), PatternError> {
        while !matches!(self.tokens.take()?, None | Some(PatternToken::Plain('\n'))) {}
        Ok(())
    }

    /// Repeats the last node. A brace that begins no repetition is a character.
    fn repeat(&mut self, sign: char, nodes: &mut Vec<Node>) -> Result<(), PatternError> {
        let here = self.tokens.position();
        let (min, max) = match sign {
            '?' => (0, Some(1)),
            '*' => (0, None),
            '+' => (1, None),
            _ => {
                let Some(counts) = self.counts()? else {
                    self.tokens.seek(here)?;
                    nodes.push(self.literal(u32::from(sign)));
                    return Ok(());
                };
                counts
            }
        };
        let problem = match nodes.last() {
            None | Some(Node::At(_)) => Some("nothing to repeat"),
            Some(Node::Repeat { .. }) => Some("multiple repeat"),
            Some(_) => None,
        };
        if let Some(problem) = problem {
            return Err(self.tokens.error_at(problem, here - 1));
        }
        let greed = if self.tokens.take_if('?')? {
            Greed::Lazy
        } else if self.tokens.take_if('+')? {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let body: Vec<Node> = nodes.pop().into_iter().collect();
        nodes.push(Node::Repeat { min, max, greed, body });
        Ok(())
    }

    /// The counts after an opening brace: `m}`, `m,}`, `,n}`, `m,n}` or `,}`; `None` if it is none of these.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let here = self.tokens.position();
        if self.tokens.peek() == Some(PatternToken::Plain('}')) {
            return Ok(None);
        }
        let low = self.tokens.take_digits(10, usize::MAX)?;
        let high = if self.tokens.take_if(',')? { self.tokens.take_digits(10, usize::MAX)? } else { low.clone() };
        if !self.tokens.take_if('}')? {
            return Ok(None);
        }
        let min = count(&low)?.unwrap_or(0);
        let max = count(&high)?;
        if max.is_some_and(|max| max < min) {
            return Err(self.tokens.error_at("min repeat greater than max repeat", here));
        }
        Ok(Some((min, max)))
    }
}

fn count(digits: &str) -> Result<Option<u32>, PatternError> {
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(count) if count <= MAX_COUNT => Ok(Some(count)),
        _ => Err(PatternError("the repetition number is too large".to_owned())),
    }
}

/// An error if a look-behind matches texts of several lengths.
fn check_look_behinds(nodes: &[Node], groups: &[Option<Width>]) -> Result<(), PatternError> {
    for node in nodes {
        if let Node::Look(look, body) = node
            && look.behind
        {
            let width = width::of(body, groups);
            if width.min > u128::from(u32::MAX) {
                return Err(PatternError("looks too much behind".to_owned()));
            }
            if width.min != width.max {
                return Err(PatternError("look-behind requires fixed-width pattern".to_owned()));
            }
        }
        for body in node.bodies() {
            check_look_behinds(body, groups)?;
        }
    }
    Ok(())
}
