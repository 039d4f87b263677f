//! Everything that one API key sees, behind one lock, and the registry of tenants. They share nothing but the process.

mod added_rules;
mod admission_error;
mod copy;
mod open_call;
mod places;
mod template;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard, RwLock};

use self::added_rules::AddedRules;
pub(crate) use self::admission_error::AdmissionError;
pub(crate) use self::copy::TenantCopy;
pub(crate) use self::open_call::OpenCall;
use self::places::{EvictedTenants, Occupancy};
use self::template::Template;

use crate::clock::{Clock, MAX_DURATION, Mode, Timestamp};
use crate::config::{Isolation, SHARED_KEY, Settings};
use crate::fault::{FaultRules, RuleChanges};
use crate::journal::Journal;
use crate::key_label::{self, KeyDigest, digest_of, label};
use crate::seed::Seed;
use crate::store::{Policy, StateBudget, Store};
use crate::world::Worlds;

/// One API key and everything that it sees.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// Its label: `t-` and the first 12 hexadecimal digits of the SHA-256 of its key.
    pub(crate) label: Arc<str>,
    /// The name that the admin API gave it, usually that of a test.
    name: RwLock<Option<Arc<str>>>,
    pub(crate) clock: Arc<Clock>,
    /// Where its random values come from.
    pub(crate) seed: Seed,
    occupancy: Occupancy,
    /// The number of its requests that have begun and not ended.
    open_requests: AtomicUsize,
    /// The operations with a rule that acts before a request is read, as bits. They are outside the lock, so that most
    /// requests take the lock once.
    head_targets: AtomicU64,
    /// The number of resets of its fault rules.
    fault_resets: AtomicU64,
    state: Mutex<State>,
}

/// The state behind the lock of a tenant.
#[derive(Debug)]
pub(crate) struct State {
    /// Its resources.
    pub(crate) store: Store,
    /// The record of its requests.
    pub(crate) journal: Journal,
    pub(crate) faults: FaultRules,
    /// The time of its first request.
    pub(crate) first_request: Option<Timestamp>,
}

/// The times that matter to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// The time of the request, on the clock of the tenant.
    pub(crate) now: Timestamp,
    /// The time of the tenant's first request.
    pub(crate) first_request: Timestamp,
}

/// All tenants.
#[derive(Debug)]
pub(crate) struct Tenants {
    /// By their keys, spread over several maps, so that no request takes a lock of all of them.
    shards: [RwLock<Shard>; SHARDS],
    /// By the digests of their keys, which is the order of their labels. Requests with a key take this lock only to
    /// create a tenant.
    by_digest: RwLock<BTreeMap<KeyDigest, Arc<Tenant>>>,
    evicted: Mutex<EvictedTenants>,
    template: Template,
}

/// Some of the tenants, each by [`map_key`] of its key.
type Shard = HashMap<Box<str>, Arc<Tenant>>;

const SHARDS: usize = 16;

/// Bytes of the longest key that is kept as it is. A longer one takes no more memory than its digest.
const MAX_KEPT_KEY_BYTES: usize = 64;

impl State {
    /// The times of a request that is decided now. Rules whose time to live is over are removed.
    pub(crate) fn begin(&mut self, clock: &Clock) -> Times {
        let now = clock.now();
        self.remove_expired_faults(clock);
        if self.first_request.replace(self.first_request.unwrap_or(now)).is_none() {
            self.add_window_events(clock);
        }
        Times { now, first_request: self.first_request.unwrap_or(now) }
    }

    /// Removes the rules whose time to live is over, which releases the requests that they hold.
    pub(crate) fn remove_expired_faults(&mut self, clock: &Clock) {
        if self.faults.remove_expired() {
            clock.recheck_hanging();
        }
    }

    /// Adds the starts of the windows of rules as events of an `auto` clock. The ends are not events: a jump there
    /// would skip the window.
    fn add_window_events(&self, clock: &Clock) {
        self.window_starts().for_each(|at| clock.add_event(at));
    }

    /// When the windows of rules begin.
    pub(crate) fn window_starts(&self) -> impl Iterator<Item = Timestamp> + '_ {
        let first_request = self.first_request.into_iter();
        first_request.flat_map(|first| self.faults.window_starts().map(move |from| first.plus(from)))
    }
}

impl Tenant {
    /// The name that the admin API gave it.
    pub(crate) fn name(&self) -> Option<Arc<str>> {
        self.name.read().clone()
    }

    /// Gives it a name, which a reset keeps.
    pub(crate) fn set_name(&self, name: &str) {
        *self.name.write() = Some(name.into());
    }

    /// The number of its requests that have begun and not ended.
    pub(crate) fn open_requests(&self) -> usize {
        self.open_requests.load(Ordering::Relaxed)
    }

    /// Counts a request as open until the result is dropped.
    pub(crate) fn open_call(self: &Arc<Self>) -> OpenCall {
        OpenCall::of(self)
    }

    /// Whether a rule acts on the head of a request of the operation at this position of the table.
    pub(crate) fn strikes_at_head(&self, operation: usize) -> bool {
        self.head_targets.load(Ordering::Relaxed) & (1 << operation) != 0
    }

    /// Changes the rules of the tenant, and what depends on them.
    pub(crate) fn change_faults<T>(&self, act: impl FnOnce(&mut FaultRules) -> T) -> T {
        let mut state = self.lock();
        let result = act(&mut state.faults);
        state.faults.begin_lags(self.clock.now());
        let retention = tombstone_retention(&state.faults, &self.clock);
        state.store.set_tombstone_retention(retention);
        state.add_window_events(&self.clock);
        self.head_targets.store(state.faults.head_operations(), Ordering::Relaxed);
        drop(state);
        self.clock.recheck_hanging();
        result
    }

    /// Replaces the rules of the tenant. Requests that the former rules hold are released, also if the new ones are
    /// equal.
    pub(crate) fn reset_faults(&self, rules: FaultRules) {
        self.change_faults(|faults| {
            *faults = rules;
            // Under the lock, so that no request is decided by the former rules and counts as one of the new.
            self.fault_resets.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// The number of resets of the tenant's fault rules.
    pub(crate) fn fault_resets(&self) -> u64 {
        self.fault_resets.load(Ordering::Relaxed)
    }

    /// Locks the state of the tenant. The lock is never held across a wait.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Tenants {
    /// A registry without tenants.
    pub(crate) fn new(settings: &Settings, faults: FaultRules, worlds: Worlds, budget: Arc<StateBudget>) -> Self {
        let template = Template {
            isolation: settings.isolation,
            max_tenants: settings.max_tenants,
            seed: settings.seed,
            clock: Arc::new(Clock::new(settings.clock, settings.start_time, settings.time_scale)),
            clock_mode: settings.clock,
            start_time: settings.start_time,
            faults: Mutex::new(faults.without_counts()),
            given_faults: Mutex::new(faults),
            added_rules: Mutex::default(),
            rule_changes: Mutex::default(),
            policy: Arc::new(Policy::new(settings)),
            budget,
            worlds: RwLock::new(Arc::new(worlds)),
            journal: crate::journal::Limits::new(settings),
        };
        Self { shards: Default::default(), by_digest: RwLock::default(), evicted: Mutex::default(), template }
    }

    /// The tenant of `key`, created if it does not exist.
    pub(crate) fn admit(&self, key: &str) -> Result<Arc<Tenant>, AdmissionError> {
        self.find(key).filter(|tenant| tenant.takes_place()).map_or_else(|| self.create(key), Ok)
    }

    /// The tenant of `key`, if it exists.
    pub(crate) fn find(&self, key: &str) -> Option<Arc<Tenant>> {
        let key = map_key(self.shared_or(key));
        self.shard(&key).read().get(&*key).map(Arc::clone)
    }

    /// The tenant of `key`, which another request may have created meanwhile, with a place.
    fn create(&self, key: &str) -> Result<Arc<Tenant>, AdmissionError> {
        let key = self.shared_or(key);
        let (digest, key) = (digest_of(key), map_key(key));
        let label: Arc<str> = label(&digest).into();
        if let Some(tenant) = self.known_by_key(&label, &digest, &key)? {
            return Ok(tenant);
        }
        // Without the lock of all tenants: a world can be large.
        let started = self.template.store(&label).map_err(AdmissionError::World)?;
        let mut by_digest = self.by_digest.write();
        if let Some(tenant) = self.placed(&mut by_digest, &digest)? {
            return Ok(tenant);
        }
        let tenant = Arc::new(self.template.tenant(label, started));
        let lost_requests = self.evicted.lock().take(&digest);
        tenant.lock().journal.count_dropped(lost_requests);
        tenant.set_lost_resources(lost_requests > 0);
        self.shard(&key).write().insert(key.into(), Arc::clone(&tenant));
        by_digest.insert(digest, Arc::clone(&tenant));
        Ok(tenant)
    }

    /// The tenant with this label, if it exists.
    pub(crate) fn with_label(&self, label: &str) -> Option<Arc<Tenant>> {
        let least = key_label::least_digest(label)?;
        let by_digest = self.by_digest.read();
        let (_, tenant) = by_digest.range(least..).next()?;
        (&*tenant.label == label).then(|| Arc::clone(tenant))
    }

    /// All tenants, in the order of their labels.
    pub(crate) fn all(&self) -> Vec<Arc<Tenant>> {
        self.by_digest.read().values().map(Arc::clone).collect()
    }

    /// Removes the tenants that nothing refers to. A request with the key of one creates it anew.
    pub(crate) fn remove_idle(&self) {
        let mut by_digest = self.by_digest.write();
        for shard in &self.shards {
            // A request that is admitted takes another reference than those of the two maps while a lock is held.
            shard.write().retain(|_, tenant| Arc::strong_count(tenant) > 2);
        }
        by_digest.retain(|_, tenant| Arc::strong_count(tenant) > 1);
    }

    /// The clock from which the clocks of new tenants start.
    pub(crate) fn template_clock(&self) -> &Clock {
        &self.template.clock
    }

    /// Changes every clock, those of later tenants too.
    pub(crate) fn each_clock(&self, act: impl Fn(&Clock)) {
        act(&self.template.clock);
        for tenant in self.all() {
            act(&tenant.clock);
        }
    }

    /// The rules of new tenants.
    pub(crate) fn template_faults(&self) -> &Mutex<FaultRules> {
        &self.template.faults
    }

    /// The rules that the settings give.
    pub(crate) fn given_faults(&self) -> MutexGuard<'_, FaultRules> {
        self.template.given_faults.lock()
    }

    /// Replaces what the settings give, which was read again: the rules of all tenants, and the worlds with which later
    /// tenants start and to which resets return. Rules that were added at run time stay. The caller holds
    /// [`Tenants::lock_rule_changes`].
    pub(crate) fn replace_given(&self, rules: &FaultRules, worlds: Worlds) -> RuleChanges {
        let before = std::mem::replace(&mut *self.given_faults(), rules.without_counts());
        self.template.faults.lock().replace_given(&before, rules);
        for tenant in self.all() {
            tenant.change_faults(|faults| faults.replace_given(&before, rules));
        }
        *self.template.worlds.write() = Arc::new(worlds);
        rules.changes_since(&before)
    }

    /// The bytes of the state of all tenants.
    pub(crate) fn state_bytes(&self) -> usize {
        self.template.budget.used_bytes()
    }

    /// The limits of all journals together.
    pub(crate) fn journal_limits(&self) -> crate::journal::Limits {
        self.template.journal.clone()
    }

    /// Serialises rule changes while the guard lives.
    pub(crate) fn lock_rule_changes(&self) -> MutexGuard<'_, ()> {
        self.template.rule_changes.lock()
    }

    /// Resets the resources of a tenant to those with which it started. Its clock is reset before, if it is.
    ///
    /// Errors: there is no room for them; the tenant has none then.
    pub(crate) fn reset_store(&self, tenant: &Tenant, store: &mut Store) -> Result<(), String> {
        store.reset();
        let created = self.template.worlds().create(&tenant.label, store, tenant.clock.now());
        let created = created.inspect_err(|_| store.reset())?;
        for at in created {
            tenant.clock.add_event(at);
        }
        Ok(())
    }

    /// Resets the clock from which those of new tenants start.
    pub(crate) fn reset_template_clock(&self) {
        self.template.restart(&self.template.clock);
    }

    /// Resets the clock of a tenant to the time and mode at which it started.
    pub(crate) fn reset_clock(&self, tenant: &Tenant) {
        match self.template.worlds().clock_of(&tenant.label) {
            Some(saved) => tenant.clock.restore(saved),
            None => self.template.restart(&tenant.clock),
        }
    }

    /// The key under which the tenant of `key` is found.
    fn shared_or<'a>(&self, key: &'a str) -> &'a str {
        if self.template.isolation == Isolation::None { SHARED_KEY } else { key }
    }

    /// The map of a [`map_key`]. Keys of tests differ in their last characters.
    fn shard(&self, key: &str) -> &RwLock<Shard> {
        &self.shards[usize::from(key.bytes().next_back().unwrap_or_default()) % SHARDS]
    }
}

/// How long deleted resources are kept for lagging reads: on a clock that jumps, until one has seen them, whenever that
/// is.
fn tombstone_retention(faults: &FaultRules, clock: &Clock) -> Duration {
    let lag = faults.longest_lag();
    if clock.mode() == Mode::Auto && !lag.is_zero() { MAX_DURATION } else { lag }
}

/// The text by which the tenant of a key is found: the key itself, or of a long one its digest, in a form that no kept
/// key has. So most requests compute no digest.
fn map_key(key: &str) -> Cow<'_, str> {
    if key.len() <= MAX_KEPT_KEY_BYTES { key.into() } else { format!("SHA-256 {:02x?}", digest_of(key)).into() }
}
