//! The resources of a tenant as the admin API shows them: one list for each kind that is emulated.

use serde_json::{Map, Value};

use super::{directories, index_view};
use crate::clock::Timestamp;
use crate::store::{Project, Resource, Store};

/// How the resources of a kind are shown.
type View = fn(&mut Store, Timestamp) -> Vec<Value>;

/// The name of each list, and how its resources are shown.
const VIEWS: &[(&str, View)] =
    &[("projects", projects), ("directories", directories::state), ("indexes", index_view::state)];

/// The resources of a tenant at `now`, by kind.
pub(crate) fn state_of(store: &mut Store, now: Timestamp) -> Map<String, Value> {
    VIEWS.iter().map(|(name, view)| ((*name).to_owned(), Value::Array(view(store, now)))).collect()
}

fn projects(store: &mut Store, _now: Timestamp) -> Vec<Value> {
    let ordinals = Project::collection(store).ordinals();
    ordinals.map(|ordinal| store.project_id(ordinal).to_string().into()).collect()
}
