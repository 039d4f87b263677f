//! llamacloud-mock: a stand-in for LlamaCloud's Index API. Stateful, strict, deterministic, and as broken as a test needs
//! it to be.
//!
//! In a Rust test it runs inside the test's own process:
//!
//! ```
//! use llamacloud_mock::embedded::MockServer;
//!
//! let server = MockServer::builder().set("clock", "manual").set("fault", "indexes.create status=429 first=1").start()?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! // … point a client at `server.url()`; the server is gone when `server` is dropped.
//! # Ok::<(), String>(())
//! ```
//!
//! # The path of a call
//!
//! ```text
//! net            accept ─ over the limit: close ─ head ─ guard: framing 400, Host and Origin 403
//! emulator         arrive   /health /ready /openapi.json /__admin ──► admin: never faulted, never journaled
//!                           operation table: 404 · 307 · 405 ─► key ─► tenant, or nobody
//!                           faults that strike at the head
//! net            body, up to its limit and its deadline: 413, 408
//! emulator         handle   1 number the call           2 faults "before"        3 JSON syntax
//!                           4 parameters and body       5, 6 the operation's handler: project, then act
//!                           7 faults "after"            8 journal
//! net            wait the delay, obey the wire order, write ─► settle the journal's entry: sent, cut, client gone
//! ```
//!
//! # What never happens
//!
//! - [`emulator`] and everything below it neither waits nor writes: nothing there is async, so no lock is held across a
//!   wait. Only [`net`], [`clock`] (whose waits the shell awaits) and the program around them are.
//! - [`api`] knows neither faults nor the journal: the emulated service cannot tell that it is emulated. What a fault does
//!   to state reaches it as plain [`store::Conditions`].
//! - The wall clock is read in [`clock`] alone, and all chance comes from [`seed`], by name and number: what one call
//!   draws moves nothing that another gets.
//! - Tenants share nothing but the program; no lock of all of them is on the way of a call, but when all journals together
//!   are full: then one call in many makes the largest let go.
//! - A refusal becomes bytes in [`problem`] alone.
//! - No connection is opened but by `healthcheck` and `check`, and those ask this program's own server.
//!
//! # The modules, in reading order
//!
//! | module | holds |
//! |---|---|
//! | [`call`], [`reply`], [`problem`] | a request, an answer and a refusal as plain data |
//! | [`clock`], [`seed`] | the two doors for time and chance |
//! | [`operation`] | the table's type, and what a method and a path mean |
//! | [`schema`] | JSON Schemas compiled once; violations in the framework's words |
//! | [`store`], [`sync`] | a tenant's resources; an index's life as a function of time |
//! | [`api`] | what is emulated: one file a resource |
//! | [`fault`] | what goes wrong: the rule language, triggers, effects, scenarios |
//! | [`journal`] | what happened, and whether its retries were good |
//! | [`tenant`], [`tenant_label`] | one API key's world behind one lock; how it is shown |
//! | [`visit`], [`emulator`] | a call on its way, and the stages that it passes |
//! | [`admin`], [`openapi`] | how to look and steer; the served contract |
//! | [`net`] | the shell: sockets, limits, wire faults, the log, drain |
//! | [`cli`], [`config`], [`program`] | flags as typed; checked and merged; arguments in, exit code out |
//! | [`healthcheck`], [`check`], [`validate`], [`ask`] | the subcommands, and how they ask a running server |
//! | [`embedded`] | the server inside another Rust program |
//! | [`assets`], [`spelling`] | what ships inside the binary; the nearest valid word |
//! | [`secret`], [`terminal`] | what looks like a real key; what must not reach a terminal as it is |

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
pub mod openapi;
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
pub const CHECKED_WITH: &str = "llama-cloud 2.19.0 for Python, @llamaindex/llama-cloud 2.16.0 for TypeScript";
