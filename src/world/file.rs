//! Reads the file of a world, and the files that it names.

use std::io::{self, BufRead};
use std::path::Path;

use bytes::Bytes;
use serde_json::Value;
use serde_json::de::IoRead;

use super::{Start, World, WorldReader};
use crate::assets::{FileError, Folder, open_file};
use crate::config::Isolation;
use crate::documents::{self, Unreadable};
use crate::key_label::label_of;
use crate::schema::PlainValue;
use crate::snapshot;
use crate::store::{Blob, BlobSource, ContentReader, DescribedFile, Descriptions};

/// The key of a TOML document in which its parser passes a date or a time.
const DATETIME_KEY: &str = "$__toml_private_datetime";

impl WorldReader<'_> {
    /// The world in a file; that of each tenant if it is a snapshot. An error begins with the name of the file.
    pub(super) fn worlds(&self, file: &str) -> Result<Vec<World>, String> {
        self.read_worlds(file).map_err(|problem| format!("{file}: {problem}"))
    }

    fn read_worlds(&self, file: &str) -> Result<Vec<World>, String> {
        let path = Path::new(file);
        let document = self.parse(path)?;
        if !is_toml(path) && snapshot::is_snapshot(&document) {
            return self.copies(file, document);
        }
        let (label, start) = self.described(path, document)?;
        Ok(vec![World { file: file.to_owned(), label, start }])
    }

    /// The value in a file: TOML, or JSON if its extension or its first letter says so. The text of a snapshot is
    /// longer than what it holds, base64 by a third.
    fn parse(&self, path: &Path) -> Result<Value, String> {
        let limit = self.settings.max_state_bytes.saturating_mul(2);
        let mut file = open_file(path, limit).map_err(|error| with_flag(&error, "twice --max-state-bytes"))?;
        let is_json = !is_toml(path) && file.fill_buf().is_ok_and(|bytes| bytes.starts_with(b"{"));
        if is_json || path.extension().is_some_and(|extension| extension == "json") {
            return snapshot::parse(IoRead::new(&mut file as &mut dyn io::Read), self.settings);
        }
        let text = io::read_to_string(file).map_err(|error| FileError::from(error).to_string())?;
        let PlainValue(mut value) = toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())?;
        datetimes_to_texts(&mut value);
        Ok(value)
    }

    /// The tenants of a snapshot.
    fn copies(&self, file: &str, snapshot: Value) -> Result<Vec<World>, String> {
        if self.settings.start_time.is_some() {
            return Err("has a time of its own, which cannot stand beside --start-time; omit one of the two".to_owned());
        }
        let tenants = snapshot::read(snapshot, self.settings)?.into_iter().enumerate().map(|(at, tenant)| {
            let label = Some(tenant.label.to_string());
            let source = tenant.read_contents(&mut ContentReader::new(self.settings, self.worker, &self.contents));
            let source = source.map_err(|problem| format!("tenants[{at}]{problem}"))?;
            Ok(World { file: file.to_owned(), label, start: Start::Saved(Box::new(source)) })
        });
        tenants.collect()
    }

    /// The label of the only tenant for which a file describes resources, if there is one, and the resources.
    fn described(&self, path: &Path, document: Value) -> Result<(Option<String>, Start), String> {
        let value = self.schemas.named("world").check_file(document)?;
        let label = value.get("key").and_then(Value::as_str).map(|key| self.label(key)).transpose()?;
        let mut descriptions = Descriptions::read(&value)?;
        if descriptions.is_empty() {
            return Err(format!("describes nothing; its tables are {}", Descriptions::table_names().join(", ")));
        }
        let folder = Folder::containing(path).map_err(|error| error.to_string())?;
        for (place, file) in descriptions.files() {
            self.read_content(&folder, file).map_err(|problem| format!("{place}{problem}"))?;
        }
        Ok((label, Start::Described(descriptions)))
    }

    /// The label of the only tenant that starts with a world.
    fn label(&self, key: &str) -> Result<String, String> {
        let label = label_of(key);
        if self.settings.isolation == Isolation::None {
            return Err("key: has no effect beside --isolation none, where all keys share one tenant".to_owned());
        }
        if !self.settings.accepts_label(&label) {
            return Err("key: is not accepted (--api-key), so no tenant would start with this world".to_owned());
        }
        Ok(label)
    }

    /// Reads the content of a file. An error begins with its place below the file's.
    fn read_content(&self, folder: &Folder, file: &mut DescribedFile) -> Result<(), String> {
        let limit = self.settings.max_upload_bytes;
        let bytes = match (file.path.as_deref(), file.text.take()) {
            (Some(path), None) => {
                let problem = |error| format!(".path: {path:?}: {}", with_flag(&error, "--max-upload-bytes"));
                folder.read(path, limit).map_err(problem)?
            }
            (None, Some(text)) if text.len() > limit => {
                return Err(format!(".text: {}", with_flag(&FileError::TooLarge(limit), "--max-upload-bytes")));
            }
            (None, Some(text)) => text.into_bytes(),
            (Some(_), Some(_)) => return Err(": has both a path and a text; omit one of the two".to_owned()),
            (None, None) => return Err(": needs a path or a text".to_owned()),
        };
        let name = file.name().ok_or(": needs a name beside its text")?;
        let bytes = Bytes::from(bytes);
        let document = documents::read_or_replace(name, &bytes, &self.settings.parse_results, self.worker);
        if let Err(Unreadable::NotTried(reason)) = document {
            return Err(format!(": {reason}"));
        }
        let source = BlobSource { name: name.into(), content_type: None, bytes };
        let blob = Blob::new(source, document, &self.contents).map_err(|error| format!(": {error}"))?;
        file.blob = Some(blob);
        Ok(())
    }
}

/// Whether a file is TOML, which its extension says.
pub(super) fn is_toml(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "toml")
}

/// Replaces the dates and times of TOML, which JSON has not, by their texts.
fn datetimes_to_texts(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(text) = fields.get_mut(DATETIME_KEY) {
                *value = text.take();
            } else {
                fields.values_mut().for_each(datetimes_to_texts);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(datetimes_to_texts),
        _ => {}
    }
}

/// An error about a file, with the flag that sets its limit.
fn with_flag(error: &FileError, flag: &str) -> String {
    if matches!(error, FileError::TooLarge(_)) { format!("{error} ({flag})") } else { error.to_string() }
}
