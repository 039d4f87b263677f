//! Black-box tests: what a client sees on the wire, and what a user sees of the program. One crate, so that it links
//! once; one module a concern.

mod determinism;
mod first_light;
mod golden;
mod golden_choices;
mod golden_limits;
mod golden_replies;
mod golden_syntax;
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
mod readme;
mod settings;
mod steering;
mod subcommands;
mod support;
mod tenants;
mod threats_ending;
mod threats_endurance;
mod threats_framing;
mod threats_gauntlet;
mod threats_heads;
mod threats_hosts;
mod threats_limits;
mod threats_secrets;
mod threats_slow;
mod threats_supply;
mod threats_vanishing;
