//! What much state costs: memory by the index, and a page of a long list beside one of a short list.

use crate::calls::{CREATE_BODY, side_by_side};
use crate::drive::{Keep, Load, pour, request};
use crate::report::{self, Aim, float};
use crate::server::Server;

/// Limits that a million indexes do not reach.
const ROOM: &[&str] = &["--max-items", "2000000", "--max-state-bytes", "8GiB"];

const FEW: u64 = 1_000;
const MANY: u64 = 100_000;
const MOST: u64 = 1_000_000;

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn memory() {
    let server = Server::emulator(ROOM);
    let idle = server.resident_bytes();
    report::part("memory");
    report::aimed("resident, idle", float(idle) / MIB, Aim { most: 10.0, unit: "MiB" });
    fill(&server, "key", MANY);
    let many = server.resident_bytes();
    report::figure(format!("resident after {MANY} creates"), float(many) / MIB, "MiB");
    fill(&server, "key", MOST - MANY);
    let most = server.resident_bytes();
    report::figure(format!("resident after {MOST} creates"), float(most) / MIB, "MiB");
    let aim = Aim { most: 1024.0, unit: "B" };
    report::aimed(format!("an index, of {MANY}"), float(many.saturating_sub(idle)) / float(MANY), aim);
    report::aimed(format!("an index, of {MOST}"), float(most.saturating_sub(idle)) / float(MOST), aim);
}

pub(crate) fn page() {
    let server = Server::emulator(ROOM);
    fill(&server, "few", FEW);
    fill(&server, "most", MOST);
    report::part("a page of fifty, processor time");
    let list = |key: &str| [request("GET /api/v1/indexes", key, "")];
    let (few, most) = (list("few"), list("most"));
    let load = |requests| Load { requests, connections: 32, keep: Keep::Alive };
    let (at_few, at_most, _) = side_by_side((&server, load(&few)), (&server, load(&most)));
    report::figure(format!("of {FEW} indexes"), at_few, "us");
    report::figure(format!("of {MOST} indexes"), at_most, "us");
    report::aimed("the second to the first", at_most / at_few, Aim { most: 2.0, unit: "x" });
}

fn fill(server: &Server, key: &str, indexes: u64) {
    pour(server.address(), &request("POST /api/v1/indexes", key, CREATE_BODY), indexes);
}
