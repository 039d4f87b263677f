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
//!
//! # The path of a request
//!
//! `server/service.rs` shows the stages in one function, `serve`, in the order in which they run; `emulator` has a
//! function for each: `begin`, `decide`, `act`, `finish`. Each stage returns its results; nothing else carries them on.
//!
//! # Rules
//!
//! - `emulator` and everything below it is synchronous: it neither waits nor writes, so no lock is held across a wait.
//!   Only `server`, `clock`, `embedded` and `cli` are async.
//! - `api` uses neither fault rules nor the journal. What a rule does to state is planned as plain data, `StateFaults`,
//!   which the `Scope` of a request in `store` applies.
//! - The system clock is read in `clock`, randomness comes from `seed`, embedded files from `assets`.
//! - Tenants share nothing but the process. No request takes a global lock, except to evict entries when the journal
//!   budget is full.
//! - An API error becomes bytes in `error` only.
//! - No thread does work that a client can make endless: it runs in a child process, which `worker` starts and bounds.
//!   No other program is started, except the command of the subcommand `exec`.
//! - The program opens no connection, except the subcommands that ask a server of the same program.
//!
//! # The modules, from the lowest to the highest
//!
//! | module | holds |
//! |---|---|
//! | `request`, `response`, `error` | a request, a response and an API error as plain data |
//! | `clock`, `seed`, `assets` | the only modules that read time, draw randomness, open embedded files |
//! | `worker` | work that may take long, in a child process of the same program with limits |
//! | `config` | settings: the table of flags, merged from flags, environment and file, checked |
//! | `multipart` | reads the form in a request body |
//! | `schema` | JSON Schemas judge requests; what they refuse is said in the words of the service's framework |
//! | `documents` | the text of a file, with its pages and chunks; PDF and office files are read in a child process |
//! | `search` | ranking of chunks, and search by regular expressions |
//! | `store` | a tenant's resources, one file each; the state of an index as a function of time |
//! | `operation` | the row type of the operation table, the router, the work that is left to other threads |
//! | `api` | what is emulated, one file a resource: rows of the operation table with their handlers |
//! | `matcher` | conditions on requests and patterns of operations, for fault rules and queries over the journal |
//! | `journal`, `counters` | what happened, and how clients retried; requests by operation and status |
//! | `fault` | injected failure: the rule language, triggers, a file for each family of effects, scenarios |
//! | `tenant` | everything one API key sees, behind one lock |
//! | `instance` | the parts of one emulated service |
//! | `admin` | the admin API |
//! | `emulator` | one request through its stages |
//! | `server` | the async part: sockets, limits, waits, paced bodies, wire faults, the log, drain |
//! | `fuzzing` | the fuzz targets, only in tests and with the feature of that name |
//! | `embedded` | the server inside another Rust program |
//! | `cli` | the command line: one file a subcommand |
//! | `key_label`, `redact` | how an API key is shown; what of a credential is hidden |
//! | `terminal`, `suggest` | harmless terminal output; the nearest valid word |

mod admin;
mod api;
mod assets;
mod cli;
mod clock;
mod config;
mod counters;
mod documents;
pub mod embedded;
mod emulator;
mod error;
mod fault;
#[doc(hidden)]
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod instance;
mod journal;
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
mod store;
mod suggest;
mod tenant;
mod terminal;
mod worker;

/// The command line, for `examples/man.rs` only.
#[doc(hidden)]
pub use cli::commands::command;
pub use cli::run::run;

/// Runs the Rust example of the README as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The date of the published contract that the emulator follows, with the additions of the newest SDK.
pub const CONTRACT_DATE: &str = "2026-08-20";

/// The official clients that the emulator was checked with.
pub const CHECKED_WITH: &str = "llama-cloud 2.19.0 for Python, @llamaindex/llama-cloud 2.16.0 for TypeScript";
