//! Clients that are slow, silent or deaf, in every phase of a call: they lose their own connection and nobody else waits.
//! How long minutes are is tested beside the code that counts them.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Wire, server, wait_until};
use crate::threats_mixed_load::BODY;

/// What such clients have sent when they fall silent.
const PHASES: &[&str] = &[
    "",
    "P",
    "POST /api/v1/indexes HT",
    "POST /api/v1/indexes HTTP/1.1\r\nHost: local",
    "POST /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\n",
    "POST /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nContent-Length: 33\r\n\r\n",
    "POST /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nContent-Length: 33\r\n\r\n{\"source",
    "POST /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nTransfer-Encoding: chunked\r\n\r\n1",
    "POST /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n21\r\n{",
    "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea",
];

#[test]
fn silent_clients_in_every_phase_keep_nobody_waiting_and_leave_nothing_behind() {
    let server = server(&[]);
    let client = Client::of(&server);
    let silent: Vec<Wire> = PHASES
        .iter()
        .cycle()
        .take(40 * PHASES.len())
        .map(|sent| {
            let mut wire = client.wire();
            wire.send(sent);
            wire
        })
        .collect();
    for number in 0..100 {
        client.create(&format!("dir-{number}"));
    }
    drop(silent);
    assert_eq!(client.get("/api/v1/indexes").json()["items"].as_array().map(Vec::len), Some(50));
    wait_until("their calls are over", || {
        let state = client.get("/__admin/state").json();
        let tenants = state["tenants"].as_array().expect("a list").clone();
        tenants.iter().all(|tenant| tenant["open_calls"] == 0)
    });
    let state = client.get("/__admin/state").json();
    let made = |tenant: &serde_json::Value| tenant["indexes"].as_array().map_or(0, Vec::len);
    assert_eq!(state["tenants"].as_array().expect("a list").iter().map(made).sum::<usize>(), 100);
}

#[test]
fn a_head_that_does_not_get_done_costs_the_connection() {
    let server = server(&[("header-timeout", "50ms")]);
    for sent in &PHASES[..5] {
        let (came, ended) = Client::of(&server).wire().send(sent).until_end();
        assert_eq!((came.len(), ended), (0, Ok(())), "{sent:?}");
    }
    let mut wire = Client::of(&server).wire();
    wire.send(PHASES[9]);
    assert_eq!(wire.answer().map(|answer| answer.status), Some(200));
    let (came, ended) = wire.send("GET /hea").until_end();
    assert_eq!((came.len(), ended), (0, Ok(())), "a later head is held to it too");
}

#[test]
fn the_wait_for_a_body_and_for_the_next_call_is_not_the_wait_for_a_head() {
    let server = server(&[("header-timeout", "50ms"), ("fault", "indexes.list delay=200ms")]);
    let client = Client::of(&server);
    let mut wire = client.wire();
    let whole = client.request("POST", "/api/v1/indexes", "", Some(BODY));
    wire.send(&whole[..whole.len() - 1]);
    // Longer than the header timeout, by the clock of the server itself.
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    wire.send(&whole[whole.len() - 1..]);
    assert_eq!(wire.answer().map(|answer| answer.status), Some(201));
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    wire.send(&whole);
    assert_eq!(wire.answer().map(|answer| answer.status), Some(201));
}

/// It is served until the buffers on the way are full, and no further.
#[test]
fn a_client_that_never_reads_is_not_served_without_end() {
    let server = server(&[]);
    let client = Client::of(&server);
    (0..50).for_each(|number| _ = client.create(&format!("dir-{number}")));
    let deaf = client.wire();
    deaf.stream().set_nonblocking(true).expect("a TCP socket");
    let calls = client.request("GET", "/api/v1/indexes", "", None).repeat(100);
    let (mut taken, mut refused) = (0, 0);
    while refused < 200 {
        match deaf.stream().write(&calls) {
            Ok(bytes) => (taken, refused) = (taken + bytes, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => refused += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(taken < 64 << 20, "it is served on and on");
        assert_eq!(client.get("/health").status, 200);
    }
}

#[test]
fn a_client_that_never_reads_costs_others_nothing() {
    let server = server(&[]);
    let client = Client::of(&server);
    let deaf: Vec<Wire> = (0..20).map(|_| client.wire()).collect();
    for wire in &deaf {
        wire.stream().set_write_timeout(Some(Duration::from_millis(1))).expect("a timeout over zero");
        let calls = client.request("GET", "/api/v1/indexes", "", None).repeat(1000);
        let _ = wire.stream().write_all(&calls);
    }
    for number in 0..50 {
        let answer = client.post("/api/v1/indexes", &json!({ "source_directory_id": format!("dir-{number}") }));
        assert_eq!(answer.status, 201);
    }
}
