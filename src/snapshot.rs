//! Snapshots: the state of tenants as a file, without their journals and rules, and their copies. A copy answers as the
//! original does; the ids that it makes afterwards are those that the original would have made.

use std::collections::BTreeSet;
use std::io;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::Settings;
use crate::store::SavedTenant;

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// A snapshot.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    /// It is judged when it is read, before what another version may write differently.
    #[serde(rename = "version", deserialize_with = "own_version")]
    _version: (),
    seed: u64,
    pub(crate) tenants: Vec<SavedTenant>,
}

/// A snapshot while it is written: each tenant is saved when its turn has come.
#[derive(Serialize)]
#[serde(bound = "")]
struct SnapshotView<'a, T> {
    version: u32,
    /// The seed of the server, from which ids are drawn.
    seed: u64,
    tenants: SavedOnDemand<'a, T>,
}

/// Tenants, and how one is saved.
struct SavedOnDemand<'a, T> {
    tenants: &'a [T],
    save: fn(&T) -> SavedTenant,
}

/// The field of a document that says whether it is a snapshot, and of which version.
#[derive(Debug, Deserialize)]
struct Version {
    version: Option<u32>,
}

impl<T> Serialize for SavedOnDemand<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.tenants.iter().map(self.save))
    }
}

/// Writes a snapshot of tenants of a server with this seed; `save` saves one.
pub(crate) fn write<T>(
    seed: u64,
    tenants: &[T],
    save: fn(&T) -> SavedTenant,
    writer: &mut dyn io::Write,
) -> io::Result<()> {
    let view = SnapshotView { version: VERSION, seed, tenants: SavedOnDemand { tenants, save } };
    serde_json::to_writer_pretty(writer, &view).map_err(io::Error::from)
}

/// Whether a document is a snapshot, of any version.
pub(crate) fn is_snapshot(json: &mut dyn io::Read) -> bool {
    serde_json::from_reader::<_, Version>(json).is_ok_and(|Version { version }| version.is_some())
}

/// Refuses a snapshot of another version.
fn own_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match u32::deserialize(deserializer)? {
        VERSION => Ok(()),
        other => Err(D::Error::custom(format_args!("version {other}: this program reads version {VERSION}"))),
    }
}

/// Reads a snapshot for a server with these settings. An error begins with the place, or ends with it.
pub(crate) fn read(json: &mut dyn io::Read, settings: &Settings) -> Result<Snapshot, String> {
    let snapshot: Snapshot = serde_json::from_reader(json).map_err(|error| error.to_string())?;
    let (seed, own) = (snapshot.seed, settings.seed);
    if seed != own {
        return Err(format!(
            "seed: is {seed}, and that of the server is {own} (--seed): ids made afterwards would not be equal"
        ));
    }
    let mut labels = BTreeSet::new();
    for (at, tenant) in snapshot.tenants.iter().enumerate() {
        let label = &tenant.label;
        if !settings.has_tenant_of(label) {
            return Err(format!("tenants[{at}].label: {label}: no accepted key has this label (--api-key)"));
        }
        if !labels.insert(label) {
            return Err(format!("tenants[{at}].label: {label} is there twice"));
        }
    }
    Ok(snapshot)
}
