//! An uploaded file.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::directory::DELETED_RETENTION;
use super::{Blob, Collection, Directory, Id, Kind, Prefix, Resource, Scope, Store, StoreError};
use crate::clock::Timestamp;
use crate::documents::{self, Format};
use crate::seed;

/// An uploaded file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// A bare UUID.
    pub(crate) id: Id,
    /// The ordinal of its project.
    pub(crate) project: u64,
    /// Its name; it is never used as a path.
    pub(crate) name: Box<str>,
    /// The id by which another system knows it.
    pub(crate) external_file_id: Option<Box<str>>,
    /// What it is for, as the upload stated it.
    pub(crate) purpose: Option<Box<str>>,
    /// Its content.
    pub(crate) blob: Arc<Blob>,
    /// When it was uploaded.
    pub(crate) created_at: Timestamp,
}

/// What is known of a file before it exists.
#[derive(Debug)]
pub(crate) struct NewFile {
    /// Its name.
    pub(crate) name: Box<str>,
    /// The id by which another system knows it.
    pub(crate) external_file_id: Option<Box<str>>,
    /// What it is for.
    pub(crate) purpose: Option<Box<str>>,
    /// Its content.
    pub(crate) blob: Arc<Blob>,
    /// The ordinal of the directory into which it is uploaded; `None` if it is uploaded on its own.
    pub(crate) directory: Option<u64>,
    /// What else the upload says. Files have different ids if this differs.
    pub(crate) details: String,
}

/// What a file takes besides its texts and its content: itself and its entries in the maps.
const OVERHEAD_BYTES: usize = 320;

/// The name of a file that a request named although nobody uploaded it.
const IMPLICIT_NAME: &str = "document.md";

impl File {
    /// Creates a file, in the project of its directory if it has one. Its id follows from its content, from all that the
    /// upload says and from the number of equal uploads before it, so that files that are uploaded in parallel get the same
    /// ids in every run.
    pub(crate) fn add(scope: &mut Scope<'_>, new: NewFile) -> Result<u64, StoreError> {
        let (project, place) = if let Some(ordinal) = new.directory {
            let directory: &Directory = scope.store.get(ordinal);
            (directory.project, directory.id.to_string())
        } else {
            let project = scope.project_for_write()?;
            (project, scope.store.project_id(project).to_string())
        };
        let NewFile { name, external_file_id, purpose, blob, details, .. } = new;
        let source = format!("file {} {name} {external_file_id:?} {purpose:?} {details} in {place}", blob.hash);
        let mint = |repeat| {
            let mut stream = scope.store.seed.stream(&source, repeat);
            Id::Minted(Prefix::Bare, seed::uuid(&mut stream))
        };
        let id = scope.unused_id::<Self>(mint);
        scope.insert(Self { id, project, name, external_file_id, purpose, blob, created_at: scope.now })
    }

    /// Its extension without the dot, in lower case.
    pub(crate) fn extension(&self) -> Option<String> {
        let (stem, extension) = self.name.rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
    }
}

impl Resource for File {
    const KIND: Kind = Kind::File;

    fn ids(&self) -> Vec<Id> {
        vec![self.id.clone()]
    }

    fn parent(&self) -> u64 {
        self.project
    }

    fn project(&self) -> u64 {
        self.project
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn weight_bytes(&self) -> usize {
        let texts = [&self.external_file_id, &self.purpose];
        let texts: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
        OVERHEAD_BYTES + 2 * self.id.heap_bytes() + self.name.len() + texts
    }

    /// No list shows a deleted file; it is kept without its content so that an equal upload gets another id.
    fn deleted_retention(&self) -> Duration {
        DELETED_RETENTION
    }

    fn release_content(&mut self) {
        self.blob = Blob::released();
    }

    /// Its content derives from its id only.
    fn create_implicit(scope: &mut Scope<'_>, id: &str, _parent: Option<u64>) -> Result<u64, StoreError> {
        let project = scope.project_for_write()?;
        let text = Bytes::from(format!("# Document {id}\n\nThis file was not uploaded: a request named it.\n"));
        let document = documents::read_as(Format::Markdown, &text);
        let blob = Blob::new(text, None, document, &scope.store.ledger())?;
        scope.insert(Self {
            id: Id::parse(id),
            project,
            name: IMPLICIT_NAME.into(),
            external_file_id: None,
            purpose: None,
            blob,
            created_at: scope.now,
        })
    }

    fn collection(store: &Store) -> &Collection<Self> {
        &store.files
    }

    fn collection_mut(store: &mut Store) -> &mut Collection<Self> {
        &mut store.files
    }
}
