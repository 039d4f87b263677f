//! The saved form of a project.

use serde::{Deserialize, Serialize};

use super::content::Contents;
use super::row::SavedRow;
use super::{SavedForm, SavedMeta};
use crate::store::{Id, Meta, Project, Store};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedProject {
    id: Id,
    name: Box<str>,
    row: SavedRow,
}

impl SavedForm for SavedProject {
    type Resource = Project;

    fn of(project: &Project, SavedMeta { id, row, .. }: SavedMeta, _: &mut Contents) -> Self {
        Self { id, name: project.name.clone(), row }
    }

    fn meta(&self) -> (&Id, Option<&Id>, &SavedRow) {
        (&self.id, None, &self.row)
    }

    fn restore(&self, meta: Meta, _: &Store) -> Result<Project, String> {
        Ok(Project { meta, name: self.name.clone() })
    }
}
