//! The cost of state: memory per index, and a page of a long list compared with one of a short list.

use crate::load::{KeepAlive, Load, request, send_pipelined};
use crate::report::{self, Target, float};
use crate::requests::{CREATE_BODY, compare_cpu};
use crate::server::Server;

/// Limits that a million indexes do not reach.
const LARGE_LIMITS: &[&str] = &["--max-items", "2000000", "--max-state-bytes", "8GiB"];

const FEW: u64 = 1_000;
const MANY: u64 = 100_000;
const MOST: u64 = 1_000_000;

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn memory() {
    let server = Server::emulator(LARGE_LIMITS);
    let idle = server.resident_bytes();
    report::part("memory");
    report::figure_with_target("resident, idle", float(idle) / MIB, Target { maximum: 10.0, unit: "MiB" });
    fill(&server, "key", MANY);
    let many = server.resident_bytes();
    report::figure(format!("resident after {MANY} creates"), float(many) / MIB, "MiB");
    fill(&server, "key", MOST - MANY);
    let most = server.resident_bytes();
    report::figure(format!("resident after {MOST} creates"), float(most) / MIB, "MiB");
    let target = Target { maximum: 1024.0, unit: "B" };
    report::figure_with_target(format!("per index, of {MANY}"), float(many.saturating_sub(idle)) / float(MANY), target);
    report::figure_with_target(format!("per index, of {MOST}"), float(most.saturating_sub(idle)) / float(MOST), target);
}

pub(crate) fn page() {
    let server = Server::emulator(LARGE_LIMITS);
    fill(&server, "few", FEW);
    fill(&server, "most", MOST);
    report::part("a page of fifty, CPU time");
    let list = |key: &str| [request("GET /api/v1/indexes", key, "")];
    let (few, most) = (list("few"), list("most"));
    let load = |requests| Load { requests, connections: 32, keep: KeepAlive::Yes };
    let (at_few, at_most, _) = compare_cpu((&server, load(&few)), (&server, load(&most)));
    report::figure(format!("of {FEW} indexes"), at_few, "us");
    report::figure(format!("of {MOST} indexes"), at_most, "us");
    report::figure_with_target(
        "ratio of the second to the first",
        at_most / at_few,
        Target { maximum: 2.0, unit: "x" },
    );
}

fn fill(server: &Server, key: &str, indexes: u64) {
    send_pipelined(server.address(), &request("POST /api/v1/indexes", key, CREATE_BODY), indexes);
}
