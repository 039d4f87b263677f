//! What the program was told, checked and typed: flag over environment over file over default. Nothing here is read
//! again after the start.

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

/// The key of callers without one, where they are let in.
pub const ANONYMOUS: &str = "anonymous";

/// Every setting, with its unit in its name or its type.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen at.
    pub host: IpAddr,
    /// The port to listen at; 0 takes a free one.
    pub port: u16,
    /// Where the port's number is written.
    pub port_file: Option<PathBuf>,
    /// The root of all chance.
    pub seed: u64,
    /// The only keys that are let in; any when empty.
    pub api_keys: Vec<String>,
    /// Whether a request needs a key, and which.
    pub auth: Auth,
    /// What tells tenants apart.
    pub isolation: Isolation,
    /// What an unknown `source_directory_id` means.
    pub references: References,
    /// Which ids name an index.
    pub index_id: IndexId,
    /// The status that refuses a value which the service checks in its own code: 422 or 400.
    pub unknown_value_status: u16,
    /// Whether ids and tokens that nobody made are taken as good.
    pub fidelity: Fidelity,
    /// How tenants' clocks run.
    pub clock: Mode,
    /// Where tenants' clocks start.
    pub start_time: Option<Timestamp>,
    /// How long a sync of the source takes.
    pub sync_duration: Duration,
    /// How long the export after it takes.
    pub export_duration: Duration,
    /// What a sync gets that comes while one runs.
    pub sync_conflict: SyncConflict,
    /// Items on a page when the client does not say.
    pub page_size: usize,
    /// Bytes of a JSON body.
    pub max_body_bytes: usize,
    /// Bytes of an upload.
    pub max_upload_bytes: usize,
    /// Bytes that the bodies of all requests in flight together may hold.
    pub max_inflight_bytes: usize,
    /// Bytes that all worlds together may hold.
    pub max_state_bytes: usize,
    /// Connections at a time.
    pub max_connections: usize,
    /// API keys that can have a store.
    pub max_tenants: usize,
    /// Items of a kind in a tenant's store.
    pub max_items: usize,
    /// Journal entries a tenant keeps.
    pub journal_entries: usize,
    /// Journal bytes that all tenants keep together.
    pub journal_bytes: usize,
    /// How long a head may take.
    pub header_timeout: Duration,
    /// Names besides the loopback ones that `Host` may hold.
    pub allowed_hosts: Vec<String>,
    /// Origins that a browser may request from.
    pub cors_origins: Vec<String>,
    /// What opens `/__admin/`.
    pub admin_token: Option<String>,
    /// Where clients find the server, for URLs in answers.
    pub public_url: Option<String>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_level: LogLevel,
    /// Fault rules, as text.
    pub faults: Vec<String>,
    /// Scenarios, by name or file.
    pub scenarios: Vec<String>,
    /// Whether a request may bring faults of its own.
    pub overrides: Overrides,
    /// Whether a rule that never struck fails the run.
    pub unstruck: Unstruck,
    /// What injected delays are multiplied by.
    pub time_scale: f64,
    /// A folder with schemas that replace ours.
    pub schemas: Option<PathBuf>,
}

impl Settings {
    /// Whether a caller with this key is let in.
    pub fn lets_in(&self, key: &str) -> bool {
        self.api_keys.is_empty() || self.api_keys.iter().any(|good| good == key)
    }

    /// Whether some key that is let in has this label.
    pub fn lets_in_label(&self, label: &str) -> bool {
        let mut good = self.api_keys.iter().map(|key| label_of(key));
        let anonymous = self.auth == Auth::Optional && label_of(ANONYMOUS) == label;
        self.api_keys.is_empty() || anonymous || good.any(|known| known == label)
    }
}

/// Whether a request needs a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// 401 without one.
    Required,
    /// Callers without one share the tenant of the key `anonymous`.
    Optional,
}

/// What tells tenants apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// One store a key.
    Key,
    /// One store for all.
    None,
}

/// What an unknown `source_directory_id` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum References {
    /// The directory comes to exist.
    Lenient,
    /// 404.
    Strict,
}

/// Which ids name an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexId {
    /// Both below.
    Any,
    /// Its `id`.
    Id,
    /// Its `export_config_id`.
    Export,
}

/// Whether ids and tokens that nobody made are taken as good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// No: 404 and 4xx as the service says.
    Service,
    /// Yes: they come to exist (`--contract`).
    Contract,
}

/// What a sync gets that comes while one runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncConflict {
    /// A refusal with this status, 409 or 429.
    Refuse(u16),
    /// 202, and no new run.
    Coalesce,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged; each level holds those above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What may be a mistake.
    Warn,
    /// One line a request.
    Info,
}

/// Whether a request may bring faults of its own (`x-mock-inject`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overrides {
    /// The header is ignored.
    Ignored,
    /// The header is obeyed.
    Obeyed,
}

/// Whether a rule that never struck fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unstruck {
    /// No.
    Fine,
    /// Yes, with exit code 2 (`--strict-faults`).
    Fails,
}
