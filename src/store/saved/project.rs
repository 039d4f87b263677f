//! Saves projects.

use super::SavedResource;
use super::content::Contents;
use super::restoration::RestoreContext;
use super::value::SavedObject;
use crate::store::{FieldReader, Meta, Project};

impl SavedResource for Project {
    fn save(&self, object: &mut SavedObject, _: &mut Contents) {
        object.put("name", &self.name);
    }

    fn restore(fields: &mut FieldReader<'_>, meta: Meta, _: &RestoreContext<'_>) -> Result<Self, String> {
        Ok(Self { meta, name: fields.take("name")? })
    }
}
