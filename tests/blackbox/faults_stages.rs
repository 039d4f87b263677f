//! Connections around a fault: what was answered before it arrives whole and in order, an ordinary injected answer lets the
//! connection go on.

use std::io::ErrorKind;

use crate::support::{Client, standing};

const LIST: &str = "/api/v1/indexes";

/// The bytes of a list that asks for page `number`, which nobody looks at.
fn call(client: &Client, number: usize) -> Vec<u8> {
    client.request("GET", &format!("{LIST}?number={number}"), "", None)
}

#[test]
fn a_connection_goes_on_after_an_injected_status_a_delay_and_an_edit() {
    let server = standing(&[("time-scale", "0")]);
    let client = Client::of(&server);
    for rule in [
        "status=503",
        "status=502",
        "status=204",
        "status=304",
        "delay=1h",
        "malformed",
        "empty",
        "body=x",
        "drop=/items",
        "dribble=1/1h",
        "limit=1/1h",
    ] {
        let client = client.for_case(rule);
        client.arm(&format!("indexes.list {rule}"));
        let mut wire = client.wire();
        for number in 0..3 {
            assert!(wire.send(call(&client, number)).answer().is_some(), "{rule}: answer {number}");
        }
        assert!(wire.is_silent(), "{rule}: nothing more is said than was asked");
    }
}

#[test]
fn pipelined_answers_come_in_order_around_injected_ones() {
    let server = standing(&[
        ("time-scale", "0"),
        ("fault", "indexes.list status=503 every=2"),
        ("fault", "indexes.list delay=1h every=3"),
    ]);
    let client = Client::of(&server);
    let mut wire = client.wire();
    let calls: Vec<Vec<u8>> = (0..6).map(|number| call(&client, number)).collect();
    wire.send(calls.concat());
    let statuses: Vec<u16> = (0..6).map(|_| wire.answer().expect("an answer").status).collect();
    assert_eq!(statuses, [200, 503, 200, 503, 200, 503]);
    let paths: Vec<_> = client.journal().iter().map(|entry| entry["path"].clone()).collect();
    assert_eq!(paths, (0..6).map(|number| format!("{LIST}?number={number}")).collect::<Vec<_>>());
}

#[test]
fn what_was_answered_before_a_broken_call_arrives_whole_and_what_comes_behind_is_never_answered() {
    let server = standing(&[]);
    let reset = Err(ErrorKind::ConnectionReset);
    for (rule, end, said) in [
        ("reset", reset, ""),
        ("reset=head", reset, ""),
        ("close", Ok(()), ""),
        ("garbage", Ok(()), "not HTTP"),
        ("truncate=3", Ok(()), "\r\n\r\n{\"i"),
        ("content-length=3", Ok(()), "content-length: 3"),
        ("reset=reply", reset, "HTTP/1.1 200 OK"),
        ("status=101", Ok(()), "HTTP/1.1 101 Switching Protocols"),
    ] {
        let client = Client::of(&server).for_case(rule);
        client.arm(&format!("indexes.list {rule} nth=3 name=it"));
        let mut wire = client.wire();
        wire.send((0..5).flat_map(|number| call(&client, number)).collect::<Vec<u8>>());
        for number in 0..2 {
            let before = wire.answer().unwrap_or_else(|| panic!("{rule}: answer {number} comes whole"));
            assert_eq!((before.status, before.json()["items"].is_array()), (200, true), "{rule}");
        }
        let (bytes, ended) = wire.until_end();
        let last = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!((last.contains(said), ended), (true, end), "{rule}: {last}");
        assert!(!said.is_empty() || last.is_empty(), "{rule}: {last}");
        assert_eq!(client.fates(), ["", "", "it struck"], "{rule}: calls behind it are not read");
    }
}

/// Waits until the server goes no further: it has answered everything, or its client would have to read first.
fn until_it_rests(client: &Client) {
    let (mut seen, mut since) = (0, 0);
    while since < 20 {
        let entries = client.journal().len();
        since = if entries == seen { since + 1 } else { 0 };
        seen = entries;
    }
}

#[test]
fn large_answers_before_a_broken_call_arrive_whole_even_when_their_client_reads_late() {
    let server = standing(&[("fault", "indexes.list close when=query:last")]);
    let client = Client::of(&server).with_key("llx-large");
    let description = "d".repeat(4000);
    for _ in 0..250 {
        let body = serde_json::json!({ "source_directory_id": "dir-a", "description": description });
        assert_eq!(client.post(LIST, &body).status, 201);
    }
    // Answers of a megabyte each: more than the system's buffers hold for a client that does not read.
    for calls in [2, 4, 6] {
        assert_eq!(client.post("/__admin/reset", &serde_json::json!({ "parts": ["journal"] })).status, 204);
        let mut wire = client.wire();
        for _ in 0..calls {
            wire.send(client.request("GET", &format!("{LIST}?page_size=1000"), "", None));
        }
        wire.send(client.request("GET", &format!("{LIST}?last"), "", None));
        until_it_rests(&client);
        for number in 0..calls {
            let answer = wire.answer().unwrap_or_else(|| panic!("answer {number} of {calls} comes whole"));
            assert!(answer.body.len() > 1_000_000 && answer.body.ends_with(b"}"));
        }
        assert_eq!(wire.until_end(), (Vec::new(), Ok(())));
    }
}

#[test]
fn a_call_with_a_body_leaves_nothing_of_it_in_the_way_of_the_next() {
    let server = standing(&[("fault", "indexes.create status=503 first=1")]);
    let client = Client::of(&server);
    let body = format!(r#"{{"source_directory_id":"dir-a","name":"{}"}}"#, "n".repeat(500));
    let create = client.request("POST", LIST, "", Some(&body));
    let mut wire = client.wire();
    wire.send([create.clone(), create].concat());
    assert_eq!([wire.answer().expect("an answer").status, wire.answer().expect("an answer").status], [503, 201]);
}
