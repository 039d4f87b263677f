//! The contents of files in saved forms: text as text, other bytes as base64, each once. Where a content is needed
//! again, its name stands.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::Settings;
use crate::documents::{self, Unreadable};
use crate::store::{Blob, BlobSource, TenantBudget};
use crate::worker::Worker;

/// A content that is text.
#[derive(Debug)]
pub(super) struct SavedText(Bytes);

/// A content that is not, and what there is to say of any content besides its text.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedContent {
    /// The content type that the upload stated.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    content_type: Option<Box<str>>,
    /// The name by which it was read, if that is not the name of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_as: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<SavedBytes>,
    /// The name of the same content in a form before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    same_as: Option<Box<str>>,
    /// The content itself, once it is read.
    #[serde(skip)]
    blob: Option<Arc<Blob>>,
}

/// Bytes that are no text.
#[derive(Debug)]
struct SavedBytes(Bytes);

/// The fields of a form that have a content.
pub(super) struct ContentFields<'a> {
    /// The name of the file.
    pub(super) name: &'a str,
    pub(super) text: &'a mut Option<SavedText>,
    pub(super) content: &'a mut Option<SavedContent>,
}

/// The contents in the forms so far.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Their names, by their places in memory.
    names: HashMap<*const Blob, Box<str>>,
    counts: HashCounts,
}

/// How many contents have a hash. They differ in what is said of them besides.
#[derive(Debug, Default)]
struct HashCounts(HashMap<String, usize>);

/// Reads the contents of forms.
#[derive(Debug)]
pub(crate) struct ContentReader<'a> {
    settings: &'a Settings,
    worker: &'a Worker,
    budget: &'a Arc<TenantBudget>,
    known: BTreeMap<Box<str>, Arc<Blob>>,
    counts: HashCounts,
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
    /// The fields `text` and `content` of a file with this name; both are absent if its content was released.
    pub(super) fn fields(&mut self, blob: &Arc<Blob>, name: &str) -> (Option<SavedText>, Option<SavedContent>) {
        let Some(read_as) = &blob.name else { return (None, None) };
        if let Some(known) = self.names.get(&Arc::as_ptr(blob)) {
            return (None, Some(SavedContent { same_as: Some(known.clone()), ..SavedContent::default() }));
        }
        self.names.insert(Arc::as_ptr(blob), self.counts.name(blob));
        let is_text = std::str::from_utf8(&blob.bytes).is_ok();
        let content = SavedContent {
            content_type: blob.content_type.clone(),
            read_as: (**read_as != *name).then(|| read_as.clone()),
            base64: (!is_text).then(|| SavedBytes(blob.bytes.clone())),
            ..SavedContent::default()
        };
        (is_text.then(|| SavedText(blob.bytes.clone())), content.says_anything().then_some(content))
    }
}

impl SavedContent {
    fn says_anything(&self) -> bool {
        self.content_type.is_some() || self.read_as.is_some() || self.base64.is_some()
    }
}

/// The content of a form, once it is read.
pub(super) fn content_of(saved: Option<&SavedContent>) -> Arc<Blob> {
    let blob = saved.and_then(|saved| saved.blob.as_ref());
    Arc::clone(blob.expect("contents are read before anything is restored"))
}

impl<'a> ContentReader<'a> {
    /// A reader of contents that count in this budget.
    pub(crate) fn new(settings: &'a Settings, worker: &'a Worker, budget: &'a Arc<TenantBudget>) -> Self {
        Self { settings, worker, budget, known: BTreeMap::new(), counts: HashCounts::default() }
    }

    /// Reads the content of a form. Its text and its bytes are taken out of it.
    pub(super) fn read(&mut self, fields: ContentFields<'_>) -> Result<(), String> {
        let ContentFields { name, text, content } = fields;
        let SavedContent { content_type, read_as, base64, same_as, .. } = content.take().unwrap_or_default();
        let blob = match (text.take(), base64, same_as) {
            (None, None, None) => Blob::released(),
            (Some(SavedText(bytes)), None, None) | (None, Some(SavedBytes(bytes)), None) => {
                self.read_bytes(read_as.as_deref().unwrap_or(name), content_type.as_deref(), bytes)?
            }
            (None, None, Some(same_as)) => {
                let known = self.known.get(&same_as).map(Arc::clone);
                known.ok_or_else(|| format!("content.same_as: {same_as}: no content before this has the name"))?
            }
            _ => return Err("content: is given in two ways; one of text, base64 and same_as is enough".to_owned()),
        };
        *content = Some(SavedContent { blob: Some(blob), ..SavedContent::default() });
        Ok(())
    }

    fn read_bytes(&mut self, name: &str, content_type: Option<&str>, bytes: Bytes) -> Result<Arc<Blob>, String> {
        let limit = self.settings.max_upload_bytes;
        if bytes.len() > limit {
            return Err(format!("content: has more than {limit} bytes (--max-upload-bytes)"));
        }
        let document = documents::read_or_replace(name, &bytes, &self.settings.parse_results, self.worker);
        if let Err(Unreadable::NotTried(reason)) = document {
            return Err(format!("content: {reason}"));
        }
        let blob = Blob::new(BlobSource { name, content_type, bytes }, document, self.budget);
        let blob = blob.map_err(|error| format!("content: {error}"))?;
        self.known.insert(self.counts.name(&blob), Arc::clone(&blob));
        Ok(blob)
    }
}

impl Serialize for SavedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.0).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for SavedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl Serialize for SavedBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&BASE64.encode_display(&self.0))
    }
}

impl<'de> Deserialize<'de> for SavedBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(|error| D::Error::custom(format!("no base64: {error}")))?;
        Ok(Self(bytes.into()))
    }
}
