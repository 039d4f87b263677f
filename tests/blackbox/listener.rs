//! Refused connections: for a time the server does not listen, as if it were down.

use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use serde_json::json;

use crate::support::{Client, Program, Session, server, wait_until};

const LISTENER: &str = "/__admin/listener";

fn connect(address: SocketAddr) -> Result<(), ErrorKind> {
    TcpStream::connect(address).map(drop).map_err(|error| error.kind())
}

/// Refuses connections for an hour, checks that, and ends it by a shorter time, sent on the open connection.
fn assert_refuses_and_listens_again(client: &Client) {
    let address = client.address();
    let mut open = Session::of(client.clone());
    // The server has accepted this connection once it has answered on it. One that still waits in the queue of a socket
    // is reset when the socket is closed.
    let mut idle = Session::of(client.clone());
    assert_eq!(idle.get("/api/v1/indexes").status, 200);
    for _ in 0..3 {
        let answer = open.post(LISTENER, &json!({ "refuse": "1h" }));
        assert_eq!((answer.status, &answer.json()["refuse"]), (200, &json!("1h")));
        // A process that another test is starting has copies of all sockets until it runs its program.
        wait_until("connections are refused", || connect(address) == Err(ErrorKind::ConnectionRefused));
        let other = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
        wait_until("the other loopback address refuses too", || connect(other).is_err());
        assert!(answer.text().contains("/health, /ready and /__admin/ can be reached on the open ones"));
        for path in ["/health", "/ready", "/__admin/state", "/api/v1/indexes"] {
            let statuses = (open.get(path).status, idle.get(path).status);
            assert_eq!(statuses, (200, 200), "{path} on an open connection");
        }
        assert_eq!(open.post(LISTENER, &json!({ "refuse": "1ms" })).status, 200);
        wait_until("the server listens again", || connect(address).is_ok());
    }
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    assert_eq!(idle.get("/api/v1/indexes").status, 200, "an idle connection stays");
}

#[test]
fn connections_are_refused_for_a_time_and_open_ones_stay() {
    let server = server(&[]);
    assert_refuses_and_listens_again(&Client::of(&server));
    let program = Program::start(&[], &[]);
    assert_refuses_and_listens_again(&Client::at(program.address));
    assert_eq!(program.terminate().0, Some(0));
}

#[test]
fn a_port_that_cannot_be_bound_again_ends_the_program_with_69() {
    let program = Program::start(&[], &[]);
    let mut open = Session::of(Client::at(program.address));
    assert_eq!(open.post(LISTENER, &json!({ "refuse": "1h" })).status, 200);
    let _other = TcpListener::bind(program.address).expect("the port is free");
    assert_eq!(open.post(LISTENER, &json!({ "refuse": "1ms" })).status, 200);
    let address = program.address;
    let (code, stderr) = program.wait();
    let reason = format!("cannot listen on {address} again after refusing connections");
    assert!(code == Some(69) && stderr.contains(&reason), "{code:?} {stderr}");
}

/// Makes another socket take the port while connections are refused, and waits until the server has stopped.
fn take_port(client: &Client) {
    let mut open = client.connect();
    let order =
        |duration: &str| client.request_bytes("POST", LISTENER, "", Some(&json!({ "refuse": duration }).to_string()));
    assert_eq!(open.send(order("1h")).read_response().map(|response| response.status), Some(200));
    let _other = TcpListener::bind(client.address()).expect("the port is free");
    assert_eq!(open.send(order("1ms")).read_response().map(|response| response.status), Some(200));
    assert_eq!(open.read_to_end(), (Vec::new(), Ok(())), "the open connection ends");
}

#[test]
fn an_embedded_server_whose_port_cannot_be_bound_again_reports_it_when_it_is_stopped() {
    let failing = server(&[]);
    let address = failing.address();
    take_port(&Client::of(&failing));
    let reason = failing.stop().expect_err("it has stopped by itself").to_string();
    assert!(reason.contains(&format!("cannot listen on {address} again after refusing connections")), "{reason}");
    let sound = server(&[]);
    assert_eq!(Client::of(&sound).get("/health").status, 200);
    let address = sound.address();
    sound.stop().expect("it had not stopped");
    assert_eq!(connect(address), Err(ErrorKind::ConnectionRefused));
}

#[test]
fn a_port_that_cannot_be_bound_again_is_an_error_in_the_log() {
    for (level, lines) in [("error", 1), ("off", 0)] {
        let program = Program::start(&["--log-level", level], &[]);
        let address = program.address;
        take_port(&Client::at(address));
        let (code, stderr) = program.wait();
        let reason = format!("\"error\":\"cannot listen on {address} again after refusing connections");
        assert_eq!((code, stderr.matches(&reason).count()), (Some(69), lines), "{stderr}");
    }
}

#[test]
fn a_stop_ends_the_program_while_connections_are_refused() {
    let program = Program::start(&[], &[]);
    assert_eq!(Client::at(program.address).post(LISTENER, &json!({ "refuse": "1h" })).status, 200);
    assert_eq!(program.terminate().0, Some(0));
}

#[test]
fn times_that_are_zero_too_long_or_invalid_are_refused() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (body, detail) in [
        (json!({ "refuse": "0" }), "refuse: 0 refuses no connection"),
        (json!({ "refuse": "1h1us" }), "refuse: is longer than 1h"),
        (json!({ "refuse": "soon" }), "refuse: "),
        (json!({ "refuse": 5 }), "refuse: takes a string"),
        (json!({}), "refuse: is missing"),
        (json!({ "refues": "5s" }), "refues: is not a field of POST /__admin/listener; did you mean refuse?"),
    ] {
        let response = client.post(LISTENER, &body);
        assert!(response.status == 422 && response.text().contains(detail), "{body}: {}", response.text());
    }
    assert_eq!(connect(client.address()), Ok(()));
}
