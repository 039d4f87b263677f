//! Injected failure: fault rules of one line, the requests that they strike, and their effects. The emulated API does not use
//! this module; the faults on state of a rule are passed to the store as plain [`StateFaults`](crate::store::state_faults::StateFaults).
//!
//! ```text
//! rule      = operation [ "@before" | "@after" ] { clause }
//! operation = "sync" | one { "," one }        one = name | family ".*" | "reads" | "writes" | "*"
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `grammar.rs` | splits a line of text into clauses, and prints them |
//! | `clause.rs`, `value.rs`, `delay.rs`, `effect.rs` | parse a clause into its meaning; conditions and patterns of operations are in [`matcher`](crate::matcher) |
//! | `rule.rs` | makes a rule of clauses |
//! | `target.rs`, `kind.rs`, `validate.rs` | refuse a rule that could never strike |
//! | `trigger.rs`, `limit.rs` | which requests a rule counts, and which of those it strikes |
//! | `view.rs` | the view of a request that rules get |
//! | `active.rs` | a tenant's rules and their counts |
//! | `decide.rs` | the decision on one request, as owned data |
//! | `apply.rs`, `response.rs`, `edit_response.rs`, `json_edit.rs` | the response that results |
//! | `scenario.rs` | files of rules |
//!
//! The first rule that strikes shadows the later rules, in both phases, unless it has `continue`; rules about syncs are
//! decided separately. An `@after` rule that replaces or edits the response counts successful responses only:
//! with `nth=1` it strikes the first request that succeeded.
//!
//! The words for faults on state:
//!
//! | word | effect |
//! |---|---|
//! | `sync script=STEP{,STEP} [message=TEXT]` | the sync that a request starts goes through these steps |
//! | `lag=DURATION` | a read sees the state as it was this long ago |
//! | `vanish` | the resource that the request names is deleted |
//! | `quota=N` | a create beyond N live resources is refused with 402, or with the status of `status=` |
//! | `limit=N/DURATION [burst=N]` | a token bucket; a request over it gets 429 with rate-limit headers |
//! | `page=repeat-token\|expired-token\|empty-middle` | a page of a list is wrong in this way |

mod active;
mod apply;
mod clause;
mod decide;
mod delay;
mod edit_response;
mod effect;
mod grammar;
mod json_edit;
mod kind;
mod limit;
mod response;
mod rule;
mod scenario;
mod target;
mod trigger;
mod validate;
mod value;
mod view;

pub(crate) use active::{FaultRules, RuleCounts, free_name};
pub(crate) use decide::{Decision, Finished, HeadDecision};
pub(crate) use response::RetryTiming;
pub(crate) use rule::Rule;
pub(crate) use scenario::{Scenario, shipped};
pub(crate) use target::Target;
pub(crate) use view::{RequestBody, RequestView};
