//! `retrieval.find`, `retrieval.grep` and `retrieval.read`: the files of an index, and their texts. Offsets count code
//! points, and agree with those of chunks.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::paging::{self, PageParams};
use crate::api::value_checks;
use crate::config::{Fidelity, Settings};
use crate::documents::{self, Format, Text};
use crate::error::ApiError;
use crate::operation::{Answer, Job, Pool};
use crate::response::Payload;
use crate::schema::{Integer, ValidRequest};
use crate::search::SearchableDocument;
use crate::search::grep::{Pattern, Search, SearchError, SearchLimits};
use crate::store::{Cursor, DirectoryFile, Id, Index, IndexedFile, Page, Resource, Scope, StoreError};
use crate::worker::Worker;

/// The most characters in the matches of a page, contexts included: a page may hold fewer matches than it was asked
/// for.
const MAX_PAGE_CHARS: usize = 4 << 20;

/// The most matches of a pattern that are found in a file.
const MAX_MATCHES: usize = 100_000;

#[derive(Deserialize)]
struct FindRequest {
    index_id: String,
    file_name: Option<String>,
    file_name_contains: Option<String>,
}

#[derive(Deserialize)]
struct GrepRequest {
    index_id: String,
    file_id: String,
    pattern: String,
    context_chars: Option<Integer>,
}

#[derive(Deserialize)]
struct ReadRequest {
    index_id: String,
    file_id: String,
    offset: Option<Integer>,
    max_length: Option<Integer>,
}

#[derive(Serialize)]
struct FoundFile<'a> {
    file_id: &'a Id,
    file_name: &'a str,
}

#[derive(Serialize)]
struct MatchBody<'a> {
    start_char: usize,
    end_char: usize,
    content: &'a str,
}

/// Finds files by name, in the order of their names. An index that is not ready has none.
pub(super) fn find(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let page = PageParams::of_body(request)?;
    let request: FindRequest = request.body()?;
    let key = scope.resolve::<Index>(&request.index_id)?;
    let content = scope.store.get(key).content.clone();
    let part = request.file_name_contains.as_ref().map(|part| part.to_lowercase());
    let accepts = |file: &&IndexedFile| {
        request.file_name.as_deref().is_none_or(|name| *file.name == *name)
            && part.as_ref().is_none_or(|part| file.name.to_lowercase().contains(part))
    };
    let files = content.iter().flat_map(|content| &content.files).filter(accepts);
    let list = format!("retrieval.find {}", request.index_id);
    let found = page.find(&list, |page| scope.page_of(page, files.map(|file| (file.cursor(), file))))?;
    Ok(paging::payload(&found, |file| FoundFile { file_id: &file.id, file_name: &file.name }))
}

/// Reads the text of a file, or a part of it.
pub(super) fn read(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let settings = &request.settings;
    let request: ReadRequest = request.body()?;
    let document = document(scope, &request.index_id, &request.file_id)?;
    let start = count(settings, "offset", request.offset.as_ref())?.unwrap_or(0);
    let length = count(settings, "max_length", request.max_length.as_ref())?.unwrap_or(usize::MAX);
    let text = document.document().text();
    Ok(Payload::json(&json!({ "content": text.slice_chars(start, start.saturating_add(length)) })))
}

/// Searches a file by a regular expression. The search is a job without the lock.
pub(super) fn grep(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Answer, ApiError> {
    let page = PageParams::of_body(request)?;
    let settings = Arc::clone(&request.settings);
    let request: GrepRequest = request.body()?;
    let document = document(scope, &request.index_id, &request.file_id)?;
    if settings.fidelity == Fidelity::Contract && document.document().text().as_str().is_empty() {
        // Every pattern is accepted for a file that is not there.
        return Ok(Answer::Payload(paging::payload(&Page { items: Vec::new(), next_token: None }, |()| ())));
    }
    let context = count(&settings, "context_chars", request.context_chars.as_ref())?.unwrap_or(0);
    let list = format!("retrieval.grep {} {} {}", request.index_id, request.file_id, request.pattern);
    let (page_size, before) = page.find(&list, |page| Ok((page.size, scope.open_page(page)?)))?;
    let skipped = before.as_ref().map_or(0, |cursor| usize::try_from(cursor.number()).unwrap_or(usize::MAX));
    // The last page ends at the limit. Its token asks for a page that is refused.
    let size = page_size.min(MAX_MATCHES.saturating_sub(skipped));
    let refuse = |error: &dyn fmt::Display| refusal(&settings, &request.pattern, error);
    let pattern = Pattern::parse(&request.pattern).map_err(|error| refuse(&error))?;
    if size == 0 {
        return Err(refuse(&format_args!("the pattern has more than {MAX_MATCHES} matches in this file")));
    }
    let limits = SearchLimits { matches: skipped.saturating_add(size).saturating_add(1), ..SearchLimits::default() };
    let search = Search::new(pattern, document.document().text().as_str());
    let pool = if search.needs_child() { Pool::Child } else { Pool::Thread };
    let searched = Arc::clone(&document);
    let run = move |worker: &Worker| {
        let found = search.run(searched.document().text().as_str(), limits, worker);
        found.map_err(|error| match error {
            SearchError::Failed(_) => ApiError::text(503, error.to_string()),
            _ => refusal(&settings, &request.pattern, &error),
        })
    };
    let commit = move |scope: &mut Scope<'_>, matches: Vec<Range<usize>>| {
        let text = document.document().text();
        let rest = matches.get(skipped..).unwrap_or_default();
        let shown = &rest[..count_fitting(&rest[..size.min(rest.len())], text, context)];
        // The number of matches up to the end of the page.
        let next = (rest.len() > shown.len()).then(|| Cursor::new("".into(), (skipped + shown.len()) as u64));
        let page = scope.close_page(&list, shown.to_vec(), before, next);
        Ok(paging::payload(&page, |range| MatchBody::of(text, range, context)))
    };
    Ok(Answer::Job(Job::new(pool, run, commit)))
}

/// How many of these matches fit on a page.
fn count_fitting(matches: &[Range<usize>], text: &Text, context: usize) -> usize {
    let mut chars = 0;
    let fits = |range: &&Range<usize>| {
        let fits_before = chars < MAX_PAGE_CHARS;
        chars += MatchBody::of(text, range, context).content.len();
        fits_before
    };
    matches.iter().take_while(fits).count()
}

impl<'a> MatchBody<'a> {
    fn of(text: &'a Text, range: &Range<usize>, context: usize) -> Self {
        let (start_char, end_char) = (text.char_of(range.start), text.char_of(range.end));
        let shown = text.slice_chars(start_char.saturating_sub(context), end_char.saturating_add(context));
        Self { start_char, end_char, content: shown }
    }
}

/// The document of a file in an index; in contract mode a document without text for a file that is not there.
fn document(scope: &mut Scope<'_>, index_id: &str, file_id: &str) -> Result<Arc<SearchableDocument>, ApiError> {
    let key = scope.resolve::<Index>(index_id)?;
    let content = scope.store.get(key).content.as_ref();
    match content.and_then(|content| content.file(file_id)) {
        Some(file) => Ok(Arc::clone(&file.document)),
        None if scope.store.policy.fidelity == Fidelity::Contract => {
            let document = documents::read_as(Format::Plain, &Bytes::new()).expect("an empty text is a document");
            Ok(Arc::new(SearchableDocument::new(document)))
        }
        None => Err(StoreError::NotFound(DirectoryFile::KIND).into()),
    }
}

/// A number of characters. How the service treats negative ones is not known; the emulator refuses them.
fn count(settings: &Settings, field: &str, number: Option<&Integer>) -> Result<Option<usize>, ApiError> {
    let Some(number) = number else { return Ok(None) };
    match usize::try_from(number.clamped()) {
        Ok(count) => return Ok(Some(count)),
        Err(_) if settings.fidelity == Fidelity::Contract => return Ok(None),
        Err(_) => {}
    }
    let allowed = format!("{field} should be at least 0");
    Err(value_checks::refusal(settings, vec!["body".into(), field.into()], &allowed, number.clone().into()))
}

fn refusal(settings: &Settings, pattern: &str, error: &dyn fmt::Display) -> ApiError {
    value_checks::refusal(settings, vec!["body".into(), "pattern".into()], &error.to_string(), pattern.into())
}
