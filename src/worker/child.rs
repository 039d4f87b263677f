//! The child process: it limits itself, reads one request, does the work and writes the response.

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};

use super::{WorkKind, WorkLimits, frame};

/// Runs as the child process for this kind of work, which `answer` does.
pub(crate) fn serve(kind: WorkKind, answer: impl FnOnce(Vec<Vec<u8>>) -> Result<Vec<u8>, String>) -> ExitCode {
    // The parent reports what happened; text from inside the work would only repeat what a client sent.
    panic::set_hook(Box::new(|_| {}));
    let response = match limit(kind.limits()) {
        Ok(()) => answered(answer),
        Err(error) => Err(format!("cannot limit itself: {error}")),
    };
    let mut stdout = io::stdout().lock();
    match frame::write_response(&mut stdout, &response).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // The parent has ended or does not want the response any more.
        Err(_) => ExitCode::FAILURE,
    }
}

fn answered(answer: impl FnOnce(Vec<Vec<u8>>) -> Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
    let fields = frame::read_request(&mut io::stdin().lock()).map_err(|error| format!("no request: {error}"))?;
    panic::catch_unwind(AssertUnwindSafe(|| answer(fields))).unwrap_or_else(|_| Err("panicked".to_owned()))
}

/// Lowers the limits of this process; it cannot raise them again.
fn limit(limits: WorkLimits) -> io::Result<()> {
    /// Seconds from the signal XCPU, which ends the process too, to the signal KILL.
    const GRACE_SECONDS: u64 = 1;
    /// Standard streams, and some for what the standard library opens.
    const FILES: u64 = 16;

    lower(Resource::Cpu, limits.cpu_seconds, limits.cpu_seconds + GRACE_SECONDS)?;
    lower(Resource::Core, 0, 0)?;
    lower(Resource::Fsize, 0, 0)?;
    lower(Resource::Nofile, FILES, FILES)?;
    // Other systems do not enforce it, or refuse it.
    if cfg!(target_os = "linux") {
        lower(Resource::As, limits.memory_bytes, limits.memory_bytes)?;
    }
    // A lower priority than that of the server. If it cannot be set, everything works too.
    let _ = nice(5);
    Ok(())
}

fn lower(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let highest = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(current.min(highest)), maximum: Some(maximum.min(highest)) };
    Ok(setrlimit(resource, limit)?)
}
