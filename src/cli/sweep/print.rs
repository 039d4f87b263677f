//! Prints plan and report of a sweep, as text, JSON or `JUnit` XML.

use std::fmt::Write as _;
use std::time::Duration;

use super::baseline::Baseline;
use super::class::{FaultMode, word};
use super::judge::SweepOutcome;
use super::plan::{PlannedRun, SweepPlan};
use super::report::{RunReport, SweepReport};
use crate::cli::check::{ReportFormat, escaped};

/// The report in this format, with a line break at its end.
pub(super) fn report(report: &SweepReport, format: ReportFormat) -> String {
    match format {
        ReportFormat::Text => text(report),
        ReportFormat::Json => serde_json::to_string_pretty(report).unwrap_or_default() + "\n",
        ReportFormat::Junit => junit(report),
    }
}

/// The plan, and about how long it takes.
pub(super) fn plan(plan: &SweepPlan, baseline: &Baseline, estimate: Duration) -> String {
    let mut text = String::new();
    for run in &plan.runs {
        let _ = writeln!(text, "{}: {}", name(run), run.rule);
    }
    let calls = baseline.calls.iter().map(|calls| format!("{} {}", calls.count, calls.operation));
    let _ = writeln!(text, "the command takes {} and calls {}", seconds(baseline.duration), list(calls));
    let _ = writeln!(
        text,
        "{}, about {}; {} left out that can tell nothing new, or by --max-runs",
        counted(plan.runs.len(), "run"),
        seconds(estimate),
        plan.left_out
    );
    text
}

/// What a run is about.
pub(super) fn name(run: &PlannedRun) -> String {
    format!("{} {} {} {}", run.operation, word(run.class), word(run.call), word(run.mode))
}

/// A duration in seconds, for people.
pub(super) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}

fn text(report: &SweepReport) -> String {
    let mut text = String::new();
    for alarm in report.new_alarms() {
        let _ = writeln!(text, "{}: {}", alarm.key.line(), alarm.detail);
        let _ = writeln!(text, "  {}: {}\n", counted(alarm.runs.len(), "run"), alarm.reproduce);
    }
    let accepted = report.alarms.iter().filter(|alarm| alarm.accepted);
    accepted.for_each(|alarm| _ = writeln!(text, "accepted: {}", alarm.key.line()));
    report.gone.iter().for_each(|line| _ = writeln!(text, "gone: {line}"));
    let outcomes = [
        (SweepOutcome::Hung, "hung"),
        (SweepOutcome::Wrong, "wrong"),
        (SweepOutcome::Impatient, "impatient"),
        (SweepOutcome::Litter, "left litter"),
        (SweepOutcome::Failed, "failed"),
        (SweepOutcome::Survived, "survived"),
        (SweepOutcome::NotStruck, "met no fault"),
    ];
    let counts = outcomes.into_iter().map(|(outcome, words)| (report.count(outcome), words));
    let counts = counts.filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}"));
    let alarms = counted(report.new_alarms().count(), "alarm");
    let _ = writeln!(text, "{alarms} in {}: {}", counted(report.runs.len(), "run"), list(counts));
    let _ = writeln!(
        text,
        "{} left out; a run without a fault takes {}{}",
        counted(report.left_out, "run"),
        seconds(report.baseline.duration),
        costs(report)
    );
    if report.not_run > 0 {
        let _ = writeln!(text, "{} did not take place: the sweep was stopped", counted(report.not_run, "planned run"));
    }
    text
}

/// The mean duration of the runs of each mode.
fn costs(report: &SweepReport) -> String {
    let modes = [(FaultMode::Once, "with a fault once"), (FaultMode::Persistent, "with a persistent one")];
    let cost = |(mode, words)| {
        let durations: Vec<Duration> =
            report.runs.iter().filter(|run| run.plan.mode == mode).map(|run| run.duration).collect();
        let count = u32::try_from(durations.len()).ok().filter(|count| *count > 0)?;
        Some(format!(", {words} {}", seconds(durations.iter().sum::<Duration>() / count)))
    };
    modes.into_iter().filter_map(cost).collect()
}

/// A number with its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// The `JUnit` format that CI systems read: a test case for each run. Known alarms are no failures.
fn junit(report: &SweepReport) -> String {
    let is_new = |position: usize| report.new_alarms().any(|alarm| alarm.runs.contains(&position));
    let failures = (0..report.runs.len()).filter(|position| is_new(*position)).count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"llamacloud-mock sweep\" tests=\"{}\" \
         failures=\"{failures}\" errors=\"0\" skipped=\"{}\">\n",
        report.runs.len(),
        report.count(SweepOutcome::NotStruck)
    );
    for (position, run) in report.runs.iter().enumerate() {
        let _ = write!(
            xml,
            "  <testcase classname=\"llamacloud-mock.sweep.{}\" name=\"{}\" time=\"{:.3}\"",
            word(run.plan.class),
            escaped(&name(&run.plan)),
            run.duration.as_secs_f64()
        );
        xml.push_str(&junit_result(run, is_new(position)));
    }
    xml + "</testsuite>\n"
}

/// The rest of a test case.
fn junit_result(run: &RunReport, is_failure: bool) -> String {
    let detail = escaped(&run.verdict.detail);
    if is_failure {
        let (outcome, reproduce) = (run.verdict.outcome.word(), escaped(&run.reproduce));
        format!(">\n    <failure type=\"{outcome}\" message=\"{detail}\">{reproduce}</failure>\n  </testcase>\n")
    } else if run.verdict.outcome == SweepOutcome::NotStruck {
        format!(">\n    <skipped message=\"{detail}\"/>\n  </testcase>\n")
    } else {
        "/>\n".to_owned()
    }
}
