//! What a run leaves: the resources of all keys, compared by kind, name, parent, content and status, without ids and
//! times.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::api::{self, STATE_KINDS};
use crate::clock::Timestamp;
use crate::instance::Instance;

/// How far clocks are advanced when a command has ended, so that syncs that it did not wait for have ended too.
const SETTLING: Duration = Duration::from_hours(24);

/// Where the parent of a resource stands, the nearest one first.
const PARENTS: [&str; 3] = ["directory_id", "source_directory_id", "project_id"];

/// Where the name of a resource stands.
const NAMES: [&str; 2] = ["name", "display_name"];

/// The text in place of a name that is another one in every run.
const ANY_NAME: &str = "*";

/// The resources of all keys at the end of a run, as the admin API shows them: a map of kinds for each key.
#[derive(Debug)]
pub(super) struct FinalState(Vec<Map<String, Value>>);

/// A resource that was left. Equal ones have the same meaning for a user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LeftResource {
    /// The order of its kind in reports.
    rank: usize,
    kind: String,
    pub(super) name: String,
    parent: String,
    status: String,
    /// The fields of its content, each as JSON.
    content: BTreeMap<String, String>,
}

/// The names that runs without a fault leave each time. Others are compared by their number only.
#[derive(Debug, Default)]
pub(super) struct StableNames {
    names: BTreeSet<(String, String)>,
    /// The kinds that have other names too.
    unstable_kinds: BTreeSet<String>,
}

/// Resources with their numbers.
pub(super) type ResourceCounts = BTreeMap<LeftResource, usize>;

impl FinalState {
    /// The state of an instance whose command has ended. Its clocks move on to the end of all syncs.
    pub(super) fn of(instance: &Instance) -> Self {
        instance.tenants.each_clock(|clock| clock.advance(SETTLING));
        let tenants = instance.tenants.all();
        let states = tenants.iter().map(|tenant| {
            let now = tenant.clock.now();
            api::state_of(&mut tenant.lock().store, now)
        });
        Self(states.collect())
    }

    /// The names of its resources, with their kinds.
    fn names(&self) -> BTreeSet<(String, String)> {
        self.0.iter().flat_map(|kinds| resources(kinds).map(|(kind, view)| (kind.to_owned(), name_of(view)))).collect()
    }

    /// Its resources, with the names that are compared.
    pub(super) fn resources(&self, names: &StableNames) -> ResourceCounts {
        let mut counts = ResourceCounts::new();
        for kinds in &self.0 {
            let meanings = Meanings::of(kinds, names);
            for (kind, view) in resources(kinds) {
                *counts.entry(LeftResource::of(kind, view, names, &meanings)).or_default() += 1;
            }
        }
        counts
    }
}

impl StableNames {
    /// The names that both states have.
    pub(super) fn of(one: &FinalState, other: &FinalState) -> Self {
        let (one, other) = (one.names(), other.names());
        let unstable_kinds = one.symmetric_difference(&other).map(|(kind, _)| kind.clone()).collect();
        Self { names: one.intersection(&other).cloned().collect(), unstable_kinds }
    }

    /// The name of a resource of this kind as it is compared.
    fn compared(&self, kind: &str, name: String) -> String {
        let named = (kind.to_owned(), name);
        let is_any = self.unstable_kinds.contains(kind) && !self.names.contains(&named);
        if is_any { ANY_NAME.to_owned() } else { named.1 }
    }
}

impl LeftResource {
    fn of(kind: &str, view: &Map<String, Value>, names: &StableNames, meanings: &Meanings<'_>) -> Self {
        let mut parents = PARENTS.iter().filter_map(|field| view.get(*field)?.as_str());
        let parent = parents.find_map(|id| meanings.0.get(id)).cloned().unwrap_or_default();
        let content = view.iter().filter(|(field, _)| !is_left_out(field));
        let content =
            content.filter_map(|(field, value)| Some((field.clone(), meanings.content(value)?.to_string()))).collect();
        let status = view.get("metadata").and_then(|metadata| metadata.get("status")).and_then(Value::as_str);
        Self {
            rank: STATE_KINDS.iter().position(|known| *known == kind).map_or(0, |at| STATE_KINDS.len() - at),
            kind: singular(kind),
            name: names.compared(kind, name_of(view)),
            parent,
            status: status.unwrap_or_default().to_owned(),
            content,
        }
    }

    /// The same resource whatever its content and its status.
    pub(super) fn identity(&self) -> Self {
        Self { status: String::new(), content: BTreeMap::new(), ..self.clone() }
    }

    pub(super) fn has_status_of(&self, other: &Self) -> bool {
        self.status == other.status
    }

    /// The fields whose content is another one than that of `other`.
    pub(super) fn other_fields<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let fields: BTreeSet<&String> = self.content.keys().chain(other.content.keys()).collect();
        let others = fields.into_iter().filter(|field| self.content.get(*field) != other.content.get(*field));
        others.map(String::as_str).collect()
    }

    pub(super) fn status(&self) -> &str {
        if self.status.is_empty() { "without a status" } else { &self.status }
    }

    /// Its kind and its name, if that is the same in every run.
    pub(super) fn shown(&self) -> String {
        if self.name == ANY_NAME || self.name.is_empty() {
            self.kind.clone()
        } else {
            format!("{} {:?}", self.kind, self.name)
        }
    }
}

/// The resources of a key that requests make, with their kinds: not its default project, and not the output directories
/// of its indexes.
fn resources(kinds: &Map<String, Value>) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
    let views =
        kinds.iter().flat_map(|(kind, views)| views.as_array().into_iter().flatten().map(move |view| (kind, view)));
    views.filter_map(|(kind, view)| Some((kind.as_str(), view.as_object()?))).filter(|(_, view)| {
        let is_of_index = view.get("type").is_some_and(|kind| kind == "index");
        let is_default = view.get("is_default").is_some_and(|is_default| *is_default == true);
        !is_of_index && !is_default
    })
}

/// What stands in place of a text in which runs differ: for an id the kind and the name of its resource, and for a
/// name that is another one in every run the same word.
struct Meanings<'a>(BTreeMap<&'a str, String>);

impl<'a> Meanings<'a> {
    fn of(kinds: &'a Map<String, Value>, names: &StableNames) -> Self {
        let mut meanings = BTreeMap::new();
        for (kind, view) in resources(kinds) {
            let compared = names.compared(kind, name_of(view));
            if compared == ANY_NAME {
                let names = NAMES.iter().filter_map(|field| view.get(*field)?.as_str());
                meanings.extend(names.filter(|name| !name.is_empty()).map(|name| (name, ANY_NAME.to_owned())));
            }
            if let Some(id) = view.get("id").and_then(Value::as_str) {
                meanings.insert(id, format!("{} {compared}", singular(kind)));
            }
        }
        Self(meanings)
    }

    /// A value without times, with its meanings, and with lists in one order; `None` for a time, and for an id that
    /// means nothing here.
    fn content(&self, value: &Value) -> Option<Value> {
        Some(match value {
            Value::String(text) => match self.0.get(text.as_str()) {
                Some(meaning) => meaning.clone().into(),
                None if has_generated_id(text) || text.parse::<Timestamp>().is_ok() => return None,
                None => text.clone().into(),
            },
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().filter_map(|item| self.content(item)).collect();
                items.sort_by_cached_key(Value::to_string);
                Value::Array(items)
            }
            Value::Object(fields) => {
                let kept = fields.iter().filter(|(field, _)| !field.ends_with("_at") && *field != "status");
                kept.filter_map(|(field, value)| Some((field.clone(), self.content(value)?))).collect()
            }
            other => other.clone(),
        })
    }
}

fn name_of(view: &Map<String, Value>) -> String {
    NAMES.iter().find_map(|field| view.get(*field)?.as_str()).unwrap_or_default().to_owned()
}

/// Whether a field is compared apart from the content, or differs in every run.
fn is_left_out(field: &str) -> bool {
    NAMES.contains(&field) || PARENTS.contains(&field) || field == "id" || field.ends_with("_at")
}

/// Whether a text ends in a UUID, as generated ids do.
fn has_generated_id(text: &str) -> bool {
    let start = text.len().checked_sub(uuid::fmt::Hyphenated::LENGTH);
    start.and_then(|start| text.get(start..)).is_some_and(|end| Uuid::try_parse(end).is_ok())
}

/// The word for one resource of a kind.
fn singular(kind: &str) -> String {
    let word = match kind {
        _ if kind.ends_with("ies") => kind.strip_suffix("ies").map(|stem| format!("{stem}y")),
        _ if kind.ends_with("xes") => kind.strip_suffix("es").map(str::to_owned),
        _ => kind.strip_suffix('s').map(str::to_owned),
    };
    word.unwrap_or_else(|| kind.to_owned()).replace('_', " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "dir-6b45ef7b-ca04-4489-bb8e-fc9df3c9f610";

    fn state(directory: &str, files: &[&str]) -> FinalState {
        let files = files.iter().map(|name| json!({ "id": "dfl-1", "display_name": name, "directory_id": ID }));
        let kinds = json!({
            "projects": [{ "id": "p", "name": "Default", "is_default": true }],
            "directories": [{ "id": ID, "name": directory, "created_at": directory, "type": "user" }],
            "directory_files": files.collect::<Vec<_>>(),
        });
        FinalState(vec![kinds.as_object().expect("an object").clone()])
    }

    #[test]
    fn names_that_differ_between_runs_are_compared_by_their_number() {
        let (one, other) = (state("docs-1", &["a.md"]), state("docs-2", &["a.md"]));
        let names = StableNames::of(&one, &other);
        let expected = one.resources(&names);
        assert_eq!(expected, other.resources(&names));
        assert_eq!(expected, state("docs-3", &["a.md"]).resources(&names));
        assert_ne!(expected, state("docs-3", &["b.md"]).resources(&names));
        assert_ne!(expected, state("docs-3", &["a.md", "a.md"]).resources(&names));
        let kinds: Vec<String> = expected.keys().map(LeftResource::shown).collect();
        assert_eq!(kinds, ["directory file \"a.md\"", "directory"]);
    }

    #[test]
    fn ids_are_compared_by_their_meaning_and_lists_without_their_order() {
        let meanings = Meanings(BTreeMap::from([("dir-1", "directory docs".to_owned())]));
        let time = "2026-11-30T11:27:12.306450Z";
        let value = json!({ "a_id": "dir-1", "b_id": ID, "c": "text", "d_at": "now", "e": [ID, 2, 1], "f": time });
        let expected = json!({ "a_id": "directory docs", "c": "text", "e": [1, 2] });
        assert_eq!(meanings.content(&value), Some(expected));
    }

    #[test]
    fn a_name_that_differs_between_runs_is_no_content_either() {
        let index_of = |file: &str| {
            let files = json!([{ "id": "dfl-1", "display_name": file, "unique_id": file, "directory_id": ID }]);
            let kinds = json!({
                "directory_files": files,
                "indexes": [{ "id": "idx-1", "name": "docs", "files": [{ "id": "dfl-1", "name": file }] }],
            });
            FinalState(vec![kinds.as_object().expect("an object").clone()])
        };
        let (one, other) = (index_of("1.md"), index_of("2.md"));
        let names = StableNames::of(&one, &other);
        assert_eq!(one.resources(&names), other.resources(&names));
    }
}
