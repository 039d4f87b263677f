//! Runs the command of a sweep in a process group of its own, which is ended as a whole: when the command has ended,
//! when it takes too long, and when the sweep is stopped.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::cli::exec;
use crate::cli::exit::ExitError;

/// Maximum number of bytes that are kept of each output of the command: the last ones.
const MAX_OUTPUT_BYTES: usize = 8 * 1024;

/// How long the rest of the output is waited for when the process group has ended: a process that left the group may
/// hold it open.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandEnd {
    /// With this exit code, as shells have it.
    Exited(u8),
    /// It was ended because it took too long.
    TimedOut,
    /// It was ended because the sweep was stopped.
    Stopped,
}

/// A command that has ended.
#[derive(Debug)]
pub(super) struct EndedCommand {
    pub(super) end: CommandEnd,
    pub(super) duration: Duration,
    /// The end of its standard error, or of its standard output if that is empty.
    pub(super) output: String,
}

/// Runs the command for `limit` at most, or until the sweep is stopped.
pub(super) async fn run(
    words: &[OsString],
    variables: &[(&'static str, String)],
    limit: Duration,
    stop: watch::Receiver<bool>,
) -> Result<EndedCommand, ExitError> {
    let started = Instant::now();
    let mut child = spawn(words, variables)?;
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let (stdout, stderr) = (child.stdout.take().map(tail), child.stderr.take().map(tail));
    let end = tokio::select! {
        status = child.wait() => CommandEnd::Exited(exec::code(status.map_err(ExitError::failure)?)),
        () = tokio::time::sleep(limit) => CommandEnd::TimedOut,
        () = stopped(stop) => CommandEnd::Stopped,
    };
    let duration = started.elapsed();
    if let Some(group) = group {
        // Nobody may be left in it.
        let _ = kill_process_group(group, Signal::KILL);
    }
    // Ends at once: it has ended, or was just killed.
    let _: Result<ExitStatus, _> = child.wait().await;
    let (stdout, stderr) = (text(stdout).await, text(stderr).await);
    Ok(EndedCommand { end, duration, output: if stderr.trim().is_empty() { stdout } else { stderr } })
}

fn spawn(words: &[OsString], variables: &[(&'static str, String)]) -> Result<Child, ExitError> {
    let (program, args) =
        words.split_first().ok_or_else(|| ExitError::usage("sweep: a command is missing".to_owned()))?;
    let mut command = Command::new(program);
    command.args(args).envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let spawned = command.process_group(0).kill_on_drop(true).spawn();
    spawned.map_err(|error| exec::not_started("sweep", program, &error))
}

/// Completes when the sweep is stopped.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|is_stopped| *is_stopped).await.is_err() {
        // Nobody can stop it any more.
        std::future::pending::<()>().await;
    }
}

/// Reads an output to its end, and keeps the last bytes.
fn tail(mut output: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<Vec<u8>> {
    tokio::spawn(async move {
        let (mut kept, mut part) = (Vec::new(), vec![0; MAX_OUTPUT_BYTES]);
        while let Ok(length @ 1..) = output.read(&mut part).await {
            kept.extend_from_slice(&part[..length]);
            kept.drain(..kept.len().saturating_sub(MAX_OUTPUT_BYTES));
        }
        kept
    })
}

async fn text(output: Option<JoinHandle<Vec<u8>>>) -> String {
    let Some(mut output) = output else { return String::new() };
    if let Ok(kept) = timeout(OUTPUT_TIMEOUT, &mut output).await {
        return String::from_utf8_lossy(&kept.unwrap_or_default()).into_owned();
    }
    output.abort();
    String::new()
}

impl EndedCommand {
    /// The last line of its output that says an error, or else the last line.
    pub(super) fn reason(&self) -> Option<&str> {
        let lines = || self.output.lines().map(str::trim).filter(|line| !line.is_empty());
        lines().rfind(|line| says_error(line)).or_else(|| lines().next_back())
    }
}

/// Whether a line names an error as Python, Node and pytest do. They print other lines after it.
fn says_error(line: &str) -> bool {
    ["Error: ", "Exception: "].iter().any(|word| line.contains(word)) || line.starts_with("FAILED ")
}
