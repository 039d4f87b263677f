//! URLs that give the content of a file without a key: they are signed, and end by the clock of the tenant. The service
//! hands out URLs of its object storage; the emulator serves them itself.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::operation::{Answer, Authentication, Operation};
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
    handler: Some(|scope, request| download(scope, &request.params()?).map(Answer::Payload)),
    ..Operation::READ
}];

/// How long a URL is valid if the request does not say. The service's own figure is not published.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

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
    /// The URL of the content of a file with this id and name, valid for `lifetime` in seconds from now on.
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

fn download(scope: &mut Scope<'_>, request: &Download) -> Result<Payload, ApiError> {
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
    let found = scope.find::<File>(&request.id).map(|key| {
        let file = scope.store.get(key);
        content(&file.blob, &file.name)
    });
    let found = found.or_else(|| {
        let key = scope.find::<DirectoryFile>(&request.id)?;
        let file = scope.store.get(key);
        Some(content(&file.blob, &file.display_name))
    });
    found.ok_or_else(|| ApiError::text(404, "The file is deleted"))
}

fn content(blob: &Blob, name: &str) -> Payload {
    Payload::File { bytes: blob.bytes.clone(), content_type: blob.content_type.clone(), name: name.into() }
}
