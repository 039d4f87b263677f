//! Injected failure: fault rules of one line, the requests they strike, and what they do to them. The emulated API does not
//! see this module; what a rule does to state reaches the store as plain [`StateFaults`](crate::store::state_faults::StateFaults).
//!
//! ```text
//! rule      = operation [ "@before" | "@after" ] { clause }
//! operation = "sync" | one { "," one }        one = name | family ".*" | "reads" | "writes" | "*"
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `grammar.rs` | a line of text into clauses, and back |
//! | `clause.rs`, `value.rs`, `delay.rs`, `effect.rs` | a clause into its meaning; conditions and patterns of operations are in [`matcher`](crate::matcher) |
//! | `rule.rs` | clauses into a rule |
//! | `target.rs`, `kind.rs`, `validate.rs` | refuse a rule that could never strike |
//! | `trigger.rs`, `limit.rs` | which requests a rule counts, and which of those it strikes |
//! | `view.rs` | what rules see of a request |
//! | `active.rs` | a tenant's rules and their counts |
//! | `decide.rs` | the decision of one request, as owned data |
//! | `apply.rs`, `response.rs`, `edit_response.rs`, `json_edit.rs` | the response that results |
//! | `scenario.rs` | files of rules |
//!
//! The first rule that strikes wins over the rules behind it, in both phases, unless it says `continue`; rules about syncs
//! are decided apart from the others. An `@after` rule that replaces or edits the response counts successful responses only:
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
pub(crate) use response::{RetryTiming, correlation_message};
pub(crate) use rule::Rule;
pub(crate) use scenario::{Scenario, shipped};
pub(crate) use target::Target;
pub(crate) use view::{RequestBody, RequestView};
