//! Snapshots: the state of tenants as a file, without their journals and rules, and their copies. A copy answers as the
//! original does; the ids that it makes afterwards are those that the original would have made.

use std::{io, mem};

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::de::Read;

use crate::config::Settings;
use crate::schema::read_unique;
use crate::store::{FieldReader, SavedObject, SavedTenant};

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// What is saved weighs more for each of its values: a file in an index, which comes closest, at least 15.
const BYTES_PER_VALUE: usize = 12;

/// The field that says which version a snapshot has.
pub(crate) const VERSION_FIELD: &str = "version";

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
    save: fn(&T) -> SavedObject,
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
    save: fn(&T) -> SavedObject,
    writer: &mut dyn io::Write,
) -> io::Result<()> {
    let view = SnapshotView { version: VERSION, seed, tenants: SavedOnDemand { tenants, save } };
    serde_json::to_writer_pretty(writer, &view).map_err(io::Error::from)
}

/// Parses a document that may be a snapshot. It has no more values than any state that the settings allow; they take
/// about six times the memory of that at most, without what texts and lists take besides.
pub(crate) fn parse<'de>(document: impl Read<'de>, settings: &Settings) -> Result<Value, String> {
    let max_values = settings.max_state_bytes / BYTES_PER_VALUE;
    read_unique(document, max_values).map_err(|error| error.to_string())
}

/// Whether a document is a snapshot, of any version.
pub(crate) fn is_snapshot(document: &Value) -> bool {
    document.get(VERSION_FIELD).is_some()
}

/// Reads the tenants of a snapshot for a server with these settings. An error begins with the place, or ends with it.
pub(crate) fn read(mut document: Value, settings: &Settings) -> Result<Vec<SavedTenant>, String> {
    FieldReader::read(&document, |fields| check(fields, settings))
        .map_err(|problem| problem.trim_start_matches(['.', ':', ' ']).to_owned())?;
    let saved = document.get_mut("tenants").and_then(Value::as_array_mut).map(mem::take);
    let mut tenants: Vec<SavedTenant> = Vec::new();
    for (at, tenant) in saved.ok_or("tenants: is no list")?.into_iter().enumerate() {
        let tenant = SavedTenant::read(tenant).map_err(|problem| format!("tenants[{at}]{problem}"))?;
        let label = &tenant.label;
        if !settings.has_tenant_of(label) {
            return Err(format!("tenants[{at}].label: {label}: no accepted key has this label (--api-key)"));
        }
        if tenants.iter().any(|other| other.label == *label) {
            return Err(format!("tenants[{at}].label: {label} is there twice"));
        }
        tenants.push(tenant);
    }
    Ok(tenants)
}

/// Refuses a snapshot of another version, which is judged before what that one may write differently, or of another
/// server.
fn check(fields: &mut FieldReader<'_>, settings: &Settings) -> Result<(), String> {
    let version: u32 = fields.take(VERSION_FIELD)?;
    if version != VERSION {
        return Err(format!(".version: is {version}, and this program reads version {VERSION}"));
    }
    let (seed, own): (u64, u64) = (fields.take("seed")?, settings.seed);
    if seed != own {
        return Err(format!(
            ".seed: is {seed}, and that of the server is {own} (--seed): ids made afterwards would not be equal"
        ));
    }
    fields.value("tenants");
    Ok(())
}
