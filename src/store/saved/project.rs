//! The saved form of a project.

use serde::{Deserialize, Serialize};

use super::content::Contents;
use super::{FormMeta, RowState, SavedForm, SavedMeta};
use crate::clock::Timestamp;
use crate::store::{Id, Meta, Project, Store};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedProject {
    id: Id,
    name: Box<str>,
    created_at: Timestamp,
    row: RowState,
}

impl SavedForm for SavedProject {
    type Resource = Project;

    fn of(project: &Project, SavedMeta { id, created_at, row, .. }: SavedMeta, _: &mut Contents) -> Self {
        Self { id, name: project.name.clone(), created_at, row }
    }

    fn meta(&self) -> FormMeta<'_> {
        FormMeta { id: &self.id, project_id: None, created_at: self.created_at, row: &self.row }
    }

    fn restore(&self, meta: Meta, _: &Store) -> Result<Project, String> {
        Ok(Project { meta, name: self.name.clone() })
    }
}
