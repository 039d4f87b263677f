//! Saves the resources of a tenant, table by table.

use std::collections::BTreeMap;

use super::content::Contents;
use super::tenant::TABLES;
use super::value::SavedObject;
use super::{RowState, SavedResource};
use crate::clock::SavedClock;
use crate::store::{Directory, DirectoryFile, Key, Meta, Project, Resource, Store};

/// The counters of a collection.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct SavedCounters {
    /// The key that the next resource gets.
    pub(in crate::store) next_key: u64,
    /// How many requests have created one.
    pub(in crate::store) created: u64,
}

/// A resource at its place.
pub(super) struct SavedRow<'a> {
    state: RowState,
    meta: &'a Meta,
    resource: &'a dyn SavedResource,
    /// The files in it, if it is a directory.
    files: Vec<SavedRow<'a>>,
}

/// Saves the resources of a store.
struct Saver<'a> {
    store: &'a Store,
    contents: Contents,
}

/// Saves a tenant with this label, this name, this clock and these resources.
pub(crate) fn save_tenant(label: &str, name: Option<&str>, clock: &SavedClock, store: &Store) -> SavedObject {
    let mut saver = Saver { store, contents: Contents::default() };
    SavedObject::of(|tenant| {
        tenant.put("label", label);
        tenant.put("name", &name);
        tenant.put("clock", clock);
        tenant.put_object("counters", |counters| save_counters(store, counters));
        for table in TABLES {
            saver.table(tenant, table.name, &(table.rows)(store));
        }
    })
}

/// All resources of a type, oldest first.
pub(super) fn rows<T: Resource + SavedResource>(store: &Store) -> Vec<SavedRow<'_>> {
    store.collection::<T>().all_rows().map(|(state, resource)| row(state, resource)).collect()
}

/// The directories, with their files.
pub(super) fn directories(store: &Store) -> Vec<SavedRow<'_>> {
    let mut files: BTreeMap<Key<Directory>, Vec<SavedRow<'_>>> = BTreeMap::new();
    for (state, file) in store.collection::<DirectoryFile>().all_rows() {
        files.entry(file.directory).or_default().push(row(state, file));
    }
    let mut directories = rows::<Directory>(store);
    for directory in &mut directories {
        directory.files = files.remove(&directory.state.key.typed()).unwrap_or_default();
    }
    directories
}

/// The deleted files whose directory is not kept.
pub(super) fn files_without_directory(store: &Store) -> Vec<SavedRow<'_>> {
    let directories = store.collection::<Directory>();
    let files = store.collection::<DirectoryFile>().all_rows();
    files.filter(|(_, file)| !directories.contains(file.directory)).map(|(state, file)| row(state, file)).collect()
}

fn row<T: Resource + SavedResource>(state: RowState, resource: &T) -> SavedRow<'_> {
    SavedRow { state, meta: resource.meta(), resource, files: Vec::new() }
}

fn save_counters(store: &Store, object: &mut SavedObject) {
    for collection in store.all.iter() {
        let SavedCounters { next_key, created } = collection.counters();
        object.put_object(collection.kind().plural, |counters| {
            counters.put("next_key", &next_key);
            counters.put("created", &created);
        });
    }
}

impl Saver<'_> {
    /// Adds a table, unless it is empty.
    fn table(&mut self, object: &mut SavedObject, name: &'static str, rows: &[SavedRow<'_>]) {
        object.put_list(name, rows.iter().map(|row| self.object(row)).collect());
    }

    fn object(&mut self, SavedRow { state, meta, resource, files }: &SavedRow<'_>) -> SavedObject {
        let project = Some(meta.project).filter(|project| *project != Project::DEFAULT);
        SavedObject::of(|object| {
            object.put("id", &meta.id);
            object.put("project_id", &project.map(|project| self.store.project_id(project)));
            resource.save(object, &mut self.contents);
            object.put("created_at", &meta.created_at);
            object.put_object("row", |row| state.save(row));
            self.table(object, "files", files);
        })
    }
}
