//! What rules and tenants cost a call that they do not concern.

use crate::calls::{CREATE_BODY, id_in, side_by_side};
use crate::drive::{Keep, Load, call, request};
use crate::report::{self, Aim};
use crate::server::Server;

const RULES: usize = 100;
const TENANTS: usize = 1000;

/// Rules that never strike a get, and what they have to look at to know it.
const KINDS: &[(&str, &str)] = &[
    ("of another operation", "indexes.delete status=500"),
    ("that count and never strike", "indexes.get status=500 nth=1000000000"),
    ("with a condition that never holds", "indexes.get status=500 when=header:x-worker=7"),
    ("with a chance that never comes", "indexes.get status=500 rate=0.000000000001"),
];

pub(crate) fn faults() {
    report::part(format!("{RULES} fault rules against none, a get"));
    let without = Server::emulator(&[]);
    for (what, rule) in KINDS {
        let args: Vec<&str> = std::iter::repeat_n(["--fault", rule], RULES).flatten().collect();
        let with = Server::emulator(&args);
        let (plain, ruled) = (get_of(&without), get_of(&with));
        let load = |requests| Load { requests, connections: 32, keep: Keep::Alive };
        let (_, _, more) = side_by_side((&without, load(&plain)), (&with, load(&ruled)));
        report::aimed(format!("{RULES} rules {what}, a call"), more * 1e3, Aim { most: 1000.0, unit: "ns" });
    }
}

pub(crate) fn tenants() {
    let server = Server::emulator(&[]);
    let list = |tenant: usize| request("GET /api/v1/indexes", &format!("key-{tenant}"), "");
    let one = [list(0)];
    let all: Vec<Vec<u8>> = (0..TENANTS).map(list).collect();
    let load = |requests| Load { requests, connections: 32, keep: Keep::Alive };
    let (of_one, of_all, _) = side_by_side((&server, load(&one)), (&server, load(&all)));
    report::part("tenants, an empty list, processor time");
    report::figure("one tenant", of_one, "us");
    report::figure(format!("{TENANTS} tenants"), of_all, "us");
    report::figure("the second to the first", of_all / of_one, "x");
}

/// A get of an index that is there.
fn get_of(server: &Server) -> [Vec<u8>; 1] {
    let id = id_in(&call(server.address(), &request("POST /api/v1/indexes", "key", CREATE_BODY)));
    [request(&format!("GET /api/v1/indexes/{id}"), "key", "")]
}
