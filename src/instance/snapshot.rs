//! Saves tenants, and replaces tenants by saved ones.

use std::io;
use std::sync::Arc;

use serde_json::de::SliceRead;

use super::Instance;
use crate::snapshot;
use crate::store::{ContentReader, SavedTenant, TenantSource};
use crate::tenant::{AdmissionError, Tenant, TenantCopy};

/// The reason why a snapshot is not restored. Nothing is changed then.
#[derive(Debug)]
pub(crate) enum SnapshotError {
    /// It is damaged, of another version or of another server; the place and the problem.
    Unreadable(String),
    /// There is no place for a tenant.
    NoPlace(AdmissionError),
}

/// Writes a snapshot of tenants of a server with this seed.
pub(crate) fn write_snapshot(seed: u64, tenants: &[Arc<Tenant>], writer: &mut dyn io::Write) -> io::Result<()> {
    snapshot::write(seed, tenants, |tenant| tenant.saved(), writer)
}

impl Instance {
    /// Replaces the tenants of a snapshot, and sets their clocks.
    pub(crate) fn restore(&self, json: &[u8]) -> Result<(), SnapshotError> {
        let document = snapshot::parse(SliceRead::new(json), &self.settings);
        let tenants = document.and_then(|document| snapshot::read(document, &self.settings));
        let tenants = tenants.map_err(SnapshotError::Unreadable)?;
        let copies = tenants.into_iter().enumerate().map(|(at, tenant)| {
            let copy = self.copy(tenant);
            copy.map_err(|problem| SnapshotError::Unreadable(format!("tenants[{at}]{problem}")))
        });
        // Without a lock: documents may take seconds.
        let copies = copies.collect::<Result<_, _>>()?;
        self.tenants.replace(copies).map_err(SnapshotError::NoPlace)
    }

    fn copy(&self, saved: SavedTenant) -> Result<TenantCopy, String> {
        let label = (*saved.label).into();
        let mut store = self.tenants.empty_store(&saved.label);
        let source = saved.read_contents(&mut ContentReader::new(&self.settings, &self.worker, &store.budget))?;
        store.become_copy(&source)?;
        let TenantSource { name, clock, .. } = source;
        Ok(TenantCopy { label, name, clock, store })
    }
}
