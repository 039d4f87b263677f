//! The size of the program, and the time from its start to its first response.

use std::time::Instant;

use crate::load::{request, send};
use crate::report::{self, Target, float, median};
use crate::server::{PROGRAM, Server};

/// The number of starts; the median counts.
const STARTS: usize = 20;

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn size() {
    let bytes = std::fs::metadata(PROGRAM).expect("the program exists").len();
    report::part("the program");
    report::figure_with_target("size", float(bytes) / MIB, Target { maximum: 16.0, unit: "MiB" });
}

pub(crate) fn first_response() {
    report::part(format!("the start, median of {STARTS}"));
    let millis = (0..STARTS).map(|_| {
        let started = Instant::now();
        let server = Server::emulator(&[]);
        let response = send(server.address(), &request("GET /health", "key", ""));
        assert_eq!(response.status, 200, "a running server is healthy");
        started.elapsed().as_secs_f64() * 1e3
    });
    report::figure_with_target(
        "from spawn to the first response",
        median(millis.collect()),
        Target { maximum: 6.0, unit: "ms" },
    );
}
