//! Black-box tests: what a client sees on the wire, and what a user sees of the program. One crate, so that it links
//! once; one module a concern.

mod first_light;
mod golden;
mod golden_choices;
mod golden_limits;
mod golden_replies;
mod golden_syntax;
mod support;
