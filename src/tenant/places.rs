//! The places for tenants, of which there are `--max-tenants`. A tenant that was reset or forgotten takes none, and one
//! that nobody has used for long leaves its place to a new one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use super::{AdmissionError, Tenant, Tenants};
use crate::clock::{Timestamp, system_now};
use crate::key_label::{self, KeyDigest};

/// How long nobody has used a tenant that may be evicted, in real time.
const MIN_IDLE: Duration = Duration::from_mins(10);

/// Maximum number of evicted tenants that are remembered.
const MAX_EVICTED: usize = 10_000;

/// Whether a tenant takes a place, when it was used, and whether it was evicted before.
#[derive(Debug)]
pub(super) struct Occupancy {
    takes_place: AtomicBool,
    /// The time of its last request, in microseconds since 1970.
    last_used: AtomicI64,
    /// Whether it had resources before that were evicted.
    has_lost_resources: AtomicBool,
}

/// The tenants that were evicted or forgotten.
#[derive(Debug, Default)]
pub(super) struct EvictedTenants {
    /// The last of them, oldest first, each with the number of requests that went with it, at least one.
    known: VecDeque<(KeyDigest, u64)>,
    /// The number of evictions.
    count: u64,
    /// The number of tenants that were forgotten with requests.
    forgotten: usize,
}

/// The tenants by the digests of their keys.
type TenantsByDigest = BTreeMap<KeyDigest, Arc<Tenant>>;

impl Occupancy {
    /// A tenant that is used now.
    pub(super) fn since(now: Timestamp) -> Self {
        Self {
            takes_place: AtomicBool::new(true),
            last_used: AtomicI64::new(now.micros()),
            has_lost_resources: AtomicBool::new(false),
        }
    }
}

impl EvictedTenants {
    fn add(&mut self, digest: KeyDigest, requests: u64) {
        self.count += 1;
        if self.known.len() == MAX_EVICTED {
            self.known.pop_front();
        }
        self.known.push_back((digest, requests.max(1)));
    }

    /// Forgets a tenant that is made anew; the number of requests that went with it, 0 if it was not evicted.
    pub(super) fn take(&mut self, digest: &KeyDigest) -> u64 {
        let position = self.known.iter().position(|(evicted, _)| evicted == digest);
        position.and_then(|position| self.known.remove(position)).map_or(0, |(_, requests)| requests)
    }
}

impl Tenant {
    /// Records that a request came at this real time.
    pub(crate) fn note_use(&self, at: Timestamp) {
        self.occupancy.last_used.store(at.micros(), Ordering::Relaxed);
    }

    /// Lets it take no place until its next request. Its state is that of a new tenant.
    pub(crate) fn leave_place(&self) {
        self.occupancy.takes_place.store(false, Ordering::Relaxed);
    }

    pub(super) fn take_place(&self) {
        self.occupancy.takes_place.store(true, Ordering::Relaxed);
    }

    pub(super) fn takes_place(&self) -> bool {
        self.occupancy.takes_place.load(Ordering::Relaxed)
    }

    /// Whether it had resources before that were evicted, which no reset has made irrelevant.
    pub(crate) fn has_lost_resources(&self) -> bool {
        self.occupancy.has_lost_resources.load(Ordering::Relaxed)
    }

    /// Sets whether it had resources before that were evicted.
    pub(crate) fn set_lost_resources(&self, has_lost: bool) {
        self.occupancy.has_lost_resources.store(has_lost, Ordering::Relaxed);
    }

    fn last_used(&self) -> Timestamp {
        Timestamp::from_micros(self.occupancy.last_used.load(Ordering::Relaxed))
    }
}

impl Tenants {
    /// Removes a tenant. Requests of it that are open end as if it were there; a new one creates it anew.
    pub(crate) fn forget(&self, tenant: &Arc<Tenant>) {
        self.remove(&mut self.by_digest.write(), tenant, |_| true);
        if tenant.lock().first_request.is_some() {
            self.evicted.lock().forgotten += 1;
        }
    }

    /// The number of tenants that were forgotten with requests, since the last reset of all journals.
    pub(crate) fn forgotten_tenants(&self) -> usize {
        self.evicted.lock().forgotten
    }

    /// The number of requests that are unknown because their tenants were evicted.
    pub(crate) fn evicted_requests(&self) -> u64 {
        self.evicted.lock().known.iter().map(|(_, requests)| requests).sum()
    }

    /// The number of evicted tenants that are remembered and were not made anew.
    pub(crate) fn evicted_tenants(&self) -> usize {
        self.evicted.lock().known.len()
    }

    /// The number of tenants that were evicted.
    pub(crate) fn evictions(&self) -> u64 {
        self.evicted.lock().count
    }

    /// Whether the tenant with this key or label was evicted and was not made anew.
    pub(crate) fn was_evicted(&self, key_or_label: &str) -> bool {
        let of_key = || key_label::digest_of(self.shared_or(key_or_label));
        let wanted = key_label::least_digest(key_or_label).unwrap_or_else(of_key);
        self.evicted.lock().known.iter().any(|(digest, _)| key_label::have_one_label(digest, &wanted))
    }

    /// Forgets which tenants were evicted, and that others were forgotten.
    pub(crate) fn forget_evicted(&self) {
        let mut evicted = self.evicted.lock();
        evicted.known.clear();
        evicted.forgotten = 0;
    }

    /// The tenant of a key, as in [`Tenants::placed`]. One that was known by its label alone is found by its key from
    /// now on.
    pub(super) fn known_by_key(
        &self,
        label: &str,
        digest: &KeyDigest,
        key: &str,
    ) -> Result<Option<Arc<Tenant>>, AdmissionError> {
        let mut by_digest = self.by_digest.write();
        let labelled = key_label::least_digest(label).and_then(|least| by_digest.remove(&least));
        if let Some(tenant) = labelled {
            self.shard(key).write().insert(key.into(), Arc::clone(&tenant));
            by_digest.insert(*digest, tenant);
        }
        self.placed(&mut by_digest, digest)
    }

    /// The tenant of this digest, if it is known: it takes a place now. Else `None` if another one may take one.
    pub(super) fn placed(
        &self,
        registered: &mut TenantsByDigest,
        digest: &KeyDigest,
    ) -> Result<Option<Arc<Tenant>>, AdmissionError> {
        let known = registered.get(digest).map(Arc::clone);
        if known.as_ref().is_some_and(|tenant| tenant.takes_place()) {
            return Ok(known);
        }
        if !self.make_place(registered, system_now()) {
            return Err(AdmissionError::TooMany(self.template.max_tenants));
        }
        let known = registered.get(digest).map(Arc::clone);
        if let Some(tenant) = &known {
            tenant.take_place();
        }
        Ok(known)
    }

    /// Evicts the tenant that was not used for longest if all places are taken at this real time; whether one is free
    /// now.
    fn make_place(&self, registered: &mut TenantsByDigest, now: Timestamp) -> bool {
        let places = self.template.max_tenants;
        // Tenants without a place stay known, up to as many again.
        if registered.len() >= places.saturating_mul(2) {
            let placeless: Vec<_> = registered.values().filter(|tenant| !tenant.takes_place()).cloned().collect();
            for tenant in &placeless {
                self.evict(registered, tenant);
            }
        }
        let are_taken =
            registered.len() >= places && registered.values().filter(|tenant| tenant.takes_place()).count() >= places;
        !are_taken || self.evict_longest_idle(registered, now)
    }

    fn evict_longest_idle(&self, registered: &mut TenantsByDigest, now: Timestamp) -> bool {
        let idle = registered.iter().filter(|(_, tenant)| tenant.takes_place() && tenant.open_requests() == 0);
        let Some((_, tenant)) = idle.min_by_key(|(_, tenant)| tenant.last_used()) else { return false };
        let tenant = Arc::clone(tenant);
        now.since(tenant.last_used()) >= MIN_IDLE && self.evict(registered, &tenant)
    }

    /// Removes a tenant that no request refers to, and remembers it if it had anything; whether it is removed.
    fn evict(&self, registered: &mut TenantsByDigest, tenant: &Arc<Tenant>) -> bool {
        let Some(digest) = self.remove(registered, tenant, is_unused) else { return false };
        let journal = &tenant.lock().journal;
        let requests = journal.dropped() + journal.len() as u64;
        if tenant.takes_place() || requests > 0 {
            self.evicted.lock().add(digest, requests);
        }
        true
    }

    /// Removes a tenant if it `may_go`, which is asked while no request can find it; its digest if it is removed.
    fn remove(
        &self,
        registered: &mut TenantsByDigest,
        tenant: &Arc<Tenant>,
        may_go: fn(&Arc<Tenant>) -> bool,
    ) -> Option<KeyDigest> {
        for shard in &self.shards {
            let mut stays = false;
            shard.write().retain(|_, other| {
                let is_it = Arc::ptr_eq(other, tenant);
                stays |= is_it && !may_go(other);
                !is_it || stays
            });
            if stays {
                return None;
            }
        }
        let digest = *registered.iter().find(|(_, other)| Arc::ptr_eq(other, tenant))?.0;
        registered.remove(&digest);
        Some(digest)
    }
}

/// Whether no request refers to a tenant: only the two maps do, and the caller.
fn is_unused(tenant: &Arc<Tenant>) -> bool {
    Arc::strong_count(tenant) <= 3
}
