//! An uploaded file.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::described::{Described, DescriptionError};
use super::directory::DELETED_RETENTION;
use super::{
    Blob, BlobSource, Directory, DirectoryFile, FieldReader, Id, Key, Kind, Meta, NewDirectoryFile, Prefix, Project,
    Resource, Scope, StoreError,
};
use crate::documents::{self, Format};

/// An uploaded file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its id is a bare UUID.
    pub(crate) meta: Meta,
    /// Its name; it is never used as a path.
    pub(crate) name: Arc<str>,
    /// The id by which another system knows it.
    pub(crate) external_file_id: Option<Arc<str>>,
    /// What it is for, as the upload stated it.
    pub(crate) purpose: Option<Arc<str>>,
    /// Its content.
    pub(crate) blob: Arc<Blob>,
}

/// The values from which a file is created.
#[derive(Debug)]
pub(crate) struct NewFile {
    /// Its id, if a world gives it.
    pub(crate) id: Option<Id>,
    pub(crate) name: Arc<str>,
    /// The id by which another system knows it.
    pub(crate) external_file_id: Option<Arc<str>>,
    /// What it is for.
    pub(crate) purpose: Option<Arc<str>>,
    /// Its content.
    pub(crate) blob: Arc<Blob>,
    /// The directory into which it is uploaded; `None` if it is uploaded on its own.
    pub(crate) directory: Option<Key<Directory>>,
    /// The other fields of the upload. Files have different ids if they differ.
    pub(crate) details: String,
}

/// A file as a world describes it, alone or in a directory.
#[derive(Debug)]
pub(crate) struct DescribedFile {
    /// Of a file alone only.
    id: Option<Uuid>,
    /// Of a file alone only.
    project_id: Option<Uuid>,
    name: Option<Arc<str>>,
    /// Where its content is, below the folder of the world.
    pub(crate) path: Option<Box<str>>,
    /// Its content, if it is in the world itself. Whoever reads the content takes it.
    pub(crate) text: Option<String>,
    /// The metadata of a file in a directory.
    metadata: Option<Arc<Map<String, Value>>>,
    /// Its content, once it is read.
    pub(crate) blob: Option<Arc<Blob>>,
}

/// The name of a file that a request named although nobody uploaded it.
const IMPLICIT_NAME: &str = "document.md";

impl File {
    /// Creates a file, in the project of its directory if it has one. Its id follows from its content, from all that
    /// the upload says and from the number of equal uploads before it, so that files that are uploaded in parallel get
    /// the same ids in every run.
    pub(crate) fn add(scope: &mut Scope<'_>, new: NewFile) -> Result<Key<Self>, StoreError> {
        let (project, place) = if let Some(directory) = new.directory {
            let Meta { project, id, .. } = &scope.store.get(directory).meta;
            (*project, id.to_string())
        } else {
            let project = scope.project_for_write()?;
            (project, scope.store.project_id(project).to_string())
        };
        let NewFile { id, name, external_file_id, purpose, blob, details, .. } = new;
        let source = format!("file {} {name} {external_file_id:?} {purpose:?} {details} in {place}", blob.hash);
        let id = id.unwrap_or_else(|| scope.unused_id::<Self>(&source));
        let meta = Meta { id, project, created_at: scope.now };
        scope.insert(Self { meta, name, external_file_id, purpose, blob })
    }

    /// Its extension without the dot, in lower case.
    pub(crate) fn extension(&self) -> Option<String> {
        let (stem, extension) = self.name.rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
    }
}

impl Resource for File {
    type Parent = Project;

    const KIND: Kind = Kind { name: "File", plural: "files", id_prefix: Prefix::NONE };

    const OVERHEAD_BYTES: usize = 320;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn parent(&self) -> Key<Project> {
        self.meta.project
    }

    /// Its content is counted apart, since several files can share it.
    fn text_bytes(&self) -> usize {
        let texts = [&self.external_file_id, &self.purpose];
        self.name.len() + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
    }

    /// No list shows a deleted file; it is kept without its content so that an equal upload gets another id.
    fn deleted_retention(&self) -> Duration {
        DELETED_RETENTION
    }

    fn release_content(&mut self) {
        self.blob = Blob::released();
    }

    /// Its content derives from its id only.
    fn create_implicit(scope: &mut Scope<'_>, id: &str, _: Option<Key<Project>>) -> Result<Key<Self>, StoreError> {
        let meta = scope.new_meta(Id::parse(id))?;
        let text = Bytes::from(format!("# Document {id}\n\nThis file was not uploaded: a request named it.\n"));
        let document = documents::read_as(Format::Markdown, &text);
        let source = BlobSource { name: IMPLICIT_NAME.into(), content_type: None, bytes: text };
        let blob = Blob::new(source, document, &scope.store.budget)?;
        scope.insert(Self { meta, name: IMPLICIT_NAME.into(), external_file_id: None, purpose: None, blob })
    }
}

impl DescribedFile {
    /// Its name; by default the last part of its path.
    pub(crate) fn name(&self) -> Option<&str> {
        let of_path = || self.path.as_deref().map(|path| path.rsplit('/').next().unwrap_or(path));
        self.name.as_deref().or_else(of_path)
    }

    /// Adds it to a directory, as an upload does.
    pub(super) fn add_to_directory(
        &self,
        scope: &mut Scope<'_>,
        directory: Key<Directory>,
    ) -> Result<(), DescriptionError> {
        let new = NewDirectoryFile { metadata: self.metadata.clone(), ..NewDirectoryFile::default() };
        let file = self.add(scope, Some(directory), format!("{new:?}"))?;
        DirectoryFile::add(scope, directory, file, new)?;
        Ok(())
    }

    fn add(
        &self,
        scope: &mut Scope<'_>,
        directory: Option<Key<Directory>>,
        details: String,
    ) -> Result<Key<File>, StoreError> {
        let id = self.id.map(|id| Id::Minted(Prefix::NONE, id));
        let name = self.name().unwrap_or_default().into();
        let blob = Arc::clone(self.blob.as_ref().expect("contents are read before anything is created"));
        File::add(scope, NewFile { id, name, external_file_id: None, purpose: None, blob, directory, details })
    }
}

impl Described for DescribedFile {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, String> {
        Ok(Self {
            id: fields.take("id")?,
            project_id: fields.take("project_id")?,
            name: fields.take("name")?,
            path: fields.take("path")?,
            text: fields.take("text")?,
            metadata: fields.map("metadata")?.filter(|metadata| !metadata.is_empty()).map(Arc::new),
            blob: None,
        })
    }

    fn project_id(&self) -> Option<Uuid> {
        self.project_id
    }

    fn ids(&self) -> Vec<(&'static str, Id)> {
        self.id.iter().map(|id| ("id", Id::Minted(Prefix::NONE, *id))).collect()
    }

    fn files(&mut self) -> Vec<(String, &mut DescribedFile)> {
        vec![(String::new(), self)]
    }

    fn create(&self, scope: &mut Scope<'_>) -> Result<(), DescriptionError> {
        self.add(scope, None, String::new())?;
        Ok(())
    }
}
