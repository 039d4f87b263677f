//! Clients that leave while a fault rule makes them wait: the journal says when, and a rule that was to close the
//! connection after a response has struck only if that was written.

use serde_json::{Value, json};

use crate::support::{Client, FILES, RawConnection, Upload, manual_clock_server, server, wait_for, wait_until};
use llamacloud_mock::embedded::MockServer;

const LIST: &str = "/api/v1/indexes";

/// A server on which injected waits take real time, and a client of it.
fn waiting() -> (MockServer, Client) {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    (server, client)
}

/// A create that waits, and that the journal lists.
fn sent(client: &Client) -> RawConnection {
    let before = client.journal().len();
    let mut connection = client.connect();
    connection.send(client.request_bytes("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    wait_until("it is listed", || client.journal().len() > before);
    connection
}

/// The last entry of the journal, once the client was seen to leave.
#[track_caller]
fn left(client: &Client, rule: &str) -> Value {
    let last = || client.journal().pop().unwrap_or_default();
    wait_for(&format!("{rule}: the client has left"), last, |entry| entry["client_left_ms"].is_number())
}

#[test]
fn a_client_that_stops_sending_is_noticed_in_every_wait() {
    let (_server, client) = waiting();
    for (rule, first_bytes, outcome) in [
        ("@before delay=1h", "", "open"),
        ("@before delay=real:1h", "", "open"),
        (" delay=1h", "", "client_gone"),
        ("@after delay=1h", "", "client_gone"),
        (" hang", "", "cut"),
        ("@after hang", "", "cut"),
        ("@after stall", "HTTP/1.1 201 ", "cut"),
        (" dribble=5/1h", "HTTP/1.1 201 ", "open"),
        (" bandwidth=20/s", "HTTP/1.1 201 ", "open"),
        ("@after dribble=5/1h close=after", "HTTP/1.1 201 ", "sent"),
        ("@after truncate=20 dribble=5/1h", "HTTP/1.1 201 ", "cut"),
    ] {
        let client = client.for_case(rule);
        client.add_rule(&format!("indexes.create{rule}"));
        let mut connection = sent(&client);
        assert_eq!(connection.read_exactly(first_bytes.len()), first_bytes.as_bytes(), "{rule}");
        assert!(client.journal().iter().all(|entry| entry.get("client_left_ms").is_none()), "{rule}");
        connection.finish();
        assert_eq!(left(&client, rule)["outcome"], outcome, "{rule}");
    }
}

#[test]
fn a_client_that_stops_sending_is_noticed_between_events() {
    for (pace, rule) in [("1h", None), ("0", Some("chat.stream event=2:pause:1h"))] {
        let server = manual_clock_server(&[("chat-pace", pace)]);
        let client = Client::of(&server);
        let session = client.chat_session();
        if let Some(rule) = rule {
            client.add_rule(rule);
        }
        let mut connection = client.connect();
        connection.send(client.message_bytes(&session, &["idx-a"], "hello"));
        connection.read_head().expect("a head");
        connection.read_chunk().expect("the first event");
        connection.finish();
        assert_eq!(left(&client, "a pause")["outcome"], "open", "{pace}");
    }
}

#[test]
fn a_client_that_stops_sending_is_noticed_while_its_upload_is_read_slowly() {
    let (_server, client) = waiting();
    client.add_rule("files.create upload-bandwidth=1/s");
    let mut request = Upload::file("file", "a.txt", vec![b'a'; 100_000]).request(&client, FILES);
    request.truncate(50_000);
    let mut connection = client.connect();
    connection.send(request);
    client.wait_for_open_calls(1);
    connection.finish();
    assert_eq!(left(&client, "upload-bandwidth")["outcome"], "client_gone");
}

#[test]
fn close_after_strikes_only_if_the_response_is_written() {
    let server = server(&[("fault", "indexes.create close=after delay=200ms name=it")]);
    let client = Client::of(&server);
    let outcomes = || client.fault_outcomes();
    drop(sent(&client));
    wait_until("FIN: it has not struck", || outcomes() == ["it inapplicable"]);
    sent(&client).reset();
    wait_until("RST: it has not struck", || outcomes() == ["it inapplicable", "it inapplicable"]);
    assert!(client.journal().iter().all(|entry| entry["outcome"] == "client_gone"));
    let rule = || client.get(&format!("/__admin/faults/it?tenant={}", client.key())).json();
    assert_eq!((&rule()["matches"], &rule()["strikes"]), (&json!(2), &json!(0)));
    assert_eq!(server.faults_never_struck().len(), 1);
    // A client that has only stopped sending gets its response.
    let mut half = sent(&client);
    assert_eq!(half.finish().read_response().expect("a response").status, 201);
    assert_eq!(half.read_to_end(), (Vec::new(), Ok(())));
    assert_eq!(outcomes().pop().as_deref(), Some("it struck"));
    assert_eq!((&rule()["strikes"], server.faults_never_struck().len()), (&json!(1), 0));
}

#[test]
fn close_after_has_not_struck_if_its_response_was_cut_by_a_reset_of_the_rules() {
    let server = manual_clock_server(&[("fault", "indexes.create@after close=after dribble=5/1h name=it")]);
    let client = Client::of(&server);
    let mut connection = sent(&client);
    connection.read_head().expect("a head");
    client.post("/__admin/reset", &json!({ "tenant": client.key(), "parts": ["faults"] }));
    assert_eq!(connection.read_to_end().1, Ok(()));
    client.wait_for_open_calls(0);
    assert_eq!(
        (client.fault_outcomes(), &client.journal()[0]["outcome"]),
        (vec!["it inapplicable".to_owned()], &json!("cut"))
    );
}
