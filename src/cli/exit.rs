//! How the program ends: its exit codes, and what it prints on stdout and stderr.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

/// Exit code: the program failed.
pub(super) const FAILURE: u8 = 1;
/// Exit code: a check that the user asked for failed.
pub(super) const CHECK_FAILED: u8 = 2;
/// Exit code: the command line or a setting is invalid.
pub(super) const USAGE: u8 = 64;
/// Exit code: the port is in use.
pub(super) const UNAVAILABLE: u8 = 69;

/// Time limit for writing a part to stderr, which blocks if it is a pipe that is not read.
const STDERR_TIMEOUT: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// Bytes of a part. A pipe that is ready takes as many at once on every system (POSIX: `PIPE_BUF`).
const PART_BYTES: usize = 512;

/// An unsuccessful end of the program.
#[derive(Debug)]
pub(super) struct ExitError {
    pub(super) code: u8,
    /// Printed on stderr unless it is empty.
    pub(super) message: String,
}

impl ExitError {
    pub(super) fn usage(message: String) -> Self {
        Self { code: USAGE, message }
    }

    pub(super) fn failure(error: impl std::fmt::Display) -> Self {
        Self { code: FAILURE, message: error.to_string() }
    }

    /// The file of a flag cannot be written.
    pub(super) fn unwritable(flag: &str, file: &Path, error: &std::io::Error) -> Self {
        let shown = file.display();
        Self::failure(format!("--{flag} {shown}: {error}; choose a file in a folder that this user can write to"))
    }

    pub(super) fn check_failed(message: String) -> Self {
        Self { code: CHECK_FAILED, message }
    }
}

/// Prints `text` on stdout, and ignores errors such as a closed pipe.
pub(super) fn print(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints a message of the program on stderr.
pub(super) fn print_error(text: &str) {
    print_on_stderr(&format!("llamacloud-mock: {text}\n"));
}

/// Prints `text` on stderr, and gives up if that is not ready for [`STDERR_TIMEOUT`].
pub(super) fn print_on_stderr(text: &str) {
    let mut stderr = std::io::stderr();
    for part in text.as_bytes().chunks(PART_BYTES) {
        // A signal, such as that of a command that has ended, must not lose the text.
        let ready = retry_on_intr(|| poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&STDERR_TIMEOUT)));
        if ready != Ok(1) || stderr.write_all(part).is_err() {
            return;
        }
    }
}

/// Reports a panic in a handler. The server responds to the request with 500.
pub(super) fn report_panic(panic: &PanicHookInfo<'_>) {
    print_error(&format!("internal error, please report it: {panic}"));
}
