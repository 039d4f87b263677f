//! Runs the plan of a sweep, several runs at once, and judges each.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::baseline::Baseline;
use super::command::CommandEnd;
use super::judge::RunVerdict;
use super::plan::PlannedRun;
use super::progress::Progress;
use super::report::RunReport;
use super::reproduce;
use super::run::{Observation, RunSetup};
use crate::cli::exit::ExitError;

/// The reports of all runs, `jobs` of them at once, in the order of the plan. Those that a stopped sweep did not finish
/// are missing.
pub(super) async fn run_all(
    setup: &Arc<RunSetup>,
    planned: &[PlannedRun],
    baseline: &Baseline,
    jobs: usize,
) -> Result<Vec<RunReport>, ExitError> {
    let mut progress = Progress::of(planned.len());
    let mut reports: Vec<Option<RunReport>> = planned.iter().map(|_| None).collect();
    let mut waiting = planned.iter().enumerate();
    let mut running: JoinSet<Result<(usize, Observation), ExitError>> = JoinSet::new();
    loop {
        while running.len() < jobs && !*setup.stop.borrow() {
            let Some((position, run)) = waiting.next() else { break };
            let (setup, rule) = (Arc::clone(setup), run.injected_rule.clone());
            running.spawn(async move { Ok((position, setup.run(Some(&rule)).await?)) });
        }
        let Some(ended) = running.join_next().await else { break };
        let (position, seen) = ended.map_err(ExitError::failure)??;
        if seen.command.end != CommandEnd::Stopped {
            let report = report(setup, &planned[position], &seen, baseline);
            progress.add(&report);
            reports[position] = Some(report);
        }
    }
    progress.end();
    Ok(reports.into_iter().flatten().collect())
}

fn report(setup: &RunSetup, run: &PlannedRun, seen: &Observation, baseline: &Baseline) -> RunReport {
    let verdict = RunVerdict::of(run, seen, baseline);
    let reproduce = reproduce::command_line(&setup.raw, &run.injected_rule, verdict.outcome, &setup.command);
    RunReport::new(run.clone(), verdict, seen, reproduce)
}
