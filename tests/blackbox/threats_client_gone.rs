//! Clients that disconnect during a request: a complete request takes effect exactly once, an incomplete one never, and
//! the journal records it. Nothing is asserted about the response that such a client would have received.

use serde_json::Value;

use crate::support::{Client, KEY, RawConnection, manual_clock_server, server, wait_until};
use crate::threats_mixed_load::{BODY, MalformedRequest, RejectionChecker, malformed, responses};

/// How a client disconnects.
#[derive(Debug, Clone, Copy)]
enum Disconnect {
    Fin,
    HalfClose,
    Reset,
}

/// Disconnects; a half-closed connection is returned so that it stays open.
fn disconnect(mut connection: RawConnection, how: Disconnect) -> Option<RawConnection> {
    match how {
        Disconnect::Fin => None,
        Disconnect::Reset => {
            connection.reset();
            None
        }
        Disconnect::HalfClose => {
            connection.finish();
            Some(connection)
        }
    }
}

fn sources(client: &Client) -> Vec<Value> {
    let state = client.get(&format!("/__admin/state?tenant={KEY}")).json();
    let indexes = state["tenants"][0]["indexes"].as_array().cloned().unwrap_or_default();
    indexes.iter().map(|index| index["source_directory_id"].clone()).collect()
}

fn create(client: &Client, directory: &str) -> Vec<u8> {
    client.request_bytes("POST", "/api/v1/indexes", "", Some(&format!(r#"{{"source_directory_id":"{directory}"}}"#)))
}

#[test]
fn a_request_cut_at_any_byte_has_no_effect() {
    let checker = RejectionChecker::new();
    let plain = checker.create(&format!("Content-Length: {}\r\n", BODY.len()), BODY);
    let chunked = checker.create("Transfer-Encoding: chunked\r\n", &format!("21\r\n{BODY}\r\n0\r\n\r\n"));
    let cut = |whole: &Vec<u8>| -> Vec<MalformedRequest> {
        (0..whole.len()).map(|at| malformed(format!("cut at {at}: {whole:?}"), &whole[..at])).collect()
    };
    checker.assert_all_rejected(350, &[cut(&plain), cut(&chunked)].concat());
    assert_eq!(responses(&checker.send(&plain))[0].status, 201, "the complete request is valid");
}

#[test]
fn a_complete_request_has_its_effect_once_when_its_client_stops_sending() {
    let server = server(&[]);
    let client = Client::of(&server);
    let mut open = Vec::new();
    for number in 0..60 {
        let mut connection = client.connect();
        connection.send(create(&client, &format!("dir-{number}")));
        open.extend(disconnect(connection, if number % 2 == 0 { Disconnect::Fin } else { Disconnect::HalfClose }));
        wait_until("the index is created", || sources(&client).len() > number);
    }
    assert_eq!(sources(&client), (0..60).map(|number| format!("dir-{number}")).collect::<Vec<_>>());
    for connection in &mut open {
        assert_eq!(
            connection.read_response().map(|response| response.status),
            Some(201),
            "a half-closed client gets its response"
        );
    }
}

#[test]
fn a_complete_request_has_its_effect_once_when_its_client_disconnects() {
    let server = server(&[("fault", "indexes.create delay=1h")]);
    let client = Client::of(&server);
    let mut open = Vec::new();
    for (number, how) in
        [Disconnect::Fin, Disconnect::HalfClose, Disconnect::Reset].into_iter().cycle().take(30).enumerate()
    {
        let mut connection = client.connect();
        connection.send(create(&client, &format!("dir-{number}")));
        wait_until("the index is created", || sources(&client).len() > number);
        open.extend(disconnect(connection, how));
    }
    assert_eq!(sources(&client), (0..30).map(|number| format!("dir-{number}")).collect::<Vec<_>>());
    assert!(client.journal().iter().all(|entry| entry["status"] == 201));
}

/// A reset may discard bytes that the server has not read, so a request may have no effect at all.
#[test]
fn a_request_reset_at_once_has_its_effect_at_most_once() {
    let server = server(&[]);
    let client = Client::of(&server);
    for number in 0..100 {
        let mut connection = client.connect();
        connection.send(create(&client, &format!("dir-{number}")));
        disconnect(connection, Disconnect::Reset);
    }
    client.create("dir-last");
    client.wait_for_open_calls(0);
    let mut sources = sources(&client);
    let count = sources.len();
    sources.sort_by_key(Value::to_string);
    sources.dedup();
    assert_eq!(sources.len(), count, "no directory was indexed twice");
}

#[test]
fn an_incomplete_body_is_journaled_as_client_gone() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let whole = create(&client, "dir-a");
    for (number, how) in [Disconnect::Fin, Disconnect::HalfClose, Disconnect::Reset].into_iter().enumerate() {
        let mut connection = client.connect();
        connection.send(&whole[..whole.len() - 5]);
        // The head must have been read, or a reset would discard it.
        client.wait_for_open_calls(1);
        let _open = disconnect(connection, how);
        wait_until("the outcome is final", || {
            client.journal().get(number).is_some_and(|entry| entry["outcome"] == "client_gone")
        });
        let entry = &client.journal()[number];
        assert_eq!((&entry["operation"], &entry["status"]), (&"indexes.create".into(), &400.into()), "{how:?}");
    }
    assert_eq!(sources(&client), Vec::<Value>::new());
}

#[test]
fn a_disconnected_client_is_journaled_as_gone_and_a_half_closed_one_as_sent() {
    for (how, outcome) in
        [(Disconnect::Fin, "client_gone"), (Disconnect::Reset, "client_gone"), (Disconnect::HalfClose, "sent")]
    {
        let server = server(&[("fault", "indexes.create delay=300ms")]);
        let client = Client::of(&server);
        let mut connection = client.connect();
        connection.send(create(&client, "dir-a"));
        wait_until("the index is created", || sources(&client).len() == 1);
        if let Some(mut half) = disconnect(connection, how) {
            assert_eq!(half.read_response().expect("it can still read").status, 201);
        }
        wait_until("the outcome is final", || client.journal()[0]["outcome"] == outcome);
        assert_eq!(client.journal()[0]["status"], 201);
    }
}

/// The outcome of the only request to create an index in the journal.
fn create_outcome(client: &Client) -> Value {
    let path = format!("/__admin/journal?tenant={KEY}&operation=indexes.create");
    client.get(&path).json()["entries"][0]["outcome"].clone()
}

#[test]
fn a_held_response_is_open_until_it_is_written() {
    let server = manual_clock_server(&[("fault", "indexes.create delay=200ms")]);
    let client = Client::of(&server);
    let mut connection = client.connect();
    connection.send(create(&client, "dir-a"));
    wait_until("the index is created", || sources(&client).len() == 1);
    assert_eq!(create_outcome(&client), "open");
    assert_eq!(connection.read_response().map(|response| response.status), Some(201));
    assert_eq!(create_outcome(&client), "sent");
}

#[test]
fn a_client_that_goes_away_while_its_response_is_held_is_noticed_at_once() {
    for how in [Disconnect::Fin, Disconnect::Reset] {
        let server = manual_clock_server(&[("fault", "indexes.create delay=1h")]);
        let client = Client::of(&server);
        let mut connection = client.connect();
        connection.send(create(&client, "dir-a"));
        wait_until("the index is created", || sources(&client).len() == 1);
        assert_eq!(create_outcome(&client), "open");
        disconnect(connection, how);
        wait_until("the journal says so", || create_outcome(&client) == "client_gone");
        let retries = client.get(&format!("/__admin/retries?tenant={KEY}")).json();
        assert_eq!(retries["chains"].as_array().map(Vec::len), Some(0), "{retries}");
    }
}
