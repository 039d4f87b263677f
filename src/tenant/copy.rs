//! Saves tenants, and replaces them by copies.

use std::sync::Arc;

use super::{Tenant, Tenants, tombstone_retention};
use crate::clock::SavedClock;
use crate::key_label;
use crate::store::{SavedTenant, Store};
use crate::tenant::AdmissionError;

/// A copy of a tenant that is ready to take its place.
#[derive(Debug)]
pub(crate) struct TenantCopy {
    pub(crate) label: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) clock: SavedClock,
    pub(crate) store: Store,
}

impl Tenant {
    /// Its state as it is saved.
    pub(crate) fn saved(&self) -> SavedTenant {
        let mut state = self.lock();
        state.store.settle(self.clock.now());
        SavedTenant::of(&self.label, self.name(), self.clock.saved(), &state.store)
    }

    /// Takes the state of a copy. Its journal and its rules stay.
    fn replace(&self, TenantCopy { name, clock, store, .. }: TenantCopy) {
        if let Some(name) = name {
            self.set_name(&name);
        }
        let mut state = self.lock();
        self.clock.restore(&clock);
        state.store = store;
        let retention = tombstone_retention(&state.faults, &self.clock);
        state.store.set_tombstone_retention(retention);
        self.set_lost_resources(false);
    }
}

impl Tenants {
    /// Replaces the tenants with the labels of these copies, or creates them: all or, if there are no places for those
    /// that are new, none.
    pub(crate) fn replace(&self, copies: Vec<TenantCopy>) -> Result<(), AdmissionError> {
        let new: Vec<&TenantCopy> = copies.iter().filter(|copy| self.with_label(&copy.label).is_none()).collect();
        let mut created = Vec::new();
        for copy in new {
            match self.create_labelled(&copy.label) {
                Ok(tenant) => created.push(tenant),
                Err(error) => {
                    for tenant in &created {
                        self.forget(tenant);
                    }
                    return Err(error);
                }
            }
        }
        for copy in copies {
            if let Some(tenant) = self.with_label(&copy.label) {
                tenant.replace(copy);
            }
        }
        Ok(())
    }

    /// Creates an empty tenant whose key is not known yet: it is found by its label, and by its key from the first
    /// request on.
    fn create_labelled(&self, label: &Arc<str>) -> Result<Arc<Tenant>, AdmissionError> {
        let digest = key_label::least_digest(label).expect("a label was checked");
        let mut by_digest = self.by_digest.write();
        if let Some(tenant) = self.placed(&mut by_digest, &digest)? {
            return Ok(tenant);
        }
        let tenant = Arc::new(self.template.tenant(Arc::clone(label), self.template.empty_store(label)));
        by_digest.insert(digest, Arc::clone(&tenant));
        Ok(tenant)
    }
}
