//! Alarms: the runs with a bad outcome, grouped by operation, class, outcome and mode; and the file of known ones.

use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use super::class::{FaultClass, FaultMode, word};
use super::judge::SweepOutcome;
use super::report::RunReport;
use crate::suggest;

/// What an alarm is about. A known one has the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct AlarmKey {
    pub(super) outcome: SweepOutcome,
    pub(super) class: FaultClass,
    pub(super) operation: String,
    pub(super) mode: FaultMode,
}

/// Runs with the same bad outcome.
#[derive(Debug, Serialize)]
pub(super) struct Alarm {
    #[serde(flatten)]
    pub(super) key: AlarmKey,
    /// The positions of the runs in the report.
    pub(super) runs: Vec<usize>,
    /// What happened in the first of them.
    pub(super) detail: String,
    /// The command that shows it again.
    pub(super) reproduce: String,
    /// Whether it is known.
    pub(super) accepted: bool,
}

impl AlarmKey {
    /// The line that stands for it in the file of known alarms.
    pub(super) fn line(&self) -> String {
        format!("{} {} {} {}", self.outcome.word(), self.operation, word(self.class), word(self.mode))
    }

    /// Whether the alarm could be raised by this run.
    fn is_about(&self, run: &RunReport) -> bool {
        run.plan.operation == self.operation && run.plan.class == self.class && run.plan.mode == self.mode
    }
}

/// The alarms of these runs, the worst first.
pub(super) fn alarms(runs: &[RunReport], known: &[AlarmKey]) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = Vec::new();
    for (position, run) in runs.iter().enumerate().filter(|(_, run)| run.is_alarm()) {
        let key = run.alarm_key();
        match alarms.iter_mut().find(|alarm| alarm.key == key) {
            Some(alarm) => alarm.runs.push(position),
            None => alarms.push(Alarm {
                accepted: known.contains(&key),
                key,
                runs: vec![position],
                detail: run.verdict.detail.clone(),
                reproduce: run.reproduce.clone(),
            }),
        }
    }
    alarms.sort_by(|one, other| one.key.cmp(&other.key));
    alarms
}

/// The known alarms that were not raised, although there were runs that could have raised them.
pub(super) fn gone<'a>(known: &'a [AlarmKey], alarms: &[Alarm], runs: &[RunReport]) -> Vec<&'a AlarmKey> {
    let is_gone =
        |key: &&AlarmKey| alarms.iter().all(|alarm| alarm.key != **key) && runs.iter().any(|run| key.is_about(run));
    known.iter().filter(is_gone).collect()
}

/// Reads the known alarms: a report in JSON, or a line an alarm, as the text report prints it. An error begins with the
/// file.
pub(super) fn read_known(file: &Path) -> Result<Vec<AlarmKey>, String> {
    let place = format!("--accept {}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| format!("{place}: {error}"))?;
    if text.trim_start().starts_with('{') {
        return of_json(&text).map_err(|problem| format!("{place}: {problem}"));
    }
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.split('#').next().unwrap_or_default().trim()));
    let keys = lines.filter(|(_, line)| !line.is_empty());
    keys.map(|(number, line)| of_line(line).map_err(|problem| format!("{place}: line {number}: {problem}"))).collect()
}

fn of_json(text: &str) -> Result<Vec<AlarmKey>, String> {
    let report: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let alarms = report["alarms"].as_array().ok_or("alarms: is missing; it is a list, as in a report of sweep")?;
    let key = |(at, alarm): (usize, &Value)| {
        let field = |name: &str| alarm[name].as_str().ok_or_else(|| format!("/alarms/{at}/{name}: is missing"));
        let words = [field("outcome")?, field("operation")?, field("class")?, field("mode")?];
        of_words(words).map_err(|problem| format!("/alarms/{at}: {problem}"))
    };
    alarms.iter().enumerate().map(key).collect()
}

/// The alarm of a line, which may go on as that of the text report does.
fn of_line(line: &str) -> Result<AlarmKey, String> {
    let words: Vec<&str> = line.split(": ").next().unwrap_or_default().split_whitespace().collect();
    let words = words.try_into().map_err(|_| format!("{line:?} is not of the form OUTCOME OPERATION CLASS MODE"))?;
    of_words(words)
}

fn of_words([outcome, operation, class, mode]: [&str; 4]) -> Result<AlarmKey, String> {
    let key = AlarmKey {
        outcome: named(outcome)?,
        class: named(class)?,
        operation: operation.to_owned(),
        mode: named(mode)?,
    };
    if key.outcome.is_alarm(key.class, key.mode) { Ok(key) } else { Err(format!("{:?} is never an alarm", key.line())) }
}

/// The value of a word.
fn named<T: ValueEnum + Copy>(given: &str) -> Result<T, String> {
    let known: Vec<String> = T::value_variants().iter().map(|value| word(*value)).collect();
    T::from_str(given, false).map_err(|_| {
        let near = suggest::hint(given, known.iter().map(String::as_str));
        format!("{given:?} is not one of {}{near}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_alarm_is_a_line_of_four_words() {
        let key = of_line("litter  indexes.create reset-after once").expect("it is one");
        assert_eq!(key.line(), "litter indexes.create reset-after once");
        assert_eq!(of_line("litter indexes.create reset-after once: after the response: x").expect("it is one"), key);
        for (line, expected) in [
            ("wrong indexes.create once", "is not of the form OUTCOME OPERATION CLASS MODE"),
            ("wrong indexes.create reset-afer once", "did you mean reset-after?"),
            ("wrong indexes.create reset-after onec", "did you mean once?"),
            ("failed indexes.create reset-after persistent", "is never an alarm"),
        ] {
            let problem = of_line(line).expect_err("it is none");
            assert!(problem.contains(expected), "{line}: {problem}");
        }
    }

    #[test]
    fn a_report_has_the_known_alarms_too() {
        let report = r#"{"alarms":[{"outcome":"wrong","operation":"a.b","class":"hang","mode":"once","runs":[1]}]}"#;
        assert_eq!(of_json(report).expect("it is one")[0].line(), "wrong a.b hang once");
        assert_eq!(of_json(r#"{"alarms":[{}]}"#), Err("/alarms/0/outcome: is missing".to_owned()));
    }
}
