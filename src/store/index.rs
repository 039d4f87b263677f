//! An index over a source directory.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::described::{Described, DescriptionError};
use super::sync::{DEFAULT_FAILURE, Script, SyncOutcome, SyncState};
use super::{
    Directory, DirectoryKind, FieldReader, Id, IndexContent, Key, Kind, Meta, Policy, Prefix, Project, Resource, Scope,
    StoreError,
};
use crate::clock::Timestamp;
use crate::config::IndexId;
use crate::seed::RandomStream;
use crate::suggest;

/// A searchable index over a directory.
#[derive(Debug)]
pub(crate) struct Index {
    /// Its id is `idx-…`, or the text by which a request named it (`--contract`).
    pub(crate) meta: Meta,
    /// `dir-…`, the directory of parsed files.
    pub(crate) output_directory_id: Id,
    pub(crate) output_directory: Key<Directory>,
    /// `cfg-…`
    pub(crate) sync_config_id: Id,
    /// `cfg-…`, the other id by which clients name the index.
    pub(crate) export_config_id: Id,
    /// The id of its source directory, which may be deleted while the index exists.
    pub(crate) source_directory_id: Id,
    pub(crate) name: Box<str>,
    pub(crate) description: Option<Box<str>>,
    /// Its options; `None` if all have their defaults.
    pub(crate) options: Option<Box<IndexOptions>>,
    pub(crate) sync: SyncState,
    /// The files that its last export left; `None` before the first.
    pub(crate) content: Option<Arc<IndexContent>>,
    /// The files that the last sync selected; it may still run.
    pub(super) selected: SelectedFiles,
    /// The number of exports after which `content` was last replaced.
    pub(super) exports: u64,
}

/// The files that a sync has selected.
#[derive(Debug, Clone)]
pub(super) struct SelectedFiles {
    pub(super) all: Arc<IndexContent>,
    /// Those that are left if the sync ends as partial; `None` if it cannot.
    pub(super) partial: Option<Arc<IndexContent>>,
}

/// The options of an index, which the admin state shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct IndexOptions {
    /// `manual`, `daily` or `on_source_change`.
    pub(crate) sync_frequency: ContractWord,
    /// `DEFAULT` or `DISABLED`.
    pub(crate) vector_target: ContractWord,
    /// Product types and their configurations.
    pub(crate) products: Box<[Product]>,
    /// `screenshots`, `items`.
    pub(crate) store_attachments: Box<[ContractWord]>,
}

/// A product type and its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Product {
    /// `parse` or `extract`.
    pub(crate) product_type: ContractWord,
    /// The id of a configuration. It need not exist, unless references are strict.
    pub(crate) product_config_id: Box<str>,
}

/// A word of the contract; a known one takes no memory.
pub(crate) type ContractWord = Cow<'static, str>;

/// An index as a world describes it.
#[derive(Debug)]
pub(super) struct DescribedIndex {
    id: Option<Box<str>>,
    export_config_id: Option<Box<str>>,
    source_directory_id: Box<str>,
    /// The name of its directory if absent.
    name: Option<Box<str>>,
    description: Option<Box<str>>,
    options: IndexOptions,
    status: DescribedStatus,
    error_message: Option<Box<str>>,
}

/// The status of an index at the start of its tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DescribedStatus {
    /// Its first sync has ended.
    #[default]
    Ready,
    /// Its first sync has failed.
    Failed,
    /// Its first sync starts.
    Pending,
}

/// The end of the name of an output directory, after the name of its index. The service's own name is unknown.
const OUTPUT_DIRECTORY_SUFFIX: &str = " (output)";

impl Default for IndexOptions {
    fn default() -> Self {
        Self {
            sync_frequency: "manual".into(),
            vector_target: "DEFAULT".into(),
            products: Box::default(),
            store_attachments: Box::default(),
        }
    }
}

impl IndexOptions {
    fn weight_bytes(&self) -> usize {
        let product =
            |product: &Product| size_of::<Product>() + product.product_type.len() + product.product_config_id.len();
        let products: usize = self.products.iter().map(product).sum();
        let attachments: usize = self.store_attachments.iter().map(|kind| size_of::<ContractWord>() + kind.len()).sum();
        size_of::<Self>() + products + attachments + self.sync_frequency.len() + self.vector_target.len()
    }
}

/// The values from which an index is created.
#[derive(Debug)]
pub(crate) struct NewIndex {
    /// The id that a request made up, or that a world gives.
    pub(crate) id: Option<Id>,
    /// The other id, if a world gives it.
    pub(crate) export_config_id: Option<Id>,
    pub(crate) source: Key<Directory>,
    pub(crate) name: Box<str>,
    pub(crate) description: Option<Box<str>>,
    pub(crate) options: Option<Box<IndexOptions>>,
    /// Its first sync.
    pub(crate) sync: SyncState,
}

impl Index {
    /// Creates an index and its output directory. The ids that are not given are drawn from `stream`.
    pub(crate) fn add(scope: &mut Scope<'_>, new: NewIndex, mut stream: RandomStream) -> Result<Key<Self>, StoreError> {
        let mut minted = |prefix| scope.store.mint_unused(prefix, &mut stream);
        let minted_id = minted(Self::KIND.id_prefix);
        let output_directory_id = minted(Directory::KIND.id_prefix);
        let (sync_config_id, export_config_id) = (minted(Prefix::CONFIGURATION), minted(Prefix::CONFIGURATION));
        let Meta { project, id: source_directory_id, .. } = scope.store.get(new.source).meta.clone();
        let meta = |id| Meta { id, project, created_at: scope.now };
        let selected = SelectedFiles::select(scope, new.source, &output_directory_id, new.sync.leaves_files_out())?;
        let (meta, output_meta) = (meta(new.id.unwrap_or(minted_id)), meta(output_directory_id.clone()));
        let output_name = [&*new.name, OUTPUT_DIRECTORY_SUFFIX].concat();
        let output_directory = scope.insert(Directory::new(output_meta, output_name.into(), DirectoryKind::Index))?;
        let index = Self {
            meta,
            output_directory_id,
            output_directory,
            sync_config_id,
            export_config_id: new.export_config_id.unwrap_or(export_config_id),
            source_directory_id,
            name: new.name,
            description: new.description,
            options: new.options,
            sync: new.sync,
            content: None,
            selected,
            exports: 0,
        };
        let steps = index.sync.upcoming_steps();
        let added = scope.insert(index);
        match added {
            Ok(_) => scope.expect(steps),
            Err(_) => scope.undo_from(output_directory),
        }
        added
    }

    /// Starts a sync of an index: it selects the files that the source directory has now. If the source
    /// directory is deleted, the sync fails.
    pub(crate) fn start_sync(scope: &mut Scope<'_>, key: Key<Self>, script: Arc<Script>) -> Result<(), StoreError> {
        let index = scope.store.get(key);
        let source = scope.store.collection().live_with_id(&index.source_directory_id);
        let (script, selected) = match source {
            Some(source) => {
                let (directory, is_partial) = (&index.output_directory_id, script.has_partial_step());
                let selected = SelectedFiles::select(scope, source, directory, is_partial)?;
                (script, selected)
            }
            None => (Arc::clone(&scope.store.policy.script_without_source), index.selected.clone()),
        };
        let now = scope.now;
        let index = scope.store.get_mut(key);
        index.selected = selected;
        index.sync.start(script, now);
        Ok(())
    }

    /// Whether its chunks can be searched by `retrieve`.
    pub(crate) fn exports_vectors(&self) -> bool {
        self.options.as_ref().is_none_or(|options| options.vector_target != "DISABLED")
    }

    /// The index with this output directory.
    pub(crate) fn with_output(scope: &Scope<'_>, directory: Key<Directory>) -> Option<Key<Self>> {
        let project = scope.store.get(directory).meta.project;
        let indexes = scope.store.collection::<Self>();
        indexes.children(project).find(|key| indexes.get(*key).output_directory == directory)
    }

    /// Takes the selected files over when an export has ended.
    pub(crate) fn settle(&mut self) {
        if self.exports != self.sync.exports {
            self.exports = self.sync.exports;
            let is_partial = matches!(self.sync.outcome, SyncOutcome::Partial(_));
            let partial = self.selected.partial.as_ref().filter(|_| is_partial);
            self.content = Some(Arc::clone(partial.unwrap_or(&self.selected.all)));
        }
    }
}

impl SelectedFiles {
    /// Selects the files of a directory for the index with this output directory; with `is_partial` also those that a
    /// partial sync leaves.
    fn select(
        scope: &Scope<'_>,
        source: Key<Directory>,
        output_directory: &Id,
        is_partial: bool,
    ) -> Result<Self, StoreError> {
        let all = IndexContent::select(scope.store, source, output_directory, scope.now)?;
        let partial = is_partial.then(|| all.without_some(scope.store, output_directory)).transpose()?;
        Ok(Self { all, partial })
    }
}

impl Resource for Index {
    type Parent = Project;

    const KIND: Kind = Kind { name: "Index", plural: "indexes", id_prefix: Prefix::new(*b"idx-") };

    /// Its output directory is counted as a directory.
    const OVERHEAD_BYTES: usize = 640;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn parent(&self) -> Key<Project> {
        self.meta.project
    }

    fn text_bytes(&self) -> usize {
        let description = self.description.as_ref().map_or(0, |text| text.len());
        let options = self.options.as_ref().map_or(0, |options| options.weight_bytes());
        self.name.len() + description + self.source_directory_id.heap_bytes() + options
    }

    fn second_id(&self) -> Option<&Id> {
        Some(&self.export_config_id)
    }

    /// The official sources disagree about which id names an index in requests (`--index-id`). An id that a request
    /// made up always does.
    fn is_named_by(&self, id: &Id, policy: &Policy) -> bool {
        match policy.index_id {
            IndexId::Any => true,
            IndexId::Id => *id == self.meta.id,
            IndexId::Export => *id == self.export_config_id || !self.meta.id.has_prefix(Self::KIND.id_prefix),
        }
    }

    fn advance_to(&mut self, now: Timestamp) {
        self.sync.advance_to(now);
        self.settle();
    }

    /// The steps of its running sync.
    fn upcoming(&self) -> Vec<Timestamp> {
        self.sync.upcoming_steps()
    }

    /// The output directory is deleted with the index; the source directory stays.
    fn delete_owned(scope: &mut Scope<'_>, key: Key<Self>) {
        scope.delete(scope.store.get(key).output_directory);
    }

    fn create_implicit(scope: &mut Scope<'_>, id: &str, _: Option<Key<Project>>) -> Result<Key<Self>, StoreError> {
        let mut stream = scope.store.seed.stream(&format!("source of {id}"), 0);
        let source_id = Id::mint(Directory::KIND.id_prefix, &mut stream).to_string();
        let source = scope.find_or_create::<Directory>(&source_id)?;
        let directory = scope.store.get(source);
        let (name, project) = (directory.name.clone(), scope.store.project_id(directory.meta.project));
        let stream = scope.store.seed.stream(&format!("index {id} in {project}"), 0);
        let sync = SyncState::begin(Arc::clone(&scope.store.policy.script), scope.now);
        let id = Some(Id::parse(id));
        let new = NewIndex { id, export_config_id: None, source, name, description: None, options: None, sync };
        Self::add(scope, new, stream)
    }
}

impl IndexOptions {
    /// Reads the options of a world or a snapshot. An absent one has its default.
    pub(super) fn read(fields: &mut FieldReader<'_>) -> Result<Self, String> {
        let default = Self::default();
        let products = fields.list("products", |fields| {
            Ok(Product {
                product_type: fields.take("product_type")?,
                product_config_id: fields.take("product_config_id")?,
            })
        })?;
        Ok(Self {
            sync_frequency: fields.take::<Option<_>>("sync_frequency")?.unwrap_or(default.sync_frequency),
            vector_target: fields.take::<Option<_>>("vector_target")?.unwrap_or(default.vector_target),
            products: products.into(),
            store_attachments: fields.take::<Option<_>>("store_attachments")?.unwrap_or_default(),
        })
    }
}

impl DescribedIndex {
    /// The script of its first sync. One that has ended at the start takes no time.
    fn script(&self, name: &str, policy: &Policy) -> Result<Arc<Script>, DescriptionError> {
        let by_name = policy.script_of(name).map_err(|problem| DescriptionError::Field("name", problem))?;
        if self.error_message.is_some() && self.status != DescribedStatus::Failed {
            let problem = "has an effect only with the status failed".to_owned();
            return Err(DescriptionError::Field("error_message", problem));
        }
        Ok(match self.status {
            DescribedStatus::Pending => by_name,
            DescribedStatus::Ready => Arc::new(Script::plain(Duration::ZERO, Duration::ZERO)),
            DescribedStatus::Failed => {
                Arc::new(Script::failing(Duration::ZERO, self.error_message.as_deref().unwrap_or(DEFAULT_FAILURE)))
            }
        })
    }

    /// The directory that it is over.
    fn source(&self, scope: &mut Scope<'_>) -> Result<Key<Directory>, DescriptionError> {
        let id = &self.source_directory_id;
        scope.find::<Directory>(id).ok_or_else(|| {
            let directories = scope.store.collection::<Directory>();
            let ids: Vec<String> = directories.keys().map(|key| directories.get(key).meta.id.to_string()).collect();
            let hint = suggest::hint(id, ids.iter().map(String::as_str));
            DescriptionError::Field("source_directory_id", format!("no directory has the id {id:?}{hint}"))
        })
    }
}

impl Described for DescribedIndex {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, String> {
        Ok(Self {
            id: fields.take("id")?,
            export_config_id: fields.take("export_config_id")?,
            source_directory_id: fields.take("source_directory_id")?,
            name: fields.take("name")?,
            description: fields.take("description")?,
            options: fields.object("options", IndexOptions::read)?.unwrap_or_default(),
            status: fields.take::<Option<_>>("status")?.unwrap_or_default(),
            error_message: fields.take("error_message")?,
        })
    }

    fn ids(&self) -> Vec<(&'static str, Id)> {
        let ids = [("id", &self.id), ("export_config_id", &self.export_config_id)];
        ids.into_iter().filter_map(|(field, id)| Some((field, Id::parse(id.as_deref()?)))).collect()
    }

    fn create(&self, scope: &mut Scope<'_>) -> Result<(), DescriptionError> {
        let source = self.source(scope)?;
        let name = self.name.clone().unwrap_or_else(|| scope.store.get(source).name.clone());
        let sync = SyncState::begin(self.script(&name, &scope.store.policy)?, scope.now);
        let [id, export_config_id] = [&self.id, &self.export_config_id].map(|id| id.as_deref().map(Id::parse));
        let (purpose, ordinal) = match &self.id {
            Some(id) => (format!("described index {id}"), 0),
            None => ("described index".to_owned(), scope.store.collection::<Index>().count() as u64),
        };
        let stream = scope.store.seed.stream(&purpose, ordinal);
        let options = (self.options != IndexOptions::default()).then(|| Box::new(self.options.clone()));
        let description = self.description.clone();
        let new = NewIndex { id, export_config_id, source, name, description, options, sync };
        let key = Index::add(scope, new, stream)?;
        let now = scope.now;
        scope.store.get_mut(key).advance_to(now);
        Ok(())
    }
}
