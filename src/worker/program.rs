//! The file that a child process runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The running program's own file on Linux. It works too when the file was deleted or replaced by another version.
const OWN_FILE: &str = "/proc/self/exe";

/// Where the program for child processes is.
#[derive(Debug, Clone)]
pub(super) enum Program {
    /// The program that is running.
    Own,
    /// This file.
    File(PathBuf),
    /// Nowhere: the running program is another one, a test that embeds the server.
    None,
}

impl Program {
    /// The path to run.
    pub(super) fn path(&self) -> Option<OsString> {
        match self {
            Self::Own => own(),
            Self::File(path) => Some(path.clone().into_os_string()),
            Self::None => None,
        }
    }
}

/// The path of the running program. Without /proc it is found by the name under which it was started.
fn own() -> Option<OsString> {
    if cfg!(target_os = "linux") && Path::new(OWN_FILE).exists() {
        return Some(OWN_FILE.into());
    }
    std::env::current_exe().ok().map(PathBuf::into_os_string).or_else(|| std::env::args_os().next())
}
