//! What a check requires of what was recorded.

use serde_json::Value;

use super::order::ExpectedOrder;
use crate::admin::read::{self, Fields};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::Expectation;
use crate::matcher::ParseError;

/// The fields of a check. Those of requirements are called like the flags of the subcommand `check`.
pub(in crate::admin) const FIELDS: &[&str] = &[
    "tenant",
    "max_attempts",
    "honour_retry_after",
    "no_duplicate_writes",
    "no_needless_retries",
    "all_rules_struck",
    "no_litter",
    "no_lockstep",
    "no_unexpected",
    "expect",
    "expect_order",
    "within",
];

/// One requirement.
#[derive(Debug, Clone)]
pub(super) enum Requirement {
    /// No request was sent more often than this.
    MaxAttempts(u32),
    /// One without a value.
    Switch(Switch),
    /// This many requests or resources are as expected.
    Expect(Box<Expectation>),
    /// The first requests of these operations came in this order.
    ExpectOrder(ExpectedOrder),
}

/// A requirement without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
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
    /// Clients did not retry at the same intervals.
    NoLockstep,
    /// No request was refused by the service itself, or reached no operation.
    NoUnexpected,
}

/// The requirements without a value, and their flags.
const SWITCHES: &[(Switch, &str)] = &[
    (Switch::HonourRetryAfter, "honour-retry-after"),
    (Switch::NoDuplicateWrites, "no-duplicate-writes"),
    (Switch::NoNeedlessRetries, "no-needless-retries"),
    (Switch::AllRulesStruck, "all-rules-struck"),
    (Switch::NoLitter, "no-litter"),
    (Switch::NoLockstep, "no-lockstep"),
    (Switch::NoUnexpected, "no-unexpected"),
];

impl Requirement {
    /// The requirements in a body that is about the named tenant, or all, in the order of the report.
    pub(super) fn read(instance: &Instance, tenant: Option<&str>, fields: &Fields) -> Result<Vec<Self>, ApiError> {
        let mut requirements: Vec<Self> = fields.count("max_attempts")?.map(Self::MaxAttempts).into_iter().collect();
        for (switch, flag) in SWITCHES {
            if fields.switch(&flag.replace('-', "_"))? {
                requirements.push(Self::Switch(*switch));
            }
        }
        let expected = match fields.value("expect") {
            None => Vec::new(),
            Some(Value::Array(items)) => items.iter().collect(),
            Some(_) => return Err(read::refusal(&ParseError::new("expect", "takes a list of expectations"))),
        };
        for value in expected {
            requirements.push(Self::Expect(Box::new(super::expectation(instance, tenant, value)?)));
        }
        if let Some(text) = fields.text("expect_order")? {
            let order = ExpectedOrder::parse(text, &instance.targets);
            let order = order.map_err(|error| read::inner_refusal("expect_order", error))?;
            requirements.push(Self::ExpectOrder(order));
        }
        Ok(requirements)
    }

    /// Its flag, as it is given to the subcommand `check`.
    pub(super) fn flag(&self) -> String {
        match self {
            Self::MaxAttempts(max) => format!("--max-attempts {max}"),
            Self::Switch(switch) => {
                let known = SWITCHES.iter().find(|(known, _)| known == switch);
                known.map_or_else(String::new, |(_, flag)| format!("--{flag}"))
            }
            Self::Expect(expectation) => format!("--expect '{}'", expectation.text),
            Self::ExpectOrder(order) => format!("--expect-order '{}'", order.text),
        }
    }
}
