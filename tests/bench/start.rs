//! What there is before the first call: the size of the program, and how soon it answers.

use std::time::Instant;

use crate::drive::{call, request};
use crate::report::{self, Aim, float, median};
use crate::server::{PROGRAM, Server};

/// How often the program is started; the middle one counts.
const STARTS: usize = 20;

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn size() {
    let bytes = std::fs::metadata(PROGRAM).expect("the program is there").len();
    report::part("the program");
    report::aimed("size", float(bytes) / MIB, Aim { most: 8.0, unit: "MiB" });
}

pub(crate) fn first_answer() {
    report::part(format!("the start, the middle of {STARTS}"));
    let millis = (0..STARTS).map(|_| {
        let started = Instant::now();
        let server = Server::emulator(&[]);
        let answer = call(server.address(), &request("GET /health", "key", ""));
        assert_eq!(answer.status, 200, "a server that runs is healthy");
        started.elapsed().as_secs_f64() * 1e3
    });
    report::aimed("from spawn to the first answer", median(millis.collect()), Aim { most: 10.0, unit: "ms" });
}
