//! Clients that send slowly, send nothing or do not read, in every phase of a request: they lose their connection and
//! do not block others. Timeouts of minutes are tested in unit tests of the server.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use serde_json::json;

use crate::support::{Client, RawConnection, server, wait_until};
use crate::threats_mixed_load::BODY;

/// What such clients have sent before they stop.
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
fn silent_clients_in_every_phase_do_not_block_others() {
    let server = server(&[]);
    let client = Client::of(&server);
    let silent: Vec<RawConnection> = PHASES
        .iter()
        .cycle()
        .take(40 * PHASES.len())
        .map(|sent| {
            let mut connection = client.connect();
            connection.send(sent);
            connection
        })
        .collect();
    for number in 0..100 {
        client.create(&format!("dir-{number}"));
    }
    drop(silent);
    assert_eq!(client.get("/api/v1/indexes").json()["items"].as_array().map(Vec::len), Some(50));
    wait_until("their requests are finished", || {
        let state = client.get("/__admin/state").json();
        let tenants = state["tenants"].as_array().expect("a list").clone();
        tenants.iter().all(|tenant| tenant["open_calls"] == 0)
    });
    let state = client.get("/__admin/state").json();
    let made = |tenant: &serde_json::Value| tenant["indexes"].as_array().map_or(0, Vec::len);
    assert_eq!(state["tenants"].as_array().expect("a list").iter().map(made).sum::<usize>(), 100);
}

#[test]
fn an_incomplete_head_closes_the_connection_after_the_timeout() {
    let server = server(&[("header-timeout", "50ms")]);
    for sent in &PHASES[..5] {
        let (received, ended) = Client::of(&server).connect().send(sent).read_to_end();
        assert_eq!((received.len(), ended), (0, Ok(())), "{sent:?}");
    }
    let mut connection = Client::of(&server).connect();
    connection.send(PHASES[9]);
    assert_eq!(connection.read_response().map(|response| response.status), Some(200));
    let (received, ended) = connection.send("GET /hea").read_to_end();
    assert_eq!((received.len(), ended), (0, Ok(())), "the timeout applies to later heads too");
}

#[test]
fn the_header_timeout_does_not_apply_to_bodies_and_idle_connections() {
    let server = server(&[("header-timeout", "50ms"), ("fault", "indexes.list delay=200ms")]);
    let client = Client::of(&server);
    let mut connection = client.connect();
    let whole = client.request_bytes("POST", "/api/v1/indexes", "", Some(BODY));
    connection.send(&whole[..whole.len() - 1]);
    // This request takes longer than the header timeout.
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    connection.send(&whole[whole.len() - 1..]);
    assert_eq!(connection.read_response().map(|response| response.status), Some(201));
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    connection.send(&whole);
    assert_eq!(connection.read_response().map(|response| response.status), Some(201));
}

/// It is served only until the socket buffers are full.
#[test]
fn a_client_that_never_reads_stops_being_served() {
    let server = server(&[]);
    let client = Client::of(&server);
    (0..50).for_each(|number| _ = client.create(&format!("dir-{number}")));
    let not_reading = client.connect();
    not_reading.stream().set_nonblocking(true).expect("a TCP socket");
    let requests = client.request_bytes("GET", "/api/v1/indexes", "", None).repeat(100);
    let (mut written, mut refused) = (0, 0);
    while refused < 200 {
        match not_reading.stream().write(&requests) {
            Ok(bytes) => (written, refused) = (written + bytes, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => refused += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(written < 64 << 20, "it is served without end");
        assert_eq!(client.get("/health").status, 200);
    }
}

#[test]
fn a_client_that_never_reads_does_not_block_others() {
    let server = server(&[]);
    let client = Client::of(&server);
    let not_reading: Vec<RawConnection> = (0..20).map(|_| client.connect()).collect();
    for connection in &not_reading {
        connection.stream().set_write_timeout(Some(Duration::from_millis(1))).expect("a timeout over zero");
        let requests = client.request_bytes("GET", "/api/v1/indexes", "", None).repeat(1000);
        let _ = connection.stream().write_all(&requests);
    }
    for number in 0..50 {
        let response = client.post("/api/v1/indexes", &json!({ "source_directory_id": format!("dir-{number}") }));
        assert_eq!(response.status, 201);
    }
}
