//! What the tests speak through: raw bytes on a socket, a client for JSON calls, the real program. It never sleeps and
//! knows no port beforehand.

mod client;
mod contract;
mod program;
mod session;
mod wire;

pub(crate) use client::Client;
pub(crate) use contract::Contract;
pub(crate) use program::{Program, run};
pub(crate) use session::Session;
pub(crate) use wire::{Answer, Wire};

use llamacloud_mock::embedded::MockServer;

/// The key that tests use when it does not matter which.
pub(crate) const KEY: &str = "llx-test";

/// Where tests with a standing clock start.
pub(crate) const START: &str = "2026-01-01T00:00:00Z";

/// Asks again and again until the answer is yes. The guard ends a test that would hang; it is no part of what is asserted.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed().as_secs() < 30, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

/// A server in this process with these settings, by the names of their flags.
pub(crate) fn server(settings: &[(&str, &str)]) -> MockServer {
    let builder = settings.iter().fold(MockServer::builder(), |builder, (name, value)| builder.set(name, value));
    builder.start().expect("the settings of a test are good and a port is free")
}

/// A server whose clocks stand at [`START`] until they are moved.
pub(crate) fn standing(settings: &[(&str, &str)]) -> MockServer {
    server(&[&[("clock", "manual"), ("start-time", START)], settings].concat())
}
