//! Injected failure: fault rules of one line, the requests that they strike, and their effects. The emulated API does
//! not use this module; the faults on state of a rule are passed to the store as plain
//! [`StateFaults`](crate::store::state_faults::StateFaults).
//!
//! ```text
//! rule      = operation [ "@before" | "@after" ] { clause }
//! operation = "sync" | one { "," one }        one = name | family ".*" | "reads" | "writes" | "*"
//! ```
//!
//! A line becomes clauses (`grammar.rs`), and each clause finds its row (`words.rs`, `row.rs`; the rows are in
//! `effects/`, a file a family, and in `trigger.rs`). The rows fill a draft (`action.rs`), which becomes a [`Rule`]
//! (`rule.rs`) with a typed action, if it can strike (`check.rs`). A tenant has [`FaultRules`]: `decide.rs` decides
//! which of them strike a request, and `apply.rs` makes the response.
//!
//! The first rule that strikes shadows the later rules, in both phases, unless it has `continue`; rules about syncs are
//! decided separately. An `@after` rule that replaces or edits the response counts successful responses only:
//! with `nth=1` it strikes the first request that succeeded.

mod action;
mod active;
mod apply;
mod check;
mod decide;
mod effects;
mod explain;
mod grammar;
mod preview;
mod reload;
mod row;
mod rule;
mod rules;
mod scenario;
mod target;
mod trigger;
mod value;
mod view;
mod words;

pub(crate) use apply::FaultResult;
pub(crate) use decide::{Decision, HeadDecision};
pub(crate) use explain::{effects_of, explanation};
pub(crate) use preview::Preview;
pub(crate) use reload::RuleChanges;
pub(crate) use rule::Rule;
pub(crate) use rules::{FaultRules, RuleCounts, free_name};
pub(crate) use scenario::{Scenario, shipped};
pub(crate) use target::Target;
pub(crate) use view::{RequestView, RetryTiming};
