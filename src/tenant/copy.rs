//! Saves tenants, and replaces them by copies.

use std::sync::Arc;

use super::template::StartedStore;
use super::{AdmissionError, Tenant, Tenants, tombstone_retention};
use crate::clock::SavedClock;
use crate::key_label;
use crate::store::{SavedObject, Store, save_tenant};

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
    pub(crate) fn saved(&self) -> SavedObject {
        let mut state = self.lock();
        state.store.settle(self.clock.now());
        save_tenant(&self.label, self.name().as_deref(), &self.clock.saved(), &state.store)
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
    /// A store without resources for the tenant with this label.
    pub(crate) fn empty_store(&self, label: &str) -> Store {
        self.template.empty_store(label)
    }

    /// Replaces the tenants with the labels of these copies, or creates them: all or, if there are too few places,
    /// none.
    pub(crate) fn replace(&self, copies: Vec<TenantCopy>) -> Result<(), AdmissionError> {
        let (mut placed, mut created) = (Vec::new(), Vec::new());
        for copy in &copies {
            match self.place_labelled(&copy.label) {
                Ok((tenant, is_new)) => {
                    created.extend(is_new.then(|| Arc::clone(&tenant)));
                    placed.push(tenant);
                }
                Err(error) => {
                    for tenant in &created {
                        self.forget(tenant);
                    }
                    return Err(error);
                }
            }
        }
        for (tenant, copy) in placed.iter().zip(copies) {
            tenant.replace(copy);
        }
        Ok(())
    }

    /// The tenant with this label, which takes a place, and whether it is new: then its key is not known yet. It is
    /// found by its label, and by its key from the first request on.
    fn place_labelled(&self, label: &Arc<str>) -> Result<(Arc<Tenant>, bool), AdmissionError> {
        let least = key_label::least_digest(label).expect("a label was checked");
        let mut by_digest = self.by_digest.write();
        let known = by_digest.range(least..).next().filter(|(_, tenant)| tenant.label == *label);
        let digest = known.map_or(least, |(digest, _)| *digest);
        if let Some(tenant) = self.placed(&mut by_digest, &digest)? {
            return Ok((tenant, false));
        }
        let started = StartedStore { store: self.empty_store(label), events: Vec::new() };
        let tenant = Arc::new(self.template.tenant(Arc::clone(label), started));
        by_digest.insert(digest, Arc::clone(&tenant));
        Ok((tenant, true))
    }
}
