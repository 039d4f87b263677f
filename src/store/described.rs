//! Resources as a world describes them. Each type that can be described says so in its own file.

use std::fmt;

use serde_json::Value;
use uuid::Uuid;

use super::state_faults::StateFaults;
use super::{
    DescribedConfiguration, DescribedDirectory, DescribedFile, DescribedIndex, DescribedProject, DescribedSession,
    FieldReader, Id, Scope, Store, StoreError,
};
use crate::clock::Timestamp;

/// A resource as a world describes it.
pub(super) trait Described: Send + Sync {
    /// Reads it; the schema of worlds has judged it.
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, String>
    where
        Self: Sized;

    /// The project to which it belongs; `None` for the default one.
    fn project_id(&self) -> Option<Uuid> {
        None
    }

    /// The ids that it gives, each with its field.
    fn ids(&self) -> Vec<(&'static str, Id)>;

    /// The files in it whose contents are to be read, each with its place in the description.
    fn files(&mut self) -> Vec<(String, &mut DescribedFile)> {
        Vec::new()
    }

    /// Creates it in a scope of its project.
    fn create(&self, scope: &mut Scope<'_>) -> Result<(), DescriptionError>;
}

/// The reason why a description cannot be followed.
#[derive(Debug)]
pub(super) enum DescriptionError {
    /// This field of it is wrong; why.
    Field(&'static str, String),
    /// A limit, or a rule of the settings.
    Store(StoreError),
}

impl From<StoreError> for DescriptionError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A description that cannot be followed.
#[derive(Debug)]
pub(crate) struct Misdescription {
    /// The position of the world that has it.
    pub(crate) world: usize,
    /// Its place in that world, and the problem.
    pub(crate) problem: String,
}

/// All resources that a world describes, by its tables.
pub(crate) struct Descriptions([Vec<Box<dyn Described>>; TABLES.len()]);

/// Reads a resource of a table.
type ReadFn = fn(&mut FieldReader<'_>) -> Result<Box<dyn Described>, String>;

/// The tables of a world. What others refer to comes first.
const TABLES: [(&str, ReadFn); 6] = [
    ("projects", read::<DescribedProject>),
    ("directories", read::<DescribedDirectory>),
    ("files", read::<DescribedFile>),
    ("configurations", read::<DescribedConfiguration>),
    ("indexes", read::<DescribedIndex>),
    ("sessions", read::<DescribedSession>),
];

fn read<D: Described + 'static>(fields: &mut FieldReader<'_>) -> Result<Box<dyn Described>, String> {
    Ok(Box::new(D::read(fields)?))
}

impl fmt::Debug for Descriptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptions").finish_non_exhaustive()
    }
}

impl Descriptions {
    /// The names of the tables.
    pub(crate) fn table_names() -> [&'static str; TABLES.len()] {
        TABLES.map(|(name, _)| name)
    }

    /// Reads the tables of a world.
    pub(crate) fn read(world: &Value) -> Result<Self, String> {
        let (mut fields, mut descriptions) = (FieldReader::of(world)?, Self([const { Vec::new() }; TABLES.len()]));
        for (table, (name, read)) in descriptions.0.iter_mut().zip(TABLES) {
            *table = fields.list(name, read)?;
        }
        Ok(descriptions)
    }

    /// Whether it describes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// Every id that is given, with its place.
    pub(crate) fn ids(&self) -> Vec<(String, Id)> {
        let mut ids = Vec::new();
        for (table, (name, _)) in self.0.iter().zip(TABLES) {
            for (at, resource) in table.iter().enumerate() {
                ids.extend(resource.ids().into_iter().map(|(field, id)| (format!("{name}[{at}].{field}"), id)));
            }
        }
        ids
    }

    /// Every file whose content is to be read, with its place.
    pub(crate) fn files(&mut self) -> Vec<(String, &mut DescribedFile)> {
        let mut files = Vec::new();
        for (table, (name, _)) in self.0.iter_mut().zip(TABLES) {
            for (at, resource) in table.iter_mut().enumerate() {
                files.extend(resource.files().into_iter().map(|(place, file)| (format!("{name}[{at}]{place}"), file)));
            }
        }
        files
    }

    /// Creates what all these worlds describe, at `now`: kind by kind, so that a world can refer to what another one
    /// describes. Returns the times at which something will happen because of it.
    pub(crate) fn create(
        worlds: &[&Self],
        store: &mut Store,
        now: Timestamp,
    ) -> Result<Vec<Timestamp>, Misdescription> {
        store.has_world = !worlds.is_empty();
        let mut events = Vec::new();
        for (kind, (name, _)) in TABLES.into_iter().enumerate() {
            for (world, descriptions) in worlds.iter().enumerate() {
                for (at, resource) in descriptions.0[kind].iter().enumerate() {
                    let created = create(&**resource, store, now);
                    events.extend(created.map_err(|error| error.at(world, &format!("{name}[{at}]")))?);
                }
            }
        }
        Ok(events)
    }
}

impl DescriptionError {
    /// The error of the resource at this place in the world at this position.
    fn at(self, world: usize, place: &str) -> Misdescription {
        let problem = match self {
            Self::Field(field, problem) => format!("{place}.{field}: {problem}"),
            Self::Store(error) => format!("{place}: {error}"),
        };
        Misdescription { world, problem }
    }
}

/// Creates a resource. Returns the times at which something will happen because of it.
fn create(resource: &dyn Described, store: &mut Store, now: Timestamp) -> Result<Vec<Timestamp>, DescriptionError> {
    let mut scope = Scope::new(store, now, resource.project_id(), StateFaults::default());
    check_project(&scope, resource)?;
    resource.create(&mut scope)?;
    Ok(scope.into_effects().events)
}

/// Refuses a project that no world describes.
fn check_project(scope: &Scope<'_>, resource: &dyn Described) -> Result<(), DescriptionError> {
    match (resource.project_id(), scope.existing_project()) {
        (Some(_), None) => Err(DescriptionError::Field("project_id", "no project has this id".to_owned())),
        _ => Ok(()),
    }
}
