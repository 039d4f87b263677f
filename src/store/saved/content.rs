//! The contents of files as they are saved: text as text, other bytes as base64, each once. Where a content is needed
//! again, its name stands.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use serde_json::{Map, Value};

use super::value::{SavedObject, SavedValue};
use crate::config::Settings;
use crate::documents::{self, Unreadable};
use crate::store::{Blob, BlobSource, FieldReader, TenantBudget};
use crate::worker::Worker;

/// The contents that are saved so far.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Their names, by their places in memory.
    names: HashMap<*const Blob, Box<str>>,
    counts: HashCounts,
}

/// How many contents have a hash. They differ in what is said of them besides.
#[derive(Debug, Default)]
struct HashCounts(HashMap<String, usize>);

/// Reads the contents of saved files.
#[derive(Debug)]
pub(crate) struct ContentReader<'a> {
    settings: &'a Settings,
    worker: &'a Worker,
    budget: &'a Arc<TenantBudget>,
    known: BTreeMap<Box<str>, Arc<Blob>>,
    counts: HashCounts,
}

/// What there is to say of a content besides its text.
#[derive(Default)]
struct ContentFields {
    /// The content type that the upload stated.
    content_type: Option<Box<str>>,
    /// The name by which it was read, if that is not the name of the file.
    read_as: Option<Box<str>>,
    /// Bytes that are no text.
    bytes: Option<Vec<u8>>,
    /// The name of the same content in a file before this one.
    same_as: Option<Box<str>>,
}

impl HashCounts {
    /// The name of the next content with a hash.
    fn name(&mut self, blob: &Blob) -> Box<str> {
        let hash = blob.hash.to_string();
        let count = self.0.entry(hash.clone()).or_default();
        *count += 1;
        if *count == 1 { hash.into() } else { format!("{hash}-{count}").into() }
    }
}

impl Contents {
    /// Adds the fields `text` and `content` of a file with this name; neither if its content was released.
    pub(super) fn save(&mut self, blob: &Arc<Blob>, name: &str, object: &mut SavedObject) {
        let Some(read_as) = &blob.name else { return };
        if let Some(known) = self.names.get(&Arc::as_ptr(blob)) {
            return object.put_object("content", |content| content.put("same_as", known));
        }
        self.names.insert(Arc::as_ptr(blob), self.counts.name(blob));
        let is_text = std::str::from_utf8(&blob.bytes).is_ok();
        if is_text {
            object.put_value("text", SavedValue::Text(blob.bytes.clone()));
        }
        let content = SavedObject::of(|content| {
            content.put("type", &blob.content_type);
            content.put("read_as", &Some(read_as).filter(|read_as| ***read_as != *name));
            if !is_text {
                content.put_value("base64", SavedValue::Base64(blob.bytes.clone()));
            }
        });
        if !content.is_empty() {
            object.put_value("content", SavedValue::Object(content));
        }
    }
}

impl ContentFields {
    fn read(content: &Value) -> Result<Self, String> {
        FieldReader::read(content, |fields| {
            let base64: Option<&str> = fields.take("base64")?;
            let bytes = base64.map(|text| BASE64.decode(text.as_bytes())).transpose();
            Ok(Self {
                content_type: fields.take("type")?,
                read_as: fields.take("read_as")?,
                bytes: bytes.map_err(|error| format!(".base64: no base64: {error}"))?,
                same_as: fields.take("same_as")?,
            })
        })
    }
}

impl<'a> ContentReader<'a> {
    /// A reader of contents that count in this budget.
    pub(crate) fn new(settings: &'a Settings, worker: &'a Worker, budget: &'a Arc<TenantBudget>) -> Self {
        Self { settings, worker, budget, known: BTreeMap::new(), counts: HashCounts::default() }
    }

    /// Takes the content out of the fields of a file, and reads it.
    pub(super) fn take(&mut self, file: &mut Map<String, Value>) -> Result<Arc<Blob>, String> {
        let text = match file.remove("text") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.into_bytes()),
            Some(_) => return Err(".text: is no text".to_owned()),
        };
        let content = file.remove("content").filter(|content| !content.is_null());
        let content = content.as_ref().map(ContentFields::read).transpose();
        let ContentFields { content_type, read_as, bytes, same_as } =
            content.map_err(|problem| format!(".content{problem}"))?.unwrap_or_default();
        match (text, bytes, same_as) {
            (None, None, None) => Ok(Blob::released()),
            (Some(bytes), None, None) | (None, Some(bytes), None) => {
                let name = read_as.as_deref().or_else(|| file.get("name")?.as_str()).unwrap_or_default();
                self.read(name, content_type.as_deref(), bytes.into())
            }
            (None, None, Some(same_as)) => {
                let known = self.known.get(&same_as).map(Arc::clone);
                known.ok_or_else(|| format!(".content.same_as: {same_as}: no content before this has the name"))
            }
            _ => Err(".content: is given in two ways; one of text, base64 and same_as is enough".to_owned()),
        }
    }

    fn read(&mut self, name: &str, content_type: Option<&str>, bytes: Bytes) -> Result<Arc<Blob>, String> {
        let limit = self.settings.max_upload_bytes;
        if bytes.len() > limit {
            return Err(format!(".content: has more than {limit} bytes (--max-upload-bytes)"));
        }
        let document = documents::read_or_replace(name, &bytes, &self.settings.parse_results, self.worker);
        if let Err(Unreadable::NotTried(reason)) = document {
            return Err(format!(".content: {reason}"));
        }
        let blob = Blob::new(BlobSource { name: name.into(), content_type, bytes }, document, self.budget);
        let blob = blob.map_err(|error| format!(".content: {error}"))?;
        self.known.insert(self.counts.name(&blob), Arc::clone(&blob));
        Ok(blob)
    }
}
