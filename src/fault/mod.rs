//! Injected failure: fault rules of one line, the requests that they strike, and their effects. The emulated API does
//! not use this module; the faults on state of a rule are passed to the store as plain
//! [`StateFaults`](crate::store::state_faults::StateFaults).
//!
//! ```text
//! rule      = operation [ "@before" | "@after" ] { clause }
//! operation = "sync" | one { "," one }        one = name | family ".*" | "reads" | "writes" | "*"
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `grammar.rs` | splits a line of text into clauses, and prints them |
//! | `row.rs` | the row of a clause: its form, what it may meet, what it does, its explanation |
//! | `words.rs` | the list of all rows |
//! | `effects/` | the rows of effects, and the effects: a file a family |
//! | `trigger.rs` | the rows of triggers, and which requests a rule strikes |
//! | `value.rs` | parses values; conditions and patterns of operations are in [`matcher`](crate::matcher) |
//! | `draft.rs`, `action.rs` | what the clauses of a rule say, and the action that they make |
//! | `check.rs`, `target.rs` | refuse a rule that could never strike |
//! | `rule.rs`, `scenario.rs` | a rule; files of rules |
//! | `active.rs`, `rules.rs` | a tenant's rules and their counts |
//! | `view.rs` | the view of a request that rules get |
//! | `decide.rs` | the decision on one request, as owned data |
//! | `apply.rs` | the response that results |
//! | `explain.rs` | the explanation of the language, which the subcommand `faults` prints |
//!
//! The first rule that strikes shadows the later rules, in both phases, unless it has `continue`; rules about syncs are
//! decided separately. An `@after` rule that replaces or edits the response counts successful responses only:
//! with `nth=1` it strikes the first request that succeeded.

mod action;
mod active;
mod apply;
mod check;
mod decide;
mod draft;
mod effects;
mod explain;
mod grammar;
mod row;
mod rule;
mod rules;
mod scenario;
mod target;
mod trigger;
mod value;
mod view;
mod words;

pub(crate) use decide::{Decision, FaultResult, HeadDecision};
pub(crate) use explain::explanation;
pub(crate) use rule::Rule;
pub(crate) use rules::{FaultRules, RuleCounts, free_name};
pub(crate) use scenario::{Scenario, shipped};
pub(crate) use target::Target;
pub(crate) use view::{RequestBody, RequestView, RetryTiming};
