//! Files in directories: uploaded, added, listed, shown, changed, moved, deleted.

use std::sync::Arc;

use http::Method;
use serde::Deserialize;

use super::change::Change;
use super::directories::DirectoryPath;
use super::directory_file_view::body;
use super::file_filter::{DirectoryFileFilter, FileFacts};
use super::files::is_expanded;
use super::paging::{self, PageParams};
use super::presigned::PresignedUrl;
use super::upload::Upload;
use super::{metadata, output_files};
use crate::error::ApiError;
use crate::operation::{Answer, BodyKind, Job, Operation};
use crate::response::Payload;
use crate::schema::{PlainValue, ValidRequest};
use crate::store::{
    Directory, DirectoryFile, DirectoryKind, File, Key, NewDirectoryFile, NewFile, Resource, Scope, StoreError,
};

/// The name of the list of files, which its page tokens are valid for.
const LIST: &str = "directories.files.list";

/// The rows of directory files.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "directories.files.add",
        summary: "Adds an uploaded file to a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files",
        resource: DirectoryFile::KIND,
        response: Some("directory_file"),
        handler: |scope, request| add(scope, &request.params()?, request.body()?).map(Answer::Payload),
        ..Operation::CREATE
    },
    Operation {
        name: LIST,
        summary: "Lists the files of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files",
        resource: DirectoryFile::KIND,
        response: Some("directory_file_page"),
        handler: |scope, request| list(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
    Operation {
        name: "directories.files.upload",
        summary: "Uploads a file into a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/upload",
        resource: DirectoryFile::KIND,
        body: BodyKind::Multipart,
        response: Some("directory_file"),
        handler: upload,
        ..Operation::CREATE
    },
    Operation {
        name: "directories.files.bulk_delete",
        summary: "Deletes several files of a directory.",
        method: Method::POST,
        path: "/api/v1/beta/directories/{directory_id}/files/bulk-delete",
        resource: DirectoryFile::KIND,
        body: BodyKind::Json,
        handler: |scope, request| bulk_delete(scope, &request.params()?, &request.body()?).map(Answer::Payload),
        ..Operation::DELETE
    },
    Operation {
        name: "directories.files.get",
        summary: "Shows a file of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        resource: DirectoryFile::KIND,
        response: Some("directory_file"),
        handler: |scope, request| get(scope, request).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: "directories.files.update",
        summary: "Changes or moves a file of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        resource: DirectoryFile::KIND,
        response: Some("directory_file"),
        handler: |scope, request| update(scope, &request.params()?, request.body()?).map(Answer::Payload),
        ..Operation::CHANGE
    },
    Operation {
        name: "directories.files.delete",
        summary: "Deletes a file of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        resource: DirectoryFile::KIND,
        handler: |scope, request| delete(scope, &request.params()?).map(Answer::Payload),
        ..Operation::DELETE
    },
];

/// The text fields of an upload.
#[derive(Deserialize)]
struct NewDirectoryUpload {
    unique_id: Option<Arc<str>>,
    display_name: Option<Arc<str>>,
    external_file_id: Option<Arc<str>>,
    /// A JSON object, as text.
    metadata: Option<String>,
}

#[derive(Deserialize)]
struct AddFile {
    file_id: String,
    unique_id: Option<Arc<str>>,
    display_name: Option<Arc<str>>,
    metadata: Option<PlainValue>,
}

/// A change of a file. A field that is absent is not changed.
#[derive(Deserialize)]
struct ChangeFile {
    unique_id: Option<Arc<str>>,
    display_name: Option<Arc<str>>,
    target_directory_id: Option<String>,
    #[serde(default)]
    metadata: Change<PlainValue>,
}

#[derive(Deserialize)]
struct BulkDelete {
    directory_file_ids: Vec<String>,
}

#[derive(Deserialize)]
struct DirectoryFilePath {
    directory_id: String,
    directory_file_id: String,
}

#[derive(Deserialize)]
pub(super) struct GetDirectoryFile {
    directory_id: String,
    pub(super) directory_file_id: String,
    pub(super) expand: Option<Vec<String>>,
}

fn upload(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Answer, ApiError> {
    let (path, fields) = (request.params::<DirectoryPath>()?, request.body::<NewDirectoryUpload>()?);
    let metadata = metadata::from_text(&request.settings, fields.metadata.as_deref())?;
    writable_directory(scope, &path.directory_id)?;
    scope.check_quota::<DirectoryFile>()?;
    let upload = Upload::new(scope, request, "upload_file")?;
    let job = Job::new(
        upload.pool(),
        |worker| upload.read(worker),
        move |scope, (name, blob)| {
            let directory = writable_directory(scope, &path.directory_id)?;
            scope.check_quota::<DirectoryFile>()?;
            let NewDirectoryUpload { unique_id, display_name, external_file_id, .. } = fields;
            let new =
                NewDirectoryFile { unique_id: non_empty(unique_id), display_name: non_empty(display_name), metadata };
            let details = format!("{new:?}");
            let file =
                NewFile { id: None, name, external_file_id, purpose: None, blob, directory: Some(directory), details };
            let file = File::add(scope, file)?;
            let added = DirectoryFile::add(scope, directory, file, new);
            let added = added.inspect_err(|_| scope.undo_from(file))?;
            scope.count_created(file);
            scope.count_created(added);
            Ok(Payload::json(&body(scope.store, added, None)))
        },
    );
    Ok(Answer::Job(job))
}

fn add(scope: &mut Scope<'_>, path: &DirectoryPath, new: AddFile) -> Result<Payload, ApiError> {
    let directory = writable_directory(scope, &path.directory_id)?;
    let file = scope.resolve(&new.file_id)?;
    scope.check_quota::<DirectoryFile>()?;
    let metadata = new.metadata.and_then(|PlainValue(metadata)| metadata::into_map(metadata));
    let (unique_id, display_name) = (non_empty(new.unique_id), non_empty(new.display_name));
    let new = NewDirectoryFile { unique_id, display_name, metadata };
    let key = DirectoryFile::add(scope, directory, file, new)?;
    scope.count_created(key);
    Ok(Payload::json(&body(scope.store, key, None)))
}

fn list(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let filter: DirectoryFileFilter = request.params()?;
    let page = PageParams::of_query(request)?;
    let directory = scope.resolve::<Directory>(&filter.directory_id)?;
    if scope.store.get(directory).kind == DirectoryKind::Index {
        return output_files::list(scope, directory, &filter, request);
    }
    let list = format!("{LIST} in {}", filter.directory_id);
    let accepts = |file: &DirectoryFile| filter.accepts(&FileFacts::of(file));
    let found = page.find(&list, |page| scope.page(Some(directory), page, filter.include_deleted, accepts))?;
    let is_expanded = is_expanded(filter.expand.as_deref());
    let url = |key| is_expanded.then(|| download_url(scope, key, request));
    Ok(paging::payload(&found, |key| body(scope.store, *key, url(*key))))
}

fn get(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let path: GetDirectoryFile = request.params()?;
    let directory = scope.resolve::<Directory>(&path.directory_id)?;
    if scope.store.get(directory).kind == DirectoryKind::Index {
        return output_files::get(scope, directory, &path, request);
    }
    let key = scope.resolve_in(&path.directory_file_id, Some(directory))?;
    let url = is_expanded(path.expand.as_deref()).then(|| download_url(scope, key, request));
    Ok(Payload::json(&body(scope.store, key, url)))
}

fn update(scope: &mut Scope<'_>, path: &DirectoryFilePath, change: ChangeFile) -> Result<Payload, ApiError> {
    let directory = writable_directory(scope, &path.directory_id)?;
    let key = scope.resolve_in::<DirectoryFile>(&path.directory_file_id, Some(directory))?;
    let target = match change.target_directory_id.as_deref() {
        Some(target) => writable_directory(scope, target)?,
        None => directory,
    };
    if target != directory || change.unique_id.is_some() {
        let unique_id = change.unique_id.as_ref().unwrap_or(&scope.store.get(key).unique_id);
        DirectoryFile::check_unique_id(scope, target, unique_id, Some(key))?;
    }
    let project = scope.store.get(target).meta.project;
    let keeps_fields = change.unique_id.is_none() && change.display_name.is_none();
    let is_changed = !keeps_fields || target != directory || !matches!(change.metadata, Change::Keep);
    let now = scope.now;
    scope.store.change(key, |file| {
        (file.directory, file.meta.project) = (target, project);
        file.unique_id = change.unique_id.unwrap_or_else(|| file.unique_id.clone());
        file.display_name = non_empty(change.display_name).unwrap_or_else(|| file.display_name.clone());
        file.metadata = match change.metadata {
            Change::Keep => file.metadata.take(),
            Change::Clear => None,
            Change::Set(PlainValue(metadata)) => metadata::into_map(metadata),
        };
        if is_changed {
            file.updated_at = now;
        }
    });
    Ok(Payload::json(&body(scope.store, key, None)))
}

fn delete(scope: &mut Scope<'_>, path: &DirectoryFilePath) -> Result<Payload, ApiError> {
    let directory = writable_directory(scope, &path.directory_id)?;
    let key = scope.resolve_in::<DirectoryFile>(&path.directory_file_id, Some(directory))?;
    scope.delete(key);
    Ok(Payload::Empty)
}

/// Deletes all files that the request names, or none of them.
fn bulk_delete(scope: &mut Scope<'_>, path: &DirectoryPath, request: &BulkDelete) -> Result<Payload, ApiError> {
    let directory = writable_directory(scope, &path.directory_id)?;
    let ids = request.directory_file_ids.iter();
    let keys = ids.map(|id| scope.resolve_in::<DirectoryFile>(id, Some(directory)));
    let mut keys = keys.collect::<Result<Vec<_>, StoreError>>()?;
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        scope.delete(key);
    }
    Ok(Payload::Empty)
}

/// A name; an empty one counts as absent, because the contract of responses has none.
fn non_empty(name: Option<Arc<str>>) -> Option<Arc<str>> {
    name.filter(|name| !name.is_empty())
}

/// The directory of this id, whose files a client can change. Those of an output directory are made by syncs; how the
/// service refuses a change of them is not known.
fn writable_directory(scope: &mut Scope<'_>, id: &str) -> Result<Key<Directory>, ApiError> {
    let key = scope.resolve::<Directory>(id)?;
    if scope.store.get(key).kind == DirectoryKind::Index {
        return Err(ApiError::text(403, "The files of the output directory of an index are changed by its syncs only"));
    }
    Ok(key)
}

fn download_url(scope: &Scope<'_>, key: Key<DirectoryFile>, request: &ValidRequest) -> PresignedUrl {
    let file = scope.store.get(key);
    PresignedUrl::new(scope, request, &file.meta.id, &file.display_name, None)
}
