//! An uploaded file.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::directory::DELETED_RETENTION;
use super::{Blob, Directory, Id, Key, Kind, Meta, Prefix, Project, Resource, Scope, StoreError};
use crate::documents::{self, Format};

/// An uploaded file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its id is a bare UUID.
    pub(crate) meta: Meta,
    /// Its name; it is never used as a path.
    pub(crate) name: Box<str>,
    /// The id by which another system knows it.
    pub(crate) external_file_id: Option<Box<str>>,
    /// What it is for, as the upload stated it.
    pub(crate) purpose: Option<Box<str>>,
    /// Its content.
    pub(crate) blob: Arc<Blob>,
}

/// The values from which a file is created.
#[derive(Debug)]
pub(crate) struct NewFile {
    pub(crate) name: Box<str>,
    /// The id by which another system knows it.
    pub(crate) external_file_id: Option<Box<str>>,
    /// What it is for.
    pub(crate) purpose: Option<Box<str>>,
    /// Its content.
    pub(crate) blob: Arc<Blob>,
    /// The directory into which it is uploaded; `None` if it is uploaded on its own.
    pub(crate) directory: Option<Key<Directory>>,
    /// The other fields of the upload. Files have different ids if they differ.
    pub(crate) details: String,
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
        let NewFile { name, external_file_id, purpose, blob, details, .. } = new;
        let source = format!("file {} {name} {external_file_id:?} {purpose:?} {details} in {place}", blob.hash);
        let meta = Meta { id: scope.unused_id::<Self>(&source), project, created_at: scope.now };
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
        let blob = Blob::new(text, None, document, &scope.store.budget)?;
        scope.insert(Self { meta, name: IMPLICIT_NAME.into(), external_file_id: None, purpose: None, blob })
    }
}
