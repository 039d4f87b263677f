//! Black-box tests: what a client sees on the wire, and what a user sees of the program. One crate, so that it links
//! once; one module a concern.

mod determinism;
mod first_light;
mod house;
mod indexes;
mod life;
mod life_extremes;
mod life_script;
mod model;
mod model_calls;
mod model_found;
mod model_life;
mod model_world;
mod paging;
mod settings;
mod steering;
mod subcommands;
mod support;
mod tenants;
