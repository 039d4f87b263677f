//! A tenant's store: its projects, directories and indexes, and every way to find them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::ledger::{Ledger, Share};
use super::paging::{self, Page, PageRequest};
use super::uuid_hasher::UuidHasher;
use super::{Directory, HandlerRequest, Index, Policy};
use crate::clock::Timestamp;
use crate::config::IndexId;
use crate::error::ApiError;
use crate::seed::{self, Seed};

/// A tenant's resources.
#[derive(Debug)]
pub struct Store {
    /// What it goes by.
    pub policy: Arc<Policy>,
    /// The root of its streams of chance.
    pub seed: Seed,
    /// Moments at which something happens by itself, as far as the last request brought them about.
    pub events: Vec<Timestamp>,
    /// What requests have made so far, to be counted on by those who make more.
    pub made: Made,
    projects: Vec<Uuid>,
    project_positions: HashMap<Uuid, u32>,
    directories: BTreeMap<u32, Box<Directory>>,
    /// Each project has its own: an id that is only mentioned may be mentioned in several.
    directory_ids: HashMap<Box<str>, Vec<u32>>,
    indexes: BTreeMap<u64, Box<Index>>,
    minted: HashMap<Uuid, Minted, UuidHasher>,
    /// Ids that nobody minted; projects may have one each of the same.
    given_ids: HashMap<Box<str>, Vec<u64>>,
    by_project: BTreeSet<(u32, u64)>,
    by_source: BTreeSet<(u32, u64)>,
    tombstones: VecDeque<(Timestamp, u64)>,
    /// How long a deleted index may still be seen by lagging reads.
    memory: Duration,
    next_index: u64,
    next_directory: u32,
    share: Share,
}

/// What requests have made, counted apart from what only came to exist by being named: each draws from the stream of its
/// own number, so that naming moves nothing that making gets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Made {
    /// Directories that were created.
    pub directories: u64,
    /// Indexes that were created.
    pub indexes: u64,
}

/// What a minted id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Minted {
    Index(u64),
    Export(u64),
    Output(u64),
}

/// Projects of a tenant: they are made by naming them, and cost a list entry each.
const MAX_PROJECTS: usize = 10_000;

impl Store {
    /// An empty store with a default project.
    pub fn new(policy: Arc<Policy>, seed: Seed, ledger: Arc<Ledger>) -> Self {
        let default_project = seed::uuid(&mut seed.stream("project", 0));
        Self {
            policy,
            seed,
            events: Vec::new(),
            projects: vec![default_project],
            project_positions: HashMap::from([(default_project, 0)]),
            directories: BTreeMap::new(),
            directory_ids: HashMap::new(),
            indexes: BTreeMap::new(),
            minted: HashMap::default(),
            given_ids: HashMap::new(),
            by_project: BTreeSet::new(),
            by_source: BTreeSet::new(),
            tombstones: VecDeque::new(),
            memory: Duration::ZERO,
            next_index: 0,
            next_directory: 0,
            made: Made::default(),
            share: Share::new(ledger),
        }
    }

    /// Forgets everything, ordinals too: what is made next is what was made first.
    pub fn reset(&mut self) {
        let ledger = self.share.ledger();
        *self = Self { memory: self.memory, ..Self::new(Arc::clone(&self.policy), self.seed.clone(), ledger) };
    }

    /// Keeps deleted indexes for `memory`, for reads that lag.
    pub fn set_tombstone_retention(&mut self, memory: Duration) {
        self.memory = memory;
    }

    // ---------------------------------------------------------------------------------------------------- projects

    /// The project that a request names, or the default one. It comes to exist.
    pub fn project_for_write(&mut self, request: &HandlerRequest) -> Result<u32, ApiError> {
        let Some(uuid) = request.named_project() else { return Ok(0) };
        if let Some(position) = self.project_position(uuid) {
            return Ok(position);
        }
        if self.projects.len() >= MAX_PROJECTS {
            return Err(ApiError::text(403, format!("A tenant of this server has at most {MAX_PROJECTS} projects")));
        }
        let position = u32::try_from(self.projects.len()).expect("MAX_PROJECTS fits");
        self.projects.push(uuid);
        self.project_positions.insert(uuid, position);
        Ok(position)
    }

    /// The project that a list is of: the named one, else the default one; `None` for one that nothing was made in.
    pub fn project_for_list(&self, request: &HandlerRequest) -> Option<u32> {
        request.named_project().map_or(Some(0), |uuid| self.project_position(uuid))
    }

    /// A project's id.
    pub fn project_id(&self, position: u32) -> Uuid {
        self.projects[position as usize]
    }

    /// All projects' ids, the default one first.
    pub fn projects(&self) -> &[Uuid] {
        &self.projects
    }

    /// Whether something of `project` may be shown to a request: ids resolve across projects when it names none.
    fn in_named_project(&self, project: u32, request: &HandlerRequest) -> bool {
        request.named_project().is_none_or(|uuid| self.project_id(project) == uuid)
    }

    fn project_position(&self, uuid: Uuid) -> Option<u32> {
        self.project_positions.get(&uuid).copied()
    }

    // ------------------------------------------------------------------------------------------------- directories

    /// All directories in order of creation, without those that belong to an index.
    pub fn directories(&self) -> impl Iterator<Item = &Directory> {
        self.directories.values().map(|directory| &**directory)
    }

    /// The number of the directory that comes next.
    pub fn next_directory(&self) -> u32 {
        self.next_directory
    }

    /// Takes out the directories from this number on: what a refused request let exist on its way.
    pub fn forget_directories_from(&mut self, number: u32) {
        for (number, directory) in self.directories.split_off(&number) {
            self.share.give_back(directory.weight_bytes());
            if let Some(numbers) = self.directory_ids.get_mut(&directory.id) {
                numbers.retain(|known| *known != number);
                if numbers.is_empty() {
                    self.directory_ids.remove(&directory.id);
                }
            }
        }
        self.next_directory = number;
    }

    /// Puts a directory in; its number.
    pub fn add_directory(&mut self, directory: Directory) -> Result<u32, ApiError> {
        self.make_room(self.directories.len(), directory.weight_bytes())?;
        let number = self.next_directory;
        self.next_directory += 1;
        self.directory_ids.entry(directory.id.clone()).or_default().push(number);
        self.directories.insert(number, Box::new(directory));
        Ok(number)
    }

    /// The number of the directory with this id, if the request may see it.
    pub fn find_directory(&self, id: &str, request: &HandlerRequest) -> Option<u32> {
        let mut numbers = self.directory_ids.get(id)?.iter().copied();
        numbers.find(|number| self.in_named_project(self.directories[number].project, request))
    }

    /// The number of the directory with this id in a project.
    pub fn find_directory_in(&self, id: &str, project: u32) -> Option<u32> {
        let mut numbers = self.directory_ids.get(id)?.iter().copied();
        numbers.find(|number| self.directories[number].project == project)
    }

    /// The directory with this number.
    pub fn directory(&self, number: u32) -> &Directory {
        &self.directories[&number]
    }

    /// The index whose output directory has this id, if the request may see it.
    pub fn find_index_by_output(&self, id: &str, request: &HandlerRequest) -> Option<&Index> {
        match self.minted.get(&parse_id(id, "dir-")?) {
            Some(Minted::Output(ordinal)) => self.shown(*ordinal, request),
            _ => None,
        }
    }

    // ----------------------------------------------------------------------------------------------------- indexes

    /// How many indexes there are.
    pub fn index_count(&self) -> usize {
        self.indexes.len() - self.tombstones.len()
    }

    /// All indexes in order of creation.
    pub fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.indexes.values().map(|index| &**index).filter(|index| index.deleted_at.is_none())
    }

    /// The number of the index that comes next.
    pub fn next_index(&self) -> u64 {
        self.next_index
    }

    /// Puts an index in.
    pub fn add_index(&mut self, index: Index) -> Result<u64, ApiError> {
        self.make_room(self.index_count(), index.weight_bytes())?;
        let ordinal = index.ordinal;
        self.next_index = ordinal + 1;
        self.minted.insert(index.uuid, Minted::Index(ordinal));
        self.minted.insert(index.export_config, Minted::Export(ordinal));
        self.minted.insert(index.output, Minted::Output(ordinal));
        if let Some(id) = &index.given_id {
            self.given_ids.entry(id.clone()).or_default().push(ordinal);
        }
        self.by_project.insert((index.project, ordinal));
        self.by_source.insert((index.source, ordinal));
        self.expect_sight_of(index.created_at);
        self.indexes.insert(ordinal, Box::new(index));
        Ok(ordinal)
    }

    /// The number of the index that `id` names, if the request may see it.
    pub fn find_index(&self, id: &str, request: &HandlerRequest) -> Option<u64> {
        let given = self.given_ids.get(id).into_iter().flatten().copied();
        let mut named = self.index_by_id(id).into_iter().chain(given);
        named.find(|ordinal| self.shown(*ordinal, request).is_some())
    }

    fn index_by_id(&self, id: &str) -> Option<u64> {
        let rule = self.policy.index_id;
        if let Some(uuid) = parse_id(id, "idx-").filter(|_| rule != IndexId::Export)
            && let Some(Minted::Index(ordinal)) = self.minted.get(&uuid)
        {
            return Some(*ordinal);
        }
        match self.minted.get(&parse_id(id, "cfg-").filter(|_| rule != IndexId::Id)?) {
            Some(Minted::Export(ordinal)) => Some(*ordinal),
            _ => None,
        }
    }

    fn shown(&self, ordinal: u64, request: &HandlerRequest) -> Option<&Index> {
        let index = self.indexes.get(&ordinal)?;
        let shown = index.is_seen(request.now, request.lag) && self.in_named_project(index.project, request);
        shown.then_some(index)
    }

    /// The index with this number.
    pub fn index_at(&self, ordinal: u64) -> &Index {
        &self.indexes[&ordinal]
    }

    /// The index with this number, to change it.
    pub fn index_at_mut(&mut self, ordinal: u64) -> &mut Index {
        self.indexes.get_mut(&ordinal).expect("an ordinal is handed out only for an index that is there")
    }

    /// Takes an index out, at once or after lagging reads have had their time.
    pub fn delete_index(&mut self, ordinal: u64, now: Timestamp) {
        if self.memory.is_zero() {
            self.forget_index(ordinal);
            return;
        }
        let index = self.index_at_mut(ordinal);
        if index.deleted_at.is_none() {
            index.deleted_at = Some(now);
            self.tombstones.push_back((now, ordinal));
            self.expect_sight_of(now);
        }
    }

    /// Notes when lagging reads come to see what was done at `now`, for clocks that jump from event to event.
    fn expect_sight_of(&mut self, now: Timestamp) {
        if !self.memory.is_zero() {
            self.events.push(now.plus(self.memory));
        }
    }

    /// Lets go of deleted indexes that no lagging read can see any more.
    pub fn purge_tombstones(&mut self, now: Timestamp) {
        while let Some((_, ordinal)) = self.tombstones.front().copied().filter(|(at, _)| at.plus(self.memory) <= now) {
            self.tombstones.pop_front();
            self.forget_index(ordinal);
        }
    }

    fn forget_index(&mut self, ordinal: u64) {
        let Some(index) = self.indexes.remove(&ordinal) else { return };
        self.share.give_back(index.weight_bytes());
        for uuid in [index.uuid, index.export_config, index.output] {
            self.minted.remove(&uuid);
        }
        if let Some(id) = &index.given_id
            && let Some(ordinals) = self.given_ids.get_mut(id)
        {
            ordinals.retain(|known| *known != ordinal);
            if ordinals.is_empty() {
                self.given_ids.remove(id);
            }
        }
        self.by_project.remove(&(index.project, ordinal));
        self.by_source.remove(&(index.source, ordinal));
    }

    /// A page of the indexes of a project, newest first.
    pub fn page_of_project(&self, project: u32, page: PageRequest, request: &HandlerRequest) -> Page {
        let newest_first = below(&self.by_project, project, page.below).rev();
        Page::take(page.size, newest_first.filter(|ordinal| self.is_listed(*ordinal, request)))
    }

    /// A page of the indexes over a source directory, newest first.
    pub fn page_of_source(&self, source: u32, page: PageRequest, request: &HandlerRequest) -> Page {
        let newest_first = below(&self.by_source, source, page.below).rev();
        Page::take(page.size, newest_first.filter(|ordinal| self.is_listed(*ordinal, request)))
    }

    /// A page of a list that has nothing in it.
    pub fn page_of_nothing(&self) -> Page {
        Page { ordinals: Vec::new(), next_below: None }
    }

    fn is_listed(&self, ordinal: u64, request: &HandlerRequest) -> bool {
        self.indexes[&ordinal].is_seen(request.now, request.lag)
    }

    // ------------------------------------------------------------------------------------------------ pages, limits

    /// The token with which `list` goes on below `ordinal`.
    pub fn page_token(&self, list: &str, ordinal: u64) -> String {
        paging::seal(&self.seed, list, ordinal)
    }

    /// What a token that this store handed out for `list` says; `None` for any other text.
    pub fn open_page_token(&self, list: &str, token: &str) -> Option<u64> {
        paging::open(&self.seed, list, token)
    }

    fn make_room(&mut self, items: usize, bytes: usize) -> Result<(), ApiError> {
        if items >= self.policy.max_items {
            let limit = self.policy.max_items;
            return Err(ApiError::text(
                403,
                format!("A tenant of this server has at most {limit} items of a kind (--max-items)"),
            ));
        }
        if !self.share.take(bytes) {
            return Err(ApiError::text(403, "This server holds as much as it may (--max-state-bytes)"));
        }
        Ok(())
    }
}

impl Index {
    /// Whether a read at `now` that lags by `lag` sees it.
    fn is_seen(&self, now: Timestamp, lag: Duration) -> bool {
        if lag.is_zero() {
            return self.deleted_at.is_none();
        }
        self.created_at.plus(lag) <= now && self.deleted_at.is_none_or(|deleted| deleted.plus(lag) > now)
    }
}

fn below(order: &BTreeSet<(u32, u64)>, group: u32, below: Option<u64>) -> impl DoubleEndedIterator<Item = u64> + '_ {
    order.range((group, 0)..(group, below.unwrap_or(u64::MAX))).map(|(_, ordinal)| *ordinal)
}

/// Reads an id in the one form in which it was handed out.
fn parse_id(id: &str, prefix: &str) -> Option<Uuid> {
    let text = id
        .strip_prefix(prefix)
        .filter(|text| text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase()))?;
    Uuid::try_parse(text).ok()
}
