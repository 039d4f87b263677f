//! One API key's store, behind one lock; and the register of all tenants. Tenants share nothing but the program.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::clock::{Clock, Mode, Timestamp, system_now};
use crate::config::{Isolation, Settings};
use crate::fault::{FaultRules, Rule};
use crate::journal::Journal;
use crate::key_label::{KeyDigest, digest_of, label};
use crate::seed::Seed;
use crate::store::{Ledger, Policy, Store};

/// One API key and everything that is its own.
#[derive(Debug)]
pub struct Tenant {
    /// How it is shown: `t-` and the first 12 hex digits of its key's SHA-256.
    pub label: Arc<str>,
    /// Its clock.
    pub clock: Arc<Clock>,
    /// The root of its streams of chance.
    pub seed: Seed,
    /// Its requests that have come and not yet ended.
    open_calls: AtomicUsize,
    /// Whether some rule may strike before a request is read; kept beside the lock so that heads need not take it.
    head_targets: AtomicU64,
    state: Mutex<State>,
}

/// What a tenant's lock guards.
#[derive(Debug)]
pub struct State {
    /// Its resources.
    pub store: Store,
    /// Its requests.
    pub journal: Journal,
    /// Its rules of injected failure.
    pub faults: FaultRules,
    /// When its first request came.
    pub first_call: Option<Timestamp>,
}

/// When a request comes.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// On the tenant's clock.
    pub now: Timestamp,
    /// When the tenant's first request came.
    pub first_call: Timestamp,
}

/// All tenants. Spread over several maps so that no lock is on the way of every request.
#[derive(Debug)]
pub struct Tenants {
    shards: [RwLock<HashMap<KeyDigest, Arc<Tenant>>>; SHARDS],
    count: AtomicUsize,
    origin: Origin,
}

/// What tenants are made from.
#[derive(Debug)]
struct Origin {
    isolation: Isolation,
    max_tenants: usize,
    seed: u64,
    /// Where clocks stand that nobody has moved; a new tenant's starts there.
    first_clock: Arc<Clock>,
    clock_start: (Mode, Option<Timestamp>),
    /// The rules that a new tenant begins with.
    first_faults: Mutex<FaultRules>,
    /// Those of them that were given at the start, to which a reset goes back.
    given_faults: FaultRules,
    /// Rules that were given since and may not have struck yet, whether they are still armed or not.
    added_rules: Mutex<Vec<Rule>>,
    /// Held by whoever changes rules: a look at all of them and the change are one step.
    rule_changes: Mutex<()>,
    policy: Arc<Policy>,
    ledger: Arc<Ledger>,
    journal: crate::journal::Limits,
}

const SHARDS: usize = 16;

/// Rules given at run time that are remembered until they strike.
const MAX_ADDED_RULES: usize = 10_000;

/// The key of the only tenant under `--isolation none`.
const SHARED_KEY: &str = "shared";

impl State {
    /// Notes that a request comes, and lets rules go whose time is over.
    pub fn begin(&mut self, clock: &Clock) -> Times {
        let now = clock.now();
        self.faults.remove_expired();
        if self.first_call.replace(self.first_call.unwrap_or(now)).is_none() {
            self.expect_windows(clock);
        }
        Times { now, first_call: self.first_call.unwrap_or(now) }
    }

    /// Tells a clock that jumps from event to event when the windows of rules begin. Their ends are no events: a jump
    /// there would pass over the window.
    fn expect_windows(&self, clock: &Clock) {
        if let Some(first_call) = self.first_call {
            self.faults.window_starts().for_each(|from| clock.expect(first_call.plus(from)));
        }
    }
}

impl Tenant {
    /// Its requests that have come and not yet ended.
    pub fn open_calls(&self) -> usize {
        self.open_calls.load(Ordering::Relaxed)
    }

    /// Counts a request as open, until [`Tenant::end_call`].
    pub fn begin_call(&self) {
        self.open_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request as ended.
    pub fn end_call(&self) {
        self.open_calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether some rule may strike a request of the operation with this number before it is read.
    pub fn strikes_at_head(&self, operation: usize) -> bool {
        self.head_targets.load(Ordering::Relaxed) & (1 << operation) != 0
    }

    /// Changes the tenant's rules, and what depends on them.
    pub fn change_faults<T>(&self, act: impl FnOnce(&mut FaultRules) -> T) -> T {
        let mut state = self.lock();
        let result = act(&mut state.faults);
        let lag = state.faults.longest_lag();
        state.store.set_tombstone_retention(lag);
        state.expect_windows(&self.clock);
        self.head_targets.store(state.faults.head_operations(), Ordering::Relaxed);
        result
    }

    /// Takes the tenant's lock. It is never held across a wait.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Tenants {
    /// No tenants yet.
    pub fn new(settings: &Settings, faults: FaultRules) -> Self {
        let origin = Origin {
            isolation: settings.isolation,
            max_tenants: settings.max_tenants,
            seed: settings.seed,
            first_clock: Arc::new(Clock::new(settings.clock, settings.start_time, settings.time_scale)),
            clock_start: (settings.clock, settings.start_time),
            first_faults: Mutex::new(faults.without_counts()),
            given_faults: faults,
            added_rules: Mutex::default(),
            rule_changes: Mutex::default(),
            policy: Arc::new(Policy::new(settings)),
            ledger: Ledger::new(settings.max_state_bytes),
            journal: crate::journal::Limits::new(settings),
        };
        Self { shards: Default::default(), count: AtomicUsize::new(0), origin }
    }

    /// The tenant of `key`, made if need be; `None` when there are as many as there may be.
    pub fn admit(&self, key: &str) -> Option<Arc<Tenant>> {
        let digest = self.digest(key);
        let shard = self.shard(&digest);
        if let Some(tenant) = shard.read().get(&digest) {
            return Some(Arc::clone(tenant));
        }
        let mut shard = shard.write();
        if let Some(tenant) = shard.get(&digest) {
            return Some(Arc::clone(tenant));
        }
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.origin.max_tenants {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let tenant = Arc::new(self.origin.tenant(&digest));
        shard.insert(digest, Arc::clone(&tenant));
        Some(tenant)
    }

    /// The tenant of `key`, if it is there already.
    pub fn find(&self, key: &str) -> Option<Arc<Tenant>> {
        let digest = self.digest(key);
        self.shard(&digest).read().get(&digest).map(Arc::clone)
    }

    /// The tenant that a key or a label names.
    pub fn named(&self, key_or_label: &str) -> Option<Arc<Tenant>> {
        self.find(key_or_label).or_else(|| self.all().into_iter().find(|tenant| &*tenant.label == key_or_label))
    }

    /// All tenants, in the order of their labels.
    pub fn all(&self) -> Vec<Arc<Tenant>> {
        let of = |shard: &RwLock<HashMap<_, Arc<Tenant>>>| shard.read().values().map(Arc::clone).collect::<Vec<_>>();
        let mut all: Vec<_> = self.shards.iter().flat_map(of).collect();
        all.sort_by(|left, right| left.label.cmp(&right.label));
        all
    }

    /// Lets tenants go that nothing refers to; one that comes back begins anew.
    pub fn forget_idle(&self) {
        for shard in &self.shards {
            let mut shard = shard.write();
            let before = shard.len();
            // Whoever is let in gets another reference while the lock is held.
            shard.retain(|_, tenant| Arc::strong_count(tenant) > 1);
            self.count.fetch_sub(before - shard.len(), Ordering::Relaxed);
        }
    }

    /// The clock from which new tenants' clocks start.
    pub fn first_clock(&self) -> &Clock {
        &self.origin.first_clock
    }

    /// Does something to every clock, those of later tenants too.
    pub fn each_clock(&self, act: impl Fn(&Clock)) {
        act(&self.origin.first_clock);
        for tenant in self.all() {
            act(&tenant.clock);
        }
    }

    /// The rules that new tenants begin with.
    pub fn first_faults(&self) -> &Mutex<FaultRules> {
        &self.origin.first_faults
    }

    /// The rules that were given at the start.
    pub fn given_faults(&self) -> &FaultRules {
        &self.origin.given_faults
    }

    /// What all journals keep to together.
    pub fn journal_limits(&self) -> crate::journal::Limits {
        self.origin.journal.clone()
    }

    /// Has others who would change rules wait, as long as what is returned lives.
    pub fn turn_to_change_rules(&self) -> MutexGuard<'_, ()> {
        self.origin.rule_changes.lock()
    }

    /// Remembers a rule that was given at run time, for [`Tenants::rules_never_struck`].
    pub fn note_rule(&self, rule: &Rule) {
        let mut added = self.origin.added_rules.lock();
        if added.len() >= MAX_ADDED_RULES {
            added.retain(Rule::never_struck);
        }
        if added.len() < MAX_ADDED_RULES {
            added.push(rule.clone());
        }
    }

    /// The rules that have never struck any tenant's request, as `name: rule`: those of the start, then those that were given
    /// since, whether they are still armed or not.
    pub fn rules_never_struck(&self) -> Vec<String> {
        let added = self.origin.added_rules.lock();
        let all = self.origin.given_faults.rules().chain(added.iter());
        all.filter(|rule| rule.never_struck()).map(|rule| format!("{}: {rule}", rule.name)).collect()
    }

    /// Puts a clock back to where clocks started.
    pub fn reset_clock(&self, clock: &Clock) {
        let (mode, start) = self.origin.clock_start;
        clock.restart(mode, start.unwrap_or_else(system_now));
    }

    fn digest(&self, key: &str) -> KeyDigest {
        let key = if self.origin.isolation == Isolation::None { SHARED_KEY } else { key };
        digest_of(key)
    }

    fn shard(&self, digest: &KeyDigest) -> &RwLock<HashMap<KeyDigest, Arc<Tenant>>> {
        &self.shards[usize::from(digest[0]) % SHARDS]
    }
}

impl Origin {
    fn tenant(&self, digest: &KeyDigest) -> Tenant {
        let label: Arc<str> = label(digest).into();
        let seed = Seed::new(self.seed, &label);
        let faults = self.first_faults.lock().without_counts();
        let mut store = Store::new(Arc::clone(&self.policy), seed.clone(), Arc::clone(&self.ledger));
        store.set_tombstone_retention(faults.longest_lag());
        let head_targets = AtomicU64::new(faults.head_operations());
        let state = State { store, journal: Journal::new(self.journal.clone()), faults, first_call: None };
        Tenant {
            label,
            clock: Arc::new(self.first_clock.fork()),
            seed,
            open_calls: AtomicUsize::new(0),
            head_targets,
            state: Mutex::new(state),
        }
    }
}
