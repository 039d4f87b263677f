//! The command without a fault, run twice: what it calls, how long it takes, and what it leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use super::command::CommandEnd;
use super::difference::Differences;
use super::recording::OperationCalls;
use super::run::{Observation, RunSetup};
use super::state::{ResourceCounts, StableNames};
use crate::cli::exec;
use crate::cli::exit::ExitError;
use crate::clock::format_duration;

/// The number of runs without a fault.
pub(super) const RUNS: u32 = 2;

/// What the command does without a fault.
#[derive(Debug)]
pub(super) struct Baseline {
    pub(super) calls: Vec<OperationCalls>,
    /// The mean duration of a run.
    pub(super) duration: Duration,
    pub(super) names: StableNames,
    /// What it leaves.
    pub(super) resources: ResourceCounts,
    /// The operations that it calls again too soon to tell that from a retry.
    pub(super) rapid: BTreeSet<&'static str>,
    has_requests: bool,
}

impl Baseline {
    /// Runs the command.
    ///
    /// Errors: it fails, or does not do the same each time.
    pub(super) async fn observe(setup: &RunSetup) -> Result<Self, ExitError> {
        let first = succeeding(setup).await?;
        let second = succeeding(setup).await?;
        Self::of(&first, &second).map_err(ExitError::failure)
    }

    fn of(first: &Observation, second: &Observation) -> Result<Self, String> {
        let (calls, other_calls) = (first.recording.calls(), second.recording.calls());
        if let Some(difference) = differing_calls(&calls, &other_calls) {
            return Err(format!("sweep: the command is unstable: without a fault it {difference}"));
        }
        let names = StableNames::of(&first.state, &second.state);
        let (resources, others) = (first.state.resources(&names), second.state.resources(&names));
        let differences = Differences::between(&resources, &others);
        if !differences.is_empty() {
            let summary = differences.summary();
            return Err(format!("sweep: the command is unstable: without a fault its second run {summary}"));
        }
        let duration = (first.command.duration + second.command.duration) / RUNS;
        let rapid = &first.recording.rapid_operations() | &second.recording.rapid_operations();
        Ok(Self { calls, duration, names, resources, rapid, has_requests: !first.recording.is_empty() })
    }

    /// An error unless the command calls something.
    pub(super) fn check_calls(&self) -> Result<(), ExitError> {
        match (self.has_requests, self.calls.is_empty()) {
            (false, _) => Err(ExitError::failure(format!("sweep: {}", exec::NO_REQUEST))),
            (true, true) => Err(ExitError::failure(
                "sweep: no request of the command reached an operation; llamacloud-mock exec --check-no-unexpected \
                 says why",
            )),
            (true, false) => Ok(()),
        }
    }
}

/// A run without a fault that succeeds.
async fn succeeding(setup: &RunSetup) -> Result<Observation, ExitError> {
    let run = setup.run(None).await?;
    let problem = match run.command.end {
        CommandEnd::Stopped => "sweep: stopped by a signal, before the command had run twice".to_owned(),
        CommandEnd::TimedOut => {
            let limit = format_duration(setup.timeout);
            format!("sweep: without a fault the command does not end within {limit}; --timeout sets another limit")
        }
        CommandEnd::Exited(code @ 1..) => {
            let output = run.command.output.trim_end();
            format!("sweep: the command fails without a fault, with exit code {code}; its output ends with:\n{output}")
        }
        CommandEnd::Exited(0) if run.recording.is_cut => {
            "sweep: the command sends too many requests to compare; sweep a part of it".to_owned()
        }
        CommandEnd::Exited(0) => return Ok(run),
    };
    Err(ExitError::failure(problem))
}

/// The first difference between the calls of two runs.
fn differing_calls(one: &[OperationCalls], other: &[OperationCalls]) -> Option<String> {
    let count = |calls: &[OperationCalls], operation: &str| {
        calls.iter().find(|calls| calls.operation == operation).map_or(0, |calls| calls.count)
    };
    one.iter().chain(other).map(|calls| calls.operation).find_map(|operation| {
        let (first, second) = (count(one, operation), count(other, operation));
        (first != second).then(|| format!("calls {operation} another number of times: {first}, then {second}"))
    })
}
