//! The tables of a saved tenant, in the order in which they refer to each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chat_session::SavedSession;
use super::configuration::SavedConfiguration;
use super::content::{ContentReader, Contents};
use super::directory::{SavedDirectory, SavedDirectoryFile, SavedFile};
use super::index::SavedIndex;
use super::project::SavedProject;
use super::row::counter;
use super::{RowState, SavedForm, SavedMeta, forms, require, restore_all};
use crate::clock::SavedClock;
use crate::seed::Seed;
use crate::store::{Directory, DirectoryFile, Key, Policy, Project, Resource as _, Store, TenantBudget};

/// A tenant, without its journal and its rules.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedTenant {
    pub(crate) label: Box<str>,
    /// The name that the admin API gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Arc<str>>,
    pub(crate) clock: SavedClock,
    /// The counters of each collection.
    counters: BTreeMap<Box<str>, SavedCounters>,
    projects: Vec<SavedProject>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    directories: Vec<SavedDirectory>,
    /// Deleted files whose directory is not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    directory_files: Vec<SavedDirectoryFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<SavedFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    configurations: Vec<SavedConfiguration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    indexes: Vec<SavedIndex>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sessions: Vec<SavedSession>,
}

/// The counters of a collection.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct SavedCounters {
    /// The key that the next resource gets.
    #[serde(deserialize_with = "counter")]
    pub(in crate::store) next_key: u64,
    /// How many requests have created one.
    #[serde(deserialize_with = "counter")]
    pub(in crate::store) created: u64,
}

/// The rows of a collection, by the keys of their directories.
type FilesByDirectory<'a> = BTreeMap<Key<Directory>, Vec<(RowState, &'a DirectoryFile)>>;

impl SavedTenant {
    /// The tenant with this label, this name, this clock and these resources.
    pub(crate) fn of(label: &str, name: Option<Arc<str>>, clock: SavedClock, store: &Store) -> Self {
        let mut contents = Contents::default();
        let mut files = FilesByDirectory::new();
        for (row, file) in store.collection::<DirectoryFile>().all_rows() {
            files.entry(file.directory).or_default().push((row, file));
        }
        Self {
            label: label.into(),
            name,
            clock,
            counters: store.counters(),
            projects: all(store, &mut contents),
            directories: directories(store, &mut files, &mut contents),
            directory_files: forms(store, files.into_values().flatten(), &mut contents),
            files: all(store, &mut contents),
            configurations: all(store, &mut contents),
            indexes: all(store, &mut contents),
            sessions: all(store, &mut contents),
        }
    }

    /// Reads the contents of the files, once. An error begins with the place.
    pub(crate) fn read_contents(&mut self, reader: &mut ContentReader<'_>) -> Result<(), String> {
        read_all("directories", &mut self.directories, reader)?;
        read_all("directory_files", &mut self.directory_files, reader)?;
        read_all("files", &mut self.files, reader)?;
        read_all("indexes", &mut self.indexes, reader)
    }

    /// A store with these resources, whose contents are read. An error begins with the place.
    pub(crate) fn restore(&self, policy: Arc<Policy>, seed: Seed, budget: Arc<TenantBudget>) -> Result<Store, String> {
        let mut store = Store::without_resources(policy, seed, budget);
        if self.projects.is_empty() {
            return Err("projects: the default project is missing".to_owned());
        }
        restore_all(&mut store, "projects", &self.projects)?;
        restore_all(&mut store, "directories", &self.directories)?;
        for (at, directory) in self.directories.iter().enumerate() {
            restore_all(&mut store, &format!("directories[{at}].files"), &directory.files)?;
        }
        restore_all(&mut store, "directory_files", &self.directory_files)?;
        restore_all(&mut store, "files", &self.files)?;
        restore_all(&mut store, "configurations", &self.configurations)?;
        restore_all(&mut store, "indexes", &self.indexes)?;
        restore_all(&mut store, "sessions", &self.sessions)?;
        let project = require(&store, Project::DEFAULT, "projects")?;
        // No store counts its default project: a tenant without resources takes nothing.
        store.allocation.shrink(store.get(project).weight_bytes());
        store.set_counters(&self.counters).map_err(|problem| format!("counters: {problem}"))?;
        Ok(store)
    }
}

/// The forms of all resources of a type, oldest first.
fn all<F: SavedForm>(store: &Store, contents: &mut Contents) -> Vec<F> {
    forms(store, store.collection::<F::Resource>().all_rows(), contents)
}

/// The forms of the directories, with those of their files, which are taken out of `files`.
fn directories(store: &Store, files: &mut FilesByDirectory<'_>, contents: &mut Contents) -> Vec<SavedDirectory> {
    let rows = store.collection::<Directory>().all_rows();
    let with_files = rows.map(|(row, directory)| {
        let own = files.remove(&row.key.typed()).unwrap_or_default();
        let mut form = SavedDirectory::of(directory, SavedMeta::new(store, row, directory.meta()), contents);
        form.files = forms(store, own.into_iter(), contents);
        form
    });
    with_files.collect()
}

fn read_all<F: SavedForm>(table: &str, forms: &mut [F], reader: &mut ContentReader<'_>) -> Result<(), String> {
    for (at, form) in forms.iter_mut().enumerate() {
        for (place, content) in form.contents() {
            reader.read(content).map_err(|problem| format!("{table}[{at}].{place}{problem}"))?;
        }
    }
    Ok(())
}
