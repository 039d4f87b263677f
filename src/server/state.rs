//! The state that all connections of a server share.

use std::num::NonZero;
use std::sync::Arc;

use hyper::server::conn::http1;
use tokio::sync::Semaphore;

use super::budget::BodyBudget;
use super::guard::Guard;
use super::head_timer;
use super::incidents::Incidents;
use super::log::Log;
use super::refusal::RefusalSender;
use super::work_queue::WorkQueue;
use crate::clock::format_duration;
use crate::counters::Incident;
use crate::instance::Instance;
use crate::worker::MAX_CHILDREN;

/// Maximum size of the head of a request.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// State shared by all connections.
#[derive(Debug)]
pub(super) struct ServerState {
    pub(super) instance: Arc<Instance>,
    pub(super) guard: Guard,
    pub(super) log: Log,
    pub(super) http: http1::Builder,
    pub(super) connections: Arc<Semaphore>,
    pub(super) body_budget: BodyBudget,
    /// For jobs in threads of this process.
    pub(super) thread_queue: Arc<WorkQueue>,
    /// For jobs in child processes, so that what waits for one keeps nothing else from a processor.
    pub(super) child_queue: Arc<WorkQueue>,
    incidents: Incidents,
    /// Orders to refuse connections.
    pub(super) refusals: RefusalSender,
}

impl ServerState {
    /// Counts a connection that ends before a request is handled, and warns if it begins a burst of such.
    pub(super) fn note_incident(&self, incident: Incident) {
        let settings = &self.instance.settings;
        let limit = match incident {
            Incident::ConnectionLimit => settings.max_connections.to_string(),
            Incident::HeadTimeout => format_duration(settings.header_timeout),
            Incident::Tls | Incident::Http2 | Incident::NotHttp => String::new(),
        };
        self.instance.counters.count_incident(incident);
        if let Some(warning) = self.incidents.note(incident, &limit) {
            self.log.warn(&warning);
        }
    }

    pub(super) fn new(instance: Arc<Instance>, refusals: RefusalSender) -> Self {
        let settings = &instance.settings;
        let mut http = http1::Builder::new();
        // half_close: without it hyper drops a request whose client has closed its sending half. The header timeout has
        // no effect without a timer, which each connection sets for itself.
        http.header_read_timeout(head_timer::IDLE).half_close(true);
        // Both are needed: max_buf_size bounds how far hyper reads ahead, but a larger head that arrives in one read
        // passes it.
        http.max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_HEAD_BYTES);
        Self {
            guard: Guard::new(settings),
            log: Log::start(settings),
            http,
            connections: Arc::new(Semaphore::new(settings.max_connections)),
            body_budget: BodyBudget::new(settings.max_inflight_bytes),
            thread_queue: WorkQueue::new(workers(), settings.max_queued_work),
            child_queue: WorkQueue::new(MAX_CHILDREN, settings.max_queued_work),
            incidents: Incidents::default(),
            refusals,
            instance,
        }
    }
}

/// How many requests work on documents at a time: as many as the machine has processors.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
