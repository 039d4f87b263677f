//! The saved forms of directories and of files, in directories and alone.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::content::{ContentFields, Contents, SavedContent, SavedText, content_of};
use super::{FormMeta, RowState, SavedForm, SavedMeta, require};
use crate::clock::Timestamp;
use crate::schema::PlainValue;
use crate::store::{Directory, DirectoryFile, DirectoryKind, File, Id, Key, Meta, Store};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedDirectory {
    id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_id: Option<Id>,
    name: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Box<str>>,
    #[serde(rename = "type")]
    kind: DirectoryKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system_metadata: Option<PlainValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connector_subscription_id: Option<Box<str>>,
    updated_at: Timestamp,
    created_at: Timestamp,
    row: RowState,
    /// Its files; the table fills it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<SavedDirectoryFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedDirectoryFile {
    id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_id: Option<Id>,
    /// The name that is shown.
    name: Box<str>,
    unique_id: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<SavedText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<SavedContent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<PlainValue>,
    file_id: Id,
    updated_at: Timestamp,
    /// The key of its directory.
    directory: Key<Directory>,
    created_at: Timestamp,
    row: RowState,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedFile {
    id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_id: Option<Id>,
    name: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<SavedText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<SavedContent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_file_id: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<Box<str>>,
    created_at: Timestamp,
    row: RowState,
}

/// An object as it is saved.
pub(super) fn saved_object(object: &Map<String, Value>) -> PlainValue {
    PlainValue(Value::Object(object.clone()))
}

/// A saved object. An error begins with `place`.
pub(super) fn object(saved: &PlainValue, place: &str) -> Result<Map<String, Value>, String> {
    saved.0.as_object().cloned().ok_or_else(|| format!("{place}: is no object"))
}

/// A saved object that may be absent, as a type holds it.
pub(super) fn optional_object<T: From<Map<String, Value>>>(
    saved: Option<&PlainValue>,
    place: &str,
) -> Result<Option<T>, String> {
    saved.map(|saved| object(saved, place).map(T::from)).transpose()
}

impl SavedForm for SavedDirectory {
    type Resource = Directory;

    fn of(directory: &Directory, SavedMeta { id, project_id, created_at, row }: SavedMeta, _: &mut Contents) -> Self {
        let Directory { name, description, kind, connector_subscription_id, .. } = directory.clone();
        let system_metadata = directory.system_metadata.as_deref().map(saved_object);
        let updated_at = directory.updated_at;
        Self {
            id,
            project_id,
            name,
            description,
            kind,
            system_metadata,
            connector_subscription_id,
            updated_at,
            created_at,
            row,
            files: Vec::new(),
        }
    }

    fn meta(&self) -> FormMeta<'_> {
        FormMeta { id: &self.id, project_id: self.project_id.as_ref(), created_at: self.created_at, row: &self.row }
    }

    fn contents(&mut self) -> Vec<(String, ContentFields<'_>)> {
        let files = self.files.iter_mut().enumerate();
        let contents = files.flat_map(|(at, file)| file.contents().into_iter().map(move |(_, content)| (at, content)));
        contents.map(|(at, content)| (format!("files[{at}]."), content)).collect()
    }

    fn restore(&self, meta: Meta, _: &Store) -> Result<Directory, String> {
        let system_metadata = optional_object(self.system_metadata.as_ref(), "system_metadata")?;
        Ok(Directory {
            meta,
            name: self.name.clone(),
            description: self.description.clone(),
            kind: self.kind,
            connector_subscription_id: self.connector_subscription_id.clone(),
            system_metadata,
            updated_at: self.updated_at,
        })
    }
}

impl SavedForm for SavedDirectoryFile {
    type Resource = DirectoryFile;

    fn of(
        file: &DirectoryFile,
        SavedMeta { id, project_id, created_at, row }: SavedMeta,
        contents: &mut Contents,
    ) -> Self {
        let DirectoryFile { directory, unique_id, display_name: name, file_id, updated_at, .. } = file.clone();
        let (text, content) = contents.fields(&file.blob, &name);
        let metadata = file.metadata.as_deref().map(saved_object);
        Self {
            id,
            project_id,
            name,
            unique_id,
            text,
            content,
            metadata,
            file_id,
            updated_at,
            directory,
            created_at,
            row,
        }
    }

    fn meta(&self) -> FormMeta<'_> {
        FormMeta { id: &self.id, project_id: self.project_id.as_ref(), created_at: self.created_at, row: &self.row }
    }

    fn contents(&mut self) -> Vec<(String, ContentFields<'_>)> {
        let Self { name, text, content, .. } = self;
        vec![(String::new(), ContentFields { name, text, content })]
    }

    /// The directory of a deleted file may be purged before the file.
    fn restore(&self, meta: Meta, store: &Store) -> Result<DirectoryFile, String> {
        if self.row.deletion.is_none() {
            require(store, self.directory, "directory")?;
        }
        Ok(DirectoryFile {
            meta,
            directory: self.directory,
            unique_id: self.unique_id.clone(),
            display_name: self.name.clone(),
            file_id: self.file_id.clone(),
            blob: content_of(self.content.as_ref()),
            metadata: optional_object(self.metadata.as_ref(), "metadata")?,
            updated_at: self.updated_at,
        })
    }
}

impl SavedForm for SavedFile {
    type Resource = File;

    fn of(file: &File, SavedMeta { id, project_id, created_at, row }: SavedMeta, contents: &mut Contents) -> Self {
        let File { name, external_file_id, purpose, .. } = file.clone();
        let (text, content) = contents.fields(&file.blob, &name);
        Self { id, project_id, name, text, content, external_file_id, purpose, created_at, row }
    }

    fn meta(&self) -> FormMeta<'_> {
        FormMeta { id: &self.id, project_id: self.project_id.as_ref(), created_at: self.created_at, row: &self.row }
    }

    fn contents(&mut self) -> Vec<(String, ContentFields<'_>)> {
        let Self { name, text, content, .. } = self;
        vec![(String::new(), ContentFields { name, text, content })]
    }

    fn restore(&self, meta: Meta, _: &Store) -> Result<File, String> {
        Ok(File {
            meta,
            name: self.name.clone(),
            external_file_id: self.external_file_id.clone(),
            purpose: self.purpose.clone(),
            blob: content_of(self.content.as_ref()),
        })
    }
}
