//! What of the emulator can be looked at and steered. The emulator lends it for one request; it owns nothing.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::api::openapi;
use crate::config::{RawSettings, Settings};
use crate::fault::Target;
use crate::journal::Journal;
use crate::key_label;
use crate::operation::Routes;
use crate::schema::Schemas;
use crate::tenant::{Tenant, Tenants};

/// The parts of the admin, lent.
#[derive(Debug, Clone, Copy)]
pub struct AdminContext<'a> {
    /// What was set.
    pub settings: &'a Settings,
    /// What was set, as text, with its sources.
    pub told: &'a RawSettings,
    /// All tenants.
    pub tenants: &'a Tenants,
    /// What fault rules can be about.
    pub targets: &'a [Target],
    /// The journal of requests of no tenant.
    pub unauthenticated: &'a Mutex<Journal>,
    /// How many handlers have panicked.
    pub panics: u64,
    /// The operation table.
    pub routes: &'a Routes,
    /// The contract of bodies and parameters.
    pub schemas: &'a Schemas,
    /// The served contract, made when it is first asked for.
    pub contract: &'a OnceLock<Bytes>,
}

impl AdminContext<'_> {
    /// The contract that requests are held against, as an OpenAPI document.
    pub(super) fn contract(self) -> Bytes {
        let document = || openapi::document(self.routes.operations(), self.schemas).to_string().into();
        self.contract.get_or_init(document).clone()
    }

    /// The tenant of a key that would be let in; made if need be. What looks like a label is no key.
    pub(super) fn tenant_of_key(self, key: &str) -> Option<Arc<Tenant>> {
        let good = !key_label::is_label(key) && self.settings.lets_in(key);
        if good { self.tenants.admit(key) } else { None }
    }
}
