//! Saves configurations: the last version as a world has it, and the versions before.

use super::SavedResource;
use super::content::Contents;
use super::restoration::RestoreContext;
use super::value::SavedObject;
use crate::clock::Timestamp;
use crate::store::{Configuration, ConfigurationSettings, ConfigurationVersion, FieldReader, Meta};

fn save_version(ConfigurationVersion { made_at, settings, .. }: &ConfigurationVersion, object: &mut SavedObject) {
    object.put("name", &settings.name);
    object.put_map("parameters", Some(&settings.parameters));
    object.put("made_at", &made_at);
}

/// The time and the settings of a version.
fn restore_version(fields: &mut FieldReader<'_>) -> Result<(Timestamp, ConfigurationSettings), String> {
    let name = fields.take("name")?;
    let parameters = fields.map("parameters")?.ok_or(".parameters: is missing")?;
    Ok((fields.take("made_at")?, ConfigurationSettings::of_parameters(name, parameters)))
}

impl SavedResource for Configuration {
    fn save(&self, object: &mut SavedObject, _: &mut Contents) {
        let (last, earlier) = self.versions().split_last().expect("a configuration has a version");
        save_version(last, object);
        object.put_list(
            "earlier",
            earlier.iter().map(|version| SavedObject::of(|object| save_version(version, object))).collect(),
        );
    }

    fn restore(fields: &mut FieldReader<'_>, meta: Meta, context: &RestoreContext<'_>) -> Result<Self, String> {
        let mut versions = fields.list("earlier", restore_version)?;
        versions.push(restore_version(fields)?);
        if !versions.is_sorted_by(|(before, _), (after, _)| before < after) {
            return Err(".earlier: are not in the order of their times".to_owned());
        }
        Self::restored(context.store, meta, versions).map_err(|error| format!(".earlier: {error}"))
    }
}
