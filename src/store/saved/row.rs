//! The place of a resource in its collection, which decides the order of lists and whether the resource is deleted.

use super::value::SavedObject;
use crate::clock::Timestamp;
use crate::store::FieldReader;
use crate::store::key::UntypedKey;

/// The place of a resource in its collection.
#[derive(Debug)]
pub(in crate::store) struct RowState {
    pub(in crate::store) key: UntypedKey,
    /// Whether a request created it, rather than only named it.
    pub(in crate::store) is_requested: bool,
    pub(in crate::store) deletion: Option<Deletion>,
}

/// When a resource was deleted, and when its row is purged.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Deletion {
    pub(in crate::store) at: Timestamp,
    pub(in crate::store) purge_at: Timestamp,
}

impl RowState {
    pub(super) fn save(&self, object: &mut SavedObject) {
        object.put("key", &self.key);
        object.put("is_requested", &self.is_requested.then_some(true));
        if let Some(Deletion { at, purge_at }) = self.deletion {
            object.put_object("deletion", |deletion| {
                deletion.put("at", &at);
                deletion.put("purge_at", &purge_at);
            });
        }
    }

    pub(super) fn restore(fields: &mut FieldReader<'_>) -> Result<Self, String> {
        let key = fields.take("key")?;
        let is_requested: Option<bool> = fields.take("is_requested")?;
        let deletion = fields
            .object("deletion", |fields| Ok(Deletion { at: fields.take("at")?, purge_at: fields.take("purge_at")? }))?;
        Ok(Self { key, is_requested: is_requested.unwrap_or_default(), deletion })
    }
}
