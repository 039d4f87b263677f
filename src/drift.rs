//! What clients send and the contract does not know: fields, parameters, values and operations, and SDKs that are newer
//! than those that were checked. Each is counted once it was seen, up to a limit.

use std::collections::BTreeMap;

use http::HeaderName;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

use crate::error::{ApiError, Detail, LocStep, Violation};
use crate::request::Head;
use crate::schema::ValidRequest;

/// The findings of all tenants.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    findings: Mutex<DriftCounts>,
}

#[derive(Debug, Default)]
struct DriftCounts {
    counts: BTreeMap<Finding, u64>,
    /// How many were not kept, because there were too many.
    dropped: u64,
}

/// Something that the contract does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Finding {
    kind: FindingKind,
    name: String,
    operation: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum FindingKind {
    Field,
    Parameter,
    Value,
    Operation,
    Sdk,
}

/// The findings as the admin API shows them.
#[derive(Debug, Serialize)]
pub(crate) struct DriftView {
    drift: Vec<CountedFinding>,
    dropped: u64,
}

#[derive(Debug, Serialize)]
struct CountedFinding {
    #[serde(flatten)]
    finding: Finding,
    count: u64,
}

/// Maximum number of different findings.
const MAX_FINDINGS: usize = 1000;

/// Maximum number of characters of a name; a value has at most [`MAX_VALUE_CHARS`] of them.
const MAX_NAME_CHARS: usize = 200;
const MAX_VALUE_CHARS: usize = 64;

/// The headers in which the official SDKs name themselves.
const SDK_LANGUAGE: HeaderName = HeaderName::from_static("x-stainless-lang");
const SDK_VERSION: HeaderName = HeaderName::from_static("x-stainless-package-version");

/// The SDKs that the tests use, by the language that they report, with their versions.
const CHECKED_SDKS: &[(&str, &str)] = &[("python", "2.19.0"), ("js", "2.16.0")];

impl Drift {
    /// Counts what the contract does not know of a request for an operation.
    pub(crate) fn note(&self, operation: &'static str, request: &Result<ValidRequest, ApiError>) {
        match request {
            Ok(valid) => self.add_all(operation, valid.unknown().iter().map(|unknown| of_place(&unknown.loc))),
            Err(refusal) => self.note_refusal(operation, refusal),
        }
    }

    /// Counts what the contract does not know of a request that is refused for it, by its schema or by its handler.
    pub(crate) fn note_refusal(&self, operation: &'static str, refusal: &ApiError) {
        if let Detail::Violations(violations) = &refusal.detail {
            self.add_all(operation, violations.iter().filter_map(of_violation));
        }
    }

    /// Counts a request that no operation answers.
    pub(crate) fn note_operation(&self, head: &Head) {
        if head.path.starts_with("/api/") {
            let path: Vec<&str> = head.path.split('/').map(without_id).collect();
            let name = format!("{} {}", head.method, path.join("/"));
            self.add(Finding { kind: FindingKind::Operation, name, operation: None }, 1);
        }
    }

    /// Names the SDK of a request once if it is newer than the one that was checked.
    pub(crate) fn note_sdk(&self, head: &Head) {
        let Some(language) = head.header(&SDK_LANGUAGE) else { return };
        let Some(version) = head.header(&SDK_VERSION) else { return };
        let checked = CHECKED_SDKS.iter().find(|(known, _)| *known == language);
        if checked.is_some_and(|(_, checked)| version != *checked && numbers(version) > numbers(checked)) {
            let finding = Finding { kind: FindingKind::Sdk, name: format!("{language} {version}"), operation: None };
            self.add(finding, 0);
        }
    }

    /// All findings with their counts.
    pub(crate) fn view(&self) -> DriftView {
        let findings = self.findings.lock();
        let counted =
            findings.counts.iter().map(|(finding, count)| CountedFinding { finding: finding.clone(), count: *count });
        DriftView { drift: counted.collect(), dropped: findings.dropped }
    }

    /// Forgets all findings.
    pub(crate) fn reset(&self) {
        *self.findings.lock() = DriftCounts::default();
    }

    fn add_all(&self, operation: &'static str, found: impl Iterator<Item = (FindingKind, String)>) {
        for (kind, name) in found {
            self.add(Finding { kind, name, operation: Some(operation) }, 1);
        }
    }

    /// Adds a finding; one that is there already is counted `again` times.
    fn add(&self, mut finding: Finding, again: u64) {
        finding.name = shortened(&finding.name, MAX_NAME_CHARS);
        let mut findings = self.findings.lock();
        let is_full = findings.counts.len() >= MAX_FINDINGS;
        match findings.counts.get_mut(&finding) {
            Some(count) => *count += again,
            None if is_full => findings.dropped += 1,
            None => {
                findings.counts.insert(finding, 1);
            }
        }
    }
}

/// The finding of something unknown in this place.
fn of_place(loc: &[LocStep]) -> (FindingKind, String) {
    let kind = if is_in_body(loc) { FindingKind::Field } else { FindingKind::Parameter };
    (kind, name_of(loc))
}

fn is_in_body(loc: &[LocStep]) -> bool {
    loc.first().and_then(LocStep::key) == Some("body")
}

/// The finding in a violation: a field that is forbidden, or a value that the contract does not list.
fn of_violation(violation: &Violation) -> Option<(FindingKind, String)> {
    let value = match violation.kind.as_str() {
        "extra_forbidden" => return Some(of_place(&violation.loc)),
        "literal_error" | "enum" => violation.input.as_str()?,
        "value_error" if violation.lists_values => violation.input.as_str()?,
        "union_tag_invalid" => violation.ctx.as_ref()?.get("tag").and_then(Value::as_str)?,
        _ => return None,
    };
    let (name, value) = (name_of(&violation.loc), shortened(value, MAX_VALUE_CHARS));
    Some((FindingKind::Value, format!("{name}={value}")))
}

/// A place in a request: a pointer into its body with `*` for positions, or the name of a parameter.
fn name_of(loc: &[LocStep]) -> String {
    let steps = loc.iter().skip(1).map(|step| step.key().unwrap_or("*"));
    let steps: Vec<&str> = steps.collect();
    if is_in_body(loc) { format!("/{}", steps.join("/")) } else { steps.join("/") }
}

/// A segment of a path; `*` for one that looks like an id.
fn without_id(segment: &str) -> &str {
    let is_version = segment.len() == 2 && segment.starts_with('v');
    let is_id = segment.contains(|character: char| character.is_ascii_digit()) && !is_version;
    if is_id { "*" } else { segment }
}

fn shortened(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

/// The numbers of a version; what follows a hyphen does not count.
fn numbers(version: &str) -> Vec<u64> {
    let release = version.split('-').next().unwrap_or_default();
    release.split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_numbers() {
        assert!(numbers("2.20.0") > numbers("2.19.0"));
        assert!(numbers("2.19.0-beta.1") <= numbers("2.19.0"));
        assert!(numbers("10.0") > numbers("2.19.0"));
        assert!(numbers("made up") < numbers("2.19.0"));
    }

    #[test]
    fn ids_in_a_path_are_one_finding() {
        let path = |path: &str| path.split('/').map(without_id).collect::<Vec<_>>().join("/");
        assert_eq!(path("/api/v3/things/thg-12ab/parts"), "/api/v3/things/*/parts");
    }

    #[test]
    fn findings_are_limited() {
        let drift = Drift::default();
        let finding = |number: usize| Finding { kind: FindingKind::Field, name: format!("/{number}"), operation: None };
        (0..=MAX_FINDINGS).for_each(|number| drift.add(finding(number), 1));
        drift.add(finding(0), 1);
        let view = drift.view();
        assert_eq!((view.drift.len(), view.dropped), (MAX_FINDINGS, 1));
    }
}
