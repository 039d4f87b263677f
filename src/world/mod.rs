//! Worlds: files that describe the resources with which tenants start. They are read once, at the start; what they
//! contain is shared by all tenants.

mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::clock::{SavedClock, Timestamp};
use crate::config::flags::WORLD;
use crate::config::{RawSettings, Settings};
use crate::schema::{PlainValue, Schemas};
use crate::seed::Seed;
use crate::snapshot;
use crate::store::{Descriptions, Id, Policy, StateBudget, Store, TenantBudget, TenantSource};
use crate::worker::Worker;

/// A world.
#[derive(Debug)]
pub(crate) struct World {
    /// Its file, as it was named.
    file: String,
    /// The label of the only tenant that starts with it; `None` for every tenant.
    label: Option<String>,
    start: Start,
}

/// What a tenant starts with.
#[derive(Debug)]
enum Start {
    /// What a world describes.
    Described(Descriptions),
    /// A copy of a tenant, and nothing else.
    Saved(Box<TenantSource>),
}

/// All worlds of a server.
#[derive(Debug, Default)]
pub(crate) struct Worlds {
    all: Vec<World>,
}

/// What worlds are read with.
#[derive(Debug)]
pub(crate) struct WorldReader<'a> {
    settings: &'a Settings,
    schemas: &'a Schemas,
    /// Reads documents in child processes.
    worker: &'a Worker,
    /// Where the contents of files count, once for all tenants.
    contents: Arc<TenantBudget>,
    total: Arc<StateBudget>,
}

impl<'a> WorldReader<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        schemas: &'a Schemas,
        worker: &'a Worker,
        total: &Arc<StateBudget>,
    ) -> Self {
        Self { settings, schemas, worker, contents: TenantBudget::new(Arc::clone(total)), total: Arc::clone(total) }
    }

    /// The worlds of the settings. An error names the setting, the file and the place in it.
    pub(crate) fn worlds_of_settings(&self, raw: &RawSettings) -> Result<Worlds, String> {
        self.read(&self.settings.worlds).map_err(|problem| format!("{}: {problem}", raw.get(&WORLD).place()))
    }

    /// The worlds in these files, if every tenant can start with those that are meant for it.
    pub(crate) fn read(&self, files: &[String]) -> Result<Worlds, String> {
        let worlds: Vec<Vec<World>> = files.iter().map(|file| self.worlds(file)).collect::<Result<_, _>>()?;
        let worlds = Worlds { all: worlds.into_iter().flatten().collect() };
        worlds.check(self)?;
        Ok(worlds)
    }
}

impl Worlds {
    /// Creates what a new tenant starts with in its empty store, at `now`. Returns the times at which something will
    /// happen because of it.
    ///
    /// Errors: there is no room.
    pub(crate) fn create(&self, label: &str, store: &mut Store, now: Timestamp) -> Result<Vec<Timestamp>, String> {
        if let Some((file, saved)) = self.saved_of(label) {
            store.become_copy(saved).map_err(|problem| format!("{file}: tenant {label}{problem}"))?;
            return Ok(saved.clock.events.clone());
        }
        let (files, descriptions): (Vec<_>, Vec<_>) = self.described_of(label).unzip();
        let created = Descriptions::create(&descriptions, store, now);
        created.map_err(|error| format!("{}: {}", files[error.world], error.problem))
    }

    /// The clock of the tenant of this label at its start, if a snapshot has it.
    pub(crate) fn clock_of(&self, label: &str) -> Option<&SavedClock> {
        self.saved_of(label).map(|(_, saved)| &saved.clock)
    }

    /// The copy with which the tenant of this label starts, and its file.
    fn saved_of(&self, label: &str) -> Option<(&str, &TenantSource)> {
        self.of(label).find_map(|world| match &world.start {
            Start::Saved(saved) => Some((&*world.file, &**saved)),
            Start::Described(_) => None,
        })
    }

    /// What is described for the tenant of this label, each with its file.
    fn described_of(&self, label: &str) -> impl Iterator<Item = (&str, &Descriptions)> {
        self.of(label).filter_map(|world| match &world.start {
            Start::Described(descriptions) => Some((&*world.file, descriptions)),
            Start::Saved(_) => None,
        })
    }

    /// The worlds with which the tenant of this label starts.
    fn of(&self, label: &str) -> impl Iterator<Item = &World> {
        self.all.iter().filter(move |world| world.label.as_deref().is_none_or(|own| own == label))
    }

    /// Starts each kind of tenant once, for a try: one without a world of its own, and each that has one.
    fn check(&self, reader: &WorldReader<'_>) -> Result<(), String> {
        let policy = Arc::new(Policy::new(reader.settings));
        let own = self.all.iter().filter_map(|world| world.label.as_deref());
        for label in std::iter::once("").chain(own) {
            self.check_ids(label)?;
            self.check_copies(label)?;
            let mut store = Store::new(Arc::clone(&policy), Seed::new(0, label), Arc::clone(&reader.total));
            self.create(label, &mut store, reader.settings.start_time.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Refuses two snapshots of one tenant.
    fn check_copies(&self, label: &str) -> Result<(), String> {
        let mut files = self.of(label).filter(|world| matches!(world.start, Start::Saved(_))).map(|world| &world.file);
        match (files.next(), files.next()) {
            (Some(first), Some(second)) => Err(format!("{second}: the tenant {label} is in {first} too")),
            _ => Ok(()),
        }
    }

    /// Refuses an id that is given twice to a tenant, or that no request can name.
    fn check_ids(&self, label: &str) -> Result<(), String> {
        let mut places: BTreeMap<Id, String> = BTreeMap::new();
        for (file, descriptions) in self.described_of(label) {
            for (place, id) in descriptions.ids() {
                let place = format!("{file}: {place}");
                if id.to_string().contains('/') {
                    return Err(format!("{place}: {id}: no request can name it, because a slash ends an id in a path"));
                }
                if let Some(other) = places.get(&id) {
                    return Err(format!("{place}: {id} is given twice; the other place is {other}"));
                }
                places.insert(id, place);
            }
        }
        Ok(())
    }
}

/// Whether a file with this content is a world, and no request: TOML, or JSON with a table of a world or the version of
/// a snapshot.
pub(crate) fn is_world(file: &Path, content: &mut dyn io::Read) -> bool {
    let is_of_world = |field: &str| field == snapshot::VERSION_FIELD || Descriptions::table_names().contains(&field);
    let has_table = |PlainValue(value)| match value {
        Value::Object(fields) => fields.keys().any(|field| is_of_world(field)),
        _ => false,
    };
    file::is_toml(file)
        || serde_json::from_reader(&mut io::BufReader::new(content) as &mut dyn io::Read).is_ok_and(has_table)
}
