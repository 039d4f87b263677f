//! The subcommand `check`: fetches what the running server recorded, and reports whether it meets the expectations of the
//! user. It passes only if it could judge every expectation.

mod evidence;
mod judge;
mod report;

use crate::config::Settings;

pub(super) use report::{Format, Report, Verdict};

/// What `check` expects.
#[derive(Debug, Clone)]
pub(super) struct Expectations {
    /// The expectations, in the order of the report.
    pub(super) all: Vec<Expectation>,
    /// The tenant to check, by API key or label; all by default.
    pub(super) tenant: Option<String>,
}

/// One expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    /// No request was sent more often than this.
    MaxAttempts(u32),
    /// No retry was sent before the time in `Retry-After`.
    HonourRetryAfter,
    /// No lost response led to a second write.
    NoDuplicateWrites,
    /// No request was retried after a success or a final error.
    NoNeedlessRetries,
    /// Every fault rule struck.
    AllRulesStruck,
    /// Every resource that a request created was deleted.
    NoLitter,
}

/// The expectations without a value, and their flags.
pub(super) const SWITCHES: &[(Expectation, &str)] = &[
    (Expectation::HonourRetryAfter, "honour-retry-after"),
    (Expectation::NoDuplicateWrites, "no-duplicate-writes"),
    (Expectation::NoNeedlessRetries, "no-needless-retries"),
    (Expectation::AllRulesStruck, "all-rules-struck"),
    (Expectation::NoLitter, "no-litter"),
];

impl Expectation {
    /// The expectation as the user wrote it.
    fn name(self) -> String {
        match (self, SWITCHES.iter().find(|(expectation, _)| *expectation == self)) {
            (Self::MaxAttempts(max), _) => format!("--max-attempts {max}"),
            (_, switch) => switch.map_or_else(String::new, |(_, flag)| format!("--{flag}")),
        }
    }
}

/// Checks what the server of these settings recorded.
///
/// Errors: the server does not respond, or not with the expected JSON.
pub(super) fn run(settings: &Settings, expected: &Expectations) -> Result<Report, String> {
    let evidence = evidence::fetch(settings, expected)?;
    Ok(judge::judge(&evidence, expected))
}
