//! `validate FILE…`: what the service would answer to create-index payloads, offline.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::config::{RawSettings, Settings};
use crate::emulator::Emulator;

/// What became of all files together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every one would be taken.
    Good,
    /// One at least would be refused.
    Refused,
}

/// Prints for each file the status and the body of the answer.
pub fn run(settings: Settings, told: RawSettings, files: &[PathBuf]) -> Result<Verdict, String> {
    // What is asked is what the service would say of a payload, not what it would say on a bad day.
    let settings = Settings { faults: Vec::new(), scenarios: Vec::new(), ..settings };
    let emulator = Emulator::new(settings, told)?;
    let mut verdict = Verdict::Good;
    for file in files {
        if validate(&emulator, file)? == Verdict::Refused {
            verdict = Verdict::Refused;
        }
    }
    Ok(verdict)
}

fn validate(emulator: &Emulator, file: &Path) -> Result<Verdict, String> {
    let payload = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let response = emulator.dry_run("indexes.create", payload);
    let body = String::from_utf8_lossy(&response.body);
    // Who has closed stdout still gets the exit code.
    let _ = writeln!(std::io::stdout(), "{}: {} {body}", file.display(), response.status);
    Ok(if response.is_success() { Verdict::Good } else { Verdict::Refused })
}
