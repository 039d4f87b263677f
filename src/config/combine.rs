//! Checks settings that depend on each other: refuses those that have no effect together with another one, and reports those
//! that open the server to others.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::merge::RawSettings;
use super::normalise::ANY_HOST;
use super::{AdminAccess, DuplicateUniqueId, Fidelity, Isolation, LogLevel, References, Settings, SyncConflict};
use crate::clock::Mode;

/// A setting that has no effect beside another one: its name, and the reason.
type Ineffective = (&'static str, &'static str);

/// Checks the settings of a server on each other.
///
/// Errors: the first setting that has no effect together with another one, or that cannot take effect.
pub(crate) fn check_combinations(settings: &Settings, raw: &RawSettings) -> Result<(), String> {
    let error = |name: &str, problem: &str| Err(format!("{}: {problem}", raw.place(name)));
    if settings.admin == AdminAccess::Token && settings.admin_token.is_none() {
        return error("admin", "token needs --admin-token TOKEN");
    }
    let ineffective = of_access(settings, raw).or_else(|| of_time(settings)).or_else(|| of_records(settings, raw));
    if let Some((name, reason)) = ineffective {
        return error(name, &format!("has no effect {reason}"));
    }
    if settings.port_file.as_deref().is_some_and(|file| !can_be_a_file(file)) {
        return error("port-file", "is a folder, or in a folder that does not exist");
    }
    match settings.binary.as_deref() {
        Some(file) if !file.is_file() => return error("binary", "is not a file"),
        Some(file) if !can_be_executed(file) => return error("binary", "cannot be executed; its mode lacks x"),
        _ => {}
    }
    check_emulation(settings, raw)
}

/// Checks the settings that decide how requests are answered on each other. They have a meaning without a server too.
///
/// Errors: the first setting that has no effect beside another one.
pub(crate) fn check_emulation(settings: &Settings, raw: &RawSettings) -> Result<(), String> {
    match of_emulation(settings, raw) {
        Some((name, reason)) => Err(format!("{}: has no effect {reason}", raw.place(name))),
        None => Ok(()),
    }
}

/// The first setting about emulation that has no effect.
fn of_emulation(settings: &Settings, raw: &RawSettings) -> Option<Ineffective> {
    if settings.fidelity == Fidelity::Service {
        return None;
    }
    if settings.references == References::Strict {
        return Some(("strict-references", "beside --contract, which accepts every directory id; omit one of the two"));
    }
    if raw.is_given("sync-conflict") && matches!(settings.sync_conflict, SyncConflict::Refuse(_)) {
        return Some(("sync-conflict", "beside --contract, which accepts every sync request; omit one of the two"));
    }
    if settings.duplicate_unique_id == DuplicateUniqueId::Refuse {
        return Some(("duplicate-unique-id", "beside --contract, which accepts every file; omit one of the two"));
    }
    None
}

/// The setting about time that has no effect, if there is one.
fn of_time(settings: &Settings) -> Option<Ineffective> {
    let is_scaled = (settings.time_scale - 1.0).abs() > f64::EPSILON;
    (settings.clock == Mode::Auto && is_scaled)
        .then_some(("time-scale", "beside --clock auto, where no delay takes real time"))
}

/// The first setting about keys and access that has no effect.
fn of_access(settings: &Settings, raw: &RawSettings) -> Option<Ineffective> {
    match settings.admin {
        AdminAccess::Open if settings.admin_token.is_some() => {
            return Some(("admin-token", "beside --admin open; omit one of the two"));
        }
        AdminAccess::Off if settings.admin_token.is_some() => {
            return Some(("admin-token", "beside --admin off; omit one of the two"));
        }
        _ => {}
    }
    if settings.isolation == Isolation::None && raw.is_given("max-tenants") {
        return Some(("max-tenants", "beside --isolation none, where all keys share one state; omit one of the two"));
    }
    if settings.allowed_hosts.len() > 1 && settings.allowed_hosts.iter().any(|name| name == ANY_HOST) {
        return Some(("allowed-host", "for other names beside `*`, which accepts any; omit them"));
    }
    None
}

/// The first setting about the journal, the log or fault reports that has no effect.
fn of_records(settings: &Settings, raw: &RawSettings) -> Option<Ineffective> {
    if settings.journal_entries == 0 && raw.is_given("journal-bytes") {
        return Some(("journal-bytes", "beside --journal-entries 0, which records nothing; omit one of the two"));
    }
    if settings.log_level == LogLevel::Off && raw.is_given("log-format") {
        return Some(("log-format", "beside --log-level off, which logs nothing; omit one of the two"));
    }
    let has_no_rules = settings.faults.is_empty() && settings.scenarios.is_empty();
    let takes_no_rules = matches!(settings.admin, AdminAccess::Off | AdminAccess::Closed);
    if settings.strict_faults && has_no_rules && takes_no_rules {
        return Some(("strict-faults", "without a fault rule: none is given, and /__admin/ cannot add one"));
    }
    None
}

/// Reports the settings that open the server to others, and those that the address to listen on makes needless.
pub(crate) fn warnings(settings: &Settings) -> Vec<String> {
    let host = settings.host;
    let mut warnings = Vec::new();
    match settings.admin {
        AdminAccess::Closed => warnings.push(format!(
            "--host: {host} is not a loopback address, so /__admin/ refuses every request; set --admin-token to use it"
        )),
        AdminAccess::Open if !host.is_loopback() => warnings.push(format!(
            "--admin: open lets every machine that can reach {host} read and change everything under /__admin/"
        )),
        _ => {}
    }
    if !settings.allowed_hosts.is_empty() && !host.is_loopback() {
        warnings.push(format!("--allowed-host: has no effect, because a server on {host} accepts every Host header"));
    } else if settings.allowed_hosts.iter().any(|name| name == ANY_HOST) {
        warnings.push(
            "--allowed-host: * accepts every Host header, so a web page can reach this server through a host name of its \
             own (DNS rebinding)"
                .to_owned(),
        );
    }
    warnings
}

fn can_be_executed(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

fn can_be_a_file(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.is_dir() && !path.is_dir()
}
