//! Runs the program: from command-line arguments to an exit code.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::check::{self, Verdict};
use super::validate;
use super::{self as cli, Action, NotParsed};
use super::{faults, healthcheck, operations, ready};
use crate::config::{self, RawSettings, Settings};
use crate::emulator::Emulator;
use crate::fault::{Scenario, shipped};
use crate::search::grep;
use crate::server::Server;
use crate::worker::{self, Kind, Worker};

/// Exit code: the program failed.
const FAILURE: u8 = 1;
/// Exit code: a check that the user asked for failed.
const CHECK_FAILED: u8 = 2;
/// Exit code: the command line or a setting is invalid.
const USAGE: u8 = 64;
/// Exit code: the port is in use.
const UNAVAILABLE: u8 = 69;

/// The time after the first SIGINT or SIGTERM in which further ones belong to the same request to stop.
const ONE_REQUEST: Duration = Duration::from_secs(1);

/// Time limit for writing to stderr, which blocks if it is a pipe that is not read.
const STDERR_TIMEOUT: Duration = Duration::from_millis(500);

/// An unsuccessful end of the program.
struct ExitError {
    code: u8,
    /// Printed on stderr unless it is empty.
    message: String,
}

impl ExitError {
    fn usage(message: String) -> Self {
        Self { code: USAGE, message }
    }

    fn failure(error: impl std::fmt::Display) -> Self {
        Self { code: FAILURE, message: error.to_string() }
    }
}

/// Runs the program and returns its exit code.
pub fn run(args: impl Iterator<Item = OsString>, environment: impl Iterator<Item = (OsString, OsString)>) -> ExitCode {
    let command_line = match cli::parse(args) {
        Ok(command_line) => command_line,
        Err(NotParsed::Help(text)) => {
            // If stdout is closed, there is nowhere to report that.
            let _ = text.print();
            return ExitCode::SUCCESS;
        }
        Err(NotParsed::Usage(message)) => {
            print_error(format!("{message}\nllamacloud-mock --help lists all flags and subcommands"));
            return ExitCode::from(USAGE);
        }
    };
    if let Action::Worker(kind) = command_line.action {
        return worker::serve(kind, |fields| match kind {
            Kind::Grep => grep::answer(fields),
        });
    }
    let environment =
        environment.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    match execute(command_line, environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ExitError { code, message }) => {
            if !message.is_empty() {
                print_error(message);
            }
            ExitCode::from(code)
        }
    }
}

fn execute(
    command_line: cli::CommandLine,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(), ExitError> {
    if let Some(text) = text_of(&command_line.action)? {
        print(&text);
        return Ok(());
    }
    let flags = match command_line.action {
        Action::Healthcheck(how) => healthcheck::with_flags_of_process(how, command_line.settings),
        _ => command_line.settings,
    };
    let raw = RawSettings::gather(&flags, environment).map_err(ExitError::usage)?;
    let settings = config::read(&raw).map_err(ExitError::usage)?;
    match command_line.action {
        Action::Healthcheck(how) => healthcheck::run(&settings, how).map_err(ExitError::failure),
        Action::Validate(files) => {
            config::check_emulation(&settings, &raw).map_err(ExitError::usage)?;
            match validate::run(settings, raw, &files).map_err(ExitError::failure)? {
                validate::Verdict::Accepted => Ok(()),
                validate::Verdict::Rejected => Err(ExitError { code: CHECK_FAILED, message: String::new() }),
            }
        }
        Action::Check(expected, format) => {
            let report = check::run(&settings, &expected).map_err(ExitError::failure)?;
            print(&report.printed(format));
            match report.verdict() {
                Verdict::Passed => Ok(()),
                verdict => Err(ExitError { code: CHECK_FAILED, message: format!("check: {}", verdict.words()) }),
            }
        }
        _ => serve(settings, raw),
    }
}

/// The text that an action prints, if that is all it does. It depends on no setting.
fn text_of(action: &Action) -> Result<Option<String>, ExitError> {
    Ok(match action {
        Action::Operations => Some(operations::list()),
        Action::Faults => Some(faults::text()),
        Action::Scenarios => Some(scenario_list()),
        Action::ShowScenario(name) => Some(Scenario::load(name).map_err(ExitError::usage)?.text),
        Action::Serve | Action::Healthcheck(_) | Action::Validate(_) | Action::Check(..) | Action::Worker(_) => None,
    })
}

fn serve(mut settings: Settings, raw: RawSettings) -> Result<(), ExitError> {
    config::check_combinations(&settings, &raw).map_err(ExitError::usage)?;
    for warning in raw.warnings.iter().chain(&config::warnings(&settings)) {
        print_error(format!("warning: {warning}"));
    }
    settings.worker = Worker::of_program(settings.binary.clone());
    let emulator = Emulator::new(settings, raw).map_err(ExitError::usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ExitError::failure)?;
    runtime.block_on(serve_until_signal(Arc::new(emulator)))
}

async fn serve_until_signal(emulator: Arc<Emulator>) -> Result<(), ExitError> {
    let signals = Signals::listen().map_err(ExitError::failure)?;
    let settings = emulator.settings();
    let (host, port) = (settings.host, settings.port);
    let server = Server::bind(Arc::clone(&emulator)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => ExitError {
            code: UNAVAILABLE,
            message: format!("port {port} on {host} is in use; --port 0 picks a free one"),
        },
        _ => ExitError::failure(format!("cannot listen on {host}:{port}: {error}")),
    })?;
    let address = server.local_addr();
    if let Some(file) = &settings.port_file {
        write_atomically(file, &address.port().to_string())
            .map_err(|error| ExitError::failure(format!("--port-file {}: {error}", file.display())))?;
    }
    let rules: Vec<String> = emulator.tenants().given_faults().rules().map(ToString::to_string).collect();
    print(&ready::lines(address, settings, &rules, std::io::stdout().is_terminal()));
    std::panic::set_hook(Box::new(report_panic));
    let (stop, stopped) = oneshot::channel();
    let is_drained = tokio::select! {
        ended = server.run(async { _ = stopped.await }) => {
            ended.map_err(|error| ExitError { code: UNAVAILABLE, message: error.to_string() })?;
            true
        }
        () = signals.second_request(stop) => false,
    };
    if settings.strict_faults {
        require_all_struck(&emulator)?;
    }
    if is_drained {
        Ok(())
    } else {
        Err(ExitError::failure("stopped by a second signal, before all requests had ended"))
    }
}

/// Fails if a fault rule never struck.
fn require_all_struck(emulator: &Emulator) -> Result<(), ExitError> {
    let never_struck = emulator.tenants().rules_never_struck();
    if never_struck.is_empty() {
        return Ok(());
    }
    Err(ExitError {
        code: CHECK_FAILED,
        message: format!("these fault rules never struck (--strict-faults):\n  {}", never_struck.join("\n  ")),
    })
}

/// One line per built-in scenario.
fn scenario_list() -> String {
    let scenarios = shipped();
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let line = |scenario: &Scenario| format!("{:width$}  {}\n", scenario.name, scenario.description);
    scenarios.iter().map(line).collect::<Vec<_>>().concat()
}

/// Prints `text` on stdout, and ignores errors such as a closed pipe.
fn print(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints `text` on stderr, and gives up after [`STDERR_TIMEOUT`].
fn print_error(text: String) {
    let (written, done) = channel::<()>();
    std::thread::spawn(move || {
        let _ = writeln!(std::io::stderr(), "llamacloud-mock: {text}");
        drop(written);
    });
    // An error means either written or timed out; both end the wait.
    let _ = done.recv_timeout(STDERR_TIMEOUT);
}

/// Reports a panic in a handler. The server responds to the request with 500.
fn report_panic(panic: &PanicHookInfo<'_>) {
    print_error(format!("internal error, please report it: {panic}"));
}

/// The signals SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Reports the first request to stop through `stop`, then waits for a second one. The signals of one second are one
    /// request: a wrapper, `timeout` or the trap of a shell often sends both.
    async fn second_request(mut self, stop: oneshot::Sender<()>) {
        self.next().await;
        let first = Instant::now();
        // The server may have ended already.
        let _ = stop.send(());
        self.next().await;
        while first.elapsed() < ONE_REQUEST {
            self.next().await;
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Writes a temporary file next to `file` and renames it, so that `file` is never incomplete.
fn write_atomically(file: &Path, text: &str) -> std::io::Result<()> {
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(".part");
    std::fs::write(&temporary, text)?;
    std::fs::rename(&temporary, file)
}
