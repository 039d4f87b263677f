//! The subcommand `validate`: prints the response to each create-index payload, or what is wrong with each world,
//! without a running server.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::config::{RawSettings, Settings};
use crate::emulator;
use crate::instance::Instance;
use crate::world;

/// Prints the verdict on each file; returns whether all are accepted.
///
/// Errors: a file cannot be read, or the emulator cannot be created.
pub(super) fn run(settings: Settings, raw: RawSettings, files: &[PathBuf]) -> Result<bool, String> {
    // Without faults, because the result is to depend on the payload only.
    let settings = Settings { faults: Vec::new(), scenarios: Vec::new(), ..settings };
    let instance = Instance::of_program(settings, raw)?;
    let mut are_accepted = true;
    for file in files {
        are_accepted &= is_accepted(&instance, file)?;
    }
    Ok(are_accepted)
}

/// The first `max_bytes` of a file; `-` is standard input.
fn read(file: &Path, max_bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().take(max_bytes).read_to_end(&mut payload)?;
    } else {
        std::fs::File::open(file)?.take(max_bytes).read_to_end(&mut payload)?;
    }
    Ok(payload)
}

/// Prints the verdict on one file: the response to a payload, or the problem of a world. Returns whether it is valid.
fn is_accepted(instance: &Instance, file: &Path) -> Result<bool, String> {
    // One byte over the limit of a body is enough to refuse it.
    let max_bytes = instance.settings.max_body_bytes as u64 + 1;
    let payload = read(file, max_bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    if world::is_world(file, &payload) {
        let checked = instance.check_world(&file.to_string_lossy());
        let verdict = checked.as_ref().map_or_else(Clone::clone, |()| format!("{}: a valid world", file.display()));
        // As below.
        let _ = writeln!(std::io::stdout(), "{verdict}");
        return Ok(checked.is_ok());
    }
    let response = emulator::dry_run(instance, "indexes.create", payload);
    let body = response.body.bytes();
    let body = String::from_utf8_lossy(&body);
    // A closed stdout is ignored: the exit code still shows the result.
    let _ = writeln!(std::io::stdout(), "{}: {} {body}", file.display(), response.code().unwrap_or_default());
    Ok(response.is_success())
}
