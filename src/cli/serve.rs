//! The subcommand `serve`, which is the default: runs the server until a signal or the end of standard input stops it.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::exit::{ExitError, UNAVAILABLE, print, print_error, report_panic};
use super::files::{export_on_exit, write_atomically};
use super::stop::StopRequests;
use super::{ready, stdin};
use crate::clock::Mode;
use crate::config::flags::EXIT_WITH_STDIN;
use crate::config::{self, RawSettings, Settings};
use crate::instance::Instance;
use crate::server::Server;

/// Runs a server with these settings.
pub(super) fn run(settings: Settings, raw: RawSettings) -> Result<(), ExitError> {
    if settings.exit_with_stdin {
        stdin::require_an_end(&raw.get(&EXIT_WITH_STDIN).place()).map_err(ExitError::usage)?;
    }
    let instance = instance(settings, raw)?;
    runtime()?.block_on(serve_until_stopped(instance))
}

/// An instance with these settings, which are checked on each other. Warnings are printed.
pub(super) fn instance(settings: Settings, raw: RawSettings) -> Result<Arc<Instance>, ExitError> {
    config::check_combinations(&settings, &raw).map_err(ExitError::usage)?;
    for warning in raw.warnings.iter().chain(&config::warnings(&settings)) {
        print_error(&format!("warning: {warning}"));
    }
    let instance = Instance::of_program(settings, raw).map_err(ExitError::usage)?;
    if let Some(rule) = instance.tenants.given_faults().rules().find(|rule| rule.waits_on_clock())
        && instance.settings.clock == Mode::Auto
    {
        print_error(&format!(
            "warning: {rule}: on an auto clock a delay ends at once, so that no client waits or meets its timeout; \
             delay=real:… waits on every clock (docs/time.md)"
        ));
    }
    Ok(Arc::new(instance))
}

/// The runtime for a server.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, ExitError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ExitError::failure)
}

/// Binds the address of the settings, and writes the file of `--port-file`.
pub(super) async fn bind(instance: &Arc<Instance>) -> Result<Server, ExitError> {
    let settings = &instance.settings;
    let (host, port) = (*settings.host, settings.port);
    let server = Server::bind(Arc::clone(instance)).await.map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::AddrInUse => {
                let message = format!("port {port} on {host} is in use; --port 0 picks a free one");
                return ExitError { code: UNAVAILABLE, message };
            }
            ErrorKind::PermissionDenied => "; choose a --port from 1024 on, or --port 0 for a free one",
            ErrorKind::AddrNotAvailable => "; choose a --host that is an address of this machine",
            _ => "",
        };
        ExitError::failure(format!("cannot listen on {host}:{port}: {error}{hint}"))
    })?;
    if let Some(file) = &settings.port_file {
        write_atomically(file, |writer| write!(writer, "{}", server.local_addr().port()))
            .map_err(|error| ExitError::unwritable("port-file", file, &error))?;
    }
    std::panic::set_hook(Box::new(report_panic));
    Ok(server)
}

async fn serve_until_stopped(instance: Arc<Instance>) -> Result<(), ExitError> {
    let stop_requests = StopRequests::listen(&instance.settings).map_err(ExitError::failure)?;
    let server = bind(&instance).await?;
    let rules: Vec<String> = instance.tenants.given_faults().rules().map(ToString::to_string).collect();
    let is_terminal = std::io::stdout().is_terminal();
    print(&ready::lines(server.local_addr(), &instance.settings, &rules, is_terminal));
    let (stop, stopped) = oneshot::channel();
    let is_drained = tokio::select! {
        ended = server.run(async { _ = stopped.await }) => {
            ended.map_err(|error| ExitError { code: UNAVAILABLE, message: error.to_string() })?;
            true
        }
        () = stop_requests.second_request(stop) => false,
    };
    export_on_exit(&instance)?;
    require_all_struck(&instance)?;
    let problem = "stopped by a second signal, before all requests had ended";
    if is_drained { Ok(()) } else { Err(ExitError::failure(problem)) }
}

/// Fails with `--strict-faults` if a fault rule never struck.
pub(super) fn require_all_struck(instance: &Instance) -> Result<(), ExitError> {
    let never_struck = instance.tenants.rules_never_struck();
    if !instance.settings.strict_faults || never_struck.is_empty() {
        return Ok(());
    }
    let message = format!("these fault rules never struck (--strict-faults):\n  {}", never_struck.join("\n  "));
    Err(ExitError::check_failed(message))
}
