//! The parts of the emulator that the admin API shows and changes, borrowed for one request.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::api::openapi;
use crate::config::{ANONYMOUS, Auth, RawSettings, Settings};
use crate::counters::Counters;
use crate::fault::Target;
use crate::journal::Journal;
use crate::key_label;
use crate::operation::Router;
use crate::schema::Schemas;
use crate::tenant::{Tenant, Tenants};

/// The reason why the name in a request names no tenant.
#[derive(Debug, Clone, Copy)]
pub(super) enum NoTenant {
    /// No tenant has this label, or the key is not accepted.
    Unknown,
    /// `--max-tenants` is reached: this number.
    TooMany(usize),
}

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
    /// The number of handlers that have panicked.
    pub(crate) panics: u64,
    /// Whether the server is shutting down.
    pub(crate) is_draining: bool,
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

    /// The tenant with this label or of this key, if it exists.
    pub(super) fn existing_tenant(self, key_or_label: &str) -> Option<Arc<Tenant>> {
        let labelled = self.tenants.with_label(key_or_label);
        labelled.or_else(|| if self.is_key(key_or_label) { self.tenants.find(key_or_label) } else { None })
    }

    /// The tenant with this label or of this key; that of an accepted key is created if it does not exist.
    pub(super) fn tenant_or_new(self, key_or_label: &str) -> Result<Arc<Tenant>, NoTenant> {
        match self.existing_tenant(key_or_label) {
            Some(tenant) => Ok(tenant),
            None if self.is_key(key_or_label) => {
                self.tenants.admit(key_or_label).ok_or(NoTenant::TooMany(self.settings.max_tenants))
            }
            None => Err(NoTenant::Unknown),
        }
    }

    /// Whether requests with this API key are accepted.
    pub(super) fn accepts_key(self, key: &str) -> bool {
        let is_anonymous = self.settings.auth == Auth::Optional && key == ANONYMOUS;
        is_anonymous || self.settings.accepts_key(key)
    }

    /// Whether a text is an accepted API key. One in the form of a label names no key: a mistyped label creates no tenant.
    fn is_key(self, text: &str) -> bool {
        !key_label::is_label(text) && self.accepts_key(text)
    }
}
