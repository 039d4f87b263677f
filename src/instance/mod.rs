//! One emulated service: its settings, its operation table with the schemas, its tenants and its counters. The admin
//! API shows and changes it; requests go through the stages in `emulator`.

mod given_rules;
mod reload;
mod snapshot;
#[cfg(test)]
mod snapshot_tests;

pub(crate) use given_rules::targets;
pub(crate) use snapshot::{SnapshotError, write_snapshot};

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use crate::api::{self, openapi};
use crate::clock::Clock;
use crate::config::{ANONYMOUS, Auth, RawSettings, Settings};
use crate::counters::Counters;
use crate::drift::Drift;
use crate::fault::{FaultRules, Scenario, Target};
use crate::journal::Journal;
use crate::key_label::{self, label_of};
use crate::operation::{RoutedOperation, Router};
use crate::request::Head;
use crate::schema::{InputSchemas, Schemas};
use crate::store::StateBudget;
use crate::tenant::{AdmissionError, Tenant, Tenants};
use crate::worker::Worker;
use crate::world::WorldReader;

/// The parts of an emulated service.
#[derive(Debug)]
pub(crate) struct Instance {
    /// The settings.
    pub(crate) settings: Arc<Settings>,
    /// The settings as texts, with their sources.
    pub(crate) raw_settings: RawSettings,
    /// The operation table.
    pub(crate) router: Router,
    /// The schemas of bodies and parameters.
    pub(crate) schemas: Schemas,
    /// The schemas of what each operation takes, in the order of the table, found at its first request.
    input_schemas: Vec<OnceLock<InputSchemas>>,
    /// Starts child processes for jobs.
    pub(crate) worker: Worker,
    /// All tenants.
    pub(crate) tenants: Tenants,
    /// The operations that fault rules can be about.
    pub(crate) targets: Vec<Target>,
    /// The scenarios that the settings give.
    scenarios: RwLock<Arc<Vec<Scenario>>>,
    /// When connections are refused, in real time since the start: in order, and apart from each other.
    pub(crate) refusals: Vec<Range<Duration>>,
    /// The bytes that the state of all tenants takes.
    budget: Arc<StateBudget>,
    /// The requests without an accepted key.
    pub(crate) unauthenticated: Mutex<Journal>,
    /// Counters of requests by operation.
    pub(crate) counters: Counters,
    /// What clients sent and the contract does not know.
    pub(crate) drift: Drift,
    /// The number of handlers that have panicked.
    pub(crate) panics: AtomicU64,
    is_draining: AtomicBool,
    /// Whether a tenant that is forgotten frees its place only, and is judged at the end of the run.
    keeps_forgotten: AtomicBool,
    /// The OpenAPI document, made when it is first requested.
    openapi: OnceLock<Bytes>,
}

/// The reason why the name in a request names no tenant.
#[derive(Debug)]
pub(crate) enum NoTenant {
    /// No tenant has this label, or the key is not accepted.
    Unknown,
    /// The tenant is not created.
    NotCreated(AdmissionError),
}

impl Instance {
    /// Reads the schemas, the fault rules and the worlds. An error names the setting that is wrong.
    ///
    /// A server inside another program must not run that program in place of this one: its child processes run the
    /// file of `--binary` only.
    pub(crate) fn new(settings: Settings, raw_settings: RawSettings) -> Result<Self, String> {
        Self::with_router(settings, raw_settings, Router::new(api::operations()))
    }

    /// For the program itself: its child processes run its own file, unless `--binary` names another one.
    pub(crate) fn of_program(settings: Settings, raw_settings: RawSettings) -> Result<Self, String> {
        let worker = if settings.binary.is_none() { Worker::of_own_file() } else { worker_of(&settings) };
        Self::with_worker(settings, raw_settings, Router::new(api::operations()), worker)
    }

    /// An instance with an operation table of its own.
    pub(crate) fn with_router(settings: Settings, raw_settings: RawSettings, router: Router) -> Result<Self, String> {
        let worker = worker_of(&settings);
        Self::with_worker(settings, raw_settings, router, worker)
    }

    fn with_worker(
        settings: Settings,
        raw_settings: RawSettings,
        router: Router,
        worker: Worker,
    ) -> Result<Self, String> {
        let schemas = Schemas::load(settings.schemas.as_deref())?;
        let input_schemas = router.operations().map(|_| OnceLock::new()).collect();
        let targets: Vec<Target> = router.operations().map(|row| given_rules::target(row, settings.fidelity)).collect();
        let scenarios = given_rules::scenarios(&settings, &raw_settings)?;
        let rules = given_rules::read(&settings, &raw_settings, &targets, &scenarios)?;
        let rules = FaultRules::default().read_again(rules)?;
        let refusals = given_rules::refusals(&settings, &scenarios)?;
        let budget = StateBudget::new(settings.max_state_bytes);
        let worlds = WorldReader::new(&settings, &schemas, &worker, &budget).worlds_of_settings(&raw_settings)?;
        let tenants = Tenants::new(&settings, rules, worlds, Arc::clone(&budget));
        Ok(Self {
            unauthenticated: Mutex::new(Journal::new(tenants.journal_limits())),
            counters: Counters::new(router.operations().count()),
            worker,
            settings: Arc::new(settings),
            raw_settings,
            router,
            schemas,
            input_schemas,
            tenants,
            targets,
            drift: Drift::default(),
            scenarios: RwLock::new(Arc::new(scenarios)),
            refusals,
            budget,
            panics: AtomicU64::new(0),
            is_draining: AtomicBool::new(false),
            keeps_forgotten: AtomicBool::new(false),
            openapi: OnceLock::new(),
        })
    }

    /// An instance with these settings, by the names of their flags, and the defaults of the others.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn of_flags(flags: &[(&str, &str)]) -> Self {
        let raw = RawSettings::from_flags(flags);
        Self::new(crate::config::read(&raw).expect("the settings are valid"), raw).expect("the settings are valid")
    }

    /// Whether the server is shutting down.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Records that the server is shutting down; `/health` and `/ready` report it, and injected delays end.
    pub(crate) fn start_draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
        self.tenants.each_clock(Clock::recheck_hanging);
    }

    /// Keeps what tenants have when they are forgotten, as long as there is room for twice as many as have places.
    pub(crate) fn keep_forgotten(&self) {
        self.keeps_forgotten.store(true, Ordering::Relaxed);
    }

    /// Forgets a tenant, which frees its place. What its rules hold or delay ends now: nobody could reset it later.
    pub(crate) fn forget(&self, tenant: &Arc<Tenant>) {
        if self.keeps_forgotten.load(Ordering::Relaxed) {
            return tenant.leave_place();
        }
        self.tenants.forget(tenant);
        tenant.reset_faults(FaultRules::default());
        self.tenants.reset_clock(tenant);
    }

    /// The scenarios that the settings give.
    pub(crate) fn scenarios(&self) -> Arc<Vec<Scenario>> {
        Arc::clone(&self.scenarios.read())
    }

    /// Checks a world as it is checked at the start. An error begins with the name of the file.
    pub(crate) fn check_world(&self, file: &str) -> Result<(), String> {
        let budget = StateBudget::new(self.settings.max_state_bytes);
        WorldReader::new(&self.settings, &self.schemas, &self.worker, &budget).read(&[file.to_owned()]).map(|_| ())
    }

    /// The OpenAPI document of the contract that requests are validated against.
    pub(crate) fn openapi(&self) -> Bytes {
        let document = || openapi::document(self.router.operations(), &self.schemas).to_string().into();
        self.openapi.get_or_init(document).clone()
    }

    /// The schemas of what an operation takes.
    pub(crate) fn input_schemas(&self, routed: &RoutedOperation) -> &InputSchemas {
        let find = || {
            let (params, body) = (routed.operation.params_schema(), routed.operation.request_schema());
            self.schemas.of_input(&params, body.as_deref())
        };
        self.input_schemas[routed.position].get_or_init(find)
    }

    /// The key of a request, if it is accepted.
    pub(crate) fn accepted_key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        match (head.credential(), self.settings.auth) {
            (None, Auth::Optional) => Some(ANONYMOUS),
            (key, _) => key.filter(|key| self.settings.accepts_key(key)),
        }
    }

    /// Whether requests with this API key are accepted.
    pub(crate) fn accepts_key(&self, key: &str) -> bool {
        let is_anonymous = self.settings.auth == Auth::Optional && key == ANONYMOUS;
        is_anonymous || self.settings.accepts_key(key)
    }

    /// The tenant with this label or of this key, if it exists.
    pub(crate) fn existing_tenant(&self, key_or_label: &str) -> Option<Arc<Tenant>> {
        let labelled = self.tenants.with_label(key_or_label);
        // One that a snapshot has brought is known by its label alone before the first request with its key.
        let of_key = || self.tenants.find(key_or_label).or_else(|| self.tenants.with_label(&label_of(key_or_label)));
        labelled.or_else(|| if self.is_key(key_or_label) { of_key() } else { None })
    }

    /// The tenant with this label or of this key; that of an accepted key is created if it does not exist.
    pub(crate) fn tenant_or_new(&self, key_or_label: &str) -> Result<Arc<Tenant>, NoTenant> {
        match self.existing_tenant(key_or_label) {
            Some(tenant) => Ok(tenant),
            None if self.is_key(key_or_label) => self.tenants.admit(key_or_label).map_err(NoTenant::NotCreated),
            None => Err(NoTenant::Unknown),
        }
    }

    /// Whether a text is an accepted API key. One in the form of a label names no key: a mistyped label creates no
    /// tenant.
    pub(crate) fn is_key(&self, text: &str) -> bool {
        !key_label::is_label(text) && self.accepts_key(text)
    }
}

/// Runs child processes of the file of `--binary`; without one, none can be started.
fn worker_of(settings: &Settings) -> Worker {
    Worker::of_file(settings.binary.clone())
}
