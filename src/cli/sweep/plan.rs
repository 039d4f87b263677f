//! The plan of a sweep: which call of which operation meets which fault. Runs that can tell nothing new are left out.

use std::collections::BTreeSet;
use std::time::Duration;

use super::arguments::SweepOptions;
use super::class::{CallPlace, FaultClass, FaultMode, SYNC};
use super::recording::OperationCalls;
use crate::fault::{Rule, Target};
use crate::matcher::matching_operations;

/// A run with a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedRun {
    pub(super) operation: &'static str,
    pub(super) class: FaultClass,
    pub(super) call: CallPlace,
    pub(super) mode: FaultMode,
    /// The rule of the class.
    pub(super) rule: String,
    /// The rule as it is injected.
    pub(super) injected_rule: String,
}

/// The runs of a sweep.
#[derive(Debug, Default)]
pub(super) struct SweepPlan {
    pub(super) runs: Vec<PlannedRun>,
    /// The number of runs that were left out.
    pub(super) left_out: usize,
}

/// The calls of an operation that a rule of a class can strike.
struct SweptOperation {
    operation: &'static str,
    /// Their numbers, as a rule counts.
    numbers: Vec<usize>,
}

impl SweepPlan {
    /// The plan for a command that makes these calls, with faults in these operations.
    ///
    /// Errors: what is chosen can strike none of them.
    pub(super) fn new(
        calls: &[OperationCalls],
        operations: &[&str],
        targets: &[Target],
        options: &SweepOptions,
    ) -> Result<Self, String> {
        let chosen = chosen_calls(calls, operations, options)?;
        let mut plan = Self::default();
        for class in &options.classes {
            let subjects = subjects(*class, &chosen, targets);
            for subject in &subjects {
                plan.add(*class, subject, options);
            }
        }
        if plan.runs.is_empty() {
            let called: Vec<&str> = chosen.iter().map(|calls| calls.operation).collect();
            return Err(format!("--faults: none of these can strike what the command calls: {}", called.join(", ")));
        }
        let most = options.max_runs.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        plan.left_out += plan.runs.len().saturating_sub(most);
        plan.runs.truncate(most);
        Ok(plan)
    }

    /// Adds the runs of a class for an operation. A call that is struck already is left out, and a persistent fault
    /// that begins later than the first.
    fn add(&mut self, class: FaultClass, subject: &SweptOperation, options: &SweepOptions) {
        let (mut struck, before) = (BTreeSet::new(), self.runs.len());
        for (mode, call) in options.modes.iter().flat_map(|mode| options.calls.iter().map(move |call| (*mode, *call))) {
            let number = call.of(&subject.numbers);
            let is_new = match mode {
                FaultMode::Once => struck.insert(number),
                FaultMode::Persistent => Some(&call) == options.calls.first(),
            };
            if is_new {
                self.runs.push(PlannedRun {
                    operation: subject.operation,
                    class,
                    call,
                    mode,
                    rule: mode.with_trigger(&class.rule(subject.operation), number),
                    injected_rule: mode.with_trigger(&class.injected_rule(subject.operation, options.hang), number),
                });
            }
        }
        self.left_out += options.modes.len() * options.calls.len() - (self.runs.len() - before);
    }

    /// About how long its runs take, one after the other, for a command of this duration.
    pub(super) fn duration(&self, command: Duration, hang: Duration) -> Duration {
        self.runs.iter().map(|run| command + run.class.extra_time(run.mode, hang)).sum()
    }
}

/// The operations of `--only`, or all.
///
/// Errors: it names none.
pub(super) fn operations(targets: &[Target], options: &SweepOptions) -> Result<Vec<&'static str>, String> {
    let Some(only) = &options.only else { return Ok(targets.iter().map(|target| target.name).collect()) };
    let positions = matching_operations(only, targets).map_err(|error| format!("--only {error}"))?;
    Ok(positions.into_iter().map(|position| targets[position].name).collect())
}

/// The calls of these operations.
fn chosen_calls<'a>(
    calls: &'a [OperationCalls],
    operations: &[&str],
    options: &SweepOptions,
) -> Result<Vec<&'a OperationCalls>, String> {
    let chosen: Vec<&OperationCalls> = calls.iter().filter(|calls| operations.contains(&calls.operation)).collect();
    match &options.only {
        Some(only) if chosen.is_empty() => {
            let called: Vec<&str> = calls.iter().map(|calls| calls.operation).collect();
            Err(format!("--only {only}: the command does not call this; it calls {}", called.join(", ")))
        }
        _ => Ok(chosen),
    }
}

/// The operations that a class can strike, in the order in which the command calls them. All syncs are one.
fn subjects(class: FaultClass, calls: &[&OperationCalls], targets: &[Target]) -> Vec<SweptOperation> {
    let is_about = |calls: &&&OperationCalls| {
        targets.iter().any(|target| target.name == calls.operation && class.is_about(target))
    };
    let about = calls.iter().filter(is_about);
    let mut subjects: Vec<SweptOperation> = if class == FaultClass::SyncFails {
        let syncs: usize = about.map(|calls| calls.numbers(class).len()).sum();
        vec![SweptOperation { operation: SYNC, numbers: (1..=syncs).collect() }]
    } else {
        let swept =
            |calls: &&OperationCalls| SweptOperation { operation: calls.operation, numbers: calls.numbers(class) };
        about.map(swept).collect()
    };
    subjects
        .retain(|subject| !subject.numbers.is_empty() && Rule::parse(&class.rule(subject.operation), targets).is_ok());
    subjects
}
