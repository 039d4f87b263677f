//! Prints the report of a check, as text, JSON or `JUnit` XML.

use std::fmt::Write as _;

use clap::ValueEnum;

use crate::admin::check::{Report, Verdict};

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    Text,
    Json,
    Junit,
}

/// The report in this format, with a line break at its end.
pub(in crate::cli) fn printed(report: &Report, format: ReportFormat) -> String {
    match format {
        ReportFormat::Text => text(report),
        ReportFormat::Json => serde_json::to_string_pretty(report).unwrap_or_default() + "\n",
        ReportFormat::Junit => junit(report),
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let _ = writeln!(text, "{}: {}", words(check.verdict), check.name);
        for line in check.details.iter().flat_map(|detail| detail.lines()) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let _ = writeln!(text, "{} requests were sent once, {} were retried", report.single_calls, report.retried_calls);
    text
}

/// The `JUnit` format that CI systems read: a test case for each expectation.
fn junit(report: &Report) -> String {
    let count = |verdict| report.checks.iter().filter(|check| check.verdict == verdict).count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"llamacloud-mock check\" tests=\"{}\" \
         failures=\"{}\" errors=\"{}\">\n",
        report.checks.len(),
        count(Verdict::Failed),
        count(Verdict::NotJudged)
    );
    for check in &report.checks {
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

/// The verdict in the text report.
pub(in crate::cli) fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::NotJudged => "not judged",
    }
}

/// `text` inside an XML element or attribute. Characters that XML 1.0 does not allow are replaced.
pub(in crate::cli) fn escaped(text: &str) -> String {
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
    fn xml_has_no_markup_and_no_forbidden_character_from_a_detail() {
        assert_eq!(escaped("a<b>&\"c\"\u{1b}\n"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}\n");
    }
}
