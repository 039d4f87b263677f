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

/// Whether a tenant takes a place, and when it was used.
#[derive(Debug)]
pub(super) struct Occupancy {
    takes_place: AtomicBool,
    /// The time of its last request, in microseconds since 1970.
    last_used: AtomicI64,
}

/// The tenants that were evicted.
#[derive(Debug, Default)]
pub(super) struct EvictedTenants {
    /// The last of them, oldest first, each with the number of requests that went with it, at least one.
    known: VecDeque<(KeyDigest, u64)>,
    /// The number of evictions.
    count: u64,
}

/// The tenants by the digests of their keys.
type Registered = BTreeMap<KeyDigest, Arc<Tenant>>;

impl Occupancy {
    /// A tenant that is used now.
    pub(super) fn since(now: Timestamp) -> Self {
        Self { takes_place: AtomicBool::new(true), last_used: AtomicI64::new(now.micros()) }
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

    /// Lets it take no place until its next request. It has nothing that a new tenant has not.
    pub(crate) fn leave_place(&self) {
        self.occupancy.takes_place.store(false, Ordering::Relaxed);
    }

    pub(super) fn take_place(&self) {
        self.occupancy.takes_place.store(true, Ordering::Relaxed);
    }

    pub(super) fn takes_place(&self) -> bool {
        self.occupancy.takes_place.load(Ordering::Relaxed)
    }

    fn last_used(&self) -> Timestamp {
        Timestamp::from_micros(self.occupancy.last_used.load(Ordering::Relaxed))
    }
}

impl Tenants {
    /// Removes a tenant. Requests of it that are open end as if it were there; a new one creates it anew.
    pub(crate) fn forget(&self, tenant: &Arc<Tenant>) {
        self.remove(&mut self.by_digest.write(), tenant, |_| true);
    }

    /// The number of requests that are unknown because their tenants were evicted.
    pub(crate) fn evicted_requests(&self) -> u64 {
        self.evicted.lock().known.iter().map(|(_, requests)| requests).sum()
    }

    /// The number of tenants that were evicted.
    pub(crate) fn evictions(&self) -> u64 {
        self.evicted.lock().count
    }

    /// Whether the tenant with this key or label was evicted and was not made anew.
    pub(crate) fn was_evicted(&self, key_or_label: &str) -> bool {
        let label = if key_label::is_label(key_or_label) {
            key_or_label.to_owned()
        } else {
            key_label::label(&key_label::digest_of(self.shared_or(key_or_label)))
        };
        self.evicted.lock().known.iter().any(|(digest, _)| key_label::label(digest) == label)
    }

    /// Forgets which tenants were evicted.
    pub(crate) fn forget_evicted(&self) {
        self.evicted.lock().known.clear();
    }

    /// The tenant of this digest, if it is known: it takes a place now. Else `None` if another one may take one.
    pub(super) fn placed(
        &self,
        registered: &mut Registered,
        digest: &KeyDigest,
    ) -> Result<Option<Arc<Tenant>>, AdmissionError> {
        let known = registered.get(digest).map(Arc::clone);
        if known.as_ref().is_some_and(|tenant| tenant.takes_place()) {
            return Ok(known);
        }
        if !self.has_place(registered, system_now()) {
            return Err(AdmissionError::TooMany(self.template.max_tenants));
        }
        let known = registered.get(digest).map(Arc::clone);
        if let Some(tenant) = &known {
            tenant.take_place();
        }
        Ok(known)
    }

    /// Whether one more tenant may take a place at this real time; if all are taken, the tenant is evicted that was not
    /// used for longest.
    fn has_place(&self, registered: &mut Registered, now: Timestamp) -> bool {
        let places = self.template.max_tenants;
        // Tenants without a place stay known, up to as many again.
        if registered.len() >= places.saturating_mul(2) {
            let placeless: Vec<_> = registered.values().filter(|tenant| !tenant.takes_place()).cloned().collect();
            for tenant in &placeless {
                self.remove(registered, tenant, is_unused);
            }
        }
        let are_taken =
            registered.len() >= places && registered.values().filter(|tenant| tenant.takes_place()).count() >= places;
        !are_taken || self.evict_longest_idle(registered, now)
    }

    fn evict_longest_idle(&self, registered: &mut Registered, now: Timestamp) -> bool {
        let idle = registered.iter().filter(|(_, tenant)| tenant.takes_place() && tenant.open_requests() == 0);
        let Some((digest, tenant)) = idle.min_by_key(|(_, tenant)| tenant.last_used()) else { return false };
        let (digest, tenant) = (*digest, Arc::clone(tenant));
        if now.since(tenant.last_used()) < MIN_IDLE {
            return false;
        }
        self.remove(registered, &tenant, is_unused);
        let is_evicted = !registered.contains_key(&digest);
        if is_evicted {
            let journal = &tenant.lock().journal;
            self.evicted.lock().add(digest, journal.dropped() + journal.len() as u64);
        }
        is_evicted
    }

    /// Removes a tenant if it `may_go`, which is asked while no request can find it.
    fn remove(&self, registered: &mut Registered, tenant: &Arc<Tenant>, may_go: fn(&Arc<Tenant>) -> bool) {
        for shard in &self.shards {
            let mut stays = false;
            shard.write().retain(|_, other| {
                let is_it = Arc::ptr_eq(other, tenant);
                stays |= is_it && !may_go(other);
                !is_it || stays
            });
            if stays {
                return;
            }
        }
        registered.retain(|_, other| !Arc::ptr_eq(other, tenant));
    }
}

/// Whether no request refers to a tenant: only the two maps do, and the caller.
fn is_unused(tenant: &Arc<Tenant>) -> bool {
    Arc::strong_count(tenant) <= 3
}
