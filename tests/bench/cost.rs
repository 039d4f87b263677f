//! The cost of fault rules and of other tenants for a request that they do not affect.

use crate::load::{KeepAlive, Load, request, send};
use crate::report::{self, Target};
use crate::requests::{CREATE_BODY, compare_cpu, id_in};
use crate::server::Server;

const RULES: usize = 100;
const TENANTS: usize = 1000;

/// Rules that never strike a get request, by what has to be checked to decide that.
const KINDS: &[(&str, &str)] = &[
    ("for another operation", "indexes.delete status=500"),
    ("that only count", "indexes.get status=500 nth=1000000000"),
    ("with a condition that is false", "indexes.get status=500 when=header:x-worker=7"),
    ("with a very low rate", "indexes.get status=500 rate=0.000000000001"),
];

pub(crate) fn faults() {
    report::part(format!("{RULES} fault rules against none, a get"));
    let without = Server::emulator(&[]);
    for (what, rule) in KINDS {
        let args: Vec<&str> = std::iter::repeat_n(["--fault", rule], RULES).flatten().collect();
        let with = Server::emulator(&args);
        let (plain, ruled) = (get_of(&without), get_of(&with));
        let load = |requests| Load { requests, connections: 32, keep: KeepAlive::Yes };
        let (_, _, more) = compare_cpu((&without, load(&plain)), (&with, load(&ruled)));
        report::figure_with_target(
            format!("{RULES} rules {what}, per request"),
            more * 1e3,
            Target { maximum: 1000.0, unit: "ns" },
        );
    }
}

pub(crate) fn tenants() {
    let server = Server::emulator(&[]);
    let list = |tenant: usize| request("GET /api/v1/indexes", &format!("key-{tenant}"), "");
    let one = [list(0)];
    let all: Vec<Vec<u8>> = (0..TENANTS).map(list).collect();
    let load = |requests| Load { requests, connections: 32, keep: KeepAlive::Yes };
    let (of_one, of_all, _) = compare_cpu((&server, load(&one)), (&server, load(&all)));
    report::part("tenants, an empty list, CPU time");
    report::figure("one tenant", of_one, "us");
    report::figure(format!("{TENANTS} tenants"), of_all, "us");
    report::figure("ratio of the second to the first", of_all / of_one, "x");
}

/// A get request for an existing index.
fn get_of(server: &Server) -> [Vec<u8>; 1] {
    let id = id_in(&send(server.address(), &request("POST /api/v1/indexes", "key", CREATE_BODY)));
    [request(&format!("GET /api/v1/indexes/{id}"), "key", "")]
}
