//! Files in directories: uploaded, added, listed, shown, changed, moved, deleted.

use http::Method;
use serde::Deserialize;

use super::change::Change;
use super::directory_file_view::{FileFacts, FileFilter, body};
use super::files::is_expanded;
use super::paging::{PageBody, PageParams};
use super::presigned::PresignedUrl;
use super::upload::Upload;
use super::{metadata, output_files};
use crate::error::ApiError;
use crate::operation::{Answer, BodyKind, Job, Operation};
use crate::request::Origin;
use crate::response::Payload;
use crate::schema::{PlainValue, ValidRequest};
use crate::store::{Directory, DirectoryFile, DirectoryKind, File, Kind, NewDirectoryFile, NewFile, Scope, StoreError};

/// The name of the list of files, which its page tokens are valid for.
const LIST: &str = "directories.files.list";

/// The rows of directory files.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "directories.files.add",
        summary: "Adds an uploaded file to a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files",
        resource: Kind::DirectoryFile,
        response: Some("directory_file"),
        handler: Some(|scope, request| add(scope, &request.params()?, request.body()?).map(Answer::Payload)),
        ..Operation::CREATE
    },
    Operation {
        name: LIST,
        summary: "Lists the files of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files",
        resource: Kind::DirectoryFile,
        response: Some("directory_file_page"),
        handler: Some(|scope, request| list(scope, request).map(Answer::Payload)),
        ..Operation::LIST
    },
    Operation {
        name: "directories.files.upload",
        summary: "Uploads a file into a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/upload",
        resource: Kind::DirectoryFile,
        body: BodyKind::Multipart,
        response: Some("directory_file"),
        handler: Some(|scope, request| upload(scope, request)),
        ..Operation::CREATE
    },
    Operation {
        name: "directories.files.bulk_delete",
        summary: "Deletes several files of a directory.",
        method: Method::POST,
        path: "/api/v1/beta/directories/{directory_id}/files/bulk-delete",
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        handler: Some(|scope, request| bulk_delete(scope, &request.params()?, &request.body()?).map(Answer::Payload)),
        ..Operation::DELETE
    },
    Operation {
        name: "directories.files.get",
        summary: "Shows a file of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        resource: Kind::DirectoryFile,
        response: Some("directory_file"),
        handler: Some(|scope, request| get(scope, request).map(Answer::Payload)),
        ..Operation::READ
    },
    Operation {
        name: "directories.files.update",
        summary: "Changes or moves a file of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        resource: Kind::DirectoryFile,
        response: Some("directory_file"),
        handler: Some(|scope, request| update(scope, &request.params()?, request.body()?).map(Answer::Payload)),
        ..Operation::CHANGE
    },
    Operation {
        name: "directories.files.delete",
        summary: "Deletes a file of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        resource: Kind::DirectoryFile,
        handler: Some(|scope, request| delete(scope, &request.params()?).map(Answer::Payload)),
        ..Operation::DELETE
    },
];

/// The text fields of an upload.
#[derive(Deserialize)]
struct NewUpload {
    unique_id: Option<Box<str>>,
    display_name: Option<Box<str>>,
    external_file_id: Option<Box<str>>,
    /// A JSON object, as text.
    metadata: Option<String>,
}

#[derive(Deserialize)]
struct AddFile {
    file_id: String,
    unique_id: Option<Box<str>>,
    display_name: Option<Box<str>>,
    metadata: Option<PlainValue>,
}

/// A change of a file. A field that is absent is not changed.
#[derive(Deserialize)]
struct ChangeFile {
    unique_id: Option<Box<str>>,
    display_name: Option<Box<str>>,
    target_directory_id: Option<String>,
    #[serde(default)]
    metadata: Change<PlainValue>,
}

#[derive(Deserialize)]
struct BulkDelete {
    directory_file_ids: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct DirectoryPath {
    directory_id: String,
}

#[derive(Deserialize)]
struct FilePath {
    directory_id: String,
    directory_file_id: String,
}

#[derive(Deserialize)]
struct Expand {
    expand: Option<Vec<String>>,
}

fn upload(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Answer, ApiError> {
    let (path, fields) = (request.params::<DirectoryPath>()?, request.body::<NewUpload>()?);
    let metadata = metadata::from_text(&scope.store.policy, fields.metadata.as_deref())?;
    writable_directory(scope, &path.directory_id)?;
    scope.check_quota::<DirectoryFile>()?;
    let upload = Upload::new(request.file("upload_file")?, &scope.store.policy, scope.store.ledger());
    let job = Job::new(
        upload.pool(),
        || upload.read(),
        move |scope, (name, blob)| {
            let directory = writable_directory(scope, &path.directory_id)?;
            scope.check_quota::<DirectoryFile>()?;
            let NewUpload { unique_id, display_name, external_file_id, .. } = fields;
            let new = NewDirectoryFile { unique_id: named(unique_id), display_name: named(display_name), metadata };
            let details = format!("{new:?}");
            let file = NewFile { name, external_file_id, purpose: None, blob, directory: Some(directory), details };
            let file = File::add(scope, file)?;
            let added = DirectoryFile::add(scope, directory, file, new);
            let ordinal = added.inspect_err(|_| scope.undo_from::<File>(file))?;
            scope.count_created::<File>(file);
            scope.count_created::<DirectoryFile>(ordinal);
            Ok(Payload::json(&body(scope.store, ordinal, None)))
        },
    );
    Ok(Answer::Job(job))
}

fn add(scope: &mut Scope<'_>, path: &DirectoryPath, new: AddFile) -> Result<Payload, ApiError> {
    let directory = writable_directory(scope, &path.directory_id)?;
    let file = scope.resolve::<File>(&new.file_id)?;
    scope.check_quota::<DirectoryFile>()?;
    let metadata = new.metadata.and_then(|PlainValue(metadata)| metadata::into_map(metadata));
    let (unique_id, display_name) = (named(new.unique_id), named(new.display_name));
    let new = NewDirectoryFile { unique_id, display_name, metadata };
    let ordinal = DirectoryFile::add(scope, directory, file, new)?;
    scope.count_created::<DirectoryFile>(ordinal);
    Ok(Payload::json(&body(scope.store, ordinal, None)))
}

fn list(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let path: DirectoryPath = request.params()?;
    let (filter, page): (FileFilter, PageParams) = (request.params()?, request.params()?);
    let expand = request.params::<Expand>()?.expand;
    let directory = scope.resolve::<Directory>(&path.directory_id)?;
    if scope.store.get::<Directory>(directory).kind == DirectoryKind::Index {
        return output_files::list(scope, directory, &filter, &page);
    }
    let name = format!("{LIST} in {}", path.directory_id);
    let request_page = page.page(&name, "query", &scope.store.policy)?;
    let accepts = |file: &DirectoryFile| filter.accepts(&FileFacts::of(file));
    let found = scope.page(Some(directory), request_page, filter.include_deleted, accepts);
    let found = page.refuse_token(found, "query", scope)?;
    let is_expanded = is_expanded(expand.as_deref());
    let item = |ordinal: &u64| {
        let url = is_expanded.then(|| download_url(scope, *ordinal, request.origin()));
        body(scope.store, *ordinal, url)
    };
    Ok(Payload::json(&PageBody::new(found.ordinals.iter().map(item).collect(), found.next_token.clone())))
}

fn get(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let (path, expand) = (request.params::<FilePath>()?, request.params::<Expand>()?.expand);
    let directory = scope.resolve::<Directory>(&path.directory_id)?;
    if scope.store.get::<Directory>(directory).kind == DirectoryKind::Index {
        return output_files::get(scope, directory, &path.directory_file_id);
    }
    let ordinal = scope.resolve_in::<DirectoryFile>(&path.directory_file_id, Some(directory))?;
    let url = is_expanded(expand.as_deref()).then(|| download_url(scope, ordinal, request.origin()));
    Ok(Payload::json(&body(scope.store, ordinal, url)))
}

fn update(scope: &mut Scope<'_>, path: &FilePath, change: ChangeFile) -> Result<Payload, ApiError> {
    let directory = writable_directory(scope, &path.directory_id)?;
    let ordinal = scope.resolve_in::<DirectoryFile>(&path.directory_file_id, Some(directory))?;
    let target = match change.target_directory_id.as_deref() {
        Some(target) => writable_directory(scope, target)?,
        None => directory,
    };
    if target != directory || change.unique_id.is_some() {
        let file: &DirectoryFile = scope.store.get(ordinal);
        let unique_id = change.unique_id.as_ref().unwrap_or(&file.unique_id);
        DirectoryFile::check_unique_id(scope, target, unique_id, Some(ordinal))?;
    }
    let project = scope.store.get::<Directory>(target).project;
    let keeps_fields = change.unique_id.is_none() && change.display_name.is_none();
    let is_changed = !keeps_fields || target != directory || !matches!(change.metadata, Change::Keep);
    let now = scope.now;
    scope.change::<DirectoryFile>(ordinal, |file| {
        (file.directory, file.project) = (target, project);
        file.unique_id = change.unique_id.unwrap_or_else(|| file.unique_id.clone());
        file.display_name = named(change.display_name).unwrap_or_else(|| file.display_name.clone());
        file.metadata = match change.metadata {
            Change::Keep => file.metadata.take(),
            Change::Clear => None,
            Change::Set(PlainValue(metadata)) => metadata::into_map(metadata),
        };
        if is_changed {
            file.updated_at = now;
        }
    });
    Ok(Payload::json(&body(scope.store, ordinal, None)))
}

fn delete(scope: &mut Scope<'_>, path: &FilePath) -> Result<Payload, ApiError> {
    let directory = writable_directory(scope, &path.directory_id)?;
    let ordinal = scope.resolve_in::<DirectoryFile>(&path.directory_file_id, Some(directory))?;
    scope.delete::<DirectoryFile>(ordinal);
    Ok(Payload::Empty)
}

/// Deletes all files that the request names, or none of them.
fn bulk_delete(scope: &mut Scope<'_>, path: &DirectoryPath, request: &BulkDelete) -> Result<Payload, ApiError> {
    let directory = writable_directory(scope, &path.directory_id)?;
    let ids = request.directory_file_ids.iter();
    let mut ordinals = ids
        .map(|id| scope.resolve_in::<DirectoryFile>(id, Some(directory)))
        .collect::<Result<Vec<u64>, StoreError>>()?;
    ordinals.sort_unstable();
    ordinals.dedup();
    for ordinal in ordinals {
        scope.delete::<DirectoryFile>(ordinal);
    }
    Ok(Payload::Empty)
}

/// A name that is given: an empty one counts as absent, because the contract of responses has none.
fn named(name: Option<Box<str>>) -> Option<Box<str>> {
    name.filter(|name| !name.is_empty())
}

/// The directory of this id, whose files a client can change. Those of an output directory are made by syncs; how the
/// service refuses a change of them is not known.
fn writable_directory(scope: &mut Scope<'_>, id: &str) -> Result<u64, ApiError> {
    let ordinal = scope.resolve::<Directory>(id)?;
    if scope.store.get::<Directory>(ordinal).kind == DirectoryKind::Index {
        return Err(ApiError::text(403, "The files of the output directory of an index are changed by its syncs only"));
    }
    Ok(ordinal)
}

fn download_url(scope: &Scope<'_>, ordinal: u64, origin: &Origin) -> PresignedUrl {
    let file: &DirectoryFile = scope.store.get(ordinal);
    PresignedUrl::expanded(scope, origin, &file.id, &file.display_name)
}
