//! What goes wrong, on purpose: rules of one line, when they strike, and what they then do to a call. The emulated API
//! knows nothing of this; what a rule does to state reaches it as plain conditions.
//!
//! ```text
//! rule      = operation [ "@before" | "@after" ] { clause }
//! operation = name | name ".*" | "*" | "sync"
//! ```
//!
//! `grammar.rs` reads a line into clauses, `clause.rs` (with `effect.rs` and `when.rs`) a clause into what it means,
//! `rule.rs` clauses into a rule; `target.rs`, `kind.rs` and `sense.rs` refuse one that could never strike. `trigger.rs`
//! says which calls a rule counts and hits, `view.rs` what it sees of a call, `armed.rs` keeps a tenant's rules and their
//! counts, `decide.rs` decides a call. `apply.rs`, `answer.rs`, `drift.rs` and `spoil.rs` make the answer that results,
//! `scenario.rs` reads files of rules.
//!
//! The first rule that strikes wins over those behind it, in both phases, unless it says `continue`; what happens to syncs
//! is a matter of its own. A rule that replaces or edits an answer once the call acted counts answers that grant what was
//! asked, and no others: `indexes.create@after reset nth=1` loses the answer of the first index that was made.
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
mod apply;
mod armed;
mod clause;
mod decide;
mod drift;
mod effect;
mod grammar;
mod kind;
mod rule;
mod scenario;
mod sense;
mod spoil;
mod target;
mod trigger;
mod view;
mod when;

pub use answer::{Waits, correlation};
pub use apply::Injection;
pub use armed::{Counted, Faults, free_name};
pub use decide::{AtHead, Decision};
pub use grammar::RuleError;
pub use rule::Rule;
pub use scenario::{Scenario, shipped};
pub use target::{Has, Target, Targets};
pub use view::CallView;
