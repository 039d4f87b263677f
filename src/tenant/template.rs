//! What new tenants begin with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use parking_lot::{Mutex, RwLock};

use super::{AddedRules, Occupancy, State, Tenant, tombstone_retention};
use crate::clock::{Clock, Mode, Timestamp, system_now};
use crate::config::Isolation;
use crate::fault::FaultRules;
use crate::journal::Journal;
use crate::seed::Seed;
use crate::store::{Policy, StateBudget, Store};
use crate::world::Worlds;

/// The values that a new tenant begins with.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) isolation: Isolation,
    pub(super) max_tenants: usize,
    pub(super) seed: u64,
    /// The clock from which the clock of a new tenant starts.
    pub(super) clock: Arc<Clock>,
    pub(super) clock_mode: Mode,
    /// The time at which clocks start; the system's if absent.
    pub(super) start_time: Option<Timestamp>,
    /// The rules of a new tenant.
    pub(super) faults: Mutex<FaultRules>,
    /// The rules given at the start, which a reset restores.
    pub(super) given_faults: Mutex<FaultRules>,
    pub(super) added_rules: Mutex<AddedRules>,
    /// Serialises rule changes: the check of all rules and the change are one step.
    pub(super) rule_changes: Mutex<()>,
    pub(super) policy: Arc<Policy>,
    pub(super) budget: Arc<StateBudget>,
    /// What tenants start with.
    pub(super) worlds: RwLock<Arc<Worlds>>,
    pub(super) journal: crate::journal::Limits,
}

/// The resources of a new tenant.
pub(super) struct StartedStore {
    pub(super) store: Store,
    /// The times at which something will happen because of them.
    pub(super) events: Vec<Timestamp>,
}

impl Template {
    /// The resources of a new tenant with this label.
    ///
    /// Errors: there is no room for them.
    pub(super) fn store(&self, label: &str) -> Result<StartedStore, String> {
        let mut store = self.empty_store(label);
        let events = self.worlds().create(label, &mut store, self.clock.now())?;
        Ok(StartedStore { store, events })
    }

    /// A store without resources for the tenant with this label.
    pub(super) fn empty_store(&self, label: &str) -> Store {
        Store::new(Arc::clone(&self.policy), Seed::new(self.seed, label), Arc::clone(&self.budget))
    }

    /// Sets a clock to the time and mode at which clocks start.
    pub(super) fn restart(&self, clock: &Clock) {
        clock.restart(self.clock_mode, self.start_time.unwrap_or_else(system_now));
    }

    /// The worlds with which tenants start now.
    pub(super) fn worlds(&self) -> Arc<Worlds> {
        Arc::clone(&self.worlds.read())
    }

    pub(super) fn tenant(&self, label: Arc<str>, started: StartedStore) -> Tenant {
        let StartedStore { mut store, events } = started;
        let faults = self.faults.lock().without_counts();
        let clock = Arc::new(self.clock.fork());
        if let Some(saved) = self.worlds().clock_of(&label) {
            clock.restore(saved);
        }
        for at in events {
            clock.add_event(at);
        }
        store.set_tombstone_retention(tombstone_retention(&faults, &clock));
        Tenant {
            label,
            name: RwLock::default(),
            clock,
            seed: store.seed.clone(),
            occupancy: Occupancy::since(system_now()),
            open_requests: AtomicUsize::new(0),
            head_targets: AtomicU64::new(faults.head_operations()),
            fault_resets: AtomicU64::new(0),
            state: Mutex::new(State {
                store,
                journal: Journal::new(self.journal.clone()),
                faults,
                first_request: None,
            }),
        }
    }
}
