//! A project: a part of a tenant. The tenant has a default project; others are created when a request names them.

use uuid::Uuid;

use super::{Collection, Id, Kind, Prefix, Resource, Scope, Store, StoreError};
use crate::clock::Timestamp;
use crate::seed::{self, Seed};

/// A part of a tenant.
#[derive(Debug)]
pub(crate) struct Project {
    /// A bare UUID.
    pub(crate) id: Id,
    /// Its name.
    pub(crate) name: Box<str>,
    /// When it was created; `None` for the default project, which was there before the first request.
    pub(crate) created: Option<Timestamp>,
}

/// The ordinal of a tenant's default project.
const DEFAULT_PROJECT: u64 = 0;

/// Maximum number of projects of a tenant. Any request can create one by naming it.
const MAX_PROJECTS: usize = 10_000;

/// About how many bytes a project takes.
const WEIGHT_BYTES: usize = 192;

/// The name of the default project. The service's own is not known.
const DEFAULT_NAME: &str = "Default";

impl Project {
    /// The default project of the tenant with this seed.
    pub(super) fn default_of(seed: &Seed) -> Self {
        let id = Id::Minted(Prefix::Bare, seed::uuid(&mut seed.stream("project", 0)));
        Self { id, name: DEFAULT_NAME.into(), created: None }
    }
}

impl Resource for Project {
    const KIND: Kind = Kind::Project;

    fn ids(&self) -> Vec<Id> {
        vec![self.id.clone()]
    }

    fn parent(&self) -> u64 {
        DEFAULT_PROJECT
    }

    fn project(&self) -> u64 {
        DEFAULT_PROJECT
    }

    fn created_at(&self) -> Timestamp {
        self.created.unwrap_or_default()
    }

    fn weight_bytes(&self) -> usize {
        WEIGHT_BYTES
    }

    /// Projects have a limit of their own.
    fn counts(&self) -> bool {
        false
    }

    /// Its name contains its id, since a request that names it says nothing else.
    fn create_implicit(scope: &mut Scope<'_>, id: &str, _parent: Option<u64>) -> Result<u64, StoreError> {
        if scope.store.projects.ordinals().count() >= MAX_PROJECTS {
            return Err(StoreError::TooManyProjects { limit: MAX_PROJECTS });
        }
        let created = Some(scope.now);
        scope.store.insert(Self { id: Id::parse(id), name: format!("Project {id}").into(), created })
    }

    fn collection(store: &Store) -> &Collection<Self> {
        &store.projects
    }

    fn collection_mut(store: &mut Store) -> &mut Collection<Self> {
        &mut store.projects
    }
}

impl Scope<'_> {
    /// The project that the request names, else the default one. It is created if need be.
    pub(crate) fn project_for_write(&mut self) -> Result<u64, StoreError> {
        match (self.named_project(), self.existing_project()) {
            (_, Some(project)) => Ok(project),
            (Some(uuid), None) => Project::create_implicit(self, &uuid.hyphenated().to_string(), None),
            (None, None) => Ok(DEFAULT_PROJECT),
        }
    }

    /// The project whose resources a list shows: the one that the request names, else the default one. `None` if nothing
    /// was created in it.
    pub(crate) fn existing_project(&self) -> Option<u64> {
        match self.named_project() {
            None => Some(DEFAULT_PROJECT),
            Some(uuid) => self.store.projects.with_exact_id(&Id::Minted(Prefix::Bare, uuid)),
        }
    }

    /// Whether the request sees resources of `project`: ids are found across projects if it names none.
    pub(super) fn sees_project(&self, project: u64) -> bool {
        self.named_project().is_none_or(|uuid: Uuid| *self.store.project_id(project) == Id::Minted(Prefix::Bare, uuid))
    }
}
