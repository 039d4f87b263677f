//! The settings of the program, checked and typed. They are read once, at the start.

pub(crate) mod flags;
mod merge;
mod normalise;
mod parse_results;
mod raw_setting;
mod read;

pub(crate) use flags::{Flag, GROUPS, Takes, find_flag, flag_named, flags};
pub(crate) use merge::RawSettings;
pub(crate) use normalise::{is_host_and_port, is_port, without_final_dot};
pub(crate) use raw_setting::RawSetting;
pub(crate) use read::{check_combinations, check_emulation, read, warnings};

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::{Deref, Range};
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::{Mode, Timestamp};
use crate::key_label::{is_label, label_of};

/// The API key of requests without one, if they are accepted (`--no-auth`).
pub(crate) const ANONYMOUS: &str = "anonymous";

/// The key of the only tenant under `--isolation none`.
pub(crate) const SHARED_KEY: &str = "shared";

/// Every setting, with its unit in its name or its type; its row of the table says what it means. The values of
/// `default` are placeholders: the table sets every field.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Settings {
    pub(crate) host: HostAddress,
    pub(crate) port: u16,
    pub(crate) port_file: Option<PathBuf>,
    pub(crate) binary: Option<PathBuf>,
    pub(crate) seed: u64,
    /// Empty accepts any key.
    pub(crate) api_keys: Vec<String>,
    pub(crate) auth: Auth,
    pub(crate) isolation: Isolation,
    pub(crate) references: References,
    /// Whether fields and parameters that the contract does not know are refused.
    pub(crate) strict_contract: bool,
    pub(crate) index_id: IndexId,
    /// 422 or 400.
    pub(crate) unknown_value_status: u16,
    pub(crate) fidelity: Fidelity,
    pub(crate) clock: Mode,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) sync_duration: Duration,
    pub(crate) export_duration: Duration,
    pub(crate) sync_conflict: SyncConflict,
    pub(crate) duplicate_unique_id: DuplicateUniqueId,
    pub(crate) score_threshold_on: ScoreThresholdOn,
    /// Texts that replace what reading a file of this name gives.
    pub(crate) parse_results: BTreeMap<String, Box<str>>,
    /// The files of worlds.
    pub(crate) worlds: Vec<String>,
    pub(crate) export_on_exit: Option<PathBuf>,
    pub(crate) page_size: usize,
    pub(crate) max_body_bytes: usize,
    pub(crate) max_upload_bytes: usize,
    pub(crate) max_inflight_bytes: usize,
    pub(crate) max_queued_work: usize,
    pub(crate) max_state_bytes: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_tenants: usize,
    pub(crate) max_items: usize,
    pub(crate) journal_entries: usize,
    pub(crate) journal_bytes: usize,
    pub(crate) header_timeout: Duration,
    /// Host names that are accepted besides those of the loopback interface, in lower case and without a port; `*`
    /// stands for any.
    pub(crate) allowed_hosts: Vec<String>,
    /// Origins from which browser requests are accepted, in the form in which browsers send them.
    pub(crate) cors_origins: Vec<String>,
    pub(crate) admin: AdminAccess,
    pub(crate) admin_token: Option<String>,
    pub(crate) public_url: Option<String>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: LogLevel,
    pub(crate) faults: Vec<String>,
    pub(crate) scenarios: Vec<String>,
    /// When connections are refused, in real time since the start.
    pub(crate) refuse: Vec<Range<Duration>>,
    pub(crate) allow_overrides: bool,
    pub(crate) strict_faults: bool,
    pub(crate) exit_with_stdin: bool,
    pub(crate) time_scale: f64,
    /// The pause between two events of an answer.
    pub(crate) chat_pace: Duration,
    pub(crate) schemas: Option<PathBuf>,
}

impl Settings {
    /// Whether this API key is accepted.
    pub(crate) fn accepts_key(&self, key: &str) -> bool {
        self.api_keys.is_empty() || self.api_keys.iter().any(|accepted| accepted == key)
    }

    /// Whether a request can reach a tenant with this label.
    pub(crate) fn has_tenant_of(&self, label: &str) -> bool {
        let is_of_key = match self.isolation {
            Isolation::Key => self.accepts_label(label),
            Isolation::None => label_of(SHARED_KEY) == label,
        };
        is_label(label) && is_of_key
    }

    /// Whether an accepted API key has this label.
    pub(crate) fn accepts_label(&self, label: &str) -> bool {
        let is_anonymous = self.auth == Auth::Optional && label_of(ANONYMOUS) == label;
        self.api_keys.is_empty() || is_anonymous || self.api_keys.iter().any(|key| label_of(key) == label)
    }
}

/// The address to listen on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostAddress(pub(crate) IpAddr);

impl Default for HostAddress {
    fn default() -> Self {
        Self(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }
}

impl Deref for HostAddress {
    type Target = IpAddr;

    fn deref(&self) -> &IpAddr {
        &self.0
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum AdminAccess {
    /// Every request is accepted.
    Open,
    /// A request needs the token.
    Token,
    /// A request with an API key reaches the tenant of that key, and one with the token everything.
    Own,
    /// Every request is refused, because the server is bound to an address that others can reach and there is no token.
    #[default]
    Closed,
    /// There is no `/__admin/`.
    Off,
}

/// Whether a request needs an API key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Auth {
    /// A request without a key gets 401.
    #[default]
    Required,
    /// Requests without a key belong to the tenant of the key `anonymous`.
    Optional,
}

/// Whether API keys have separate state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Each key is a tenant of its own.
    #[default]
    Key,
    /// All keys share one tenant.
    None,
}

/// How an unknown `source_directory_id` is treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum References {
    /// The directory is created.
    #[default]
    Lenient,
    /// The response is 404.
    Strict,
}

/// Which ids identify an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum IndexId {
    /// Both its `id` and its `export_config_id`.
    #[default]
    Any,
    /// Only its `id`.
    Id,
    /// Only its `export_config_id`.
    Export,
}

/// How unknown ids and page tokens are treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fidelity {
    /// As the service treats them: 404 or another 4xx.
    #[default]
    Service,
    /// They are accepted, and resources are created for them (`--contract`).
    Contract,
}

/// How a file is treated whose `unique_id` another file of its directory has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum DuplicateUniqueId {
    /// It is accepted.
    #[default]
    Allow,
    /// The response is 409.
    Refuse,
}

/// What `score_threshold` is compared with while reranking is on. Which one the service compares is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ScoreThresholdOn {
    /// `rerank_score`.
    #[default]
    Rerank,
    /// `score`.
    Score,
}

/// The response to a sync request while a sync runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SyncConflict {
    /// An error with this status, 409 or 429.
    Refuse(u16),
    /// 202, without a new run.
    #[default]
    Coalesce,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// The lowest level that is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogLevel {
    /// Nothing.
    #[default]
    Off,
    /// Failures.
    Error,
    /// Also possible mistakes.
    Warn,
    /// Also one line per request.
    Info,
}
