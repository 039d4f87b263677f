//! Resources as a world describes them. Each type that can be described says so in its own file.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::state_faults::StateFaults;
use super::{DescribedFile, Id, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// A resource as a world describes it.
pub(super) trait Described: DeserializeOwned + fmt::Debug {
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

macro_rules! descriptions {
    ($($table:ident: $described:ident,)*) => {
        /// All resources that a world describes, by its tables.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        pub(crate) struct Descriptions {
            $($table: Vec<super::$described>,)*
        }

        impl Descriptions {
            /// The names of the tables.
            pub(crate) const TABLES: &[&str] = &[$(stringify!($table)),*];

            /// Whether it describes nothing.
            pub(crate) fn is_empty(&self) -> bool {
                $(self.$table.is_empty())&&*
            }

            /// Every id that is given, with its place.
            pub(crate) fn ids(&self) -> Vec<(String, Id)> {
                let mut ids = Vec::new();
                $(ids.extend(ids_of(stringify!($table), &self.$table));)*
                ids
            }

            /// Every file whose content is to be read, with its place.
            pub(crate) fn files(&mut self) -> Vec<(String, &mut DescribedFile)> {
                let mut files = Vec::new();
                $(files.extend(files_of(stringify!($table), &mut self.$table));)*
                files
            }

            /// Creates what all these worlds describe, at `now`: kind by kind, so that a world can refer to what
            /// another one describes. Returns the times at which something will happen because of it.
            pub(crate) fn create(
                worlds: &[&Self],
                store: &mut Store,
                now: Timestamp,
            ) -> Result<Vec<Timestamp>, Misdescription> {
                store.has_world = !worlds.is_empty();
                let mut events = Vec::new();
                $(for (world, descriptions) in worlds.iter().enumerate() {
                    let created = create_all(stringify!($table), &descriptions.$table, store, now);
                    events.extend(created.map_err(|problem| Misdescription { world, problem })?);
                })*
                Ok(events)
            }
        }
    };
}

// What others refer to comes first.
descriptions! {
    projects: DescribedProject,
    directories: DescribedDirectory,
    files: DescribedFile,
    configurations: DescribedConfiguration,
    indexes: DescribedIndex,
    sessions: DescribedSession,
}

fn ids_of<D: Described>(table: &str, described: &[D]) -> Vec<(String, Id)> {
    let ids = described.iter().enumerate().flat_map(|(at, resource)| {
        resource.ids().into_iter().map(move |(field, id)| (format!("{table}[{at}].{field}"), id))
    });
    ids.collect()
}

fn files_of<'a, D: Described>(table: &str, described: &'a mut [D]) -> Vec<(String, &'a mut DescribedFile)> {
    let files = described.iter_mut().enumerate().flat_map(|(at, resource)| {
        resource.files().into_iter().map(move |(place, file)| (format!("{table}[{at}]{place}"), file))
    });
    files.collect()
}

fn create_all<D: Described>(
    table: &str,
    described: &[D],
    store: &mut Store,
    now: Timestamp,
) -> Result<Vec<Timestamp>, String> {
    let mut events = Vec::new();
    for (at, resource) in described.iter().enumerate() {
        let mut scope = Scope::new(store, now, resource.project_id(), StateFaults::default());
        let created = check_project(&scope, resource).and_then(|()| resource.create(&mut scope));
        created.map_err(|error| match error {
            DescriptionError::Field(field, problem) => format!("{table}[{at}].{field}: {problem}"),
            DescriptionError::Store(error) => format!("{table}[{at}]: {error}"),
        })?;
        events.extend(scope.into_effects().events);
    }
    Ok(events)
}

/// Refuses a project that no world describes.
fn check_project<D: Described>(scope: &Scope<'_>, resource: &D) -> Result<(), DescriptionError> {
    match (resource.project_id(), scope.existing_project()) {
        (Some(_), None) => Err(DescriptionError::Field("project_id", "no project has this id".to_owned())),
        _ => Ok(()),
    }
}
