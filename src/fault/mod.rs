//! What goes wrong, on purpose: rules of one line, when they strike, and what they then do to a call. The emulated API
//! knows nothing of this; what a rule does to state reaches it as plain conditions.
//!
//! ```text
//! rule      = operation [ "@before" | "@after" ] { clause }
//! operation = name | name ".*" | "*" | "sync"
//! ```
//!
//! `grammar.rs` reads a line into clauses, `clause.rs` a clause into what it means, `rule.rs` clauses into a rule that can
//! strike, `trigger.rs` says when it does, `armed.rs` keeps a tenant's rules and their counts and decides a call,
//! `answer.rs`, `drift.rs` and `spoil.rs` make the answer that results, `scenario.rs` reads files of rules.
//!
//! Words beyond `status=`, `delay=` and their like, for what goes wrong with state:
//!
//! | word | what it does |
//! |---|---|
//! | `sync script=STEP{,STEP} [message=TEXT]` | the sync that a create or a sync call starts takes this course |
//! | `lag=DURATION` | a read sees the world as it was so long ago: creates not yet, deletes not yet |
//! | `vanish` | the index that the call names is gone from then on |
//! | `quota=N` | a create beyond N live indexes is refused (402, or what `status=` says) |
//! | `limit=N/DURATION [burst=N]` | a token bucket; over it 429 with honest headers |
//! | `page=repeat-token\|expired-token\|empty-middle` | what is wrong with the page of a list |

mod answer;
mod armed;
mod clause;
mod drift;
mod grammar;
mod rule;
mod scenario;
mod spoil;
mod trigger;

pub use answer::{Waits, correlation};
pub use armed::{AtHead, CallView, Counted, Decision, Faults, Injection, free_name};
pub use grammar::RuleError;
pub use rule::{Has, Rule, Target, Targets};
pub use scenario::{Scenario, shipped};
