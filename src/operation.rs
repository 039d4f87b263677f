//! The row type of the operation table. A row states every fact about an endpoint; routing, validation, fault rules,
//! journal, contract mode, OpenAPI and the README's table follow from it. It runs no handler.

mod router;
mod work;

pub(crate) use router::{Route, Router};
pub(crate) use work::{Answer, Found, Work, WorkDone, WorkStep};

use http::Method;

use crate::error::ApiError;
use crate::schema::ValidRequest;
use crate::store::state_faults::StateFault;
use crate::store::{Kind, Scope};

/// One endpoint of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Named as the official SDKs name its method, without `beta.`.
    pub(crate) name: &'static str,
    /// A description in one sentence.
    pub(crate) summary: &'static str,
    /// The HTTP method.
    pub(crate) method: Method,
    /// The path with its parameters: `{name}` is one segment, `{name:uuid}` one segment that is a UUID, `{name:path}` the
    /// rest of the path.
    pub(crate) path: &'static str,
    /// The credentials that a request needs.
    pub(crate) authentication: Authentication,
    /// What it does to its resource.
    pub(crate) effect: Effect,
    /// The kind of resource that it is about.
    pub(crate) resource: Kind,
    /// The kind of its request body.
    pub(crate) body: BodyKind,
    /// What the emulator does; `None` for an endpoint of the real API that is not emulated.
    pub(crate) emulation: Option<Emulation>,
}

/// How an operation is emulated.
#[derive(Debug)]
pub(crate) struct Emulation {
    /// The schema of its path, query and cookie parameters.
    pub(crate) params: &'static str,
    /// The schema of its body; `None` if a body is ignored.
    pub(crate) body: Option<&'static str>,
    /// The status of a success.
    pub(crate) status: u16,
    /// The schema of the body of a success; `None` if it has no body.
    pub(crate) response: Option<&'static str>,
    /// The faults on state that can apply to it.
    pub(crate) state_faults: &'static [StateFault],
    /// What it does.
    pub(crate) handler: Handler,
}

/// What an operation does to the resources of a tenant. It runs under the lock of the tenant; what takes long is left to
/// [`Work`].
pub(crate) type Handler = fn(&mut Scope<'_>, ValidRequest) -> Result<Answer, ApiError>;

/// The credentials that a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// A bearer token or a `session` cookie.
    Key,
    /// None beside the signature in its URL; the path parameter `tenant` is the label of the tenant.
    SignedUrl,
}

/// What an operation does to its resource. A POST that only reads is a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Reads,
    /// Creates one.
    Creates,
    /// Changes one.
    Changes,
    /// Deletes one or more.
    Deletes,
}

/// The kind of a request body, from which its size limit follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// A body is read and ignored.
    None,
    /// JSON, up to `--max-body-bytes`.
    Json,
    /// A multipart form with a file, up to `--max-upload-bytes`.
    Multipart,
}

impl Operation {
    /// Whether it changes no state.
    pub(crate) fn reads(&self) -> bool {
        self.effect == Effect::Reads
    }
}

/// Maximum number of rows of the table: fault rules hold the set of their operations in 64 bits.
pub(crate) const MAX_OPERATIONS: usize = 64;
