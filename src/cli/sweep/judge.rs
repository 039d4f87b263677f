//! The outcome of a run with a fault, from what was seen of it.

use serde::Serialize;

use super::baseline::Baseline;
use super::class::{FaultClass, FaultMode, word};
use super::command::CommandEnd;
use super::difference::Differences;
use super::plan::PlannedRun;
use super::run::Observation;

/// What became of the program, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(super) enum SweepOutcome {
    /// It did not end in time.
    Hung,
    /// It succeeded, and left something else than without the fault.
    Wrong,
    /// It repeated a request before the promised wait was over.
    Impatient,
    /// It failed, and left something behind.
    Litter,
    /// It failed.
    Failed,
    /// It succeeded, and left the same as without the fault.
    Survived,
    /// The fault struck no request.
    NotStruck,
}

/// What became of the program in a run, and why.
#[derive(Debug)]
pub(super) struct RunVerdict {
    pub(super) outcome: SweepOutcome,
    /// One sentence, without a full stop.
    pub(super) detail: String,
}

impl SweepOutcome {
    /// Whether the outcome is an alarm after a fault of this class and mode.
    pub(super) fn is_alarm(self, class: FaultClass, mode: FaultMode) -> bool {
        match self {
            Self::Hung | Self::Wrong | Self::Impatient => true,
            Self::Litter => mode == FaultMode::Once,
            Self::Failed => mode == FaultMode::Once && !class.may_fail(),
            Self::Survived | Self::NotStruck => false,
        }
    }

    pub(super) fn word(self) -> String {
        word(self)
    }
}

impl RunVerdict {
    /// Judges a run.
    pub(super) fn of(run: &PlannedRun, seen: &Observation, baseline: &Baseline) -> Self {
        let (outcome, program) = outcome(seen, baseline);
        let detail = match outcome {
            SweepOutcome::NotStruck => format!("the fault struck no request; the program {program}"),
            _ => format!("{} the program {program}", run.class.event(run.operation, run.mode)),
        };
        Self { outcome, detail }
    }
}

/// The outcome, and what the program did.
fn outcome(seen: &Observation, baseline: &Baseline) -> (SweepOutcome, String) {
    let CommandEnd::Exited(code) = seen.command.end else {
        let outcome = if seen.has_struck { SweepOutcome::Hung } else { SweepOutcome::NotStruck };
        return (outcome, "did not end in time".to_owned());
    };
    if !seen.has_struck {
        return (SweepOutcome::NotStruck, format!("ended with exit code {code}"));
    }
    let resources = seen.state.resources(&baseline.names);
    let differences = Differences::between(&baseline.resources, &resources);
    if code == 0 && !differences.is_empty() {
        return (SweepOutcome::Wrong, format!("{}, and ended with success", differences.summary()));
    }
    if let Some(early) = seen.recording.early_retry(&baseline.rapid) {
        let (operation, gap) = (early.operation, early.gap.as_millis());
        return (
            SweepOutcome::Impatient,
            format!("repeated {operation} after {gap} ms, before the promised wait was over"),
        );
    }
    if code == 0 {
        return (SweepOutcome::Survived, "ended with success, and left the same".to_owned());
    }
    let left = Differences::left_beside(&baseline.resources, &resources);
    let reason = seen.command.reason().map_or_else(String::new, |line| format!(": {line}"));
    if left.is_empty() {
        (SweepOutcome::Failed, format!("failed with exit code {code}{reason}"))
    } else {
        (SweepOutcome::Litter, format!("failed with exit code {code}, and {}{reason}", left.summary()))
    }
}
