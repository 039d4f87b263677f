//! What a recorded request was about: a resource, or a kind of them. It is found when the entry is shown.

use serde::Serialize;
use serde_json::Value;

use crate::api;
use crate::journal::Entry;

/// Where the name of a resource stands in a request or a response.
const NAMES: [&str; 3] = ["/name", "/display_name", "/upload_file/filename"];

/// An entry as the admin API shows it.
#[derive(Debug, Serialize)]
pub(super) struct EntryView {
    #[serde(flatten)]
    pub(super) entry: Entry,
    /// `null` if it reached no operation.
    pub(super) about: Option<About>,
}

/// What a request was about.
#[derive(Debug, Serialize)]
pub(super) struct About {
    /// The kind of resource, such as `directory_file`.
    pub(super) kind: String,
    /// The id of the resource; `null` for several, and for one that was not created.
    pub(super) id: Option<String>,
    /// Its name, as the request or the response has it.
    pub(super) name: Option<String>,
}

impl EntryView {
    pub(super) fn of(entry: Entry) -> Self {
        let about = entry.operation.and_then(|name| About::of(&entry, name));
        Self { entry, about }
    }
}

impl About {
    fn of(entry: &Entry, operation: &str) -> Option<Self> {
        let operation = api::operations().find(|known| known.name == operation)?;
        let kind = operation.resource.name.to_lowercase().replace(' ', "_");
        let (sent, received) = (entry.request_body.value(), entry.reply_body.value());
        let bodies: Vec<&Value> = [&sent, &received].into_iter().flatten().collect();
        let text = |pointer: &str| bodies.iter().find_map(|body| body.pointer(pointer)?.as_str());
        let created = entry.created.as_ref().map(ToString::to_string);
        let id = created.or_else(|| id_in_path(entry, &kind));
        let name = NAMES.into_iter().find_map(text).map(str::to_owned);
        match (id, text("/index_id")) {
            // A question about the content of an index.
            (None, Some(index)) => Some(Self { kind: "index".to_owned(), id: Some(index.to_owned()), name }),
            (id, _) => Some(Self { kind, id, name }),
        }
    }
}

/// The id of the resource itself, not of its parent.
fn id_in_path(entry: &Entry, kind: &str) -> Option<String> {
    let (name, value) = entry.path_params().pop()?;
    let word = name.strip_suffix("_id")?;
    let is_own = kind == word || kind.ends_with(&format!("_{word}")) || !kind.contains('_') && kind.starts_with(word);
    is_own.then_some(value)
}
