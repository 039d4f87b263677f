//! The subcommand `exec`: runs a command with a server of its own, and judges the requests of the command when it has
//! ended.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;

use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::check::{self, ReportFormat, Requirements, Verdict};
use super::child_signals::ChildSignals;
use super::client_variables;
use super::commands::EXEC_PREFIX;
use super::exit::{ExitError, UNAVAILABLE, print_error, print_on_stderr};
use super::files::{export, export_on_exit};
use super::{ready, serve};
use crate::admin;
use crate::config::flags::{EXIT_WITH_STDIN, LOG_LEVEL, PORT};
use crate::config::{Flag, LogLevel, RawSettings, Settings, reachable};
use crate::instance::Instance;

/// The defaults of settings that `exec` changes: a free port, so that several can run at once, and a log that keeps out
/// of the output of the command.
pub(super) const DEFAULTS: &[(&Flag, &str)] = &[(&PORT, "0"), (&LOG_LEVEL, "warn")];

/// The variable with which the helpers for test runners use a server that runs already.
const URL_OF_HELPERS: &str = "LLAMACLOUD_MOCK_URL";

/// The API key of the command.
const KEY: &str = "llx-exec";

/// The warning about a command that may have reached the real service.
pub(super) const NO_REQUEST: &str =
    "the command sent no request to the server; does its client use LLAMA_CLOUD_BASE_URL?";

/// Exit code: the command cannot be started.
const NOT_EXECUTABLE: u8 = 126;
/// Exit code: there is no such command.
const NOT_FOUND: u8 = 127;

/// The arguments of `exec`.
#[derive(Debug)]
pub(super) struct Exec {
    /// The command with its arguments.
    pub(super) command: Vec<OsString>,
    /// What is required of its requests; may be nothing.
    pub(super) required: Requirements,
    /// The format of the report.
    pub(super) format: ReportFormat,
    /// The file for the report; by default it is printed on stderr.
    pub(super) report: Option<PathBuf>,
    /// The folder for what the server has at the end.
    pub(super) dump: Option<PathBuf>,
}

/// Runs the command. An error has the exit code of the command if that is not 0.
pub(super) fn run(
    settings: Settings,
    raw: RawSettings,
    exec: &Exec,
    environment: &[(String, String)],
) -> Result<(), ExitError> {
    if settings.exit_with_stdin {
        let place = raw.get(&EXIT_WITH_STDIN).place();
        return Err(ExitError::usage(format!(
            "{place}: has no effect on exec, which stops when its command has ended"
        )));
    }
    let report = match &exec.report {
        Some(path) => Some(File::create(path).map_err(|error| ExitError::unwritable("check-report", path, &error))?),
        None => None,
    };
    let instance = serve::instance(settings, raw)?;
    // The helpers for test frameworks forget the key of each test.
    instance.keep_forgotten();
    if !exec.required.fields.is_empty() {
        check::validate(&instance, &exec.required)?;
    }
    let (status, server) = serve::runtime()?.block_on(run_with_server(&instance, exec, environment))?;
    warn_of_no_request(&instance);
    let dumped = exec.dump.as_deref().map_or(Ok(()), |folder| dump(&instance, folder));
    let judged = judge(&instance, exec, report);
    end(status, [serve::require_all_struck(&instance), judged, dumped, export_on_exit(&instance), server])
}

/// Runs the command while the server runs; returns how both ended. The server handles all requests of the command
/// before it stops.
async fn run_with_server(
    instance: &Arc<Instance>,
    exec: &Exec,
    environment: &[(String, String)],
) -> Result<(ExitStatus, Result<(), ExitError>), ExitError> {
    let mut signals = ChildSignals::listen().map_err(ExitError::failure)?;
    let server = serve::bind(instance).await?;
    let address = server.local_addr();
    let mut child = spawn(&exec.command, &variables(instance, address, environment))?;
    if instance.settings.log_level >= LogLevel::Info {
        print_on_stderr(&ready::lines(address, &instance.settings, &[], false));
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async { _ = stopped.await }));
    let command = signals.forward_until_exit(&mut child).await.map_err(ExitError::failure)?;
    drop(stop);
    let server = tokio::select! {
        ended = serving => match ended {
            Ok(result) => result.map_err(|error| ExitError { code: UNAVAILABLE, message: error.to_string() }),
            Err(error) => Err(ExitError::failure(error)),
        },
        _ = signals.next() => Err(ExitError::failure("stopped by a signal, before all requests had ended")),
    };
    Ok((command, server))
}

/// The variables with which clients in the command use the server.
pub(super) fn variables(
    instance: &Instance,
    address: SocketAddr,
    environment: &[(String, String)],
) -> Vec<(&'static str, String)> {
    let host = SocketAddr::new(reachable(address.ip()), address.port());
    let key = instance.settings.api_keys.first().map_or(KEY, String::as_str);
    let url = format!("http://{host}");
    let mut variables = client_variables::all(&url, key, environment);
    variables.push((URL_OF_HELPERS, url));
    variables
}

fn spawn(command: &[OsString], variables: &[(&'static str, String)]) -> Result<Child, ExitError> {
    let (program, args) =
        command.split_first().ok_or_else(|| ExitError::usage("exec: a command is missing".to_owned()))?;
    let spawned = Command::new(program).args(args).envs(variables.iter().map(|(name, value)| (name, value))).spawn();
    spawned.map_err(|error| not_started("exec", program, &error))
}

/// A subcommand could not start its command.
pub(super) fn not_started(subcommand: &str, program: &OsStr, error: &std::io::Error) -> ExitError {
    let place = format!("{subcommand}: {}", program.to_string_lossy());
    if error.kind() == ErrorKind::NotFound {
        let message = format!(
            "{place}: command not found, or the interpreter in its first line is missing; write the path of the \
             command, or add its folder to PATH"
        );
        return ExitError { code: NOT_FOUND, message };
    }
    ExitError { code: NOT_EXECUTABLE, message: format!("{place}: cannot be executed: {error}") }
}

/// A command that sent nothing may have reached the real service.
fn warn_of_no_request(instance: &Instance) {
    let has_any = instance.tenants.all().iter().any(|tenant| tenant.lock().first_request.is_some());
    if !has_any && instance.unauthenticated.lock().entries().is_empty() {
        print_error(&format!("warning: {NO_REQUEST}"));
    }
}

/// Writes the state, the journal and a snapshot to files in a folder, which is made if needed.
fn dump(instance: &Instance, folder: &Path) -> Result<(), ExitError> {
    let error = |path: &Path, error: &std::io::Error| ExitError::unwritable("dump", path, error);
    std::fs::create_dir_all(folder).map_err(|problem| error(folder, &problem))?;
    for (file, path) in [("state.json", "state"), ("journal.json", "journal"), ("journal.har", "journal.har")] {
        let body = admin::get(instance, &format!("{}/{path}", admin::PREFIX)).body.bytes();
        let path = folder.join(file);
        std::fs::write(&path, body).map_err(|problem| error(&path, &problem))?;
    }
    export(instance, &folder.join("world.json"), "dump")
}

/// Judges the requests by the requirements, and writes the report.
fn judge(instance: &Instance, exec: &Exec, report: Option<File>) -> Result<(), ExitError> {
    if exec.required.fields.is_empty() {
        return Ok(());
    }
    let judged = check::run_inside(instance, &exec.required, EXEC_PREFIX)?;
    let text = check::printed(&judged, exec.format);
    match report {
        Some(mut file) => file
            .write_all(text.as_bytes())
            .map_err(|error| ExitError::failure(format!("--check-report: cannot be written: {error}")))?,
        None => print_on_stderr(&text),
    }
    match judged.verdict {
        Verdict::Passed => Ok(()),
        verdict => Err(ExitError::check_failed(format!("exec: checks {}", check::words(verdict)))),
    }
}

/// The end of the program: that of the command, unless it succeeded and something else failed. Every failure is
/// printed.
fn end(command: ExitStatus, results: [Result<(), ExitError>; 5]) -> Result<(), ExitError> {
    let failures: Vec<ExitError> = results.into_iter().filter_map(Result::err).collect();
    for failure in &failures {
        print_error(&failure.message);
    }
    let code = match (code(command), failures.first()) {
        (0, None) => return Ok(()),
        (0, Some(failure)) => failure.code,
        (code, _) => code,
    };
    Err(ExitError { code, message: String::new() })
}

/// The exit code of a command as shells have it: 128 and the number of the signal that killed it.
pub(super) fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
