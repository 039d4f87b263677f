//! The subcommand `validate`: prints the response to each create-index payload, or what is wrong with each world,
//! without a running server.

use std::fs::File;
use std::io::{self, Read, Write};
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

/// What a file contains; `-` is standard input.
fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    Ok(if is_stdin(file) { Box::new(io::stdin()) } else { Box::new(File::open(file)?) })
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Prints the verdict on one file: the response to a payload, or the problem of a world. Returns whether it is valid.
fn is_accepted(instance: &Instance, file: &Path) -> Result<bool, String> {
    let with_name = |error| format!("{}: {error}", file.display());
    // One byte over the limit of a body is enough to refuse it.
    let limit = instance.settings.max_body_bytes as u64 + 1;
    let (mut payload, mut reader) = (Vec::new(), open(file).map_err(with_name)?);
    reader.by_ref().take(limit).read_to_end(&mut payload).map_err(with_name)?;
    if world::is_world(file, &mut payload.chain(reader)) {
        let checked = if is_stdin(file) {
            Err("-: a world is judged as a file, since it can name others beside it".to_owned())
        } else {
            instance.check_world(&file.to_string_lossy())
        };
        let verdict = checked.as_ref().map_or_else(Clone::clone, |()| format!("{}: a valid world", file.display()));
        // As below.
        let _ = writeln!(io::stdout(), "{verdict}");
        return Ok(checked.is_ok());
    }
    let response = emulator::dry_run(instance, "indexes.create", payload);
    let body = response.body.bytes();
    let body = String::from_utf8_lossy(&body);
    // A closed stdout is ignored: the exit code still shows the result.
    let _ = writeln!(io::stdout(), "{}: {} {body}", file.display(), response.code().unwrap_or_default());
    Ok(response.is_success())
}
