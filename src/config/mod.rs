//! The settings of the program, checked and typed. They are read once, at the start.

mod flags;
mod merge;
mod read;

pub use flags::{FLAGS, Flag, Takes};
pub use merge::{RawSetting, RawSettings, Source};
pub use read::read;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::{Mode, Timestamp};
use crate::key_label::label_of;

/// The API key of requests without one, if they are accepted (`--no-auth`).
pub const ANONYMOUS: &str = "anonymous";

/// Every setting, with its unit in its name or its type.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 picks a free one.
    pub port: u16,
    /// The file to which the port number is written.
    pub port_file: Option<PathBuf>,
    /// The seed of all randomness.
    pub seed: u64,
    /// The accepted API keys; empty accepts any key.
    pub api_keys: Vec<String>,
    /// Whether a request needs an API key.
    pub auth: Auth,
    /// Whether API keys have separate state.
    pub isolation: Isolation,
    /// How an unknown `source_directory_id` is treated.
    pub references: References,
    /// Which ids identify an index.
    pub index_id: IndexId,
    /// The status for values that the service checks in its own code: 422 or 400.
    pub unknown_value_status: u16,
    /// How unknown ids and page tokens are treated.
    pub fidelity: Fidelity,
    /// The mode of the tenants' clocks.
    pub clock: Mode,
    /// The time at which the tenants' clocks start; by default the system time.
    pub start_time: Option<Timestamp>,
    /// The duration of a sync, without the export.
    pub sync_duration: Duration,
    /// The duration of the export after a sync.
    pub export_duration: Duration,
    /// The response to a sync request while a sync runs.
    pub sync_conflict: SyncConflict,
    /// Number of items on a page if the request does not say.
    pub page_size: usize,
    /// Maximum size of a JSON body.
    pub max_body_bytes: usize,
    /// Maximum size of an upload.
    pub max_upload_bytes: usize,
    /// Maximum size of the bodies of all requests in flight together.
    pub max_inflight_bytes: usize,
    /// Maximum size of the state of all tenants together.
    pub max_state_bytes: usize,
    /// Maximum number of open connections.
    pub max_connections: usize,
    /// Maximum number of tenants.
    pub max_tenants: usize,
    /// Maximum number of resources of one kind in a tenant.
    pub max_items: usize,
    /// Maximum number of entries in a tenant's journal.
    pub journal_entries: usize,
    /// Maximum size of all journals together, in bytes.
    pub journal_bytes: usize,
    /// Time limit for the head of a request.
    pub header_timeout: Duration,
    /// Host names that are accepted besides those of the loopback interface.
    pub allowed_hosts: Vec<String>,
    /// Origins from which browser requests are accepted.
    pub cors_origins: Vec<String>,
    /// The bearer token that `/__admin/` requires.
    pub admin_token: Option<String>,
    /// The URL under which clients reach the server, for URLs in responses.
    pub public_url: Option<String>,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The lowest level that is logged.
    pub log_level: LogLevel,
    /// Fault rules, as text.
    pub faults: Vec<String>,
    /// Scenarios, by name or file.
    pub scenarios: Vec<String>,
    /// Whether the rules in the `x-mock-inject` header of a request are applied.
    pub allow_overrides: bool,
    /// Whether the program exits with code 2 if a fault rule never struck.
    pub strict_faults: bool,
    /// The factor for injected delays.
    pub time_scale: f64,
    /// A folder with schemas that replace the embedded ones.
    pub schemas: Option<PathBuf>,
}

impl Settings {
    /// Whether this API key is accepted.
    pub fn accepts_key(&self, key: &str) -> bool {
        self.api_keys.is_empty() || self.api_keys.iter().any(|accepted| accepted == key)
    }

    /// Whether an accepted API key has this label.
    pub fn accepts_label(&self, label: &str) -> bool {
        let is_anonymous = self.auth == Auth::Optional && label_of(ANONYMOUS) == label;
        self.api_keys.is_empty() || is_anonymous || self.api_keys.iter().any(|key| label_of(key) == label)
    }
}

/// Whether a request needs an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// A request without a key gets 401.
    Required,
    /// Requests without a key belong to the tenant of the key `anonymous`.
    Optional,
}

/// Whether API keys have separate state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Each key is a tenant of its own.
    Key,
    /// All keys share one tenant.
    None,
}

/// How an unknown `source_directory_id` is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum References {
    /// The directory is created.
    Lenient,
    /// The response is 404.
    Strict,
}

/// Which ids identify an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexId {
    /// Both its `id` and its `export_config_id`.
    Any,
    /// Only its `id`.
    Id,
    /// Only its `export_config_id`.
    Export,
}

/// How unknown ids and page tokens are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// As the service treats them: 404 or another 4xx.
    Service,
    /// They are accepted, and resources are created for them (`--contract`).
    Contract,
}

/// The response to a sync request while a sync runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncConflict {
    /// An error with this status, 409 or 429.
    Refuse(u16),
    /// 202, without a new run.
    Coalesce,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The lowest level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Failures.
    Error,
    /// Also possible mistakes.
    Warn,
    /// Also one line per request.
    Info,
}
