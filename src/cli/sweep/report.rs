//! The report of a sweep.

use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::alarm::{self, Alarm, AlarmKey};
use super::baseline::{self, Baseline};
use super::command::CommandEnd;
use super::judge::{RunVerdict, SweepOutcome};
use super::plan::{PlannedRun, SweepPlan};
use super::recording::OperationCalls;
use super::run::Observation;

/// Everything that a sweep found.
#[derive(Debug, Serialize)]
pub(super) struct SweepReport {
    pub(super) baseline: BaselineReport,
    /// The runs that took place, in the order of the plan.
    pub(super) runs: Vec<RunReport>,
    /// The worst first.
    pub(super) alarms: Vec<Alarm>,
    /// The number of runs that were left out because they could tell nothing new, or by `--max-runs`.
    pub(super) left_out: usize,
    /// The number of planned runs that did not take place because the sweep was stopped.
    pub(super) not_run: usize,
    /// The known alarms that are gone, a line each.
    pub(super) gone: Vec<String>,
}

/// The command without a fault.
#[derive(Debug, Serialize)]
pub(super) struct BaselineReport {
    runs: u32,
    #[serde(rename = "duration_ms", serialize_with = "as_millis")]
    pub(super) duration: Duration,
    calls: Vec<OperationCalls>,
}

/// A run with a fault.
#[derive(Debug)]
pub(super) struct RunReport {
    pub(super) plan: PlannedRun,
    pub(super) verdict: RunVerdict,
    pub(super) has_struck: bool,
    /// The exit code of the command; `None` if it was ended.
    pub(super) exit_code: Option<u8>,
    pub(super) duration: Duration,
    /// The command line that shows it again.
    pub(super) reproduce: String,
}

impl From<Baseline> for BaselineReport {
    fn from(baseline: Baseline) -> Self {
        Self { runs: baseline::RUNS, duration: baseline.duration, calls: baseline.calls }
    }
}

impl RunReport {
    /// The report of a run with this verdict.
    pub(super) fn new(plan: PlannedRun, verdict: RunVerdict, seen: &Observation, reproduce: String) -> Self {
        let exit_code = if let CommandEnd::Exited(code) = seen.command.end { Some(code) } else { None };
        Self { plan, verdict, has_struck: seen.has_struck, exit_code, duration: seen.command.duration, reproduce }
    }

    pub(super) fn is_alarm(&self) -> bool {
        self.verdict.outcome.is_alarm(self.plan.class, self.plan.mode)
    }

    pub(super) fn alarm_key(&self) -> AlarmKey {
        let PlannedRun { operation, class, mode, .. } = self.plan;
        AlarmKey { outcome: self.verdict.outcome, class, operation: operation.to_owned(), mode }
    }
}

impl Serialize for RunReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("RunReport", 11)?;
        fields.serialize_field("operation", self.plan.operation)?;
        fields.serialize_field("class", &self.plan.class)?;
        fields.serialize_field("call", &self.plan.call)?;
        fields.serialize_field("mode", &self.plan.mode)?;
        fields.serialize_field("rule", &self.plan.rule)?;
        fields.serialize_field("struck", &self.has_struck)?;
        fields.serialize_field("exit_code", &self.exit_code)?;
        fields.serialize_field("duration_ms", &millis(self.duration))?;
        fields.serialize_field("outcome", &self.verdict.outcome)?;
        fields.serialize_field("detail", &self.verdict.detail)?;
        fields.serialize_field("reproduce", &self.reproduce)?;
        fields.end()
    }
}

impl SweepReport {
    /// The report of these runs of a plan.
    pub(super) fn new(baseline: Baseline, plan: &SweepPlan, runs: Vec<RunReport>, known: &[AlarmKey]) -> Self {
        let alarms = alarm::alarms(&runs, known);
        let gone = alarm::gone(known, &alarms, &runs).into_iter().map(AlarmKey::line).collect();
        let not_run = plan.runs.len() - runs.len();
        Self { baseline: baseline.into(), runs, alarms, left_out: plan.left_out, not_run, gone }
    }

    /// The alarms that are not known.
    pub(super) fn new_alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.iter().filter(|alarm| !alarm.accepted)
    }

    /// The number of runs with this outcome.
    pub(super) fn count(&self, outcome: SweepOutcome) -> usize {
        self.runs.iter().filter(|run| run.verdict.outcome == outcome).count()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn as_millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    millis(*duration).serialize(serializer)
}
