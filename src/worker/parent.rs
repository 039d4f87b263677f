//! The parent's side: starts a child process, sends it the request, and kills it at the deadline.

use std::fmt;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use parking_lot::Mutex;

use super::{SUBCOMMAND, WorkKind, WorkLimits, frame};

/// How many child processes should run at once: more would only slow each other and the server down. The queue of the
/// server for work in child processes keeps to it.
pub(crate) const MAX_CHILDREN: usize = 2;

/// The variable that keeps the program's allocator from reserving 1 GiB of addresses before the child process limits
/// them: what is reserved is not limited.
const NO_RESERVE: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "0");

/// The running program's own file on Linux. It works too when the file was deleted or replaced by another version.
const OWN_FILE: &str = "/proc/self/exe";

/// Does work in child processes.
#[derive(Debug)]
pub(crate) struct Worker {
    /// The program for child processes. A test that embeds the server may have none.
    program: Option<PathBuf>,
}

/// Why a child process gave no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WorkerError {
    /// There is no program for child processes.
    NoProgram,
    /// It cannot be started.
    NotStarted(String),
    /// It took too much processor time, or was not ready at the deadline.
    TooLong,
    /// It ended early, most likely because it needed too much memory; how it ended.
    Ended(String),
    /// Its output is too large.
    TooMuchOutput,
    /// The work itself failed; its message.
    Failed(String),
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProgram => f.write_str(
                "needs a child process, which an embedded server can only start if LLAMACLOUD_MOCK_BINARY names the \
                 program",
            ),
            Self::NotStarted(error) => {
                write!(f, "cannot start a child process: {error} (--binary names the program for it)")
            }
            Self::TooLong => f.write_str("takes too long"),
            Self::Ended(how) => write!(f, "needs too much memory, or failed in another way ({how})"),
            Self::TooMuchOutput => f.write_str("has too large a result"),
            Self::Failed(error) => f.write_str(error),
        }
    }
}

impl Worker {
    /// Child processes of the running program.
    pub(crate) fn of_own_file() -> Self {
        Self { program: own_file() }
    }

    /// Child processes of the program in this file; without one, none can be started.
    pub(crate) fn of_file(file: Option<PathBuf>) -> Self {
        Self { program: file }
    }

    /// Whether there is a program for child processes.
    pub(crate) fn has_program(&self) -> bool {
        self.program.is_some()
    }

    /// Does work in a child process and returns its result. It blocks the thread, up to the time limit of the kind.
    pub(crate) fn run(&self, kind: WorkKind, fields: &[&[u8]]) -> Result<Vec<u8>, WorkerError> {
        let program = self.program.as_ref().ok_or(WorkerError::NoProgram)?;
        let mut command = Command::new(program);
        command.args([SUBCOMMAND, kind.name()]);
        // The environment may contain keys, and nothing in it is of use there.
        command
            .env_clear()
            .env(NO_RESERVE.0, NO_RESERVE.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        separate_from_terminal(&mut command);
        let child = command.spawn().map_err(|error| WorkerError::NotStarted(error.to_string()))?;
        ChildProcess::new(child).exchange(fields, kind.limits())
    }
}

/// The file of the running program. Without /proc it is found by the name under which it was started.
fn own_file() -> Option<PathBuf> {
    if cfg!(target_os = "linux") && Path::new(OWN_FILE).exists() {
        return Some(OWN_FILE.into());
    }
    std::env::current_exe().ok().or_else(|| std::env::args_os().next().map(PathBuf::from))
}

/// Keeps the signals of a terminal from the child: a server that drains still needs its results.
fn separate_from_terminal(command: &mut Command) {
    command.arg0("llamacloud-mock").process_group(0);
}

/// A child process, which is killed and waited for when this is dropped.
struct ChildProcess {
    child: Mutex<Child>,
    pipes: Option<(ChildStdin, ChildStdout)>,
}

impl ChildProcess {
    fn new(mut child: Child) -> Self {
        // Nobody reads what it writes there, and a write to a closed pipe fails at once. Unlike /dev/null, a pipe is
        // available in every container.
        drop(child.stderr.take());
        let pipes = child.stdin.take().zip(child.stdout.take());
        Self { child: Mutex::new(child), pipes }
    }

    /// Sends the request and receives the response, while another thread watches the time.
    fn exchange(mut self, fields: &[&[u8]], limits: WorkLimits) -> Result<Vec<u8>, WorkerError> {
        let Some(pipes) = self.pipes.take() else { return Err(WorkerError::NotStarted("no pipes".to_owned())) };
        let (done, is_done) = mpsc::channel::<()>();
        let (received, was_killed) = thread::scope(|scope| {
            let child = &self.child;
            let watch = move || {
                let is_late = is_done.recv_timeout(limits.time) == Err(RecvTimeoutError::Timeout);
                if is_late {
                    // It may have ended just now.
                    let _ = child.lock().kill();
                }
                is_late
            };
            let watcher = thread::Builder::new()
                .name("worker deadline".to_owned())
                .spawn_scoped(scope, watch)
                .map_err(|error| WorkerError::NotStarted(error.to_string()))?;
            let received = transfer(pipes, fields, limits.output_bytes);
            drop(done);
            Ok((received, watcher.join().unwrap_or(false)))
        })?;
        match received {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(WorkerError::Failed(error)),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(WorkerError::TooMuchOutput),
            Err(_) if was_killed => Err(WorkerError::TooLong),
            Err(error) => Err(self.cause(&error)),
        }
    }

    /// Why the child ended without a response. Its output is at its end, so it has ended or is about to.
    fn cause(&self, error: &io::Error) -> WorkerError {
        let mut child = self.child.lock();
        let _ = child.kill();
        match child.wait() {
            Ok(status) if is_out_of_time(status) => WorkerError::TooLong,
            Ok(status) => WorkerError::Ended(status.to_string()),
            Err(_) => WorkerError::Ended(error.to_string()),
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        // Both fail only if it has been waited for.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Whether a process ended because of its limit on processor time.
fn is_out_of_time(status: ExitStatus) -> bool {
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

/// Sends the request, then reads the response. The child reads everything before it writes.
fn transfer(
    (mut stdin, mut stdout): (ChildStdin, ChildStdout),
    fields: &[&[u8]],
    max: u64,
) -> io::Result<Result<Vec<u8>, String>> {
    // A child that has refused the request does not read it; its response says why.
    let sent = frame::write_request(&mut stdin, fields);
    drop(stdin);
    let received = frame::read_response(&mut stdout, max);
    if received.is_err() {
        sent?;
    }
    received
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: WorkLimits =
        WorkLimits { cpu_seconds: 1, time: Duration::from_millis(200), memory_bytes: 1 << 28, output_bytes: 1_000 };

    /// A child process that runs a shell command, and its process id.
    fn shell(script: &str) -> (ChildProcess, u32) {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().expect("there is a shell");
        let id = child.id();
        (ChildProcess::new(child), id)
    }

    fn outcome(script: &str) -> Result<Vec<u8>, WorkerError> {
        let (running, id) = shell(script);
        let outcome = running.exchange(&[&vec![0; 100_000]], LIMITS);
        let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
        let signal = rustix::process::test_kill_process(id);
        assert_eq!(signal, Err(rustix::io::Errno::SRCH), "{script}: the process is there, or was not waited for");
        outcome
    }

    #[test]
    fn a_response_is_returned_and_the_process_ends_even_if_it_would_go_on() {
        let read = "cat > /dev/null; ";
        let result = r"printf '\0\3\0\0\0\0\0\0\0abc'";
        assert_eq!(outcome(&format!("{read}{result}")), Ok(b"abc".to_vec()));
        assert_eq!(outcome(&format!("{read}{result}; exec sleep 60")), Ok(b"abc".to_vec()));
        let error = r"printf '\1\3\0\0\0\0\0\0\0abc'";
        assert_eq!(outcome(&format!("{read}{error}")), Err(WorkerError::Failed("abc".to_owned())));
        assert_eq!(outcome(error), Err(WorkerError::Failed("abc".to_owned())), "it has not read the request");
    }

    #[test]
    fn a_process_is_killed_at_the_deadline() {
        assert_eq!(outcome("exec sleep 60"), Err(WorkerError::TooLong), "it does not read");
        assert_eq!(outcome("cat > /dev/null; exec sleep 60"), Err(WorkerError::TooLong), "it does not write");
        assert_eq!(outcome(r"printf '\0\3'; exec sleep 60"), Err(WorkerError::TooLong), "it does not write all");
        assert_eq!(outcome("while :; do :; done"), Err(WorkerError::TooLong), "it is busy");
    }

    #[test]
    fn a_process_that_ends_without_a_response_is_an_error() {
        for script in ["exit 3", "cat > /dev/null", r"cat > /dev/null; printf '\0\3\0\0\0\0\0\0\0ab'", "kill -ABRT $$"]
        {
            assert!(matches!(outcome(script), Err(WorkerError::Ended(_))), "{script}");
        }
        assert_eq!(outcome("kill -XCPU $$"), Err(WorkerError::TooLong));
    }

    #[test]
    fn output_is_limited() {
        assert_eq!(outcome("cat > /dev/null; exec yes"), Err(WorkerError::TooMuchOutput));
        assert_eq!(
            outcome(r"cat > /dev/null; printf '\0\351\3\0\0\0\0\0\0'; exec yes"),
            Err(WorkerError::TooMuchOutput),
            "1,001 bytes"
        );
    }

    #[test]
    fn a_program_that_is_missing_is_an_error_that_says_what_to_do() {
        let error = Worker::of_file(None).run(WorkKind::Grep, &[]).expect_err("there is no program");
        assert!(error.to_string().contains("LLAMACLOUD_MOCK_BINARY"), "{error}");
        let missing = Worker::of_file(Some("/nonexistent/llamacloud-mock".into())).run(WorkKind::Grep, &[]);
        assert!(matches!(missing, Err(WorkerError::NotStarted(_))), "{missing:?}");
    }
}
