//! The emulated service: the parts that it consists of, and the stages of one request. It is synchronous: it neither
//! waits nor writes.

mod begin;
mod context;
mod record;
mod rules;
mod stages;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use parking_lot::Mutex;

pub(crate) use context::{BodyLimits, RequestContext};
#[cfg(test)]
pub(crate) use context::{RequestTarget, RoutedOperation};
pub(crate) use rules::OWN_RULE;
pub(crate) use stages::{Ran, Step, Worked, Working};

use crate::admin::{self, AdminContext};
use crate::config::{RawSettings, Settings};
use crate::counters::Counters;
use crate::error::ApiError;
use crate::fault::Target;
use crate::journal::Journal;
use crate::operation::{BodyKind, Router};
use crate::request::{Head, Request};
use crate::response::Response;
use crate::schema::Schemas;
use crate::tenant::Tenants;

/// The emulated service.
#[derive(Debug)]
pub(crate) struct Emulator {
    settings: Settings,
    raw_settings: RawSettings,
    router: Router,
    schemas: Schemas,
    tenants: Tenants,
    /// The operations that fault rules can be about.
    targets: Vec<Target>,
    /// The requests without an accepted key.
    unauthenticated: Mutex<Journal>,
    counters: Counters,
    /// The number of handlers that have panicked.
    panics: AtomicU64,
    /// Whether the server is shutting down.
    is_draining: AtomicBool,
    /// The OpenAPI document, made when it is first requested.
    openapi: OnceLock<Bytes>,
}

/// The result of the stage `begin`.
#[derive(Debug)]
pub(crate) enum Begun {
    /// The response. The body is not read.
    Done(Box<Response>),
    /// The request is admitted: its body is read, then [`Emulator::decide`] is called.
    Admitted(Box<RequestContext>),
}

impl Emulator {
    /// Compiles the schemas and reads the fault rules. An error names the setting that is wrong.
    pub(crate) fn new(settings: Settings, raw_settings: RawSettings) -> Result<Self, String> {
        let schemas = Schemas::load(settings.schemas.as_deref())?;
        let router = Router::new(crate::api::operations());
        let targets = rules::targets(&router);
        let given = rules::given(&settings, &raw_settings, &targets)?;
        let faults = rules::activate(given)?;
        let tenants = Tenants::new(&settings, faults);
        let unauthenticated = Mutex::new(Journal::new(tenants.journal_limits()));
        let counters = Counters::new(router.operations().count());
        let (panics, is_draining, openapi) = (AtomicU64::new(0), AtomicBool::new(false), OnceLock::new());
        Ok(Self {
            settings,
            raw_settings,
            router,
            schemas,
            tenants,
            targets,
            unauthenticated,
            counters,
            panics,
            is_draining,
            openapi,
        })
    }

    /// The settings.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The operations that fault rules can be about.
    pub(crate) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The counters that the admin API shows.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether the server is shutting down.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Records that the server is shutting down; `/health` and `/ready` report it.
    pub(crate) fn start_draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// All tenants.
    pub(crate) fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// The response to a request of this process to the admin API, which needs no token.
    pub(crate) fn respond_to_admin(&self, request: &Request) -> Response {
        admin::handle(self.admin(), request)
    }

    /// Creates the tenant of a key unless it exists; otherwise the error that says why it cannot exist.
    pub(crate) fn create_tenant(&self, key: &str) -> Result<(), ApiError> {
        admin::create_tenant(self.admin(), key)
    }

    /// The parts that the admin API shows and changes.
    fn admin(&self) -> AdminContext<'_> {
        AdminContext {
            settings: &self.settings,
            raw_settings: &self.raw_settings,
            tenants: &self.tenants,
            targets: &self.targets,
            unauthenticated: &self.unauthenticated,
            counters: &self.counters,
            panics: self.panics.load(Ordering::Relaxed),
            is_draining: self.is_draining(),
            router: &self.router,
            schemas: &self.schemas,
            openapi: &self.openapi,
        }
    }

    /// The response to a GET request for this path and query of the admin API, whoever may use it from outside.
    pub(crate) fn admin_get(&self, path: &str) -> Response {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
        let head = Head { method: Method::GET, path: path.to_owned(), query, headers: HeaderMap::new() };
        crate::admin::handle(self.admin(), &Request { head, body: Bytes::new() })
    }

    /// The response that a tenant without state would get to a request with this body; nothing is kept.
    pub(crate) fn dry_run(&self, operation: &str, body: Vec<u8>) -> Response {
        let Some((_, operation)) = self.router.named(operation) else {
            return ApiError::text(404, "Not Found").into();
        };
        let limits = BodyLimits::of(BodyKind::Json, &self.settings);
        if body.len() > limits.bytes {
            return ApiError::body_too_large(limits.bytes, limits.flag).into();
        }
        let key = self.settings.api_keys.first().map_or("dry-run", String::as_str);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(credential) = HeaderValue::from_str(&format!("Bearer {key}")) {
            headers.insert(AUTHORIZATION, credential);
        }
        let head = Head { method: operation.method.clone(), path: operation.path.to_owned(), query: None, headers };
        let mut context = match self.begin(&head) {
            Begun::Done(response) => return *response,
            Begun::Admitted(context) => context,
        };
        let request = Request { head, body: body.into() };
        let response = self.respond_at_once(&mut context, &request);
        if let Some(tenant) = &context.tenant {
            tenant.lock().store.reset();
        }
        response
    }
}
