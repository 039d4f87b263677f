//! Checks settings that depend on each other: refuses those that have no effect together with another one, and reports those
//! that open the server to others.

use std::path::Path;

use super::merge::RawSettings;
use super::normalise::ANY_HOST;
use super::{AdminAccess, Settings};
use crate::clock::Mode;

/// Checks the settings of a server on each other.
///
/// Errors: the first setting that has no effect together with another one, or that cannot take effect.
pub(crate) fn check_combinations(settings: &Settings, raw: &RawSettings) -> Result<(), String> {
    let refuse = |name: &str, problem: &str| Err(format!("{}: {problem}", raw.place(name)));
    let has_token = settings.admin_token.is_some();
    match settings.admin {
        AdminAccess::Token if !has_token => return refuse("admin", "token needs --admin-token TOKEN"),
        AdminAccess::Open if has_token => {
            return refuse("admin-token", "has no effect beside --admin open; omit one of the two");
        }
        AdminAccess::Off if has_token => {
            return refuse("admin-token", "has no effect beside --admin off; omit one of the two");
        }
        _ => {}
    }
    if settings.clock == Mode::Auto && (settings.time_scale - 1.0).abs() > f64::EPSILON {
        return refuse("time-scale", "has no effect beside --clock auto, where no delay takes real time");
    }
    if settings.port_file.as_deref().is_some_and(|file| !can_be_a_file(file)) {
        return refuse("port-file", "is a folder, or in a folder that does not exist");
    }
    if settings.binary.as_deref().is_some_and(|file| !file.is_file()) {
        return refuse("binary", "is not a file");
    }
    Ok(())
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

fn can_be_a_file(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.is_dir() && !path.is_dir()
}
