//! A project: a part of a tenant. The tenant has a default project; others are created when a request names them.

use uuid::Uuid;

use super::described::{Described, DescriptionError};
use super::{FieldReader, Id, Key, Kind, Meta, Prefix, Resource, Scope, StoreError};
use crate::clock::Timestamp;
use crate::seed::Seed;

/// A part of a tenant.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its id is a bare UUID.
    pub(crate) meta: Meta,
    pub(crate) name: Box<str>,
}

/// A project as a world describes it.
#[derive(Debug)]
pub(super) struct DescribedProject {
    id: Uuid,
    name: Option<Box<str>>,
}

/// Maximum number of projects of a tenant. Any request can create one by naming it.
const MAX_PROJECTS: usize = 10_000;

/// The name of the default project. The service's own is not known.
const DEFAULT_NAME: &str = "Default";

impl Project {
    /// The default project of a tenant, which is there before the first request.
    pub(crate) const DEFAULT: Key<Self> = Key::MIN;

    /// The default project of the tenant with this seed.
    pub(super) fn default_of(seed: &Seed) -> Self {
        let id = Id::mint(Prefix::NONE, &mut seed.stream("project", 0));
        Self::new(id, DEFAULT_NAME.into(), Timestamp::default())
    }

    fn new(id: Id, name: Box<str>, created_at: Timestamp) -> Self {
        Self { meta: Meta { id, project: Self::DEFAULT, created_at }, name }
    }
}

impl Resource for Project {
    type Parent = Self;

    const KIND: Kind = Kind { name: "Project", plural: "projects", id_prefix: Prefix::NONE };

    const OVERHEAD_BYTES: usize = 192;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn parent(&self) -> Key<Self> {
        Self::DEFAULT
    }

    fn text_bytes(&self) -> usize {
        self.name.len()
    }

    /// Projects have a limit of their own.
    fn counts(&self) -> bool {
        false
    }

    /// Its name contains its id, since a request that names it says nothing else.
    fn create_implicit(scope: &mut Scope<'_>, id: &str, _parent: Option<Key<Self>>) -> Result<Key<Self>, StoreError> {
        if scope.store.collection::<Self>().count() >= MAX_PROJECTS {
            return Err(StoreError::TooManyProjects { limit: MAX_PROJECTS });
        }
        scope.insert(Self::new(Id::parse(id), format!("Project {id}").into(), scope.now))
    }
}

impl Described for DescribedProject {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, String> {
        Ok(Self { id: fields.take("id")?, name: fields.take("name")? })
    }

    fn ids(&self) -> Vec<(&'static str, Id)> {
        vec![("id", Id::Minted(Prefix::NONE, self.id))]
    }

    /// A world can name the default project too.
    fn create(&self, scope: &mut Scope<'_>) -> Result<(), DescriptionError> {
        let key = scope.find_or_create::<Project>(&self.id.hyphenated().to_string())?;
        if let Some(name) = &self.name {
            scope.store.change(key, |project| project.name = name.clone());
        }
        Ok(())
    }
}
