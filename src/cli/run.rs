//! The program behind the command line: from arguments to an exit code. It decides nothing about requests.

use std::ffi::OsString;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::check::{self, Finding};
use super::{self as cli, Action};
use super::{healthcheck, validate};
use crate::config::{self, RawSettings, Settings, Unstruck};
use crate::emulator::Emulator;
use crate::fault::{Scenario, shipped};
use crate::server::Server;

/// Something failed.
const FAILURE: u8 = 1;
/// A check that the user asked for did not hold.
const UNHELD: u8 = 2;
/// The command line or a setting was wrong.
const USAGE: u8 = 64;
/// The port is taken.
const UNAVAILABLE: u8 = 69;

/// How long stderr may take to be told something: nobody may be reading it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why the program ends other than well.
struct ExitError {
    code: u8,
    why: String,
}

impl ExitError {
    fn usage(why: String) -> Self {
        Self { code: USAGE, why }
    }

    fn failure(why: impl std::fmt::Display) -> Self {
        Self { code: FAILURE, why: why.to_string() }
    }
}

/// Runs the program.
pub fn run(args: impl Iterator<Item = OsString>, environment: impl Iterator<Item = (OsString, OsString)>) -> ExitCode {
    let typed = match cli::parse(args) {
        Ok(typed) => typed,
        Err(error) => {
            // A closed stdout or stderr is nobody's to tell.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let environment =
        environment.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    match settle(typed, environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ExitError { code, why }) => {
            if !why.is_empty() {
                print_error(why);
            }
            ExitCode::from(code)
        }
    }
}

fn settle(typed: cli::Typed, environment: impl Iterator<Item = (String, String)>) -> Result<(), ExitError> {
    let told = RawSettings::gather(&typed.flags, environment).map_err(ExitError::usage)?;
    let settings = config::read(&told).map_err(ExitError::usage)?;
    match typed.action {
        Action::Serve => serve(settings, told),
        Action::Healthcheck => healthcheck::run(&settings).map_err(ExitError::failure),
        Action::Validate(files) => match validate::run(settings, told, &files).map_err(ExitError::failure)? {
            validate::Verdict::Good => Ok(()),
            validate::Verdict::Refused => Err(ExitError { code: UNHELD, why: String::new() }),
        },
        Action::Scenarios => {
            list_scenarios();
            Ok(())
        }
        Action::ShowScenario(name) => {
            print(&Scenario::load(&name).map_err(ExitError::usage)?.text);
            Ok(())
        }
        Action::Check(expected) => match check::run(&settings, &expected).map_err(ExitError::failure)? {
            Finding::Holds(sentence) => {
                print(&format!("{sentence}\n"));
                Ok(())
            }
            Finding::Broken(report) => Err(ExitError { code: UNHELD, why: format!("retries do not hold\n{report}") }),
        },
    }
}

fn serve(settings: Settings, told: RawSettings) -> Result<(), ExitError> {
    for warning in &told.warnings {
        print_error(format!("warning: {warning}"));
    }
    if !settings.host.is_loopback() && settings.admin_token.is_none() {
        print_error(format!("warning: bound to {}, so /__admin/ is shut; --admin-token opens it", settings.host));
    }
    let emulator = Emulator::new(settings, told).map_err(ExitError::usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ExitError::failure)?;
    runtime.block_on(serve_until_told(Arc::new(emulator)))
}

async fn serve_until_told(emulator: Arc<Emulator>) -> Result<(), ExitError> {
    let interrupts = Interrupts::listen().map_err(ExitError::failure)?;
    let settings = emulator.settings();
    let (host, port) = (settings.host, settings.port);
    let server = Server::bind(Arc::clone(&emulator)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            ExitError { code: UNAVAILABLE, why: format!("port {port} at {host} is taken; --port 0 takes a free one") }
        }
        _ => ExitError::failure(format!("cannot listen at {host}:{port}: {error}")),
    })?;
    let address = server.local_addr();
    if let Some(file) = &settings.port_file {
        write_whole(file, &address.port().to_string())
            .map_err(|error| ExitError::failure(format!("--port-file {}: {error}", file.display())))?;
    }
    print(&format!("ready url=http://{address} seed={}\n", settings.seed));
    std::panic::set_hook(Box::new(report_panic));
    server.run(interrupts.first()).await;
    match settings.unstruck {
        Unstruck::Fails => strict_faults(&emulator),
        Unstruck::Fine => Ok(()),
    }
}

/// Names the rules that never struck.
fn strict_faults(emulator: &Emulator) -> Result<(), ExitError> {
    let unstruck: Vec<String> = emulator.tenants().rules_never_struck();
    if unstruck.is_empty() {
        return Ok(());
    }
    Err(ExitError {
        code: UNHELD,
        why: format!("these faults never struck (--strict-faults):\n  {}", unstruck.join("\n  ")),
    })
}

fn list_scenarios() {
    let scenarios = shipped();
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    for scenario in scenarios {
        print(&format!("{:width$}  {}\n", scenario.name, scenario.description));
    }
}

/// Says something on stdout. Who has closed it does not want to know.
fn print(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Says something on stderr, and does not wait for ever until somebody reads it.
fn print_error(text: String) {
    let (told, done) = channel::<()>();
    std::thread::spawn(move || {
        let _ = writeln!(std::io::stderr(), "llamacloud-mock: {text}");
        drop(told);
    });
    // It is told, or it never will be.
    let _ = done.recv_timeout(PATIENCE);
}

/// Says that a handler panicked. The request is answered by the shell.
fn report_panic(panic: &PanicHookInfo<'_>) {
    print_error(format!("this is a defect of the program: {panic}"));
}

/// SIGTERM and SIGINT.
struct Interrupts {
    terminate: Signal,
    interrupt: Signal,
}

impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the first; a second ends the program at once.
    async fn first(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(i32::from(FAILURE));
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Writes a file whole or not at all: beside it first, then in its place.
fn write_whole(file: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".part");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, file)
}
