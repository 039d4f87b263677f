//! The subcommand `healthcheck`: checks that the running server is healthy, once or until a time limit. It needs no
//! other program, so that it works in a container image without any.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout_at};

use crate::cli::client::{self, ClientResponse};
use crate::cli::server_address::ServerAddress;
use crate::cli::{Action, CommandLine, commands, process};
use crate::config::Flag;
use crate::error::detail_of;

/// Flags, each with its values.
type Flags = Vec<(&'static Flag, Vec<String>)>;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// How to check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Healthcheck {
    /// How long to wait until the server is healthy; `None` for a single attempt.
    pub(super) wait: Option<Duration>,
    /// The process that must be the server.
    pub(super) pid: Option<u32>,
    /// The process whose flags say where the server is, if it is of this program.
    pub(super) flags_of: Option<u32>,
}

/// Adds the flags that the process of `--flags-of` was started with and that are not among `given`.
///
/// A container's health check is a command of its own, fixed in the image: without this it could not know a port that
/// is an argument of `docker run`.
pub(super) fn with_flags_of_process(how: Healthcheck, mut given: Flags) -> Flags {
    let Some(arguments) = how.flags_of.and_then(process::arguments) else { return given };
    // A command line that this version does not understand cannot be that of a server that runs.
    let Ok(CommandLine { action: Action::Serve, settings, .. }) = super::parse(arguments.into_iter()) else {
        return given;
    };
    for (flag, values) in settings {
        if commands::SERVER_SETTINGS.contains(&flag) && given.iter().all(|(known, _)| *known != flag) {
            given.push((flag, values));
        }
    }
    given
}

#[derive(Deserialize)]
struct Health {
    status: String,
    pid: u32,
}

/// Checks the server at this address.
///
/// Errors: it is not healthy when the time is over, or its process has ended before.
pub(super) fn run(address: &ServerAddress, how: Healthcheck) -> Result<(), String> {
    client::runtime()?.block_on(wait_until_healthy(address, how))
}

async fn wait_until_healthy(address: &ServerAddress, how: Healthcheck) -> Result<(), String> {
    let deadline = how.wait.map(|wait| Instant::now() + wait);
    loop {
        // The port file may be written at any time.
        let attempt = async { attempt(&address.authority()?, how.pid).await };
        let result = match deadline {
            None => attempt.await,
            Some(deadline) => timeout_at(deadline, attempt)
                .await
                .unwrap_or_else(|_| Err("the server did not respond in the time of --wait".to_owned())),
        };
        let Err(problem) = result else { return Ok(()) };
        if let Some(pid) = how.pid.filter(|pid| process::has_ended(*pid)) {
            return Err(format!("--pid: process {pid} has ended; {problem}"));
        }
        if deadline.is_none_or(|deadline| Instant::now() + PAUSE >= deadline) {
            return Err(problem);
        }
        sleep(PAUSE).await;
    }
}

/// Asks the server at this host and port once.
///
/// Errors: it does not respond, is not healthy, or is another server than the one expected.
pub(super) async fn attempt(authority: &str, pid: Option<u32>) -> Result<(), String> {
    let ClientResponse { url, status, body } = client::get(authority, None, "/health").await?;
    let Ok(health) = serde_json::from_str::<Health>(&body) else {
        let detail = detail_of(body.as_bytes()).unwrap_or_else(|| "from a server of another program".to_owned());
        return Err(format!("{url}: status {status}, {detail}"));
    };
    match pid.filter(|pid| *pid != health.pid) {
        Some(pid) => Err(format!("{url}: the server on this port is process {}, not {pid}", health.pid)),
        None if status == 200 && health.status == "ok" => Ok(()),
        None => Err(format!("{url}: status {status}: {}", health.status)),
    }
}
