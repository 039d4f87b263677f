//! The subcommand `sweep`: runs a command without a fault to learn what it calls, then once for each single fault, and
//! says which of them it does not survive. Data flows one way: baseline, plan, runs, judgement, report.

mod alarm;
pub(in crate::cli) mod arguments;
mod baseline;
mod class;
mod command;
mod difference;
mod judge;
mod plan;
mod print;
mod progress;
mod recording;
mod report;
mod reproduce;
mod run;
mod runs;
mod state;

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use tokio::sync::{oneshot, watch};

use self::alarm::AlarmKey;
use self::arguments::SweepOptions;
use self::baseline::Baseline;
use self::class::SYNC;
use self::plan::SweepPlan;
use self::report::SweepReport;
use self::run::RunSetup;
use super::check::ReportFormat;
use super::exit::{ExitError, print, print_error, report_panic};
use super::serve;
use super::stop::StopRequests;
use crate::config::{self, RawSettings, Settings, flag_named};
use crate::fault::Target;
use crate::suggest;

/// Settings that would change what a fault is, or judge by other rules.
const EXCLUDED_SETTINGS: [&str; 6] =
    ["fault", "scenario", "refuse", "strict-faults", "exit-with-stdin", "export-on-exit"];

/// A sweep of a command.
#[derive(Debug)]
pub(super) struct Sweep {
    /// The command with its arguments.
    pub(super) command: Vec<OsString>,
    pub(super) options: SweepOptions,
}

/// Sweeps the command. An error has exit code 2 if there are alarms.
pub(super) fn run(
    settings: Settings,
    raw: RawSettings,
    sweep: &Sweep,
    environment: &[(String, String)],
) -> Result<(), ExitError> {
    let options = &sweep.options;
    check_settings(&settings, &raw)?;
    let known = options.accept.as_deref().map_or(Ok(Vec::new()), alarm::read_known).map_err(ExitError::usage)?;
    let file = options
        .report
        .as_ref()
        .map(|path| File::create(path).map_err(|error| ExitError::unwritable("report", path, &error)));
    let file = file.transpose()?;
    std::panic::set_hook(Box::new(report_panic));
    serve::runtime()?.block_on(async {
        let stop = stop_requests(&settings)?;
        let setup = RunSetup {
            settings,
            raw,
            command: sweep.command.clone(),
            environment: environment.to_vec(),
            timeout: options.timeout,
            stop,
        };
        let targets = setup.instance(None)?.targets;
        check_known(&known, &targets)?;
        let operations = plan::operations(&targets, options).map_err(ExitError::usage)?;
        let baseline = Baseline::observe(&setup).await?;
        let plan = baseline
            .check_calls()
            .and_then(|()| SweepPlan::new(&baseline.calls, &operations, &targets, options).map_err(ExitError::usage));
        let plan = match plan {
            Ok(plan) => plan,
            Err(nothing_to_strike) => {
                write_without_runs(baseline, options.format, file)?;
                return Err(nothing_to_strike);
            }
        };
        let jobs = options.jobs.map_or_else(cores, usize::from);
        if options.is_dry_run {
            let estimate = plan.duration(baseline.duration, options.hang) / u32::try_from(jobs).unwrap_or(u32::MAX);
            print(&print::plan(&plan, &baseline, estimate));
            return Ok(());
        }
        let runs = runs::run_all(&Arc::new(setup), &plan.runs, &baseline, jobs).await?;
        let report = SweepReport::new(baseline, &plan, runs, &known);
        write(&print::report(&report, options.format), file)?;
        end(&report)
    })
}

/// Refuses settings that have no effect on a sweep, from the environment or a file, and those that contradict each
/// other.
fn check_settings(settings: &Settings, raw: &RawSettings) -> Result<(), ExitError> {
    let given = EXCLUDED_SETTINGS.iter().filter_map(|name| flag_named(name)).map(|flag| raw.get(flag));
    if let Some(setting) = given.filter(|setting| setting.is_given()).find(|setting| !setting.values.is_empty()) {
        let problem = "has no effect on sweep, which injects the faults of --faults";
        return Err(ExitError::usage(format!("{}: {problem}", setting.place())));
    }
    config::check_combinations(settings, raw).map_err(ExitError::usage)?;
    for warning in raw.warnings.iter().chain(&config::warnings(settings)) {
        print_error(&format!("warning: {warning}"));
    }
    Ok(())
}

/// Refuses known alarms of operations that do not exist.
fn check_known(known: &[AlarmKey], targets: &[Target]) -> Result<(), ExitError> {
    let operations = || targets.iter().map(|target| target.name).chain([SYNC]);
    match known.iter().find(|key| operations().all(|operation| operation != key.operation)) {
        Some(AlarmKey { operation, .. }) => {
            let near = suggest::hint(operation, operations());
            Err(ExitError::usage(format!("--accept: {operation}: is not an operation{near}")))
        }
        None => Ok(()),
    }
}

/// Becomes true at the first signal that asks to stop. Later ones change nothing: all commands
/// are ended then.
fn stop_requests(settings: &Settings) -> Result<watch::Receiver<bool>, ExitError> {
    let requests = StopRequests::listen(settings).map_err(ExitError::failure)?;
    let (is_stopped, stop) = watch::channel(false);
    let (first, requested) = oneshot::channel();
    tokio::spawn(requests.second_request(first));
    tokio::spawn(async move {
        if requested.await.is_ok() {
            is_stopped.send_replace(true);
        }
        is_stopped.closed().await;
    });
    Ok(stop)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Writes a report that says that no fault can strike what the command calls. Nowhere but to a file: the error says it.
fn write_without_runs(baseline: Baseline, format: ReportFormat, file: Option<File>) -> Result<(), ExitError> {
    if file.is_none() {
        return Ok(());
    }
    let report = SweepReport::new(baseline, &SweepPlan::default(), Vec::new(), &[]);
    write(&print::report(&report, format), file)
}

fn write(text: &str, file: Option<File>) -> Result<(), ExitError> {
    let Some(mut file) = file else {
        print(text);
        return Ok(());
    };
    let written = file.write_all(text.as_bytes());
    written.map_err(|error| ExitError::failure(format!("--report: cannot be written: {error}")))
}

/// The end of the program.
fn end(report: &SweepReport) -> Result<(), ExitError> {
    match report.new_alarms().count() {
        0 if report.not_run > 0 => {
            let (done, all) = (report.runs.len(), report.runs.len() + report.not_run);
            Err(ExitError::failure(format!("sweep: stopped by a signal after {done} of {all} runs")))
        }
        0 => Ok(()),
        count => Err(ExitError::check_failed(format!("sweep: {}", print::counted(count, "alarm")))),
    }
}
