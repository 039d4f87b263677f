//! What a check expects of the requests that were recorded.

use crate::admin::read::Fields;
use crate::error::ApiError;

/// The fields of a check. Those of expectations are called like the flags of the subcommand `check`.
pub(in crate::admin) const FIELDS: &[&str] = &[
    "tenant",
    "max_attempts",
    "honour_retry_after",
    "no_duplicate_writes",
    "no_needless_retries",
    "all_rules_struck",
    "no_litter",
];

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
const SWITCHES: &[(Expectation, &str)] = &[
    (Expectation::HonourRetryAfter, "honour-retry-after"),
    (Expectation::NoDuplicateWrites, "no-duplicate-writes"),
    (Expectation::NoNeedlessRetries, "no-needless-retries"),
    (Expectation::AllRulesStruck, "all-rules-struck"),
    (Expectation::NoLitter, "no-litter"),
];

impl Expectation {
    /// The expectations in a body, in the order of the report.
    pub(super) fn read(fields: &Fields) -> Result<Vec<Self>, ApiError> {
        let mut expectations: Vec<Self> = fields.count("max_attempts")?.map(Self::MaxAttempts).into_iter().collect();
        for (expectation, flag) in SWITCHES {
            if fields.switch(&flag.replace('-', "_"))? {
                expectations.push(*expectation);
            }
        }
        Ok(expectations)
    }

    /// Its flag, as it is given to the subcommand `check`.
    pub(super) fn flag(self) -> String {
        match (self, SWITCHES.iter().find(|(expectation, _)| *expectation == self)) {
            (Self::MaxAttempts(max), _) => format!("--max-attempts {max}"),
            (_, switch) => switch.map_or_else(String::new, |(_, flag)| format!("--{flag}")),
        }
    }
}
