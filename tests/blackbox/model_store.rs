//! The model of a tenant's store: plain lists, written from the documentation and independent of the program. It learns
//! ids and generated names from the first response that shows them.

use serde_json::{Value, json};

use crate::model_sync::SyncModel;

/// The settings of a server of the model test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) sync: u64,
    pub(crate) export: u64,
    /// The status of a sync request while a sync runs: 409, 429, or 202 without a new run.
    pub(crate) conflict: u16,
    pub(crate) accepts_id: bool,
    pub(crate) accepts_export_id: bool,
    pub(crate) creates_unknown_directories: bool,
    pub(crate) page_size: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) id: String,
    pub(crate) project: usize,
    /// `None` until a response has shown the generated name.
    pub(crate) name: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) created_at: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub(crate) ids: Ids,
    pub(crate) project: usize,
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) syncs: SyncModel,
    pub(crate) deleted: bool,
}

impl Index {
    fn is_visible(&self, project: Option<usize>) -> bool {
        !self.deleted && project.is_none_or(|project| self.project == project)
    }
}

/// Whether a request expands `sync_in_progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expand {
    Progress,
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) id: String,
    pub(crate) output: String,
    pub(crate) sync_config: String,
    pub(crate) export: String,
}

/// One tenant's store.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) rules: Rules,
    pub(crate) now: u64,
    /// The ids of projects by position; the first is the default project.
    pub(crate) projects: Vec<Option<String>>,
    pub(crate) directories: Vec<Directory>,
    pub(crate) indexes: Vec<Index>,
}

/// The input of a create request.
#[derive(Debug, Clone)]
pub(crate) struct NewIndex {
    pub(crate) source: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    /// The position of the named project.
    pub(crate) project: Option<usize>,
}

/// A page of the model: positions in order of creation, and the position below which the next page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) positions: Vec<usize>,
    pub(crate) next_below: Option<usize>,
}

impl Store {
    pub(crate) fn new(rules: Rules, projects: &[&str]) -> Self {
        let named = projects.iter().map(|id| Some((*id).to_owned()));
        Self {
            rules,
            now: 0,
            projects: [None].into_iter().chain(named).collect(),
            directories: Vec::new(),
            indexes: Vec::new(),
        }
    }

    /// The directory that an id means to a call that names `project`. The output directory of an index is older than
    /// any directory that a client gave the same id in another project.
    pub(crate) fn directory(&self, id: &str, project: Option<usize>) -> Option<usize> {
        if self.index_with_output(id, project).is_some() {
            return None;
        }
        let is_visible = |directory: &Directory| project.is_none_or(|project| directory.project == project);
        self.directories.iter().position(|directory| directory.id == id && is_visible(directory))
    }

    /// The index whose output directory has this id.
    pub(crate) fn index_with_output(&self, id: &str, project: Option<usize>) -> Option<&Index> {
        self.indexes.iter().find(|index| index.ids.output == id && index.is_visible(project))
    }

    /// The index with this id, as seen by a request that names `project`.
    pub(crate) fn index(&self, id: &str, project: Option<usize>) -> Option<usize> {
        let is_meant =
            |ids: &Ids| self.rules.accepts_id && ids.id == id || self.rules.accepts_export_id && ids.export == id;
        self.indexes.iter().position(|index| is_meant(&index.ids) && index.is_visible(project))
    }

    /// The status with which a create request is rejected; `None` if it is accepted.
    pub(crate) fn rejection(&self, new_index: &NewIndex) -> Option<u16> {
        let known = self.directory(&new_index.source, new_index.project);
        let name = new_index.name.clone().or_else(|| self.directories[known?].name.clone());
        if name.is_some_and(|name| name.starts_with("mock:") && SyncModel::course(&name, &self.rules).is_none()) {
            return Some(422);
        }
        match known {
            Some(_) => None,
            None if self.index_with_output(&new_index.source, new_index.project).is_some() => Some(422),
            None => (!self.rules.creates_unknown_directories).then_some(404),
        }
    }

    /// The source directory of an accepted create request; it is created if it is unknown.
    pub(crate) fn source(&mut self, new_index: &NewIndex) -> usize {
        self.directory(&new_index.source, new_index.project).unwrap_or_else(|| {
            let (id, project) = (new_index.source.clone(), new_index.project.unwrap_or(0));
            self.directories.push(Directory { id, project, name: None, kind: "user", created_at: self.now });
            self.directories.len() - 1
        })
    }

    /// A page of a list, newest first, of one project and optionally of one directory.
    pub(crate) fn page(&self, (project, source): (usize, Option<&str>), size: usize, below: Option<usize>) -> Page {
        let is_listed = |index: &Index| {
            !index.deleted && index.project == project && source.is_none_or(|source| index.source == source)
        };
        let newest_first = (0..below.unwrap_or(self.indexes.len())).rev();
        let mut positions: Vec<usize> = newest_first.filter(|at| is_listed(&self.indexes[*at])).collect();
        let next_below = if positions.len() > size { Some(positions[size - 1]) } else { None };
        positions.truncate(size);
        Page { positions, next_below }
    }

    /// Advances the time of every index.
    pub(crate) fn advance(&mut self, by: u64) {
        self.now += by;
        for index in &mut self.indexes {
            index.syncs.advance_to(self.now);
        }
    }

    pub(crate) fn show_index(&self, at: usize, expand: Expand) -> Value {
        let index = &self.indexes[at];
        let syncs = &index.syncs;
        json!({
            "id": index.ids.id,
            "created_at": timestamp(index.created_at),
            "updated_at": timestamp(syncs.updated_at),
            "name": index.name,
            "description": index.description,
            "project_id": self.projects[index.project],
            "source_directory_id": index.source,
            "output_directory_id": index.ids.output,
            "sync_config_id": index.ids.sync_config,
            "export_config_id": index.ids.export,
            "last_synced_at": syncs.synced_at.map(timestamp),
            "last_exported_at": syncs.exported_at.map(timestamp),
            "metadata": syncs.metadata(),
            "sync_in_progress": (expand == Expand::Progress).then_some(syncs.is_running()),
        })
    }

    pub(crate) fn show_directory(&self, at: usize) -> Value {
        let Directory { id, project, name, kind, created_at } = &self.directories[at];
        let expires_at = (*kind == "ephemeral").then(|| timestamp(created_at + 24 * 3_600_000));
        json!({
            "id": id, "created_at": timestamp(*created_at), "updated_at": timestamp(*created_at),
            "project_id": self.projects[*project], "name": name, "description": null, "type": kind,
            "connector_subscription_id": null, "expires_at": expires_at, "system_metadata": null, "deleted_at": null,
        })
    }
}

/// The timestamp this many milliseconds after the start of the model's time, as the service prints it.
pub(crate) fn timestamp(millis: u64) -> String {
    let (seconds, fraction) = (millis / 1000, millis % 1000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600 % 24);
    let day = seconds / 86_400 + 1;
    assert!(day <= 31, "the model's time stays within January");
    let fraction = if fraction == 0 { String::new() } else { format!(".{:06}", fraction * 1000) };
    format!("2026-01-{day:02}T{hours:02}:{minutes:02}:{:02}{fraction}Z", seconds % 60)
}
