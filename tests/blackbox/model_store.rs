//! What a tenant's store must be: plain lists, written from the documents. It knows nothing of the program; ids and
//! made-up names it learns from the first answer that shows them.

use serde_json::{Value, json};

use crate::model_sync::Life;

/// How a server of the model test is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) sync: u64,
    pub(crate) export: u64,
    /// The status of a sync while one runs: 409, 429, or 202 for none of its own.
    pub(crate) conflict: u16,
    pub(crate) takes_id: Takes,
    pub(crate) takes_export_id: Takes,
    pub(crate) unknown_directories: Takes,
    pub(crate) page_size: usize,
}

/// Whether something is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Yes,
    No,
}

#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) id: String,
    pub(crate) project: usize,
    /// `None` while no answer has shown the name that was made up.
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
    pub(crate) life: Life,
    pub(crate) deleted: bool,
}

impl Index {
    fn is_seen(&self, project: Option<usize>) -> bool {
        !self.deleted && project.is_none_or(|project| self.project == project)
    }
}

/// Whether a call asks for `sync_in_progress`.
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
    /// The ids of projects by position; the first is the default one.
    pub(crate) projects: Vec<Option<String>>,
    pub(crate) directories: Vec<Directory>,
    pub(crate) indexes: Vec<Index>,
}

/// What an index is to be made of.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) source: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    /// The position of the named project.
    pub(crate) project: Option<usize>,
}

/// A page as the model sees it: positions in order of creation, and where the next page begins.
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

    /// The directory that an id means to a call that names `project`. The output directory of an index is older than any
    /// directory that a client gave the same id in another project.
    pub(crate) fn directory(&self, id: &str, project: Option<usize>) -> Option<usize> {
        if self.maker_of(id, project).is_some() {
            return None;
        }
        let is_seen = |directory: &Directory| project.is_none_or(|project| directory.project == project);
        self.directories.iter().position(|directory| directory.id == id && is_seen(directory))
    }

    /// The index that made the directory with this id.
    pub(crate) fn maker_of(&self, id: &str, project: Option<usize>) -> Option<&Index> {
        self.indexes.iter().find(|index| index.ids.output == id && index.is_seen(project))
    }

    /// The index that an id means to a call that names `project`.
    pub(crate) fn index(&self, id: &str, project: Option<usize>) -> Option<usize> {
        let is_meant = |ids: &Ids| {
            self.rules.takes_id == Takes::Yes && ids.id == id
                || self.rules.takes_export_id == Takes::Yes && ids.export == id
        };
        self.indexes.iter().position(|index| is_meant(&index.ids) && index.is_seen(project))
    }

    /// Whether, and with which status, a wish is refused.
    pub(crate) fn refusal(&self, wish: &Wish) -> Option<u16> {
        let known = self.directory(&wish.source, wish.project);
        let name = wish.name.clone().or_else(|| self.directories[known?].name.clone());
        if name.is_some_and(|name| name.starts_with("mock:") && Life::course(&name, &self.rules).is_none()) {
            return Some(422);
        }
        match known {
            Some(_) => None,
            None if self.maker_of(&wish.source, wish.project).is_some() => Some(422),
            None => (self.rules.unknown_directories == Takes::No).then_some(404),
        }
    }

    /// The directory of a wish that is granted; it comes to exist.
    pub(crate) fn source(&mut self, wish: &Wish) -> usize {
        self.directory(&wish.source, wish.project).unwrap_or_else(|| {
            let (id, project) = (wish.source.clone(), wish.project.unwrap_or(0));
            self.directories.push(Directory { id, project, name: None, kind: "user", created_at: self.now });
            self.directories.len() - 1
        })
    }

    /// The page of a list: newest first, of one project, of one directory in it if one is named.
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

    /// Brings every index up to now.
    pub(crate) fn advance(&mut self, by: u64) {
        self.now += by;
        for index in &mut self.indexes {
            index.life.bring_to(self.now);
        }
    }

    pub(crate) fn show_index(&self, at: usize, expand: Expand) -> Value {
        let index = &self.indexes[at];
        let life = &index.life;
        json!({
            "id": index.ids.id,
            "created_at": stamp(index.created_at),
            "updated_at": stamp(life.updated_at),
            "name": index.name,
            "description": index.description,
            "project_id": self.projects[index.project],
            "source_directory_id": index.source,
            "output_directory_id": index.ids.output,
            "sync_config_id": index.ids.sync_config,
            "export_config_id": index.ids.export,
            "last_synced_at": life.synced_at.map(stamp),
            "last_exported_at": life.exported_at.map(stamp),
            "metadata": life.metadata(),
            "sync_in_progress": (expand == Expand::Progress).then_some(life.runs()),
        })
    }

    pub(crate) fn show_directory(&self, at: usize) -> Value {
        let Directory { id, project, name, kind, created_at } = &self.directories[at];
        let expires_at = (*kind == "ephemeral").then(|| stamp(created_at + 24 * 3_600_000));
        json!({
            "id": id, "created_at": stamp(*created_at), "updated_at": stamp(*created_at),
            "project_id": self.projects[*project], "name": name, "description": null, "type": kind,
            "connector_subscription_id": null, "expires_at": expires_at, "system_metadata": null, "deleted_at": null,
        })
    }
}

/// A moment so many milliseconds after the start of the model's time, as the service prints it.
pub(crate) fn stamp(millis: u64) -> String {
    let (seconds, fraction) = (millis / 1000, millis % 1000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600 % 24);
    let day = seconds / 86_400 + 1;
    assert!(day <= 31, "the model's time is one January");
    let fraction = if fraction == 0 { String::new() } else { format!(".{:06}", fraction * 1000) };
    format!("2026-01-{day:02}T{hours:02}:{minutes:02}:{:02}{fraction}Z", seconds % 60)
}
