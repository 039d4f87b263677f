//! The saved form of a configuration: its last version as a world has it, and the versions before.

use serde::{Deserialize, Serialize};

use super::content::Contents;
use super::directory::{object, saved_object};
use super::{FormMeta, RowState, SavedForm, SavedMeta};
use crate::clock::Timestamp;
use crate::schema::PlainValue;
use crate::store::{Configuration, ConfigurationSettings, ConfigurationVersion, Id, Meta, Store};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedConfiguration {
    id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_id: Option<Id>,
    name: Box<str>,
    parameters: PlainValue,
    made_at: Timestamp,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<SavedVersion>,
    created_at: Timestamp,
    row: RowState,
}

/// A version of a configuration.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedVersion {
    name: Box<str>,
    parameters: PlainValue,
    made_at: Timestamp,
}

impl SavedVersion {
    fn of(version: &ConfigurationVersion) -> Self {
        let ConfigurationVersion { made_at, settings, .. } = version;
        Self { name: settings.name.clone(), parameters: saved_object(&settings.parameters), made_at: *made_at }
    }
}

/// The time and the settings of a version.
fn version(
    name: &str,
    parameters: &PlainValue,
    made_at: Timestamp,
) -> Result<(Timestamp, ConfigurationSettings), String> {
    let settings = ConfigurationSettings::of_parameters(name.into(), object(parameters, "parameters")?);
    Ok((made_at, settings))
}

impl SavedForm for SavedConfiguration {
    type Resource = Configuration;

    fn of(
        resource: &Configuration,
        SavedMeta { id, project_id, created_at, row }: SavedMeta,
        _: &mut Contents,
    ) -> Self {
        let mut earlier: Vec<SavedVersion> = resource.versions().iter().map(SavedVersion::of).collect();
        let SavedVersion { name, parameters, made_at } = earlier.pop().expect("a configuration has a version");
        Self { id, project_id, name, parameters, made_at, earlier, created_at, row }
    }

    fn meta(&self) -> FormMeta<'_> {
        FormMeta { id: &self.id, project_id: self.project_id.as_ref(), created_at: self.created_at, row: &self.row }
    }

    fn restore(&self, meta: Meta, store: &Store) -> Result<Configuration, String> {
        let earlier = self.earlier.iter().map(|saved| version(&saved.name, &saved.parameters, saved.made_at));
        let versions = earlier.chain([version(&self.name, &self.parameters, self.made_at)]);
        let versions: Vec<(Timestamp, ConfigurationSettings)> = versions.collect::<Result<_, _>>()?;
        if !versions.is_sorted_by(|(before, _), (after, _)| before < after) {
            return Err("earlier: are not in the order of their times".to_owned());
        }
        Configuration::restored(store, meta, versions).map_err(|error| format!("earlier: {error}"))
    }
}
