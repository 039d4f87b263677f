//! The files of an index as its last export left them. A sync selects them when it starts: what changes in the source
//! directory afterwards takes effect at the next sync.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::blob::{Blob, Reading};
use super::budget::Allocation;
use super::directory::fields_weight_bytes;
use super::{Cursor, Directory, DirectoryFile, Id, Key, Resource, Store, StoreError};
use crate::clock::Timestamp;
use crate::search::SearchableDocument;

/// The files of an index.
#[derive(Debug)]
pub(crate) struct IndexContent {
    /// The files that could be read, in the order of their names: the order of lists, and of results that rank
    /// equally, so that they do not depend on the order in which the files arrived.
    pub(crate) files: Vec<IndexedFile>,
    /// The files that could not be read, in the order of their names.
    pub(crate) failed: Vec<FailedFile>,
    /// The places in `files` of those in whose text something is missing.
    incomplete: Box<[usize]>,
    /// When they were selected.
    pub(crate) selected_at: Timestamp,
    /// The bytes that it takes of the budget; `None` for one that takes none.
    _allocation: Option<Allocation>,
}

/// The content of all indexes over directories without files. Nothing shows when it was selected.
static EMPTY: LazyLock<Arc<IndexContent>> = LazyLock::new(|| {
    let selected_at = Timestamp::from_micros(0);
    let incomplete = Box::default();
    Arc::new(IndexContent { files: Vec::new(), failed: Vec::new(), incomplete, selected_at, _allocation: None })
});

/// A file of an index: the parsed copy of a file of the source directory.
#[derive(Debug, Clone)]
pub(crate) struct IndexedFile {
    /// `dfl-…`, the id of the parsed copy.
    pub(crate) id: Id,
    /// `dfl-…`, the id of the file in the source directory.
    pub(crate) source_id: Id,
    /// The id of the uploaded file.
    pub(crate) file_id: Id,
    /// The name by which the directory knows it.
    pub(crate) unique_id: Arc<str>,
    /// The name that is shown.
    pub(crate) name: Arc<str>,
    pub(crate) metadata: Option<Arc<Map<String, Value>>>,
    /// When the file in the source directory was last changed.
    pub(crate) modified_at: Timestamp,
    /// What it contains.
    pub(crate) document: Arc<SearchableDocument>,
    /// The content that was read for it: its own, or that of its sidecar.
    pub(super) blob: Arc<Blob>,
}

/// A file that could not be read.
#[derive(Debug, Clone)]
pub(crate) struct FailedFile {
    /// `dfl-…`, its id in the source directory.
    pub(crate) id: Id,
    /// The name that is shown.
    pub(crate) name: Arc<str>,
    /// Why it could not be read.
    pub(crate) reason: Arc<str>,
}

/// The bytes of a file besides its texts.
const FILE_BYTES: usize = size_of::<IndexedFile>();

/// The bytes of a content besides its files.
const OVERHEAD_BYTES: usize = 128;

/// A partial sync leaves out one file of so many.
const LEFT_OUT_SHARE: usize = 3;

/// Why a partial sync leaves a file out.
const LEFT_OUT: &str = "left out by a partial sync";

impl IndexContent {
    /// The extension of a sidecar: `NAME.md` holds the text of the file `NAME`.
    pub(crate) const SIDECAR_EXTENSION: &str = ".md";

    /// Selects the files of the directory `source` for the index with this output directory.
    ///
    /// Errors: the budget has no room.
    pub(crate) fn select(
        store: &Store,
        source: Key<Directory>,
        output_directory: &Id,
        now: Timestamp,
    ) -> Result<Arc<Self>, StoreError> {
        let collection = store.collection::<DirectoryFile>();
        let keys: Vec<_> = collection.children(source).collect();
        let sidecars = Sidecars::among(keys.iter().map(|key| collection.get(*key)));
        let (mut files, mut failed) = (Vec::with_capacity(keys.len()), Vec::new());
        for key in keys {
            let file = collection.get(key);
            match sidecars.content_of(file) {
                None => {}
                Some(Ok((blob, document))) => {
                    let id = parsed_id(store, output_directory, &file.meta.id);
                    files.push(IndexedFile::of(file, id, blob, document));
                }
                Some(Err(reason)) => failed.push(FailedFile::of(file, reason)),
            }
        }
        files.sort_by_cached_key(IndexedFile::cursor);
        Self::kept(store, files, failed, now)
    }

    /// The content without about a third of its files, at least one, which count as files that could not be read. The
    /// seed decides which: the same ones in every sync.
    ///
    /// Errors: the budget has no room.
    pub(super) fn without_some(&self, store: &Store, output_directory: &Id) -> Result<Arc<Self>, StoreError> {
        let rank = |file: &IndexedFile| {
            let purpose = format!("left out {} in {output_directory}", file.source_id);
            store.seed.keyed_hash("partial sync", &purpose)
        };
        let mut ranked: Vec<&IndexedFile> = self.files.iter().collect();
        ranked.sort_by_cached_key(|file| rank(file));
        let left_out: BTreeSet<&Id> =
            ranked.iter().take(ranked.len().div_ceil(LEFT_OUT_SHARE)).map(|file| &file.id).collect();
        let (missing, files): (Vec<_>, Vec<_>) = self.files.iter().partition(|file| left_out.contains(&file.id));
        let missing = missing.into_iter().map(FailedFile::left_out);
        let failed = self.failed.iter().cloned().chain(missing).collect();
        Self::kept(store, files.into_iter().cloned().collect(), failed, self.selected_at)
    }

    /// The content with these files, which are in their order, and those that failed.
    pub(super) fn kept(
        store: &Store,
        files: Vec<IndexedFile>,
        mut failed: Vec<FailedFile>,
        now: Timestamp,
    ) -> Result<Arc<Self>, StoreError> {
        if files.is_empty() && failed.is_empty() {
            return Ok(Arc::clone(&EMPTY));
        }
        failed.sort_by_cached_key(|file| sort_key(&file.name, &file.id));
        let is_incomplete = |file: &IndexedFile| file.document.document().remark().is_some();
        let incomplete: Box<[usize]> = (0..files.len()).filter(|place| is_incomplete(&files[*place])).collect();
        let weight = OVERHEAD_BYTES
            + size_of_val(&*incomplete)
            + files.iter().map(IndexedFile::weight_bytes).sum::<usize>()
            + failed.iter().map(FailedFile::weight_bytes).sum::<usize>();
        let allocation = store.budget.allocate(weight).ok_or(StoreError::StateFull)?;
        Ok(Arc::new(Self { files, failed, incomplete, selected_at: now, _allocation: Some(allocation) }))
    }

    /// The files in whose text something is missing, each with what that is.
    pub(crate) fn incomplete(&self) -> impl Iterator<Item = (&IndexedFile, &str)> {
        let files = self.incomplete.iter().map(|place| &self.files[*place]);
        files.filter_map(|file| Some((file, file.document.document().remark()?)))
    }

    /// The file that an id names: that of the parsed copy, of the file in the source directory, or of the upload.
    pub(crate) fn file(&self, id: &str) -> Option<&IndexedFile> {
        self.position_of(id).map(|position| &self.files[position])
    }

    /// The place of the file that an id names, as in [`IndexContent::file`].
    pub(crate) fn position_of(&self, id: &str) -> Option<usize> {
        let id = Id::parse(id);
        let by = |of: fn(&IndexedFile) -> &Id| self.files.iter().position(|file| *of(file) == id);
        by(|file| &file.id).or_else(|| by(|file| &file.source_id)).or_else(|| by(|file| &file.file_id))
    }
}

/// The key by which files are ordered: their names, then their ids, which follow from the uploads.
fn sort_key(name: &str, id: &Id) -> Box<str> {
    format!("{name}\0{id}").into()
}

/// The id of the parsed copy of a file, which stays the same in every sync.
fn parsed_id(store: &Store, output_directory: &Id, source: &Id) -> Id {
    let mut stream = store.seed.stream(&format!("parsed {source} in {output_directory}"), 0);
    Id::mint(DirectoryFile::KIND.id_prefix, &mut stream)
}

impl IndexedFile {
    /// Its place among the files of an index.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor::new(sort_key(&self.name, &self.id), 0)
    }

    fn of(file: &DirectoryFile, id: Id, blob: &Arc<Blob>, document: Arc<SearchableDocument>) -> Self {
        Self {
            blob: Arc::clone(blob),
            id,
            source_id: file.meta.id.clone(),
            file_id: file.file_id.clone(),
            unique_id: file.unique_id.clone(),
            name: file.display_name.clone(),
            metadata: file.metadata.clone(),
            modified_at: file.updated_at,
            document,
        }
    }

    fn weight_bytes(&self) -> usize {
        let metadata = self.metadata.as_ref().map_or(0, |map| fields_weight_bytes(map));
        FILE_BYTES + self.name.len() + self.unique_id.len() + metadata
    }
}

impl FailedFile {
    fn of(file: &DirectoryFile, reason: Arc<str>) -> Self {
        Self { id: file.meta.id.clone(), name: file.display_name.clone(), reason }
    }

    /// A file that a partial sync leaves out.
    fn left_out(file: &IndexedFile) -> Self {
        Self { id: file.source_id.clone(), name: file.name.clone(), reason: LEFT_OUT.into() }
    }

    /// The reason may be shared with a blob, but that of sidecars that differ is not.
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.reason.len()
    }
}

/// A content with its document, or the reason why it could not be read.
type ReadContent<'a> = Result<(&'a Arc<Blob>, Arc<SearchableDocument>), Arc<str>>;

fn read_content(blob: &Arc<Blob>) -> ReadContent<'_> {
    match &blob.reading {
        Reading::Document(document) => Ok((blob, Arc::clone(document))),
        Reading::Failed(reason) => Err(Arc::clone(reason)),
    }
}

/// The sidecars of a directory: files that hold the text of another file beside them.
struct Sidecars<'a> {
    by_name: BTreeMap<&'a str, Namesakes<'a>>,
}

/// The files of a directory that have one name.
struct Namesakes<'a> {
    /// The file with the least id. Ids follow from content, so the order of uploads has no effect.
    first: &'a DirectoryFile,
    count: usize,
    /// Whether all have the same content.
    are_equal: bool,
}

impl<'a> Namesakes<'a> {
    fn of(file: &'a DirectoryFile) -> Self {
        Self { first: file, count: 1, are_equal: true }
    }

    fn add(&mut self, file: &'a DirectoryFile) {
        self.count += 1;
        self.are_equal &= file.blob.hash == self.first.blob.hash;
        if file.meta.id < self.first.meta.id {
            self.first = file;
        }
    }

    /// The result of reading them; a failure if they differ, because nothing says which text is meant.
    fn content(&self) -> ReadContent<'a> {
        if self.are_equal {
            return read_content(&self.first.blob);
        }
        let Self { count, first, .. } = self;
        Err(format!("{count} files called {} differ: delete all but one", first.display_name).into())
    }
}

impl<'a> Sidecars<'a> {
    fn among(files: impl Iterator<Item = &'a DirectoryFile>) -> Self {
        let mut by_name: BTreeMap<&str, Namesakes<'_>> = BTreeMap::new();
        for file in files {
            let known = by_name.entry(&file.display_name);
            known.and_modify(|namesakes| namesakes.add(file)).or_insert_with(|| Namesakes::of(file));
        }
        Self { by_name }
    }

    /// The content of a file in an index: that of its sidecar if it has one. A sidecar itself has none.
    fn content_of(&self, file: &'a DirectoryFile) -> Option<ReadContent<'a>> {
        let is_sidecar = file.display_name.strip_suffix(IndexContent::SIDECAR_EXTENSION).is_some_and(|name| {
            // README.md is not the text of README: a file with a sidecar has an extension.
            name.contains('.') && self.by_name.contains_key(name)
        });
        if is_sidecar {
            return None;
        }
        let has_extension = file.display_name.contains('.');
        let sidecar = format!("{}{}", file.display_name, IndexContent::SIDECAR_EXTENSION);
        let sidecars = self.by_name.get(sidecar.as_str());
        let content = sidecars.filter(|_| has_extension).map(Namesakes::content);
        Some(content.unwrap_or_else(|| read_content(&file.blob)))
    }
}
