//! Judges a file of the user's own, such as a world. Unlike a request, it may hold nothing that its schema does not
//! know, and it is refused with one sentence.

use std::fmt::Write as _;

use serde_json::Value;

use super::node::SchemaNode;
use super::{Schema, translate, unknown};
use crate::error::{LocStep, Violation};
use crate::suggest;

impl Schema {
    /// The value of a file, if the schema accepts it and knows everything in it.
    ///
    /// Errors: the first problem, after its place.
    pub(crate) fn check_file(&self, value: Value) -> Result<Value, String> {
        let known = value.as_object().map(|fields| unknown::fields(self.root(), fields));
        if let Some(unknown) = known.iter().flatten().next() {
            return Err(self.unknown_key(&unknown.loc[1..]));
        }
        let judged = self.judge(value, "", |value| translate::value(self.root(), "", &value));
        judged.map(Value::Object).map_err(|violations| self.problem(&violations))
    }

    /// The first problem; a key that is unknown comes before one that is missing, whose place it may have.
    fn problem(&self, violations: &[Violation]) -> String {
        if let Some(unknown) = violations.iter().find(|violation| violation.kind == "extra_forbidden") {
            return self.unknown_key(&unknown.loc[1..]);
        }
        let Some(violation) = violations.first() else { return String::new() };
        let (loc, word) = (&violation.loc[1..], violation.input.as_str().unwrap_or_default());
        format!("{}: {}{}", place(loc), violation.msg, suggest::hint(word, self.words_at(loc).into_iter()))
    }

    fn unknown_key(&self, loc: &[LocStep]) -> String {
        let (name, above) = loc.split_last().map_or(("", loc), |(last, above)| (last.key().unwrap_or_default(), above));
        let keys = self.node_at(above).map(|node| node.declared_fields().map(|(name, _)| name.as_str()));
        format!("{}: is not a key{}", place(loc), suggest::hint(name, keys.into_iter().flatten()))
    }

    /// The words that may stand at a place.
    fn words_at(&self, loc: &[LocStep]) -> Vec<&str> {
        let words = self.node_at(loc).and_then(|node| node.keyword("enum")?.as_array());
        words.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The part of the schema for a place, unless it is in one of several alternatives.
    fn node_at(&self, loc: &[LocStep]) -> Option<SchemaNode<'_>> {
        loc.iter().try_fold(self.root().resolve().node, |node, step| {
            let below = if let Some(key) = step.key() { node.field(key) } else { node.items() };
            Some(below?.resolve().node)
        })
    }
}

/// A place as people write it: `directories[0].name`.
fn place(loc: &[LocStep]) -> String {
    let mut place = String::new();
    for step in loc {
        let _ = match step {
            LocStep::Key(key) if place.is_empty() => write!(place, "{key}"),
            LocStep::Key(key) => write!(place, ".{key}"),
            LocStep::At(position) => write!(place, "[{position}]"),
        };
    }
    if place.is_empty() { "the file".to_owned() } else { place }
}
