//! The parts of the emulator that the admin API shows and changes, borrowed for one request.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::api::openapi;
use crate::config::{RawSettings, Settings};
use crate::counters::Counters;
use crate::fault::Target;
use crate::journal::Journal;
use crate::key_label;
use crate::operation::Router;
use crate::schema::Schemas;
use crate::tenant::{Tenant, Tenants};

/// The parts of the emulator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdminContext<'a> {
    /// The settings.
    pub(crate) settings: &'a Settings,
    /// The settings as texts, with their sources.
    pub(crate) raw_settings: &'a RawSettings,
    /// All tenants.
    pub(crate) tenants: &'a Tenants,
    /// The operations that fault rules can be about.
    pub(crate) targets: &'a [Target],
    /// The journal of requests without an accepted key.
    pub(crate) unauthenticated: &'a Mutex<Journal>,
    /// Counters of requests by operation.
    pub(crate) counters: &'a Counters,
    /// How many handlers have panicked.
    pub(crate) panics: u64,
    /// The operation table.
    pub(crate) router: &'a Router,
    /// The schemas of bodies and parameters.
    pub(crate) schemas: &'a Schemas,
    /// The OpenAPI document, made when it is first requested.
    pub(crate) openapi: &'a OnceLock<Bytes>,
}

impl AdminContext<'_> {
    /// The OpenAPI document of the contract that requests are validated against.
    pub(super) fn openapi(self) -> Bytes {
        let document = || openapi::document(self.router.operations(), self.schemas).to_string().into();
        self.openapi.get_or_init(document).clone()
    }

    /// The tenant of an accepted key, created if need be. A text that looks like a label is no key.
    pub(super) fn tenant_of_key(self, key: &str) -> Option<Arc<Tenant>> {
        let is_accepted = !key_label::is_label(key) && self.settings.accepts_key(key);
        if is_accepted { self.tenants.admit(key) } else { None }
    }
}
