//! A file in a directory.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::directory::{DELETED_RETENTION, fields_weight_bytes};
use super::{Blob, Collection, Directory, File, Id, Kind, Prefix, Resource, Scope, Store, StoreError};
use crate::clock::Timestamp;
use crate::config::{DuplicateUniqueId, Fidelity};
use crate::seed;

/// A file in a directory.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryFile {
    /// `dfl-…`
    pub(crate) id: Id,
    /// The ordinal of its project.
    pub(crate) project: u64,
    /// The ordinal of its directory.
    pub(crate) directory: u64,
    /// The name by which its directory knows it.
    pub(crate) unique_id: Box<str>,
    /// The name that is shown.
    pub(crate) display_name: Box<str>,
    /// The id of the file that it was made from, which may be deleted since.
    pub(crate) file_id: Id,
    /// Its content.
    pub(crate) blob: Arc<Blob>,
    /// The metadata that its user gave.
    pub(crate) metadata: Option<Arc<Map<String, Value>>>,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

/// What a request says of a file that it adds to a directory.
#[derive(Debug, Default)]
pub(crate) struct NewDirectoryFile {
    /// The name by which its directory knows it; by default the `external_file_id` of the file, else its name.
    pub(crate) unique_id: Option<Box<str>>,
    /// The name that is shown; by default that of the file.
    pub(crate) display_name: Option<Box<str>>,
    /// Its metadata.
    pub(crate) metadata: Option<Arc<Map<String, Value>>>,
}

/// What a directory file takes besides its texts: itself and its entries in the maps.
const OVERHEAD_BYTES: usize = 400;

impl DirectoryFile {
    /// Adds a file to a directory. Its id follows from the directory, the file, what the request says of it and the number
    /// of equal requests before it.
    pub(crate) fn add(
        scope: &mut Scope<'_>,
        directory: u64,
        file: u64,
        new: NewDirectoryFile,
    ) -> Result<u64, StoreError> {
        let source: &File = scope.store.get(file);
        let default_unique_id = source.external_file_id.clone().filter(|id| !id.is_empty());
        let unique_id = new.unique_id.or(default_unique_id).unwrap_or_else(|| source.name.clone());
        let display_name = new.display_name.unwrap_or_else(|| source.name.clone());
        let (file_id, blob) = (source.id.clone(), Arc::clone(&source.blob));
        Self::check_unique_id(scope, directory, &unique_id, None)?;
        let project = scope.store.get::<Directory>(directory).project;
        let purpose = format!(
            "directory file {} {file_id} {unique_id} {display_name} {:?} in {}",
            blob.hash,
            new.metadata,
            scope.store.get::<Directory>(directory).id
        );
        let mint = |repeat| {
            let mut stream = scope.store.seed.stream(&purpose, repeat);
            Id::Minted(Prefix::DirectoryFile, seed::uuid(&mut stream))
        };
        let id = scope.unused_id::<Self>(mint);
        let (metadata, now) = (new.metadata, scope.now);
        scope.insert(Self {
            id,
            project,
            directory,
            unique_id,
            display_name,
            file_id,
            blob,
            metadata,
            created_at: now,
            updated_at: now,
        })
    }

    /// Refuses a `unique_id` that another file of the directory has, if the settings say so. Whether the service does is
    /// not known.
    pub(crate) fn check_unique_id(
        scope: &Scope<'_>,
        directory: u64,
        unique_id: &str,
        own: Option<u64>,
    ) -> Result<(), StoreError> {
        let policy = &scope.store.policy;
        if policy.duplicate_unique_id == DuplicateUniqueId::Allow || policy.fidelity == Fidelity::Contract {
            return Ok(());
        }
        let collection = Self::collection(scope.store);
        let mut others = collection.children(directory).filter(|ordinal| Some(*ordinal) != own);
        let is_taken = others.any(|ordinal| *collection.get(ordinal).unique_id == *unique_id);
        if is_taken { Err(StoreError::DuplicateUniqueId(unique_id.into())) } else { Ok(()) }
    }
}

impl Resource for DirectoryFile {
    const KIND: Kind = Kind::DirectoryFile;

    fn ids(&self) -> Vec<Id> {
        vec![self.id.clone()]
    }

    fn parent(&self) -> u64 {
        self.directory
    }

    fn project(&self) -> u64 {
        self.project
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn weight_bytes(&self) -> usize {
        let metadata = self.metadata.as_ref().map_or(0, |map| fields_weight_bytes(map));
        let ids = 2 * self.id.heap_bytes() + self.file_id.heap_bytes();
        OVERHEAD_BYTES + ids + self.unique_id.len() + self.display_name.len() + metadata
    }

    fn deleted_retention(&self) -> Duration {
        DELETED_RETENTION
    }

    /// Lists show its names and times for a month; its content would fill the memory of a server that many test runs use.
    fn release_content(&mut self) {
        self.blob = Blob::released();
    }

    /// Its file and its directory are created too if they are not there.
    fn create_implicit(scope: &mut Scope<'_>, id: &str, parent: Option<u64>) -> Result<u64, StoreError> {
        let directory = match parent {
            Some(directory) => directory,
            None => Directory::create_implicit(scope, &format!("directory of {id}"), None)?,
        };
        let mut stream = scope.store.seed.stream(&format!("file of {id}"), 0);
        let file_id = Id::Minted(Prefix::Bare, seed::uuid(&mut stream)).to_string();
        let file = match scope.find::<File>(&file_id) {
            Some(file) => file,
            None => File::create_implicit(scope, &file_id, None)?,
        };
        let ordinal = Self::add(scope, directory, file, NewDirectoryFile::default())?;
        scope.rename::<Self>(ordinal, |file| file.id = Id::parse(id));
        Ok(ordinal)
    }

    fn collection(store: &Store) -> &Collection<Self> {
        &store.directory_files
    }

    fn collection_mut(store: &mut Store) -> &mut Collection<Self> {
        &mut store.directory_files
    }
}
