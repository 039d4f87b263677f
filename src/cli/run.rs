//! Runs the program: from command-line arguments to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use super::check::{self, Verdict};
use super::exit::{ExitError, USAGE, print, print_error};
use super::server_address::ServerAddress;
use super::{self as cli, Action, ParseFailure};
use super::{completions, env, exec, healthcheck, journal, operations, scenarios, serve, sweep, validate};
use crate::config::{self, RawSettings};
use crate::documents;
use crate::fault::{effects_of, explanation};
use crate::instance::targets;
use crate::search::grep;
use crate::worker::{self, WorkKind};

/// Runs the program and returns its exit code.
pub fn run(args: impl Iterator<Item = OsString>, environment: impl Iterator<Item = (OsString, OsString)>) -> ExitCode {
    let command_line = match cli::parse(args) {
        Ok(command_line) => command_line,
        Err(ParseFailure::Help(text)) => {
            // If stdout is closed, there is nowhere to report that.
            let _ = text.print();
            return ExitCode::SUCCESS;
        }
        Err(ParseFailure::Usage(message)) => {
            print_error(&format!("{message}\nllamacloud-mock --help lists all flags and subcommands"));
            return ExitCode::from(USAGE);
        }
    };
    if let Action::Worker(kind) = command_line.action {
        return worker::serve(kind, |fields| match kind {
            WorkKind::Grep => grep::answer(fields),
            WorkKind::Document => documents::answer(fields),
        });
    }
    let environment: Vec<(String, String)> =
        environment.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    match execute(command_line, &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ExitError { code, message }) => {
            if !message.is_empty() {
                print_error(&message);
            }
            ExitCode::from(code)
        }
    }
}

fn execute(command_line: cli::CommandLine, environment: &[(String, String)]) -> Result<(), ExitError> {
    if let Some(text) = text_of(&command_line.action)? {
        print(&text);
        return Ok(());
    }
    let defaults = if matches!(command_line.action, Action::Exec(_)) { exec::DEFAULTS } else { &[] };
    let flags = match command_line.action {
        Action::Healthcheck(how) => healthcheck::with_flags_of_process(how, command_line.settings),
        _ => command_line.settings,
    };
    let raw = RawSettings::gather(&flags, environment, defaults).map_err(ExitError::usage)?;
    let settings = config::read(&raw).map_err(ExitError::usage)?;
    let address = ServerAddress::new(command_line.url, &settings, &raw);
    match command_line.action {
        Action::Healthcheck(how) => healthcheck::run(&address, how).map_err(ExitError::failure),
        Action::Validate(files) => {
            config::check_emulation(&settings, &raw).map_err(ExitError::usage)?;
            let are_accepted = validate::run(settings, raw, &files).map_err(ExitError::failure)?;
            if are_accepted { Ok(()) } else { Err(ExitError::check_failed(String::new())) }
        }
        Action::Check(required, format) => {
            let report = check::run(&address, settings.admin_token.as_deref(), &required)?;
            print(&check::printed(&report, format));
            match report.verdict {
                Verdict::Passed => Ok(()),
                verdict => Err(ExitError::check_failed(format!("check: {}", check::words(verdict)))),
            }
        }
        Action::Journal(query) => journal::run(&address, settings.admin_token.as_deref(), &query),
        Action::Env(env) => {
            print(&env::lines(&settings, &address, &env, environment).map_err(ExitError::failure)?);
            Ok(())
        }
        Action::Exec(exec) => exec::run(settings, raw, &exec, environment),
        Action::Sweep(sweep) => sweep::run(settings, raw, &sweep, environment),
        _ => serve::run(settings, raw),
    }
}

/// The text that an action prints, if that is all it does. It depends on no setting.
fn text_of(action: &Action) -> Result<Option<String>, ExitError> {
    Ok(match action {
        Action::Operations => Some(operations::list()),
        Action::Faults(None) => Some(explanation()),
        Action::Faults(Some(operation)) => Some(effects(operation)?),
        Action::Completions(shell) => Some(completions::script(*shell)),
        Action::Scenarios => Some(scenarios::list()),
        Action::ShowScenario(name) => Some(scenarios::show(name).map_err(ExitError::usage)?),
        _ => None,
    })
}

/// The effects that go with an operation.
fn effects(operation: &str) -> Result<String, ExitError> {
    effects_of(operation, &targets()).map_err(|error| ExitError::usage(format!("faults: {error}")))
}
