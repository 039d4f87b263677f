//! Restores resources from the fields in which they are saved.

use std::sync::Arc;

use super::{RowState, SavedCounters, SavedResource};
use crate::store::{Blob, Directory, DirectoryFile, FieldReader, Id, Key, Meta, Project, Resource, Store};

/// Restores resources into a store.
pub(super) struct Restorer<'a> {
    pub(super) store: &'a mut Store,
    /// The contents of files, by the numbers that stand in their fields `content`.
    pub(super) contents: &'a [Arc<Blob>],
}

/// What a resource is restored with.
pub(super) struct RestoreContext<'a> {
    /// What is restored before it.
    pub(super) store: &'a Store,
    contents: &'a [Arc<Blob>],
    is_deleted: bool,
}

impl RestoreContext<'_> {
    /// The key of another resource, which is there unless this one is deleted.
    pub(super) fn key<T: Resource>(&self, fields: &mut FieldReader<'_>, name: &'static str) -> Result<Key<T>, String> {
        let key: Key<T> = fields.take(name)?;
        if self.is_deleted || self.store.collection::<T>().contains(key) {
            return Ok(key);
        }
        Err(format!(".{name}: {}: none of the {} has this key", key.ordinal(), T::KIND.plural))
    }

    /// The content of a file.
    pub(super) fn content(&self, fields: &mut FieldReader<'_>) -> Result<Arc<Blob>, String> {
        let number: usize = fields.take("content")?;
        self.contents.get(number).map(Arc::clone).ok_or_else(|| ".content: is not read".to_owned())
    }
}

impl Restorer<'_> {
    fn meta(&self, fields: &mut FieldReader<'_>) -> Result<Meta, String> {
        let project = match fields.take::<Option<Id>>("project_id")? {
            None => Project::DEFAULT,
            Some(id) => {
                let projects = self.store.collection::<Project>().all_with_id(&id);
                projects.min().ok_or_else(|| format!(".project_id: {id}: no project has this id"))?
            }
        };
        Ok(Meta { id: fields.take("id")?, project, created_at: fields.take("created_at")? })
    }
}

/// Restores a resource.
pub(super) fn restore<T: Resource + SavedResource>(
    restorer: &mut Restorer<'_>,
    fields: &mut FieldReader<'_>,
) -> Result<(), String> {
    let meta = restorer.meta(fields)?;
    let row = fields.object("row", RowState::restore)?.ok_or(".row: is missing")?;
    let is_deleted = row.deletion.is_some();
    let context = RestoreContext { store: restorer.store, contents: restorer.contents, is_deleted };
    let resource = T::restore(fields, meta, &context)?;
    restorer.store.insert_row(&row, resource)
}

/// Restores a directory, and the files in it.
pub(super) fn restore_directory(restorer: &mut Restorer<'_>, fields: &mut FieldReader<'_>) -> Result<(), String> {
    restore::<Directory>(restorer, fields)?;
    fields.list("files", |file| restore::<DirectoryFile>(restorer, file)).map(drop)
}

/// Continues the counters of the collections.
pub(super) fn restore_counters(fields: &mut FieldReader<'_>, store: &mut Store) -> Result<(), String> {
    for collection in store.all.iter_mut() {
        let name = collection.kind().plural;
        let counters = fields.object(name, |counters| {
            Ok(SavedCounters { next_key: counters.count("next_key")?, created: counters.count("created")? })
        })?;
        let counters = counters.ok_or_else(|| format!(".{name}: is missing"))?;
        collection.set_counters(counters).map_err(|problem| format!(".{name}.{problem}"))?;
    }
    Ok(())
}
