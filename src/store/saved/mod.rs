//! The resources of a tenant as they are saved: the tables of a world, and what an exact copy needs besides. The copy
//! answers as the original does, and the ids that it makes are those that the original would have made.

mod chat_session;
mod configuration;
mod content;
mod directory;
mod index;
mod project;
mod row;
mod tables;

pub(crate) use content::ContentReader;
pub(in crate::store) use row::{Deletion, RowState};
pub(in crate::store) use tables::SavedCounters;
pub(crate) use tables::SavedTenant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::content::{ContentFields, Contents};
use super::{Id, Key, Meta, Project, Resource, Store};
use crate::clock::Timestamp;

/// The saved form of a resource.
trait SavedForm: Serialize + DeserializeOwned {
    type Resource: Resource;

    /// The form of a resource. `contents` knows which contents are in forms before it.
    fn of(resource: &Self::Resource, saved: SavedMeta, contents: &mut Contents) -> Self;

    /// The values that every resource has.
    fn meta(&self) -> FormMeta<'_>;

    /// The contents in it, each with its place.
    fn contents(&mut self) -> Vec<(String, ContentFields<'_>)> {
        Vec::new()
    }

    /// The resource. An error begins with the place in the form.
    fn restore(&self, meta: Meta, store: &Store) -> Result<Self::Resource, String>;
}

/// The values that every resource has, as they are saved.
struct SavedMeta {
    id: Id,
    /// `None` in the default project.
    project_id: Option<Id>,
    created_at: Timestamp,
    row: RowState,
}

/// The same in a form.
struct FormMeta<'a> {
    id: &'a Id,
    project_id: Option<&'a Id>,
    created_at: Timestamp,
    row: &'a RowState,
}

impl SavedMeta {
    fn new(store: &Store, row: RowState, meta: &Meta) -> Self {
        let Meta { id, project, created_at } = meta.clone();
        let project_id = (project != Project::DEFAULT).then(|| store.project_id(project).clone());
        Self { id, project_id, created_at, row }
    }
}

/// The forms of these rows.
fn forms<'a, F: SavedForm>(
    store: &Store,
    rows: impl Iterator<Item = (RowState, &'a F::Resource)>,
    contents: &mut Contents,
) -> Vec<F> {
    rows.map(|(row, resource)| F::of(resource, SavedMeta::new(store, row, resource.meta()), contents)).collect()
}

/// Restores the resources of a table. An error begins with the place in the table.
fn restore_all<F: SavedForm>(store: &mut Store, table: &str, forms: &[F]) -> Result<(), String> {
    for (at, form) in forms.iter().enumerate() {
        restore(store, form).map_err(|problem| format!("{table}[{at}].{problem}"))?;
    }
    Ok(())
}

fn restore<F: SavedForm>(store: &mut Store, form: &F) -> Result<(), String> {
    let FormMeta { id, project_id, created_at, row } = form.meta();
    let project = match project_id {
        None => Project::DEFAULT,
        Some(id) => {
            let mut projects = store.collection::<Project>().all_with_id(id);
            projects.next().ok_or_else(|| format!("project_id: {id}: no project has this id"))?
        }
    };
    let resource = form.restore(Meta { id: id.clone(), project, created_at }, store)?;
    store.insert_row(row, resource)
}

/// Refuses a reference to a resource that is not there.
fn require<T: Resource>(store: &Store, key: Key<T>, place: &str) -> Result<Key<T>, String> {
    let is_there = store.collection::<T>().contains(key);
    let (number, plural) = (key.ordinal(), T::KIND.plural);
    if is_there { Ok(key) } else { Err(format!("{place}: {number}: none of the {plural} has this key")) }
}
