//! Clients that go away in the middle of a call: what was whole happened exactly once, what was not never happened, and the
//! journal knows. It asserts nothing about what such a client would have been answered.

use serde_json::Value;

use crate::support::{Client, KEY, Wire, server, standing, wait_until};
use crate::threats_mixed_load::{BODY, Gauntlet, SchemaNode, answers, node};

/// How a client goes.
#[derive(Debug, Clone, Copy)]
enum Way {
    Fin,
    HalfClose,
    Reset,
}

/// Goes; a connection of which a half is left open is handed back.
fn leave(mut wire: Wire, way: Way) -> Option<Wire> {
    match way {
        Way::Fin => None,
        Way::Reset => {
            wire.reset();
            None
        }
        Way::HalfClose => {
            wire.finish();
            Some(wire)
        }
    }
}

fn sources(client: &Client) -> Vec<Value> {
    let state = client.get(&format!("/__admin/state?tenant={KEY}")).json();
    let indexes = state["tenants"][0]["indexes"].as_array().cloned().unwrap_or_default();
    indexes.iter().map(|index| index["source_directory_id"].clone()).collect()
}

fn create(client: &Client, directory: &str) -> Vec<u8> {
    client.request("POST", "/api/v1/indexes", "", Some(&format!(r#"{{"source_directory_id":"{directory}"}}"#)))
}

#[test]
fn a_call_that_is_cut_anywhere_never_happened() {
    let gauntlet = Gauntlet::new();
    let plain = gauntlet.create(&format!("Content-Length: {}\r\n", BODY.len()), BODY);
    let chunked = gauntlet.create("Transfer-Encoding: chunked\r\n", &format!("21\r\n{BODY}\r\n0\r\n\r\n"));
    let cut = |whole: &Vec<u8>| -> Vec<SchemaNode> {
        (0..whole.len()).map(|at| node(format!("cut at {at}: {whole:?}"), &whole[..at])).collect()
    };
    gauntlet.run(350, &[cut(&plain), cut(&chunked)].concat());
    assert_eq!(answers(&gauntlet.send(&plain))[0].status, 201, "the whole call is good");
}

#[test]
fn a_whole_call_happens_once_when_its_client_stops_sending_at_once() {
    let server = server(&[]);
    let client = Client::of(&server);
    let mut open = Vec::new();
    for number in 0..60 {
        let mut wire = client.wire();
        wire.send(create(&client, &format!("dir-{number}")));
        open.extend(leave(wire, if number % 2 == 0 { Way::Fin } else { Way::HalfClose }));
        wait_until("the call has happened", || sources(&client).len() > number);
    }
    assert_eq!(sources(&client), (0..60).map(|number| format!("dir-{number}")).collect::<Vec<_>>());
    for wire in &mut open {
        assert_eq!(wire.answer().map(|answer| answer.status), Some(201), "who closed one half is answered");
    }
}

#[test]
fn a_whole_call_whose_client_goes_before_the_answer_happened_once() {
    let server = server(&[("fault", "indexes.create delay=1h")]);
    let client = Client::of(&server);
    let mut open = Vec::new();
    for (number, way) in [Way::Fin, Way::HalfClose, Way::Reset].into_iter().cycle().take(30).enumerate() {
        let mut wire = client.wire();
        wire.send(create(&client, &format!("dir-{number}")));
        wait_until("the call has happened", || sources(&client).len() > number);
        open.extend(leave(wire, way));
    }
    assert_eq!(sources(&client), (0..30).map(|number| format!("dir-{number}")).collect::<Vec<_>>());
    assert!(client.journal().iter().all(|entry| entry["status"] == 201));
}

/// What a reset overtakes need not have come; what came happened once.
#[test]
fn a_call_that_is_reset_at_once_happens_at_most_once() {
    let server = server(&[]);
    let client = Client::of(&server);
    for number in 0..100 {
        let mut wire = client.wire();
        wire.send(create(&client, &format!("dir-{number}")));
        leave(wire, Way::Reset);
    }
    client.create("dir-last");
    wait_until("no call is open", || {
        client.get(&format!("/__admin/state?tenant={KEY}")).json()["tenants"][0]["open_calls"] == 0
    });
    let mut sources = sources(&client);
    let count = sources.len();
    sources.sort_by_key(Value::to_string);
    sources.dedup();
    assert_eq!(sources.len(), count, "no directory was indexed twice");
}

#[test]
fn a_half_sent_body_is_journaled_as_a_client_that_has_gone() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let whole = create(&client, "dir-a");
    for (number, way) in [Way::Fin, Way::HalfClose, Way::Reset].into_iter().enumerate() {
        let mut wire = client.wire();
        wire.send(&whole[..whole.len() - 5]);
        // The head must have come, or a reset would throw it away.
        wait_until("the call is open", || {
            client.get(&format!("/__admin/state?tenant={KEY}")).json()["tenants"][0]["open_calls"] == 1
        });
        let _open = leave(wire, way);
        wait_until("the call is journaled", || client.journal().len() > number);
        let entry = &client.journal()[number];
        wait_until("it is settled", || client.journal()[number]["outcome"] == "client_gone");
        assert_eq!((&entry["operation"], &entry["status"]), (&"indexes.create".into(), &400.into()), "{way:?}");
    }
    assert_eq!(sources(&client), Vec::<Value>::new());
}

#[test]
fn a_client_that_gave_up_waiting_is_journaled_as_gone_and_a_half_closed_one_as_answered() {
    for (way, outcome) in [(Way::Fin, "client_gone"), (Way::Reset, "client_gone"), (Way::HalfClose, "sent")] {
        let server = server(&[("fault", "indexes.create delay=300ms")]);
        let client = Client::of(&server);
        let mut wire = client.wire();
        wire.send(create(&client, "dir-a"));
        wait_until("the call has happened", || sources(&client).len() == 1);
        if let Some(mut half) = leave(wire, way) {
            assert_eq!(half.answer().expect("it can still read").status, 201);
        }
        wait_until("it is settled", || client.journal()[0]["outcome"] == outcome);
        assert_eq!(client.journal()[0]["status"], 201);
    }
}
