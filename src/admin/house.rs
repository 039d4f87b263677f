//! What of the emulator can be looked at and steered. The emulator lends it for one call; it owns nothing.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::config::{Merged, Settings};
use crate::fault::Target;
use crate::journal::Journal;
use crate::openapi;
use crate::operation::Routes;
use crate::schema::Schemas;
use crate::tenant::{Tenant, Tenants};
use crate::tenant_label;

/// The parts of the house, lent.
#[derive(Debug, Clone, Copy)]
pub struct House<'a> {
    /// What was set.
    pub settings: &'a Settings,
    /// What was set, as text, with its sources.
    pub told: &'a Merged,
    /// All tenants.
    pub tenants: &'a Tenants,
    /// What fault rules can be about.
    pub targets: &'a [Target],
    /// The journal of calls of no tenant.
    pub strangers: &'a Mutex<Journal>,
    /// How many handlers have panicked.
    pub panics: u64,
    /// The operation table.
    pub routes: &'a Routes,
    /// The contract of bodies and parameters.
    pub schemas: &'a Schemas,
    /// The served contract, made when it is first asked for.
    pub contract: &'a OnceLock<Bytes>,
}

impl House<'_> {
    /// The contract that requests are held against, as an OpenAPI document.
    pub(super) fn contract(self) -> Bytes {
        let document = || openapi::document(self.routes.operations(), self.schemas).to_string().into();
        self.contract.get_or_init(document).clone()
    }

    /// The tenant of a key that would be let in; made if need be. What looks like a label is no key.
    pub(super) fn tenant_of_key(self, key: &str) -> Option<Arc<Tenant>> {
        let good = !tenant_label::is_label(key) && self.settings.lets_in(key);
        if good { self.tenants.admit(key) } else { None }
    }
}
