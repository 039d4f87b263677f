//! The row type of the operation table. A row states every fact about an endpoint; routing, validation, fault rules,
//! journal, contract mode, OpenAPI and the table of docs/emulation.md follow from it. It runs no handler.

mod job;
mod router;

pub(crate) use job::{Answer, Commit, Job, Pool};
pub(crate) use router::{Route, RoutedOperation, Router, path_param_names, path_params};

use http::Method;

use crate::error::ApiError;
use crate::schema::ValidRequest;
use crate::store::state_faults::StateFault;
use crate::store::{Kind, Project, Resource, Scope};

/// One endpoint of the API. A row begins with one of [`Operation::READ`], [`Operation::LIST`], [`Operation::CREATE`],
/// [`Operation::CHANGE`] and [`Operation::DELETE`], and states what differs.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Named as the official SDKs name its method, without `beta.`.
    pub(crate) name: &'static str,
    /// A description in one sentence.
    pub(crate) summary: &'static str,
    /// The HTTP method.
    pub(crate) method: Method,
    /// The path with its parameters: `{name}` is one segment, `{name:uuid}` one segment that is a UUID, `{name:path}`
    /// the rest of the path.
    pub(crate) path: &'static str,
    /// The credentials that a request needs.
    pub(crate) authentication: Authentication,
    /// Its effect on its resource.
    pub(crate) effect: Effect,
    /// The kind of resource that it is about.
    pub(crate) resource: Kind,
    /// The kind of its request body.
    pub(crate) body: BodyKind,
    /// The status of a success.
    pub(crate) status: u16,
    /// The schema of the body of a success; `None` if it has no body, or is the content of a file.
    pub(crate) response: Option<&'static str>,
    /// Whether a success is a stream of events. The schema is then that of the list of them.
    pub(crate) streams: bool,
    /// The faults on state that can apply to it.
    pub(crate) state_faults: &'static [StateFault],
    /// Its handler.
    pub(crate) handler: Handler,
}

/// What an operation does to the resources of a tenant. It runs under the lock of the tenant; what takes long is left
/// to a [`Job`].
pub(crate) type Handler = fn(&mut Scope<'_>, &ValidRequest) -> Result<Answer, ApiError>;

/// The credentials that a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// A bearer token or a `session` cookie.
    Key,
    /// None beside the signature in its URL; the path parameter `tenant` is the label of the tenant.
    SignedUrl,
}

/// The effect of an operation on its resource. A POST that only reads is a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Reads,
    /// Creates one.
    Creates,
    /// Creates one, or changes the one that has its name.
    Upserts,
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
    /// A row that shows a resource.
    pub(crate) const READ: Self = Self {
        name: "",
        summary: "",
        method: Method::GET,
        path: "",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Project::KIND,
        body: BodyKind::None,
        status: 200,
        response: None,
        streams: false,
        state_faults: &[StateFault::Lag, StateFault::Vanish],
        // Each row has its own: a test lets every operation succeed.
        handler: |_, _| Err(ApiError::text(501, "Not Implemented")),
    };

    /// A row that shows a page of resources.
    pub(crate) const LIST: Self = Self { state_faults: &[StateFault::Lag, StateFault::Page], ..Self::READ };

    /// A row that creates a resource.
    pub(crate) const CREATE: Self = Self {
        method: Method::POST,
        effect: Effect::Creates,
        body: BodyKind::Json,
        status: 201,
        state_faults: &[StateFault::Quota],
        ..Self::READ
    };

    /// A row that changes a resource.
    pub(crate) const CHANGE: Self = Self {
        method: Method::PATCH,
        effect: Effect::Changes,
        body: BodyKind::Json,
        state_faults: &[StateFault::Vanish],
        ..Self::READ
    };

    /// A row that deletes a resource.
    pub(crate) const DELETE: Self = Self {
        method: Method::DELETE,
        effect: Effect::Deletes,
        status: 204,
        state_faults: &[StateFault::Vanish],
        ..Self::READ
    };

    /// Whether it changes no state.
    pub(crate) fn reads(&self) -> bool {
        self.effect == Effect::Reads
    }

    /// The name of the schema of its path, query and cookie parameters.
    pub(crate) fn params_schema(&self) -> String {
        format!("{}.params", self.name)
    }

    /// The name of the schema of its request body; `None` if a body is ignored.
    pub(crate) fn request_schema(&self) -> Option<String> {
        (self.body != BodyKind::None).then(|| format!("{}.request", self.name))
    }
}

/// Maximum number of rows of the table: fault rules hold the set of their operations in 64 bits.
pub(crate) const MAX_OPERATIONS: usize = 64;
