//! Saves directories and files, in directories and alone.

use std::sync::Arc;

use super::SavedResource;
use super::content::Contents;
use super::restoration::RestoreContext;
use super::value::SavedObject;
use crate::store::{Directory, DirectoryFile, FieldReader, File, Meta};

impl SavedResource for Directory {
    fn save(&self, object: &mut SavedObject, _: &mut Contents) {
        object.put("name", &self.name);
        object.put("description", &self.description);
        object.put("type", &self.kind);
        object.put_map("system_metadata", self.system_metadata.as_deref());
        object.put("connector_subscription_id", &self.connector_subscription_id);
        object.put("updated_at", &self.updated_at);
    }

    fn restore(fields: &mut FieldReader<'_>, meta: Meta, _: &RestoreContext<'_>) -> Result<Self, String> {
        Ok(Self {
            meta,
            name: fields.take("name")?,
            description: fields.take("description")?,
            kind: fields.take("type")?,
            connector_subscription_id: fields.take("connector_subscription_id")?,
            system_metadata: fields.map("system_metadata")?.map(Box::new),
            updated_at: fields.take("updated_at")?,
        })
    }
}

impl SavedResource for DirectoryFile {
    fn save(&self, object: &mut SavedObject, contents: &mut Contents) {
        object.put("name", &self.display_name);
        object.put("unique_id", &self.unique_id);
        contents.save(&self.blob, &self.display_name, object);
        object.put_map("metadata", self.metadata.as_deref());
        object.put("file_id", &self.file_id);
        object.put("updated_at", &self.updated_at);
        object.put("directory", &self.directory);
    }

    /// The directory of a deleted file may be purged before the file.
    fn restore(fields: &mut FieldReader<'_>, meta: Meta, context: &RestoreContext<'_>) -> Result<Self, String> {
        Ok(Self {
            meta,
            directory: context.key(fields, "directory")?,
            unique_id: fields.take("unique_id")?,
            display_name: fields.take("name")?,
            file_id: fields.take("file_id")?,
            blob: context.content(fields)?,
            metadata: fields.map("metadata")?.map(Arc::new),
            updated_at: fields.take("updated_at")?,
        })
    }
}

impl SavedResource for File {
    fn save(&self, object: &mut SavedObject, contents: &mut Contents) {
        object.put("name", &self.name);
        contents.save(&self.blob, &self.name, object);
        object.put("external_file_id", &self.external_file_id);
        object.put("purpose", &self.purpose);
    }

    fn restore(fields: &mut FieldReader<'_>, meta: Meta, context: &RestoreContext<'_>) -> Result<Self, String> {
        Ok(Self {
            meta,
            name: fields.take("name")?,
            external_file_id: fields.take("external_file_id")?,
            purpose: fields.take("purpose")?,
            blob: context.content(fields)?,
        })
    }
}
