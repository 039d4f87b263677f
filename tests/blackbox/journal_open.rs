//! The journal lists a request from its admission: while its body is read, while it waits, and until its response is
//! written.

use serde_json::{Value, json};

use crate::support::{Client, RawConnection, manual_clock_server, server, wait_until};

const LIST: &str = "/api/v1/indexes";
const BODY: &str = r#"{"source_directory_id":"dir-a"}"#;

/// The journal of the client's tenant.
fn journal(client: &Client) -> Value {
    client.get(&format!("/__admin/journal?tenant={}", client.key())).json()
}

/// The number of open requests, and what is shown of the last one.
fn open(client: &Client) -> (Value, Value) {
    let journal = journal(client);
    let last = journal["entries"].as_array().and_then(|entries| entries.last()).cloned().unwrap_or_default();
    (journal["open"].clone(), last)
}

/// A request whose body is not whole yet, and the rest of it.
fn half_sent(client: &Client) -> (RawConnection, Vec<u8>) {
    let mut whole = client.request_bytes("POST", LIST, "", Some(BODY));
    let rest = whole.split_off(whole.len() - 5);
    let mut connection = client.connect();
    connection.send(whole);
    wait_until("it is listed", || open(client).0 == 1);
    (connection, rest)
}

#[test]
fn a_request_is_listed_while_its_body_is_read() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (mut connection, rest) = half_sent(&client);
    let (_, entry) = open(&client);
    assert_eq!(
        (&entry["seq"], &entry["operation"], &entry["outcome"]),
        (&1.into(), &"indexes.create".into(), &"open".into())
    );
    assert_eq!(
        (&entry["status"], &entry["request_body"], &entry["duration_ms"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(client.get(LIST).status, 200);
    connection.send(rest);
    assert_eq!(connection.read_response().expect("a response").status, 201);
    let journal = journal(&client);
    assert_eq!((&journal["open"], journal["entries"].as_array().map(Vec::len)), (&0.into(), Some(2)));
    let entry = &journal["entries"][0];
    assert_eq!((&entry["seq"], &entry["status"], &entry["outcome"]), (&1.into(), &201.into(), &"sent".into()));
    assert_eq!(entry["request_body"]["source_directory_id"], "dir-a");
    assert!(entry["duration_ms"].as_f64() > Some(0.0) && entry.get("client_left_ms").is_none(), "{entry}");
}

#[test]
fn a_request_is_listed_while_it_waits_and_after_its_client_has_left() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.create@before delay=1h");
    let mut connection = client.connect();
    connection.send(client.request_bytes("POST", LIST, "", Some(BODY)));
    wait_until("it is listed", || open(&client).0 == 1);
    let (_, entry) = open(&client);
    assert_eq!((&entry["outcome"], &entry["request_body"]["source_directory_id"]), (&"open".into(), &"dir-a".into()));
    connection.reset();
    wait_until("its client has left", || open(&client).1["client_left_ms"].is_number());
    assert_eq!(open(&client).0, 1);
    client.post("/__admin/reset", &json!({ "tenant": client.key(), "parts": ["faults"] }));
    wait_until("it has ended", || open(&client).0 == 0);
    let (_, entry) = open(&client);
    assert!(entry["client_left_ms"].is_number() && entry["duration_ms"].is_number(), "{entry}");
}

#[test]
fn a_reset_forgets_open_requests() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (mut connection, rest) = half_sent(&client);
    client.post("/__admin/reset", &json!({ "tenant": client.key() }));
    assert_eq!(open(&client), (0.into(), Value::Null));
    connection.send(rest);
    assert_eq!(connection.read_response().expect("a response").status, 201);
    // It acts on the new state, so that it is listed again.
    let (open, entry) = open(&client);
    assert_eq!((open, &entry["seq"], &entry["status"]), (0.into(), &1.into(), &201.into()));
}
