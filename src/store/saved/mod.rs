//! The resources of a tenant as they are saved: the tables of a world, and what an exact copy needs besides. The copy
//! answers as the original does, and the ids that it makes are those that the original would have made.

mod chat_session;
mod configuration;
mod content;
mod directory;
mod index;
mod project;
mod restoration;
mod row;
mod saver;
mod sync_run;
mod tenant;
mod value;

pub(crate) use content::ContentReader;
pub(in crate::store) use row::{Deletion, RowState};
pub(in crate::store) use saver::SavedCounters;
pub(crate) use saver::save_tenant;
pub(crate) use tenant::{SavedTenant, TenantSource};
pub(crate) use value::SavedObject;

use self::content::Contents;
use self::restoration::RestoreContext;
use super::{FieldReader, Meta};

/// A resource that is saved. What all have is saved for it.
trait SavedResource {
    /// Adds its own fields. `contents` knows which contents are saved before it.
    fn save(&self, object: &mut SavedObject, contents: &mut Contents);

    /// Reads its own fields.
    fn restore(fields: &mut FieldReader<'_>, meta: Meta, context: &RestoreContext<'_>) -> Result<Self, String>
    where
        Self: Sized;
}
