//! llamacloud-mock: an emulator of LlamaCloud's Index API for tests. It keeps state, validates requests, answers
//! deterministically and injects faults.
//!
//! In a Rust test it runs inside the test's own process:
//!
//! ```
//! use llamacloud_mock::embedded::MockServer;
//!
//! let builder = MockServer::builder().set("clock", "manual");
//! let server = builder.set("fault", "indexes.create status=429 first=1").start()?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! // … point a client at `server.url()`; the server is gone when `server` is dropped.
//! # Ok::<(), llamacloud_mock::embedded::Error>(())
//! ```
#![doc = include_str!("../docs/architecture.md")]

mod admin;
mod api;
mod assets;
mod cli;
mod clock;
mod config;
mod content;
mod counters;
mod documents;
mod drift;
pub mod embedded;
mod emulator;
mod error;
mod fault;
#[doc(hidden)]
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod instance;
mod journal;
mod json_object;
mod key_label;
mod matcher;
mod multipart;
mod operation;
mod redact;
mod request;
mod response;
mod schema;
mod search;
mod seed;
mod server;
mod snapshot;
mod store;
mod suggest;
mod tenant;
mod terminal;
mod worker;
mod world;

/// The command line, for `examples/man.rs` only.
#[doc(hidden)]
pub use cli::commands::command;
pub use cli::run::run;

/// Runs the Rust example of the documentation as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../docs/testing/rust.md")]
struct Documentation;

/// The date of the published contract that the emulator follows, with the additions of the newest SDK.
pub const CONTRACT_DATE: &str = "2026-10-21";

/// The official clients that the emulator was checked with.
pub const CHECKED_WITH: &str = "llama-cloud 2.19.0 for Python, @llamaindex/llama-cloud 2.16.0 for TypeScript";
