//! Uploaded files: uploaded, listed, shown, deleted, and their contents.

use std::sync::Arc;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::paging::{self, PageParams};
use super::presigned::PresignedUrl;
use super::state::AdminView;
use super::upload::Upload;
use super::value_checks;
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::operation::{Answer, BodyKind, Job, Operation};
use crate::response::Payload;
use crate::schema::{Integer, ValidRequest};
use crate::store::{Cursor, File, Id, Key, NewFile, Page, Prefix, Resource, Scope, Store};

/// The name of the list of files, which its page tokens are valid for.
const LIST: &str = "files.list";

/// The name of the deprecated list.
const QUERY: &str = "files.query";

/// The rows of files.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "files.create",
        summary: "Uploads a file.",
        path: "/api/v1/beta/files",
        resource: File::KIND,
        body: BodyKind::Multipart,
        response: Some("file"),
        handler: create,
        ..Operation::CREATE
    },
    Operation {
        name: LIST,
        summary: "Lists files.",
        path: "/api/v1/beta/files",
        resource: File::KIND,
        response: Some("file_page"),
        handler: |scope, request| list(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
    Operation {
        name: "files.retrieve",
        summary: "Shows a file.",
        path: "/api/v1/beta/files/{file_id:uuid}",
        resource: File::KIND,
        response: Some("file"),
        handler: |scope, request| retrieve(scope, request).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: "files.delete",
        summary: "Deletes a file.",
        path: "/api/v1/beta/files/{file_id:uuid}",
        resource: File::KIND,
        handler: |scope, request| delete(scope, &request.params()?).map(Answer::Payload),
        ..Operation::DELETE
    },
    Operation {
        name: "files.content",
        summary: "Returns a URL for the content of a file.",
        path: "/api/v1/beta/files/{file_id:uuid}/content",
        resource: File::KIND,
        response: Some("presigned_url"),
        handler: |scope, request| content(scope, request).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: QUERY,
        summary: "Lists files (deprecated).",
        method: Method::POST,
        path: "/api/v1/beta/files/query",
        resource: File::KIND,
        body: BodyKind::Json,
        response: Some("file_page"),
        handler: |scope, request| query(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
];

const ORDERS: &[&str] = &["name", "id", "created_at"];

/// The text fields of an upload.
#[derive(Deserialize)]
struct NewUpload {
    purpose: Arc<str>,
    external_file_id: Option<Arc<str>>,
}

#[derive(Deserialize)]
struct FilePath {
    file_id: Uuid,
}

#[derive(Deserialize)]
struct GetFile {
    file_id: Uuid,
    expand: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct GetContent {
    file_id: Uuid,
    expires_at_seconds: Option<Integer>,
}

/// The filter of a list of files, from the query or the body.
#[derive(Deserialize, Default)]
struct FileFilter {
    file_ids: Option<Vec<Uuid>>,
    file_name: Option<String>,
    external_file_id: Option<String>,
    /// Of the deprecated query only: no file of the emulator has one.
    data_source_id: Option<Uuid>,
    /// Of the deprecated query only.
    project_id: Option<Uuid>,
}

/// The parameters of a list besides its page.
#[derive(Deserialize)]
struct ListFiles {
    file_ids: Option<Vec<Uuid>>,
    file_name: Option<String>,
    external_file_id: Option<String>,
    order_by: Option<String>,
    expand: Option<Vec<String>>,
}

/// The body of the deprecated query.
#[derive(Deserialize)]
struct FileQuery {
    filter: Option<FileFilter>,
    order_by: Option<String>,
}

/// A file as the service prints it. The order of the fields is that of its contract.
#[derive(Serialize)]
struct FileBody<'a> {
    id: &'a Id,
    name: &'a str,
    external_file_id: Option<&'a str>,
    file_type: Option<String>,
    project_id: &'a Id,
    last_modified_at: Timestamp,
    /// Always null: how long the service keeps a file is not published.
    expires_at: Option<Timestamp>,
    purpose: Option<&'a str>,
    download_url: Option<PresignedUrl>,
}

fn create(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Answer, ApiError> {
    let fields: NewUpload = request.body()?;
    scope.check_quota::<File>()?;
    let upload = Upload::new(scope, request, "file")?;
    let job = Job::new(
        upload.pool(),
        |worker| upload.read(worker),
        |scope, (name, blob)| {
            scope.check_quota::<File>()?;
            let NewUpload { purpose, external_file_id } = fields;
            let new = NewFile {
                id: None,
                name,
                external_file_id,
                purpose: Some(purpose),
                blob,
                directory: None,
                details: String::new(),
            };
            let key = File::add(scope, new)?;
            scope.count_created(key);
            Ok(Payload::json(&body(scope.store, key, None)))
        },
    );
    Ok(Answer::Job(job))
}

fn list(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let ListFiles { file_ids, file_name, external_file_id, order_by, expand } = request.params()?;
    let filter = FileFilter { file_ids, file_name, external_file_id, ..FileFilter::default() };
    let page = PageParams::of_query(request)?;
    let listing = Listing { filter: &filter, page: &page, order_by: order_by.as_deref() };
    let found = listing.page(LIST, scope)?;
    let is_expanded = is_expanded(expand.as_deref());
    Ok(page_body(scope, &found, is_expanded.then_some(request)))
}

fn query(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let (query, page) = (request.body::<FileQuery>()?, PageParams::of_body(request)?);
    let filter = query.filter.unwrap_or_default();
    let listing = Listing { filter: &filter, page: &page, order_by: query.order_by.as_deref() };
    let found = listing.page(QUERY, scope)?;
    Ok(page_body(scope, &found, None))
}

fn retrieve(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let params: GetFile = request.params()?;
    let key = scope.resolve(&params.file_id.to_string())?;
    let url = is_expanded(params.expand.as_deref()).then(|| download_url(scope, key, request));
    Ok(Payload::json(&body(scope.store, key, url)))
}

fn delete(scope: &mut Scope<'_>, path: &FilePath) -> Result<Payload, ApiError> {
    let key = scope.resolve::<File>(&path.file_id.to_string())?;
    scope.delete(key);
    Ok(Payload::Empty)
}

fn content(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let params: GetContent = request.params()?;
    let key = scope.resolve::<File>(&params.file_id.to_string())?;
    let file = scope.store.get(key);
    let lifetime = params.expires_at_seconds.as_ref();
    Ok(Payload::json(&PresignedUrl::new(scope, request, &file.meta.id, &file.name, lifetime)))
}

/// A list of files that a request asks for.
struct Listing<'a> {
    filter: &'a FileFilter,
    page: &'a PageParams<'a>,
    order_by: Option<&'a str>,
}

impl Listing<'_> {
    fn page(&self, list: &str, scope: &mut Scope<'_>) -> Result<Page<Key<File>>, ApiError> {
        let order = self.order()?;
        let project = match self.filter.project_id {
            Some(id) => scope.store.collection().live_with_id(&Id::Minted(Prefix::NONE, id)),
            None => scope.existing_project(),
        };
        let ids = self.filter.ids();
        let accepts = |file: &File| self.filter.accepts(file, ids.as_deref());
        self.page.find(&format!("{list} by {order}"), |page| match order {
            "name" => scope.page_sorted(project, page, accepts, |key, file| Cursor::by_text((*file.name).into(), key)),
            "id" => {
                let place = |key, file: &File| Cursor::by_text(file.meta.id.to_string().into(), key);
                scope.page_sorted(project, page, accepts, place)
            }
            _ => scope.page(project, page, false, accepts),
        })
    }

    /// The field that orders the list. The SDK documents these and that others are rejected.
    fn order(&self) -> Result<&'static str, ApiError> {
        let Some(order) = self.order_by.filter(|order| !order.is_empty()) else { return Ok("created_at") };
        let place = || vec![self.page.place.into(), "order_by".into()];
        value_checks::one_of(self.page.settings, ORDERS, order, place)?;
        Ok(ORDERS.iter().find(|known| **known == order).unwrap_or(&"created_at"))
    }
}

impl FileFilter {
    /// The ids that the filter names.
    fn ids(&self) -> Option<Vec<Id>> {
        self.file_ids.as_ref().map(|ids| ids.iter().map(|id| Id::Minted(Prefix::NONE, *id)).collect())
    }

    fn accepts(&self, file: &File, ids: Option<&[Id]>) -> bool {
        ids.is_none_or(|ids| ids.contains(&file.meta.id))
            && self.file_name.as_deref().is_none_or(|name| *file.name == *name)
            && self.external_file_id.as_deref().is_none_or(|id| file.external_file_id.as_deref() == Some(id))
            && self.data_source_id.is_none()
    }
}

/// Whether `expand` asks for `download_url`. Unknown values are ignored: its schema allows any text.
pub(super) fn is_expanded(expand: Option<&[String]>) -> bool {
    expand.is_some_and(|fields| fields.iter().any(|field| field == "download_url"))
}

fn download_url(scope: &Scope<'_>, key: Key<File>, request: &ValidRequest) -> PresignedUrl {
    let file = scope.store.get(key);
    PresignedUrl::new(scope, request, &file.meta.id, &file.name, None)
}

/// A page of files, with their URLs if `request` is given.
fn page_body(scope: &Scope<'_>, page: &Page<Key<File>>, request: Option<&ValidRequest>) -> Payload {
    let url = |key| request.map(|request| download_url(scope, key, request));
    paging::payload(page, |key| body(scope.store, *key, url(*key)))
}

impl AdminView for File {
    fn view(store: &Store, key: Key<Self>) -> Value {
        let mut view = serde_json::to_value(body(store, key, None)).unwrap_or_default();
        view["kept"] = json!({ "sha256": store.get(key).blob.hash.to_string() });
        view
    }
}

fn body(store: &Store, key: Key<File>, download_url: Option<PresignedUrl>) -> FileBody<'_> {
    let file = store.get(key);
    FileBody {
        id: &file.meta.id,
        name: &file.name,
        external_file_id: file.external_file_id.as_deref(),
        file_type: file.extension(),
        project_id: store.project_id(file.meta.project),
        last_modified_at: file.meta.created_at,
        expires_at: None,
        purpose: file.purpose.as_deref(),
        download_url,
    }
}
