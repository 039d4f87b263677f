//! The stream of an answer on a raw socket: its framing, its pace, and its end.

use serde_json::{Value, json};

use crate::support::{CHAT, Client, HttpResponse, RawConnection, events_of, server, stream_path, types_of, wait_for};

/// A connection on which a message was sent, and the head of the answer.
fn begun(client: &Client, session: &str) -> (RawConnection, HttpResponse) {
    let mut connection = client.connect();
    connection.send(client.message_bytes(session, &["idx-a"], "hello"));
    let head = connection.read_head().expect("a head");
    (connection, head)
}

/// The event in a chunk.
#[track_caller]
fn event_in(chunk: &[u8]) -> Value {
    let mut events = events_of(std::str::from_utf8(chunk).expect("UTF-8"));
    assert_eq!(events.len(), 1, "a chunk is one event");
    events.remove(0)
}

/// The chunks that are left, without the last, empty one.
fn rest_of(connection: &mut RawConnection) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| connection.read_chunk().filter(|chunk| !chunk.is_empty())).collect()
}

#[test]
fn each_event_is_a_chunk() {
    let server = server(&[]);
    let client = Client::of(&server);
    let (mut connection, head) = begun(&client, &client.chat_session());
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!((head.header("transfer-encoding"), head.header("content-length")), (Some("chunked"), None));
    let events: Vec<Value> = rest_of(&mut connection).iter().map(|chunk| event_in(chunk)).collect();
    assert_eq!(types_of(&events).first(), Some(&"thinking_delta"));
    assert_eq!(types_of(&events).last(), Some(&"stop"));
    // The connection serves the next request.
    connection.send(client.request_bytes("GET", CHAT, "", None));
    assert_eq!(connection.read_response().map(|response| response.status), Some(200));
}

#[test]
fn an_event_arrives_before_the_next_one_is_written() {
    let server = server(&[("clock", "auto"), ("chat-pace", "1s")]);
    let client = Client::of(&server);
    let session = client.chat_session();
    // An auto clock stands while a request of its key is open and does not wait, such as one whose body is to come.
    let mut open = client.connect();
    let request = client.request_bytes("POST", CHAT, "", Some("{}"));
    open.send(&request[..request.len() - 1]);
    client.wait_for_open_calls(1);
    let (mut connection, _) = begun(&client, &session);
    event_in(&connection.read_chunk().expect("the first event"));
    assert!(connection.is_silent(), "the second event is due in a second, and time stands");
    open.send("}");
    assert_eq!(open.read_response().map(|response| response.status), Some(201));
    let rest = rest_of(&mut connection);
    assert_eq!(event_in(rest.last().expect("there are more"))["type"], "stop");
    let duration = event_in(rest.last().expect("there are more"))["usage"]["duration_ms"].clone();
    assert_eq!(duration.as_f64().map(|millis| format!("{millis}")), Some(format!("{}000", rest.len())));
}

#[test]
fn the_pace_is_an_injected_delay() {
    // In real time the stream would take hours.
    let server = server(&[("chat-pace", "1h"), ("time-scale", "0")]);
    let client = Client::of(&server);
    let events = client.answer(&client.chat_session(), &["idx-a"], "hello");
    assert_eq!(types_of(&events).last(), Some(&"stop"));
}

#[test]
fn a_turn_stands_in_the_history_before_its_first_event_is_sent() {
    let server = server(&[("chat-pace", "1h"), ("clock", "manual")]);
    let client = Client::of(&server);
    let session = client.chat_session();
    let (mut connection, _) = begun(&client, &session);
    event_in(&connection.read_chunk().expect("the first event"));
    let kept = client.history(&session);
    assert_eq!(types_of(&kept), ["user_input", "thinking", "text", "stop"]);
    // A client that leaves finds it too.
    connection.reset();
    client.wait_for_open_calls(0);
    assert_eq!(client.history(&session), kept);
    let outcome = || client.journal().into_iter().find(|entry| entry["operation"] == "chat.stream");
    let entry = wait_for("the client is gone", outcome, |entry| {
        entry.as_ref().is_some_and(|entry| entry["outcome"] == "client_gone")
    });
    assert_eq!(entry.expect("an entry")["committed"], true);
}

#[test]
fn the_journal_has_one_entry_with_the_events_as_sent() {
    let server = server(&[]);
    let client = Client::of(&server);
    let session = client.chat_session();
    let sent = client.message(&session, &["idx-a"], "hello").text();
    let entries = client.wait_for_entries(2);
    assert_eq!(entries.len(), 2);
    assert_eq!((&entries[1]["reply_body"], &entries[1]["outcome"]), (&json!(sent), &json!("sent")));
    assert_eq!((&entries[1]["status"], &entries[1]["committed"]), (&json!(200), &json!(true)));
}

#[test]
fn wire_faults_work_on_a_stream() {
    let server = server(&[("clock", "auto"), ("chat-pace", "1s")]);
    let client = Client::of(&server);
    let session = client.chat_session();
    let whole = client.message(&session, &["idx-a"], "hello").text();
    for (rule, expected) in [
        ("truncate=100", &whole[..100]),
        ("reset=reply", &whole[..whole.len() / 2]),
        ("dribble=50/1s", &whole),
        ("bandwidth=1000/s", &whole),
        ("delay=5s", &whole),
    ] {
        client.add_rule(&format!("chat.stream {rule} name=wire"));
        let (mut connection, head) = begun(&client, &session);
        assert_eq!(head.header("x-mock-fault"), Some("wire"), "{rule}");
        let mut body = Vec::new();
        let mut is_whole = false;
        while let Some(chunk) = connection.read_chunk() {
            is_whole = chunk.is_empty();
            body.extend(chunk);
            if is_whole {
                break;
            }
        }
        assert_eq!(String::from_utf8(body).expect("UTF-8"), expected, "{rule}");
        assert_eq!(is_whole, expected.len() == whole.len(), "{rule}: a last chunk ends a whole body only");
        client.delete("/__admin/faults");
    }
    for (rule, status) in [("status=503", 503), ("body=[] content-type=application/json", 200), ("empty", 200)] {
        client.add_rule(&format!("chat.stream {rule} name=other"));
        let response = client.message(&session, &["idx-a"], "hello");
        assert_eq!((response.status, response.header("transfer-encoding")), (status, None), "{rule}");
        client.delete("/__admin/faults");
    }
    client.add_rule("chat.stream malformed name=other");
    let half = client.message(&session, &["idx-a"], "hello");
    assert_eq!(half.text(), whole[..whole.len() / 2], "half of the stream, sent as a whole body");
}

#[test]
fn in_contract_mode_the_answer_is_a_json_array() {
    let server = server(&[("contract", "true")]);
    let client = Client::of(&server);
    let response = client.message("ses-any", &["idx-any"], "hello");
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
    let events = response.json().as_array().expect("a list").clone();
    assert_eq!(types_of(&events).last(), Some(&"stop"));
    assert_eq!(events.last().map(|stop| stop["skipped_index_ids"].clone()), Some(json!(["idx-any"])));
    assert_eq!(response.text(), Value::from(events).to_string(), "is compact");
}

#[test]
fn requests_that_are_refused_do_not_begin_a_stream() {
    let server = server(&[]);
    let client = Client::of(&server);
    let session = client.chat_session();
    for (path, body, status) in [
        (stream_path("ses-unknown"), json!({ "index_ids": ["a"], "prompt": "" }), 404),
        (stream_path(&session), json!({ "index_ids": [], "prompt": "" }), 422),
        (stream_path(&session), json!({ "index_ids": ["a"], "prompt": "x".repeat(1001) }), 422),
    ] {
        let response = client.post(&path, &body);
        assert_eq!((response.status, response.header("content-type")), (status, Some("application/json")), "{body}");
    }
    assert_eq!(client.history(&session), Vec::<Value>::new());
}
