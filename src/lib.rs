//! llamacloud-mock: a stand-in for LlamaCloud's Index API.

pub mod admin;
pub mod api;
pub mod ask;
pub mod assets;
pub mod call;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod embedded;
pub mod emulator;
pub mod fault;
pub mod healthcheck;
pub mod journal;
pub mod net;
pub mod operation;
pub mod problem;
pub mod program;
pub mod reply;
pub mod schema;
pub mod secret;
pub mod seed;
pub mod spelling;
pub mod store;
pub mod sync;
pub mod tenant;
pub mod tenant_label;
pub mod terminal;
pub mod validate;
pub mod visit;

/// The date of the published contract that the emulator follows, with the additions of the newest SDK.
pub const CONTRACT_DATE: &str = "2026-08-20";

/// The official clients that the emulator was checked with.
pub const CHECKED_WITH: &str = "llama-cloud 2.19.0 for Python";
