//! Black-box tests: what a client sees on the wire, and what a user sees of the program. One crate, so that it links
//! once; one module a concern.

mod clock;
mod determinism;
mod faults_admin;
mod faults_chance;
mod faults_crowd;
mod faults_drift;
mod faults_given;
mod faults_order;
mod faults_pipeline;
mod faults_refused;
mod faults_state;
mod faults_status;
mod faults_triggers;
mod faults_wire;
mod first_light;
mod golden;
mod golden_limits;
mod golden_replies;
mod golden_syntax;
mod house;
mod indexes;
mod readme;
mod retries;
mod settings;
mod steering;
mod subcommands;
mod support;
mod tenants;
