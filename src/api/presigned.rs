//! URLs that give the content of a file without a key: they are signed, and end by the clock of the tenant. The service
//! hands out URLs of its object storage; the emulator serves them itself.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::exported_file;
use super::index_file::IndexFile;
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::operation::{Answer, Authentication, Job, Operation};
use crate::response::Payload;
use crate::schema::{Integer, ValidRequest};
use crate::store::{Blob, DirectoryFile, File, Id, Resource, Scope, Store};

/// The row of downloads. It is no operation of the service's API.
pub(super) const OPERATIONS: &[Operation] = &[Operation {
    name: "files.download",
    summary: "Returns the content of a file by a presigned URL.",
    path: "/__blobs/{tenant}/{id}/{name:path}",
    authentication: Authentication::SignedUrl,
    resource: File::KIND,
    state_faults: &[],
    handler: |scope, request| download(scope, &request.params()?),
    ..Operation::READ
}];

/// How long a URL is valid if the request does not say. The service's own figure is not published.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// The document of a file, which an index without vectors exports.
pub(super) const DOCUMENT: &str = "document";

/// Separates the id of a file from the name of a part, in the place of the slash too: an id is one segment of a path.
const SEPARATOR: &str = "~";

/// The longest that a URL is valid: the limit of the object storage that the service uses.
const MAX_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// The characters that are escaped in a path: all but letters, digits and the other characters that RFC 3986 leaves
/// unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A presigned URL as the service prints it.
#[derive(Serialize)]
pub(super) struct PresignedUrl {
    url: String,
    expires_at: Timestamp,
    /// Always null: it is of use for uploads only.
    form_fields: Option<()>,
}

#[derive(Deserialize)]
struct Download {
    id: String,
    expires: Option<String>,
    signature: Option<String>,
}

impl PresignedUrl {
    /// The URL of a content: that of the file with this id, or of a part of the file of an index ([`part_id`]). The
    /// name is only shown. It is valid for `lifetime` in seconds from now on.
    pub(super) fn new(
        scope: &Scope<'_>,
        request: &ValidRequest,
        id: &Id,
        name: &str,
        lifetime: Option<&Integer>,
    ) -> Self {
        // None for negative numbers of seconds, the longest for too large ones.
        let seconds = |number: &Integer| Duration::from_secs(number.clamped().try_into().unwrap_or(0));
        let lifetime = lifetime.map_or(DEFAULT_LIFETIME, seconds);
        let expires_at = scope.now.plus(lifetime.min(MAX_LIFETIME));
        let signature = signature(scope.store, id, expires_at);
        let origin = &request.origin;
        let base = request.settings.public_url.clone().unwrap_or_else(|| origin.base_url());
        let (id, name) = (path_segment(&id.to_string()), path_segment(name));
        let url = format!(
            "{base}/__blobs/{}/{id}/{name}?expires={}&signature={signature}",
            origin.tenant,
            expires_at.micros()
        );
        Self { url, expires_at, form_fields: None }
    }
}

/// A text as a segment of a path. `.` and `..`, escaped or not, would mean another path.
fn path_segment(text: &str) -> String {
    if matches!(text, "." | "..") { "_".to_owned() } else { utf8_percent_encode(text, ESCAPED).to_string() }
}

/// The signature of a URL in hexadecimal digits: a hash that is keyed with the seed and the label of the tenant.
fn signature(store: &Store, id: &Id, expires_at: Timestamp) -> String {
    let hash = store.seed.keyed_hash("presigned URL", &format!("{id} until {}", expires_at.micros()));
    format!("{:x}", Bytes::copy_from_slice(&hash))
}

/// The id of a part of the file of an index, for its URL: of an attachment of this name, or of [`DOCUMENT`].
pub(super) fn part_id(file: &Id, part: &str) -> Id {
    Id::parse(&format!("{file}{SEPARATOR}{}", part.replace('/', SEPARATOR)))
}

fn download(scope: &mut Scope<'_>, request: &Download) -> Result<Answer, ApiError> {
    let id = Id::parse(&request.id);
    let expires = request.expires.as_deref().and_then(|text| text.parse().ok());
    let expires_at = expires.map(Timestamp::from_micros).filter(|at| *at <= Timestamp::MAX);
    let given = request.signature.as_deref().unwrap_or_default().as_bytes();
    let is_signed = expires_at.is_some_and(|at| given.ct_eq(signature(scope.store, &id, at).as_bytes()).into());
    let Some(expires_at) = expires_at.filter(|_| is_signed) else {
        return Err(ApiError::text(403, "The URL is not valid"));
    };
    if expires_at <= scope.now {
        return Err(ApiError::text(403, "The URL has expired"));
    }
    let found = stored(scope, &request.id).map(Answer::Payload).or_else(|| part(scope, &request.id));
    found.ok_or_else(|| ApiError::text(404, "The file is deleted"))
}

/// The content of the file with this id, as it was uploaded.
fn stored(scope: &mut Scope<'_>, id: &str) -> Option<Payload> {
    if let Some(key) = scope.find::<File>(id) {
        let file = scope.store.get(key);
        return Some(content(&file.blob, &file.name));
    }
    let key = scope.find::<DirectoryFile>(id)?;
    let file = scope.store.get(key);
    Some(content(&file.blob, &file.display_name))
}

/// A part of the file of an index. It is made without the lock.
fn part(scope: &mut Scope<'_>, id: &str) -> Option<Answer> {
    let (id, part) = id.split_once(SEPARATOR)?;
    let (file, name) = (IndexFile::find(scope, id, |_| true)?, part.replace(SEPARATOR, "/"));
    let attachment = file.attachment(&name);
    if attachment.is_none() && (part != DOCUMENT || file.has_vectors) {
        return None;
    }
    Some(Answer::Job(Job::reading(move || {
        let (bytes, media_type, name) = match attachment {
            Some(attachment) => (attachment.bytes(file.file()), attachment.kind().media_type(), name.replace('/', "_")),
            None => (exported_file::bytes(&file), exported_file::MEDIA_TYPE, exported_file::name(file.file())),
        };
        Payload::File { bytes, content_type: Some(media_type.into()), name: name.into() }
    })))
}

fn content(blob: &Blob, name: &str) -> Payload {
    Payload::File { bytes: blob.bytes.clone(), content_type: blob.content_type.clone(), name: name.into() }
}
