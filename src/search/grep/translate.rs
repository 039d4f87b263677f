//! The translation of a pattern's tree into the syntax of the engines.

use std::collections::BTreeSet;

use super::charset::{self, ASCII_WORD, WORD};
use super::python::{Anchor, Boundary, CaseFold, Greed, Look, Node};

/// Properties of a text on which the translation depends: what is simple for most texts needs conditions for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextTraits {
    /// It has no character, and Python's `\B` matches nowhere in it.
    pub(super) is_empty: bool,
    /// Its last character is a line feed, before which `$` matches too.
    pub(super) ends_with_line_feed: bool,
    /// The engines find the same words in it as Python does.
    pub(super) words: Words,
}

/// How the words of a text are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// All its characters are ASCII: every notion of words is the same.
    Ascii,
    /// The engines and Python agree on its word characters, which are not only of ASCII.
    Alike,
    /// It has characters, such as combining marks, that are word characters for one of both only.
    Different,
}

/// A pattern in the syntax of the engines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Translation {
    /// The pattern.
    pub(super) pattern: String,
    /// Only a backtracking engine can search for it: it has conditions on the text around, references to groups or
    /// repetitions that do not give back.
    pub(super) needs_backtracking: bool,
}

struct Translator {
    traits: TextTraits,
    /// The groups whose text or existence matters, in order; the others do not capture.
    captured: Vec<usize>,
    out: Translation,
}

/// Translates a pattern for texts with these traits.
pub(super) fn translate(nodes: &[Node], traits: TextTraits) -> Translation {
    let mut used = BTreeSet::new();
    find_used(nodes, &mut used);
    let out = Translation { pattern: String::new(), needs_backtracking: false };
    let mut translator = Translator { traits, captured: used.into_iter().collect(), out };
    translator.sequence(nodes);
    translator.out
}

fn find_used(nodes: &[Node], used: &mut BTreeSet<usize>) {
    for node in nodes {
        if let Node::Reference(group, _) | Node::Conditional { group, .. } = node {
            used.insert(*group);
        }
        for body in node.bodies() {
            find_used(body, used);
        }
    }
}

/// Whether these nodes are certain to match no character.
fn is_empty(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| match node {
        Node::At(_) | Node::Look(..) => true,
        Node::Literal(..) | Node::Set { .. } | Node::Any { .. } | Node::Reference(..) => false,
        _ => node.bodies().into_iter().all(is_empty),
    })
}

impl Translator {
    fn push(&mut self, text: &str) {
        self.out.pattern.push_str(text);
    }

    /// Writes what only a backtracking engine understands.
    fn push_backtracking(&mut self, text: &str) {
        self.out.needs_backtracking = true;
        self.push(text);
    }

    fn sequence(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Literal(code, case_fold) => self.push(&charset::literal(*code, *case_fold)),
            Node::Set { negated, items, case_fold } => self.push(&charset::set(*negated, items, *case_fold)),
            Node::Any { line_feed: true } => self.push(charset::ALL),
            Node::Any { line_feed: false } => self.push(r"[^\n]"),
            Node::At(anchor) => self.anchor(*anchor),
            Node::Capture(group, body) => {
                let opening = if self.captured.contains(group) { "(" } else { "(?:" };
                self.enclosed(opening, body);
            }
            Node::Group(body) => self.enclosed("(?:", body),
            Node::Branch(branches) => self.branch(branches),
            Node::Repeat { min, max, greed, body } => self.repeat(*min, *max, *greed, body),
            Node::Atomic(body) => self.atomic(body),
            Node::Look(look, body) => self.look(*look, body),
            Node::Reference(group, case_fold) => self.reference(*group, *case_fold),
            Node::Conditional { group, yes, no } => {
                let opening = format!("(?({})", self.number(*group));
                self.push_backtracking(&opening);
                self.sequence(yes);
                if !no.is_empty() {
                    self.push("|");
                    self.sequence(no);
                }
                self.push(")");
            }
        }
    }

    fn enclosed(&mut self, opening: &str, body: &[Node]) {
        self.push(opening);
        self.sequence(body);
        self.push(")");
    }

    fn atomic(&mut self, body: &[Node]) {
        self.out.needs_backtracking = true;
        self.enclosed("(?>", body);
    }

    fn branch(&mut self, branches: &[Vec<Node>]) {
        for (at, branch) in branches.iter().enumerate() {
            self.push(if at == 0 { "(?:" } else { "|" });
            self.sequence(branch);
        }
        self.push(")");
    }

    fn repeat(&mut self, min: u32, max: Option<u32>, greed: Greed, body: &[Node]) {
        if is_empty(body) {
            return self.repeat_empty(min, max, greed, body);
        }
        if greed == Greed::Possessive {
            self.push_backtracking("(?>");
        }
        if matches!(body, [Node::Literal(..) | Node::Set { .. } | Node::Any { .. }]) {
            self.sequence(body);
        } else if greed == Greed::Possessive {
            // Each of its repetitions is final, too.
            self.atomic(body);
        } else {
            self.enclosed("(?:", body);
        }
        match (min, max) {
            (0, None) => self.push("*"),
            (1, None) => self.push("+"),
            (0, Some(1)) => self.push("?"),
            (_, None) => self.push(&format!("{{{min},}}")),
            (_, Some(max)) => self.push(&format!("{{{min},{max}}}")),
        }
        match greed {
            Greed::Greedy => {}
            Greed::Lazy => self.push("?"),
            Greed::Possessive => self.push(")"),
        }
    }

    /// Repeats what matches no character: once is as good as any number of times, and the engine refuses to repeat a
    /// condition on the text around.
    fn repeat_empty(&mut self, min: u32, max: Option<u32>, greed: Greed, body: &[Node]) {
        let (opening, closing) = match greed {
            _ if max == Some(0) => return,
            _ if min > 0 => ("(?:", ")"),
            Greed::Greedy => ("(?:", "|)"),
            Greed::Lazy => ("(?:|", ")"),
            Greed::Possessive => ("(?>", "|)"),
        };
        self.out.needs_backtracking |= greed == Greed::Possessive;
        self.push(opening);
        if self.captured.is_empty() {
            self.sequence(body);
        } else {
            // Without the atomic group the engine does not forget an empty capture when it goes back to before it.
            self.atomic(body);
        }
        self.push(closing);
    }

    fn look(&mut self, look: Look, body: &[Node]) {
        self.out.needs_backtracking = true;
        let opening = match (look.behind, look.negated) {
            (false, false) => "(?=",
            (false, true) => "(?!",
            (true, false) => "(?<=",
            (true, true) => "(?<!",
        };
        self.enclosed(opening, body);
    }

    fn reference(&mut self, group: usize, case_fold: CaseFold) {
        let flag = if case_fold == CaseFold::None { "" } else { "i" };
        let text = format!("(?{flag}:\\{})", self.number(group));
        self.push_backtracking(&text);
    }

    /// The number of a group among those that capture.
    fn number(&self, group: usize) -> usize {
        self.captured.iter().take_while(|used| **used < group).count() + 1
    }

    fn anchor(&mut self, anchor: Anchor) {
        match anchor {
            Anchor::TextStart => self.push(r"\A"),
            Anchor::LineStart => self.push("(?m:^)"),
            Anchor::LineEnd => self.push("(?m:$)"),
            Anchor::LastLineEnd if self.traits.ends_with_line_feed => self.push_backtracking(r"(?=\n?\z)"),
            Anchor::TextEnd | Anchor::LastLineEnd => self.push(r"\z"),
            Anchor::Boundary(boundary) => self.boundary(boundary),
        }
    }

    fn boundary(&mut self, boundary: Boundary) {
        let Boundary { negated, ascii } = boundary;
        let is_alike = match self.traits.words {
            Words::Ascii => true,
            Words::Alike => !ascii,
            Words::Different => false,
        };
        if negated && self.traits.is_empty {
            self.push(charset::NONE);
        } else if is_alike {
            self.push(if negated { r"\B" } else { r"\b" });
        } else {
            let word = if ascii { ASCII_WORD } else { WORD };
            let (inside, outside) = if negated { ("=", "!") } else { ("!", "=") };
            let start = format!("(?<![{word}])(?{outside}[{word}])");
            self.push_backtracking(&format!("(?:(?<=[{word}])(?{inside}[{word}])|{start})"));
        }
    }
}
