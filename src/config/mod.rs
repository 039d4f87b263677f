//! The settings of the program, checked and typed. They are read once, at the start.

mod combine;
mod flags;
mod merge;
mod normalise;
mod parse_results;
mod read;

pub(crate) use combine::{check_combinations, check_emulation, warnings};
pub(crate) use flags::{Flag, GROUPS, Takes, flag_named, flags};
pub(crate) use merge::{RawSetting, RawSettings};
pub(crate) use normalise::{is_host_and_port, is_port, without_final_dot};
pub(crate) use read::read;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::{Mode, Timestamp};
use crate::key_label::label_of;
use crate::worker::Worker;

/// The API key of requests without one, if they are accepted (`--no-auth`).
pub(crate) const ANONYMOUS: &str = "anonymous";

/// Every setting, with its unit in its name or its type.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The address to listen on.
    pub(crate) host: IpAddr,
    /// The port to listen on; 0 picks a free one.
    pub(crate) port: u16,
    /// The file to which the port number is written.
    pub(crate) port_file: Option<PathBuf>,
    /// The program for child processes, if it is not the running one.
    pub(crate) binary: Option<PathBuf>,
    /// The seed of all randomness.
    pub(crate) seed: u64,
    /// The accepted API keys; empty accepts any key.
    pub(crate) api_keys: Vec<String>,
    /// Whether a request needs an API key.
    pub(crate) auth: Auth,
    /// Whether API keys have separate state.
    pub(crate) isolation: Isolation,
    /// How an unknown `source_directory_id` is treated.
    pub(crate) references: References,
    /// Which ids identify an index.
    pub(crate) index_id: IndexId,
    /// The status for values that the service checks in its own code: 422 or 400.
    pub(crate) unknown_value_status: u16,
    /// How unknown ids and page tokens are treated.
    pub(crate) fidelity: Fidelity,
    /// The mode of the tenants' clocks.
    pub(crate) clock: Mode,
    /// The time at which the tenants' clocks start; by default the system time.
    pub(crate) start_time: Option<Timestamp>,
    /// The duration of a sync, without the export.
    pub(crate) sync_duration: Duration,
    /// The duration of the export after a sync.
    pub(crate) export_duration: Duration,
    /// The response to a sync request while a sync runs.
    pub(crate) sync_conflict: SyncConflict,
    /// How a file is treated whose `unique_id` another file of its directory has.
    pub(crate) duplicate_unique_id: DuplicateUniqueId,
    /// What `score_threshold` is compared with while reranking is on.
    pub(crate) score_threshold_on: ScoreThresholdOn,
    /// Texts that replace what reading a file of this name gives.
    pub(crate) parse_results: BTreeMap<String, Box<str>>,
    /// Number of items on a page if the request does not say.
    pub(crate) page_size: usize,
    /// Maximum size of a JSON body.
    pub(crate) max_body_bytes: usize,
    /// Maximum size of an upload.
    pub(crate) max_upload_bytes: usize,
    /// Maximum size of the bodies of all requests in flight together.
    pub(crate) max_inflight_bytes: usize,
    /// Maximum number of requests that wait for work on documents.
    pub(crate) max_queued_work: usize,
    /// Maximum size of the state of all tenants together.
    pub(crate) max_state_bytes: usize,
    /// Maximum number of open connections.
    pub(crate) max_connections: usize,
    /// Maximum number of tenants.
    pub(crate) max_tenants: usize,
    /// Maximum number of resources of one kind in a tenant.
    pub(crate) max_items: usize,
    /// Maximum number of entries in a tenant's journal.
    pub(crate) journal_entries: usize,
    /// Maximum size of all journals together, in bytes.
    pub(crate) journal_bytes: usize,
    /// Time limit for the head of a request.
    pub(crate) header_timeout: Duration,
    /// Host names that are accepted besides those of the loopback interface, in lower case and without a port; `*` stands for
    /// any.
    pub(crate) allowed_hosts: Vec<String>,
    /// Origins from which browser requests are accepted, in the form in which browsers send them.
    pub(crate) cors_origins: Vec<String>,
    /// Who may use `/__admin/`.
    pub(crate) admin: AdminAccess,
    /// The bearer token that `/__admin/` requires.
    pub(crate) admin_token: Option<String>,
    /// The URL under which clients reach the server, for URLs in responses.
    pub(crate) public_url: Option<String>,
    /// The format of log lines.
    pub(crate) log_format: LogFormat,
    /// The lowest level that is logged.
    pub(crate) log_level: LogLevel,
    /// Fault rules, as text.
    pub(crate) faults: Vec<String>,
    /// Scenarios, by name or file.
    pub(crate) scenarios: Vec<String>,
    /// Whether the rules in the `x-mock-inject` header of a request are applied.
    pub(crate) allow_overrides: bool,
    /// Whether the program exits with code 2 if a fault rule never struck.
    pub(crate) strict_faults: bool,
    /// Whether the program stops when its standard input ends.
    pub(crate) exit_with_stdin: bool,
    /// The factor for injected delays.
    pub(crate) time_scale: f64,
    /// Where risky work is done. It is no setting of its own: the program uses itself, an embedded server the program that
    /// `LLAMACLOUD_MOCK_BINARY` names.
    pub(crate) worker: Worker,
    /// A folder with schemas that replace the embedded ones.
    pub(crate) schemas: Option<PathBuf>,
}

impl Settings {
    /// Whether this API key is accepted.
    pub(crate) fn accepts_key(&self, key: &str) -> bool {
        self.api_keys.is_empty() || self.api_keys.iter().any(|accepted| accepted == key)
    }

    /// Whether an accepted API key has this label.
    pub(crate) fn accepts_label(&self, label: &str) -> bool {
        let is_anonymous = self.auth == Auth::Optional && label_of(ANONYMOUS) == label;
        self.api_keys.is_empty() || is_anonymous || self.api_keys.iter().any(|key| label_of(key) == label)
    }
}

/// The address at which a server bound to `host` can be reached from this machine.
pub(crate) fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

/// Who may use `/__admin/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdminAccess {
    /// Every request is accepted.
    Open,
    /// A request needs the token.
    Token,
    /// Every request is refused, because the server is bound to an address that others can reach and there is no token.
    Closed,
    /// There is no `/__admin/`.
    Off,
}

/// Whether a request needs an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// A request without a key gets 401.
    Required,
    /// Requests without a key belong to the tenant of the key `anonymous`.
    Optional,
}

/// Whether API keys have separate state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Each key is a tenant of its own.
    Key,
    /// All keys share one tenant.
    None,
}

/// How an unknown `source_directory_id` is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum References {
    /// The directory is created.
    Lenient,
    /// The response is 404.
    Strict,
}

/// Which ids identify an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IndexId {
    /// Both its `id` and its `export_config_id`.
    Any,
    /// Only its `id`.
    Id,
    /// Only its `export_config_id`.
    Export,
}

/// How unknown ids and page tokens are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fidelity {
    /// As the service treats them: 404 or another 4xx.
    Service,
    /// They are accepted, and resources are created for them (`--contract`).
    Contract,
}

/// How a file is treated whose `unique_id` another file of its directory has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DuplicateUniqueId {
    /// It is accepted.
    Allow,
    /// The response is 409.
    Refuse,
}

/// What `score_threshold` is compared with while reranking is on. Which one the service compares is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScoreThresholdOn {
    /// `rerank_score`.
    Rerank,
    /// `score`.
    Score,
}

/// The response to a sync request while a sync runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyncConflict {
    /// An error with this status, 409 or 429.
    Refuse(u16),
    /// 202, without a new run.
    Coalesce,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The lowest level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogLevel {
    /// Nothing.
    Off,
    /// Failures.
    Error,
    /// Also possible mistakes.
    Warn,
    /// Also one line per request.
    Info,
}
