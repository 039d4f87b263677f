//! Worlds: files that describe the resources with which tenants start. They are read once, at the start; what they
//! contain is shared by all tenants.

mod file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::config::flags::WORLD;
use crate::config::{RawSettings, Settings};
use crate::schema::Schemas;
use crate::seed::Seed;
use crate::store::{Descriptions, Id, Policy, StateBudget, Store, TenantBudget};
use crate::worker::Worker;

/// A world.
#[derive(Debug)]
pub(crate) struct World {
    /// Its file, as it was named.
    file: String,
    /// The label of the only tenant that starts with it; `None` for every tenant.
    label: Option<String>,
    descriptions: Descriptions,
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
        let worlds = Worlds { all: files.iter().map(|file| self.world(file)).collect::<Result<_, _>>()? };
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
        let worlds: Vec<&World> = self.of(label).collect();
        let descriptions: Vec<&Descriptions> = worlds.iter().map(|world| &world.descriptions).collect();
        let created = Descriptions::create(&descriptions, store, now);
        created.map_err(|error| format!("{}: {}", worlds[error.world].file, error.problem))
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
            let mut store = Store::new(Arc::clone(&policy), Seed::new(0, label), Arc::clone(&reader.total));
            self.create(label, &mut store, reader.settings.start_time.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Refuses an id that is given twice to a tenant, or that no request can name.
    fn check_ids(&self, label: &str) -> Result<(), String> {
        let mut places: BTreeMap<Id, String> = BTreeMap::new();
        for world in self.of(label) {
            for (place, id) in world.descriptions.ids() {
                let place = format!("{}: {place}", world.file);
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

/// Whether a file with this name is a world, and no request: TOML, or JSON with a table of a world.
pub(crate) fn is_world(file: &Path, bytes: &[u8]) -> bool {
    let has_table = |fields: Map<String, Value>| Descriptions::TABLES.iter().any(|table| fields.contains_key(*table));
    file::is_toml(file) || serde_json::from_slice(bytes).is_ok_and(has_table)
}
