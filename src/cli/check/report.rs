//! The report of `check`, as text, JSON or `JUnit` XML.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde::Serialize;

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    Text,
    Json,
    Junit,
}

/// The result of the whole check.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Report {
    pub(super) checks: Vec<Check>,
    /// The number of requests that were sent once.
    pub(super) single_calls: usize,
    /// The number of requests that were retried.
    pub(super) retried_calls: usize,
}

/// The result for one expectation.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// The expectation as the user wrote it, such as `--max-attempts 3`.
    pub(super) name: String,
    #[serde(rename = "result")]
    pub(super) verdict: Verdict,
    /// What broke it, or why it was not judged.
    pub(super) details: Vec<String>,
}

/// Whether an expectation is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Verdict {
    Passed,
    Failed,
    /// The records are not sufficient.
    NotJudged,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    result: Verdict,
    #[serde(flatten)]
    report: &'a Report,
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

impl Report {
    /// Passed if every expectation is met; failed if one is broken.
    pub(in crate::cli) fn verdict(&self) -> Verdict {
        let has = |verdict| self.checks.iter().any(|check| check.verdict == verdict);
        if has(Verdict::Failed) {
            Verdict::Failed
        } else if has(Verdict::NotJudged) {
            Verdict::NotJudged
        } else {
            Verdict::Passed
        }
    }

    /// The report in this format, with a line break at its end.
    pub(in crate::cli) fn printed(&self, format: ReportFormat) -> String {
        match format {
            ReportFormat::Text => self.text(),
            ReportFormat::Json => {
                let report = JsonReport { result: self.verdict(), report: self };
                serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
            }
            ReportFormat::Junit => self.junit(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for check in &self.checks {
            let _ = writeln!(text, "{}: {}", check.verdict.words(), check.name);
            for line in check.details.iter().flat_map(|detail| detail.lines()) {
                let _ = writeln!(text, "  {line}");
            }
        }
        let _ = writeln!(text, "{} requests were sent once, {} were retried", self.single_calls, self.retried_calls);
        text
    }

    /// The `JUnit` format that CI systems read: a test case for each expectation.
    fn junit(&self) -> String {
        let count = |verdict| self.checks.iter().filter(|check| check.verdict == verdict).count();
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"llamacloud-mock check\" tests=\"{}\" \
             failures=\"{}\" errors=\"{}\">\n",
            self.checks.len(),
            count(Verdict::Failed),
            count(Verdict::NotJudged)
        );
        for check in &self.checks {
            let element = match check.verdict {
                Verdict::Passed => None,
                Verdict::Failed => Some("failure"),
                Verdict::NotJudged => Some("error"),
            };
            let name = escaped(&check.name);
            let _ = write!(xml, "  <testcase classname=\"llamacloud-mock.check\" name=\"{name}\"");
            let Some(element) = element else {
                xml.push_str("/>\n");
                continue;
            };
            let message = check.details.first().and_then(|detail| detail.lines().next()).unwrap_or_default();
            let _ = write!(
                xml,
                ">\n    <{element} message=\"{}\">{}</{element}>\n  </testcase>\n",
                escaped(message),
                escaped(&check.details.join("\n"))
            );
        }
        xml + "</testsuite>\n"
    }
}

impl Verdict {
    /// The verdict in the text report.
    pub(in crate::cli) fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotJudged => "not judged",
        }
    }
}

/// `text` inside an XML element or attribute. Characters that XML 1.0 does not allow are replaced.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\n' | '\t' => xml.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            other => xml.push(other),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_outweighs_what_was_not_judged() {
        let check = |verdict| Check { name: String::new(), verdict, details: Vec::new() };
        let verdict = |verdicts: &[Verdict]| {
            Report { checks: verdicts.iter().map(|one| check(*one)).collect(), single_calls: 0, retried_calls: 0 }
                .verdict()
        };
        assert_eq!(verdict(&[Verdict::Passed, Verdict::NotJudged, Verdict::Failed]), Verdict::Failed);
        assert_eq!(verdict(&[Verdict::Passed, Verdict::NotJudged]), Verdict::NotJudged);
        assert_eq!(verdict(&[Verdict::Passed]), Verdict::Passed);
    }

    #[test]
    fn xml_has_no_markup_and_no_forbidden_character_from_a_detail() {
        assert_eq!(escaped("a<b>&\"c\"\u{1b}\n"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}\n");
    }
}
