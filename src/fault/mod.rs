//! What goes wrong, on purpose: rules of one line, when they strike, and what they then do to a request. The emulated API
//! knows nothing of this; what a rule does to state reaches it as plain conditions.
//!
//! ```text
//! rule      = operation [ "@before" | "@after" ] { clause }
//! operation = name | name ".*" | "*" | "sync"
//! ```
//!
//! `grammar.rs` reads a line into clauses, `clause.rs` (with `effect.rs` and `when.rs`) a clause into what it means,
//! `rule.rs` clauses into a rule; `target.rs`, `kind.rs` and `sense.rs` refuse one that could never strike. `trigger.rs`
//! says which requests a rule counts and hits, `view.rs` what it sees of a request, `armed.rs` keeps a tenant's rules and their
//! counts, `decide.rs` decides a request. `apply.rs`, `answer.rs`, `drift.rs` and `spoil.rs` make the answer that results,
//! `scenario.rs` reads files of rules.
//!
//! The first rule that strikes wins over those behind it, in both phases, unless it says `continue`; what happens to syncs
//! is a matter of its own. A rule that replaces or edits an answer once the request acted counts answers that grant what was
//! asked, and no others: `indexes.create@after reset nth=1` loses the answer of the first index that was made.
//!
//! PydanticError beyond `status=`, `delay=` and their like, for what goes wrong with state:
//!
//! | word | what it does |
//! |---|---|
//! | `sync script=STEP{,STEP} [message=TEXT]` | the sync that a create or a sync request starts takes this course |
//! | `lag=DURATION` | a read sees the store as it was so long ago: creates not yet, deletes not yet |
//! | `vanish` | the index that the request names is gone from then on |
//! | `quota=N` | a create beyond N live indexes is refused (402, or what `status=` says) |
//! | `limit=N/DURATION [burst=N]` | a token bucket; over it 429 with honest headers |
//! | `page=repeat-token\|expired-token\|empty-middle` | what is wrong with the page of a list |

mod apply;
mod armed;
mod clause;
mod decide;
mod drift;
mod edit_response;
mod effect;
mod grammar;
mod kind;
mod response;
mod rule;
mod scenario;

mod target;
mod trigger;
mod validate;
mod view;
mod when;

pub use apply::Injection;
pub use armed::{Counted, Faults, free_name};
pub use decide::{AtHead, Decision};
pub use grammar::RuleError;
pub use response::{Waits, correlation};
pub use rule::Rule;
pub use scenario::{Scenario, shipped};
pub use target::{Has, Target, Targets};
pub use view::RequestView;
