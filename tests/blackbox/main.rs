//! Black-box tests: what a client sees on the wire, and what a user sees of the program. One crate, so that it links
//! once; one module a concern.

mod determinism;
mod first_light;
mod house;
mod indexes;
mod readme;
mod settings;
mod steering;
mod subcommands;
mod support;
mod tenants;
