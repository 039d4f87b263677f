//! The resources of a tenant as the admin API shows them: one list for each kind that is emulated.

use serde_json::{Map, Value};

use super::{directories, directory_file_view, files, index_view, projects};
use crate::clock::Timestamp;
use crate::store::Store;

/// How the resources of a kind are shown.
type View = fn(&mut Store, Timestamp) -> Vec<Value>;

/// The name of each list, and how its resources are shown.
const VIEWS: &[(&str, View)] = &[
    ("projects", projects::state),
    ("directories", directories::state),
    ("files", files::state),
    ("directory_files", directory_file_view::state),
    ("indexes", index_view::state),
];

/// The resources of a tenant at `now`, by kind.
pub(crate) fn state_of(store: &mut Store, now: Timestamp) -> Map<String, Value> {
    store.advance_to(now);
    VIEWS.iter().map(|(name, view)| ((*name).to_owned(), Value::Array(view(store, now)))).collect()
}
