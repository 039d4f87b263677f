//! An index over a source directory.

use std::borrow::Cow;
use std::sync::Arc;

use super::sync::{Script, SyncState};
use super::{Collection, Directory, DirectoryKind, Id, IndexContent, Kind, Prefix, Resource, Scope, Store, StoreError};
use crate::clock::Timestamp;
use crate::config::IndexId;
use crate::seed::{self, RandomStream};

/// A searchable index over a directory.
#[derive(Debug)]
pub(crate) struct Index {
    /// `idx-…`, or the text by which a request named it (`--contract`).
    pub(crate) id: Id,
    /// `dir-…`, the directory of parsed files.
    pub(crate) output_directory_id: Id,
    /// The ordinal of the output directory.
    pub(crate) output_directory: u64,
    /// `cfg-…`
    pub(crate) sync_config_id: Id,
    /// `cfg-…`, the other id by which clients name the index.
    pub(crate) export_config_id: Id,
    /// The ordinal of its project.
    pub(crate) project: u64,
    /// The id of its source directory, which may be deleted while the index exists.
    pub(crate) source_directory_id: Id,
    /// Its name.
    pub(crate) name: Box<str>,
    /// Its description.
    pub(crate) description: Option<Box<str>>,
    /// Its options; `None` if all have their defaults.
    pub(crate) options: Option<Box<Options>>,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// Its syncs.
    pub(crate) sync: SyncState,
    /// The files that its last export left; `None` before the first.
    pub(crate) content: Option<Arc<IndexContent>>,
    /// The files that the last sync selected; it may still run.
    selected: Arc<IndexContent>,
    /// The number of exports after which `content` was last replaced.
    exports: u64,
}

/// What an index was asked to do. It is kept and shown in the admin state; of it, only
/// `vector_target` has an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// `manual`, `daily` or `on_source_change`.
    pub(crate) sync_frequency: Word,
    /// `DEFAULT` or `DISABLED`.
    pub(crate) vector_target: Word,
    /// Product types and their configurations.
    pub(crate) products: Vec<Product>,
    /// `screenshots`, `items`.
    pub(crate) store_attachments: Vec<Word>,
}

/// A product type and its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    /// `parse` or `extract`.
    pub(crate) product_type: Word,
    /// The id of a configuration; not looked up.
    pub(crate) product_config_id: Box<str>,
}

/// A word of the contract; a known one takes no memory.
pub(crate) type Word = Cow<'static, str>;

/// What the name of an index's output directory adds to the name of the index. The service's own name for it is unknown.
const OUTPUT_DIRECTORY_SUFFIX: &str = " (output)";

/// What an index takes besides its texts: itself and its entries in the maps. Its output directory is counted as a
/// directory.
const OVERHEAD_BYTES: usize = 640;

impl Default for Options {
    fn default() -> Self {
        Self {
            sync_frequency: "manual".into(),
            vector_target: "DEFAULT".into(),
            products: Vec::new(),
            store_attachments: Vec::new(),
        }
    }
}

impl Options {
    fn weight_bytes(&self) -> usize {
        let product =
            |product: &Product| size_of::<Product>() + product.product_type.len() + product.product_config_id.len();
        let products: usize = self.products.iter().map(product).sum();
        let attachments: usize = self.store_attachments.iter().map(|kind| size_of::<Word>() + kind.len()).sum();
        size_of::<Self>() + products + attachments + self.sync_frequency.len() + self.vector_target.len()
    }
}

/// The values from which an index is created.
#[derive(Debug)]
pub(crate) struct NewIndex {
    /// The ordinal of its source directory.
    pub(crate) source: u64,
    /// Its name.
    pub(crate) name: Box<str>,
    /// Its description.
    pub(crate) description: Option<Box<str>>,
    /// Its options.
    pub(crate) options: Option<Box<Options>>,
    /// Its first sync.
    pub(crate) sync: SyncState,
}

impl Index {
    /// Creates an index and its output directory. `id` is the id that a request made up, if it did; the other ids are
    /// drawn from `stream`.
    pub(crate) fn add(
        scope: &mut Scope<'_>,
        new: NewIndex,
        id: Option<Id>,
        mut stream: RandomStream,
    ) -> Result<u64, StoreError> {
        let mut minted = |prefix| Id::Minted(prefix, seed::uuid(&mut stream));
        let minted_id = minted(Prefix::Index);
        let output_directory_id = minted(Prefix::Directory);
        let (sync_config_id, export_config_id) = (minted(Prefix::Configuration), minted(Prefix::Configuration));
        let source: &Directory = scope.store.get(new.source);
        let (project, source_directory_id) = (source.project, source.id.clone());
        let selected = IndexContent::select(scope.store, new.source, &output_directory_id, scope.now)?;
        let name = new.name;
        let output = output_directory(scope, output_directory_id.clone(), project, &name);
        let output_directory = scope.insert(output)?;
        let index = Self {
            id: id.unwrap_or(minted_id),
            output_directory_id,
            output_directory,
            sync_config_id,
            export_config_id,
            project,
            source_directory_id,
            name,
            description: new.description,
            options: new.options,
            created_at: scope.now,
            sync: new.sync,
            content: None,
            selected,
            exports: 0,
        };
        let steps = index.sync.upcoming_steps();
        let added = scope.insert(index);
        match added {
            Ok(_) => scope.expect(steps),
            Err(_) => scope.store.remove::<Directory>(output_directory),
        }
        added
    }
}

impl Index {
    /// Starts a sync of the index with this ordinal: it selects the files that the source directory has now. If the source
    /// directory is deleted, the sync fails.
    pub(crate) fn start_sync(scope: &mut Scope<'_>, ordinal: u64, script: Arc<Script>) -> Result<(), StoreError> {
        let index: &Self = scope.store.get(ordinal);
        let source = Directory::collection(scope.store).live_with_id(&index.source_directory_id);
        let (script, selected) = match source {
            Some(source) => {
                let selected = IndexContent::select(scope.store, source, &index.output_directory_id, scope.now)?;
                (script, selected)
            }
            None => (Arc::clone(&scope.store.policy.script_without_source), Arc::clone(&index.selected)),
        };
        let now = scope.now;
        let index: &mut Self = scope.store.get_mut(ordinal);
        index.selected = selected;
        index.sync.start(script, now);
        Ok(())
    }

    /// Whether its chunks can be searched by `retrieve`.
    pub(crate) fn exports_vectors(&self) -> bool {
        self.options.as_ref().is_none_or(|options| options.vector_target != "DISABLED")
    }

    /// The index whose output directory has this ordinal.
    pub(crate) fn with_output(scope: &Scope<'_>, directory: u64) -> Option<u64> {
        let project = scope.store.get::<Directory>(directory).project;
        let indexes = Self::collection(scope.store);
        indexes.children(project).find(|ordinal| indexes.get(*ordinal).output_directory == directory)
    }

    /// Takes the selected files over when an export has ended.
    pub(crate) fn settle(&mut self) {
        if self.exports != self.sync.exports() {
            self.exports = self.sync.exports();
            self.content = Some(Arc::clone(&self.selected));
        }
    }
}

fn output_directory(scope: &Scope<'_>, id: Id, project: u64, index_name: &str) -> Directory {
    Directory {
        id,
        project,
        name: format!("{index_name}{OUTPUT_DIRECTORY_SUFFIX}").into(),
        description: None,
        kind: DirectoryKind::Index,
        connector_subscription_id: None,
        system_metadata: None,
        created_at: scope.now,
        updated_at: scope.now,
        expires_at: None,
    }
}

impl Resource for Index {
    const KIND: Kind = Kind::Index;

    fn ids(&self) -> Vec<Id> {
        vec![self.id.clone(), self.export_config_id.clone()]
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
        let description = self.description.as_ref().map_or(0, |text| text.len());
        let options = self.options.as_ref().map_or(0, |options| options.weight_bytes());
        OVERHEAD_BYTES
            + self.name.len()
            + description
            + 2 * self.id.heap_bytes()
            + self.source_directory_id.heap_bytes()
            + options
    }

    /// The official sources disagree about which id names an index in requests (`--index-id`). An id that a request made
    /// up always does.
    fn is_named_by(&self, id: &Id, store: &Store) -> bool {
        match store.policy.index_id {
            IndexId::Any => true,
            IndexId::Id => *id == self.id,
            IndexId::Export => *id == self.export_config_id || matches!(self.id, Id::Given(_)),
        }
    }

    fn advance_to(&mut self, now: Timestamp) {
        self.sync.advance_to(now);
        self.settle();
    }

    /// The output directory is deleted with the index; the source directory stays.
    fn delete_owned(scope: &mut Scope<'_>, ordinal: u64) {
        let output_directory = scope.store.get::<Self>(ordinal).output_directory;
        scope.delete::<Directory>(output_directory);
    }

    fn create_implicit(scope: &mut Scope<'_>, id: &str, _parent: Option<u64>) -> Result<u64, StoreError> {
        let mut stream = scope.store.seed.stream(&format!("source of {id}"), 0);
        let source_id = Id::Minted(Prefix::Directory, seed::uuid(&mut stream)).to_string();
        let source = match scope.find::<Directory>(&source_id) {
            Some(source) => source,
            None => Directory::create_implicit(scope, &source_id, None)?,
        };
        let directory: &Directory = scope.store.get(source);
        let (name, project) = (directory.name.clone(), scope.store.project_id(directory.project));
        let stream = scope.store.seed.stream(&format!("index {id} in {project}"), 0);
        let sync = SyncState::begin(Arc::clone(&scope.store.policy.script), scope.now);
        let new = NewIndex { source, name, description: None, options: None, sync };
        Self::add(scope, new, Some(Id::parse(id)), stream)
    }

    fn collection(store: &Store) -> &Collection<Self> {
        &store.indexes
    }

    fn collection_mut(store: &mut Store) -> &mut Collection<Self> {
        &mut store.indexes
    }
}
