//! The result of a check.

use serde::{Deserialize, Serialize};

/// The result of the whole check.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Passed if every expectation is met; failed if one is broken.
    #[serde(rename = "result")]
    pub(crate) verdict: Verdict,
    pub(crate) checks: Vec<Check>,
    /// The number of requests that were sent once.
    pub(crate) single_calls: usize,
    /// The number of requests that were retried.
    pub(crate) retried_calls: usize,
}

/// The result for one expectation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Check {
    /// The flag of the expectation, such as `--max-attempts 3`.
    pub(crate) name: String,
    #[serde(rename = "result")]
    pub(crate) verdict: Verdict,
    /// What broke it, or why it was not judged.
    pub(crate) details: Vec<String>,
}

/// Whether an expectation is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// The records are not sufficient.
    NotJudged,
}

impl Report {
    pub(super) fn of(checks: Vec<Check>, single_calls: usize, retried_calls: usize) -> Self {
        Self { verdict: Verdict::of(&checks), checks, single_calls, retried_calls }
    }
}

impl Check {
    /// The result for these failures; without any, a reason not to judge counts.
    pub(super) fn of(name: String, failures: Vec<String>, not_judged: Option<String>) -> Self {
        match (failures.is_empty(), not_judged) {
            (false, _) => Self { name, verdict: Verdict::Failed, details: failures },
            (true, Some(reason)) => Self { name, verdict: Verdict::NotJudged, details: vec![reason] },
            (true, None) => Self { name, verdict: Verdict::Passed, details: Vec::new() },
        }
    }
}

impl Verdict {
    fn of(checks: &[Check]) -> Self {
        let has = |verdict| checks.iter().any(|check| check.verdict == verdict);
        if has(Self::Failed) {
            Self::Failed
        } else if has(Self::NotJudged) {
            Self::NotJudged
        } else {
            Self::Passed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_outweighs_what_was_not_judged() {
        let check = |verdict: &Verdict| Check { name: String::new(), verdict: *verdict, details: Vec::new() };
        let verdict = |verdicts: &[Verdict]| Verdict::of(&verdicts.iter().map(check).collect::<Vec<_>>());
        assert_eq!(verdict(&[Verdict::Passed, Verdict::NotJudged, Verdict::Failed]), Verdict::Failed);
        assert_eq!(verdict(&[Verdict::Passed, Verdict::NotJudged]), Verdict::NotJudged);
        assert_eq!(verdict(&[Verdict::Passed]), Verdict::Passed);
    }
}
