//! A file in a directory.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::directory::{DELETED_RETENTION, fields_weight_bytes};
use super::{Blob, Directory, File, Id, Key, Kind, Meta, Prefix, Resource, Scope, StoreError};
use crate::clock::Timestamp;
use crate::config::{DuplicateUniqueId, Fidelity};

/// A file in a directory.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryFile {
    /// Its id is `dfl-…`.
    pub(crate) meta: Meta,
    pub(crate) directory: Key<Directory>,
    /// The name by which its directory knows it.
    pub(crate) unique_id: Arc<str>,
    /// The name that is shown.
    pub(crate) display_name: Arc<str>,
    /// The id of the file that it was made from, which may be deleted since.
    pub(crate) file_id: Id,
    /// Its content.
    pub(crate) blob: Arc<Blob>,
    /// The metadata that its user gave.
    pub(crate) metadata: Option<Arc<Map<String, Value>>>,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

/// The fields of a request that adds a file to a directory.
#[derive(Debug, Default)]
pub(crate) struct NewDirectoryFile {
    /// The name by which its directory knows it; by default the `external_file_id` of the file, else its name.
    pub(crate) unique_id: Option<Arc<str>>,
    /// The name that is shown; by default that of the file.
    pub(crate) display_name: Option<Arc<str>>,
    pub(crate) metadata: Option<Arc<Map<String, Value>>>,
}

impl DirectoryFile {
    /// Adds a file to a directory. Its id follows from the directory, the file, what the request says of it and the
    /// number of equal requests before it.
    pub(crate) fn add(
        scope: &mut Scope<'_>,
        directory: Key<Directory>,
        file: Key<File>,
        new: NewDirectoryFile,
    ) -> Result<Key<Self>, StoreError> {
        let added = Self::new(scope, directory, file, new)?;
        scope.insert(added)
    }

    fn new(
        scope: &Scope<'_>,
        directory: Key<Directory>,
        file: Key<File>,
        new: NewDirectoryFile,
    ) -> Result<Self, StoreError> {
        let source = scope.store.get(file);
        let default_unique_id = source.external_file_id.clone().filter(|id| !id.is_empty());
        let unique_id = new.unique_id.or(default_unique_id).unwrap_or_else(|| source.name.clone());
        let display_name = new.display_name.unwrap_or_else(|| source.name.clone());
        let (file_id, blob, metadata) = (source.meta.id.clone(), Arc::clone(&source.blob), new.metadata);
        Self::check_unique_id(scope, directory, &unique_id, None)?;
        let Meta { project, id: place, .. } = &scope.store.get(directory).meta;
        let purpose =
            format!("directory file {} {file_id} {unique_id} {display_name} {metadata:?} in {place}", blob.hash);
        let meta = Meta { id: scope.unused_id::<Self>(&purpose), project: *project, created_at: scope.now };
        Ok(Self { updated_at: scope.now, meta, directory, unique_id, display_name, file_id, blob, metadata })
    }

    /// Refuses a `unique_id` that another file of the directory has, if the settings say so. Whether the service does
    /// is not known.
    pub(crate) fn check_unique_id(
        scope: &Scope<'_>,
        directory: Key<Directory>,
        unique_id: &str,
        own: Option<Key<Self>>,
    ) -> Result<(), StoreError> {
        let policy = &scope.store.policy;
        if policy.duplicate_unique_id == DuplicateUniqueId::Allow || policy.fidelity == Fidelity::Contract {
            return Ok(());
        }
        let collection = scope.store.collection::<Self>();
        let mut others = collection.children(directory).filter(|key| Some(*key) != own);
        let is_taken = others.any(|key| *collection.get(key).unique_id == *unique_id);
        if is_taken { Err(StoreError::DuplicateUniqueId(unique_id.into())) } else { Ok(()) }
    }
}

impl Resource for DirectoryFile {
    type Parent = Directory;

    const KIND: Kind = Kind { name: "Directory file", plural: "directory files", id_prefix: Prefix::new(*b"dfl-") };

    const OVERHEAD_BYTES: usize = 400;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn parent(&self) -> Key<Directory> {
        self.directory
    }

    fn text_bytes(&self) -> usize {
        let metadata = self.metadata.as_ref().map_or(0, |map| fields_weight_bytes(map));
        self.file_id.heap_bytes() + self.unique_id.len() + self.display_name.len() + metadata
    }

    fn deleted_retention(&self) -> Duration {
        DELETED_RETENTION
    }

    /// Lists show its names and times for a month; its content would fill the memory of a server that many test runs
    /// use.
    fn release_content(&mut self) {
        self.blob = Blob::released();
    }

    /// Its file and its directory are created too if they are not there.
    fn create_implicit(
        scope: &mut Scope<'_>,
        id: &str,
        directory: Option<Key<Directory>>,
    ) -> Result<Key<Self>, StoreError> {
        let directory = match directory {
            Some(directory) => directory,
            None => Directory::create_implicit(scope, &format!("directory of {id}"), None)?,
        };
        let mut stream = scope.store.seed.stream(&format!("file of {id}"), 0);
        let file = scope.find_or_create(&Id::mint(Prefix::NONE, &mut stream).to_string())?;
        let mut added = Self::new(scope, directory, file, NewDirectoryFile::default())?;
        added.meta.id = Id::parse(id);
        scope.insert(added)
    }
}
