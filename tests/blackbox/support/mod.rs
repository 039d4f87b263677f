//! Support for the tests: raw connections, a client for JSON requests, and the real program. It does not sleep and uses
//! no fixed port.

mod client;
mod connection;
mod contract;
mod documents;
pub(crate) mod office;
pub(crate) mod pdf;
mod program;
mod session;
mod terminal;
mod upload;

pub(crate) use client::Client;
pub(crate) use connection::{HttpResponse, RawConnection};
pub(crate) use contract::Contract;
pub(crate) use documents::{DIRECTORIES, FILES, FIND, GREP, INDEXES, READ, RETRIEVE, id_of, items, text_of};
pub(crate) use program::{Program, command, run};
pub(crate) use session::Session;
pub(crate) use terminal::Terminal;
pub(crate) use upload::Upload;

use llamacloud_mock::embedded::MockServer;

/// The API key of tests that need only one.
pub(crate) const KEY: &str = "llx-test";

/// The start time of manual clocks in tests.
pub(crate) const START: &str = "2026-01-01T00:00:00Z";

/// Waits until a condition holds. The time limit only ends a test that would hang; it is not asserted.
#[track_caller]
pub(crate) fn wait_until(condition: &str, mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed().as_secs() < 30, "timeout while waiting until {condition}");
        std::thread::yield_now();
    }
}

/// An embedded server with these settings, named like their flags.
pub(crate) fn server(settings: &[(&str, &str)]) -> MockServer {
    let builder = settings.iter().fold(MockServer::builder(), |builder, (name, value)| builder.set(name, value));
    builder.start().expect("valid settings and a free port")
}

/// An embedded server with these settings that reads PDF and office files, and whose syncs take no time.
pub(crate) fn reading_server(settings: &[(&str, &str)]) -> MockServer {
    let program = env!("CARGO_BIN_EXE_llamacloud-mock");
    server(&[&[("sync-duration", "0"), ("binary", program)], settings].concat())
}

/// An embedded server with manual clocks that start at [`START`].
pub(crate) fn manual_clock_server(settings: &[(&str, &str)]) -> MockServer {
    server(&[&[("clock", "manual"), ("start-time", START)], settings].concat())
}
