//! Connections with a fault: earlier responses arrive whole and in order, and an injected response without a wire fault
//! keeps the connection open.

use std::io::ErrorKind;

use crate::support::{Client, FILES, id_of, manual_clock_server, text_of, wait_for};

const LIST: &str = "/api/v1/indexes";

/// The bytes of a list request, marked with `number` in an ignored query parameter.
fn list_request(client: &Client, number: usize) -> Vec<u8> {
    client.request_bytes("GET", &format!("{LIST}?number={number}"), "", None)
}

#[test]
fn a_connection_stays_open_after_an_injected_status_a_delay_and_an_edit() {
    let server = manual_clock_server(&[("time-scale", "0")]);
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
        client.add_rule(&format!("indexes.list {rule}"));
        let mut connection = client.connect();
        for number in 0..3 {
            assert!(
                connection.send(list_request(&client, number)).read_response().is_some(),
                "{rule}: response {number}"
            );
        }
        assert!(connection.is_silent(), "{rule}: there is one response for each request");
    }
}

#[test]
fn pipelined_responses_keep_their_order_around_injected_ones() {
    let server = manual_clock_server(&[
        ("time-scale", "0"),
        ("fault", "indexes.list status=503 every=2"),
        ("fault", "indexes.list delay=1h every=3"),
    ]);
    let client = Client::of(&server);
    let mut connection = client.connect();
    let requests: Vec<Vec<u8>> = (0..6).map(|number| list_request(&client, number)).collect();
    connection.send(requests.concat());
    let statuses: Vec<u16> = (0..6).map(|_| connection.read_response().expect("a response").status).collect();
    assert_eq!(statuses, [200, 503, 200, 503, 200, 503]);
    let paths: Vec<_> = client.journal().iter().map(|entry| entry["path"].clone()).collect();
    assert_eq!(paths, (0..6).map(|number| format!("{LIST}?number={number}")).collect::<Vec<_>>());
}

#[test]
fn responses_before_a_wire_fault_arrive_whole_and_later_requests_get_none() {
    let server = manual_clock_server(&[]);
    let reset = Err(ErrorKind::ConnectionReset);
    for (rule, end, expected) in [
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
        client.add_rule(&format!("indexes.list {rule} nth=3 name=it"));
        let mut connection = client.connect();
        connection.send((0..5).flat_map(|number| list_request(&client, number)).collect::<Vec<u8>>());
        for number in 0..2 {
            let before = connection.read_response().unwrap_or_else(|| panic!("{rule}: response {number} is complete"));
            assert_eq!((before.status, before.json()["items"].is_array()), (200, true), "{rule}");
        }
        let (bytes, ended) = connection.read_to_end();
        let last = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!((last.contains(expected), ended), (true, end), "{rule}: {last}");
        assert!(!expected.is_empty() || last.is_empty(), "{rule}: {last}");
        assert_eq!(client.fault_outcomes(), ["", "", "it struck"], "{rule}: later requests are not read");
    }
}

/// Waits until the journal stops growing: everything is sent, or the server waits for its client to read.
fn wait_until_journal_stops_growing(client: &Client) {
    let counts = || [(); 20].map(|()| client.journal().len());
    wait_for("the journal has stopped growing", counts, |counts| counts.iter().all(|count| *count == counts[0]));
}

#[test]
fn large_responses_before_a_wire_fault_arrive_whole_at_a_slow_reader() {
    let server = manual_clock_server(&[("fault", "indexes.list close when=query:last")]);
    let client = Client::of(&server).with_key("llx-large");
    let description = "d".repeat(4000);
    for _ in 0..250 {
        let body = serde_json::json!({ "source_directory_id": "dir-a", "description": description });
        assert_eq!(client.post(LIST, &body).status, 201);
    }
    // Responses of 1 MB each: more than the socket buffers hold for a client that does not read.
    for requests in [2, 4, 6] {
        assert_eq!(client.post("/__admin/reset", &serde_json::json!({ "parts": ["journal"] })).status, 204);
        let mut connection = client.connect();
        for _ in 0..requests {
            connection.send(client.request_bytes("GET", &format!("{LIST}?page_size=1000"), "", None));
        }
        connection.send(client.request_bytes("GET", &format!("{LIST}?last"), "", None));
        wait_until_journal_stops_growing(&client);
        for number in 0..requests {
            let response =
                connection.read_response().unwrap_or_else(|| panic!("response {number} of {requests} is complete"));
            assert!(response.body.len() > 1_000_000 && response.body.ends_with(b"}"));
        }
        assert_eq!(connection.read_to_end(), (Vec::new(), Ok(())));
    }
}

#[test]
fn a_response_stays_sent_when_a_later_one_with_a_wire_fault_is_not_written_to_its_end() {
    let server = manual_clock_server(&[("fault", "files.download truncate=16000000")]);
    let client = Client::of(&server);
    let file = client.upload_file("a.bin", vec![0; 1 << 24]);
    let url = text_of(&client.show(&format!("{FILES}/{}/content", id_of(&file))), "url");
    let path = url.strip_prefix(&format!("http://{}", client.address())).expect("a URL of this server");
    let mut connection = client.connect();
    assert!(connection.send(list_request(&client, 0)).read_response().is_some());
    connection.send(client.request_bytes("GET", path, "", None));
    // More than the buffers of the sockets hold: the client leaves before the last write.
    assert_eq!(connection.read_head().map(|head| head.status), Some(200));
    connection.reset();
    client.wait_for_open_calls(0);
    let ended = client.journal().into_iter().skip(2);
    let ended: Vec<_> = ended.map(|entry| (entry["operation"].clone(), entry["outcome"].clone())).collect();
    assert_eq!(
        ended,
        [("indexes.list", "sent"), ("files.download", "cut")].map(|(name, end)| (name.into(), end.into()))
    );
}

#[test]
fn the_body_of_a_faulted_request_is_consumed_before_the_next_request() {
    let server = manual_clock_server(&[("fault", "indexes.create status=503 first=1")]);
    let client = Client::of(&server);
    let body = format!(r#"{{"source_directory_id":"dir-a","name":"{}"}}"#, "n".repeat(500));
    let create = client.request_bytes("POST", LIST, "", Some(&body));
    let mut connection = client.connect();
    connection.send([create.clone(), create].concat());
    assert_eq!(
        [
            connection.read_response().expect("a response").status,
            connection.read_response().expect("a response").status
        ],
        [503, 201]
    );
}
