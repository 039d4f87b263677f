//! The journal as a stream of events: when each comes, which ones, and how the stream ends.

use serde_json::{Value, json};

use crate::support::{Client, Program, RawConnection, manual_clock_server, server, wait_until};

const STREAM: &str = "/__admin/journal/stream";
const LIST: &str = "/api/v1/indexes";
const BODY: &str = r#"{"source_directory_id":"dir-a"}"#;

/// A stream with these query parameters whose head is read.
#[track_caller]
fn open(client: &Client, query: &str) -> RawConnection {
    let mut connection = client.connect();
    connection.send(client.request_bytes("GET", &format!("{STREAM}{query}"), "", None));
    let head = connection.read_head().expect("a response");
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    connection
}

/// The next event, which is a chunk: its id, and the entry.
#[track_caller]
fn next(stream: &mut RawConnection) -> (String, Value) {
    let chunk = String::from_utf8(stream.read_chunk().expect("a chunk")).expect("UTF-8");
    let lines: Vec<&str> = chunk.lines().collect();
    let [id, data, ""] = lines[..] else { panic!("not an event with an id: {chunk:?}") };
    let entry = data.strip_prefix("data: ").expect("the entry");
    let id = id.strip_prefix("id: ").expect("the id").to_owned();
    (id, serde_json::from_str(entry).expect("JSON"))
}

/// The outcomes of the next events with their operations, as `indexes.create open`; their ids.
#[track_caller]
fn outcomes(stream: &mut RawConnection, count: usize) -> (Vec<String>, Vec<String>) {
    let shown = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap_or("-").to_owned();
        format!("{} {}", text("operation"), text("outcome"))
    };
    (0..count).map(|_| next(stream)).map(|(id, entry)| (shown(&entry), id)).unzip()
}

/// A request whose body is not whole yet, and the rest of it.
fn half_sent(client: &Client) -> (RawConnection, Vec<u8>) {
    let mut whole = client.request_bytes("POST", LIST, "", Some(BODY));
    let rest = whole.split_off(whole.len() - 5);
    let mut connection = client.connect();
    connection.send(whole);
    (connection, rest)
}

#[test]
fn an_entry_comes_at_the_admission_and_at_the_end_of_its_request() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let mut stream = open(&client, "");
    let (mut connection, rest) = half_sent(&client);
    let (id, entry) = next(&mut stream);
    let label = entry["tenant"].as_str().expect("a label").to_owned();
    assert_eq!((&*id, &entry["outcome"], &entry["status"]), (&*format!("{label}/1"), &"open".into(), &Value::Null));
    connection.send(rest);
    assert_eq!(connection.read_response().expect("a response").status, 201);
    let (same, entry) = next(&mut stream);
    assert_eq!((&same, &entry["outcome"], &entry["status"]), (&id, &"sent".into(), &201.into()));
    assert_eq!(
        (&entry["about"]["kind"], &entry["request_body"]["source_directory_id"]),
        (&"index".into(), &"dir-a".into())
    );
    assert!(entry["duration_ms"].is_number(), "{entry}");

    // Another key, a body on several lines, a request without a key, and one after a reset.
    client.with_key("llx-other").get(LIST);
    client.try_send("POST", LIST, "", Some("{\n\"source_directory_id\":\r\n\"dir-a\"}"));
    client.connect().send("GET /api/v1/indexes HTTP/1.1\r\nhost: evil.example\r\n\r\n").read_response();
    client.post("/__admin/reset", &json!({}));
    client.get(LIST);
    let (outcomes, ids) = outcomes(&mut stream, 7);
    let both = |operation: &str| [format!("{operation} open"), format!("{operation} sent")];
    let expected = [&both("indexes.list")[..], &both("indexes.create"), &["- sent".to_owned()], &both("indexes.list")];
    assert_eq!(outcomes, expected.concat());
    assert_eq!(
        ids[2..],
        [&format!("{label}/2"), &format!("{label}/2"), "-/1", &format!("{label}/3"), &format!("{label}/3")]
    );
}

#[test]
fn a_stream_has_the_filters_of_the_journal() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.get(LIST);
    let queries =
        ["?status=4xx&operation=indexes.*", "?tenant=llx-test&text=needle", "?outcome=open&when=query:page_size"];
    let mut streams = queries.map(|query| open(&client, query));
    client.with_key("llx-other").get(&format!("{LIST}/needle"));
    client.get(&format!("{LIST}?page_size=5"));
    client.get(&format!("{LIST}/needle"));
    client.get("/needle");
    let both = ["indexes.get open", "indexes.get sent"];
    assert_eq!(outcomes(&mut streams[0], 4).0, [both, both].concat());
    assert_eq!(outcomes(&mut streams[1], 3).0, ["indexes.get open", "indexes.get sent", "- sent"]);
    assert_eq!(outcomes(&mut streams[2], 1).0, ["indexes.list open"]);
    for (query, status, problem) in [
        ("?limit=3", 422, "limit: is not a query parameter of GET /__admin/journal/stream"),
        ("?statu=200", 422, "did you mean status?"),
        ("?outcome=gone", 422, "outcome: \"gone\" is not one of open, sent, cut, client_gone"),
        ("?tenant=llx-unknown", 404, "no request has come with this key"),
    ] {
        let refusal = client.get(&format!("{STREAM}{query}"));
        assert_eq!((refusal.status, refusal.text().replace("\\\"", "\"").contains(problem)), (status, true), "{query}");
    }
}

#[test]
fn a_client_that_leaves_ends_its_request_once() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.create delay=100ms");
    let mut stream = open(&client, "");
    let (connection, rest) = half_sent(&client);
    let (id, _) = next(&mut stream);
    drop(connection);
    let (same, entry) = next(&mut stream);
    assert_eq!((&same, &entry["outcome"]), (&id, &"client_gone".into()));
    // It leaves during the delay of its response, which is written all the same.
    let (mut connection, _) = half_sent(&client);
    connection.send(rest);
    wait_until("the index is created", || client.get(LIST).json()["items"].as_array().map(Vec::len) == Some(1));
    drop(connection);
    let mut shown = Vec::new();
    while shown.last() != Some(&"indexes.create client_gone".to_owned()) {
        shown.extend(outcomes(&mut stream, 1).0);
    }
    shown.retain(|line| line.starts_with("indexes.create"));
    assert_eq!(shown, ["indexes.create open", "indexes.create client_gone"]);
}

#[test]
fn a_stream_ends_when_the_server_stops() {
    let program = Program::start(&["--log-level", "off"], &[]);
    let mut stream = open(&Client::at(program.address), "");
    program.signal("TERM");
    assert_eq!(stream.read_chunk(), Some(Vec::new()), "the end of the body");
    assert_eq!(program.wait().0, Some(0));
}

#[test]
fn sixteen_streams_are_possible_and_a_reader_that_leaves_frees_its_place() {
    let server = server(&[]);
    let client = Client::of(&server);
    let mut streams: Vec<RawConnection> = (0..16).map(|_| open(&client, "")).collect();
    let refusal = client.get(STREAM);
    let detail = "16 streams of the journal are open, and no more are possible";
    assert_eq!((refusal.status, refusal.json()["detail"].as_str()), (503, Some(detail)));
    drop(streams.pop());
    wait_until("there is a free place", || {
        let mut connection = client.connect();
        connection.send(client.request_bytes("GET", STREAM, "", None));
        connection.read_head().is_some_and(|head| head.status == 200)
    });
}

#[test]
fn a_reader_that_is_too_slow_is_told_and_dropped() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let mut slow = open(&client, "");
    let mut other = open(&client, "?operation=indexes.get");
    // More than the buffers of the system hold, and 4 MiB.
    let header = format!("x-long: {}\r\n", "h".repeat(7000));
    let body = json!({ "source_directory_id": "dir-a", "description": "d".repeat(3900) }).to_string();
    let request = client.request_bytes("POST", LIST, &header, Some(&body));
    let mut connection = client.connect();
    for _ in 0..1000 {
        assert_eq!(connection.send(&request).read_response().expect("a response").status, 201);
    }
    client.get(&format!("{LIST}/x"));
    assert_eq!(outcomes(&mut other, 2).0, ["indexes.get open", "indexes.get sent"], "others lose nothing");
    let mut last = Vec::new();
    while let Some(chunk) = slow.read_chunk().filter(|chunk| !chunk.is_empty()) {
        last = chunk;
    }
    let last = String::from_utf8(last).expect("UTF-8");
    assert!(last.starts_with("event: lost\ndata: {\"detail\":\"The reader was too slow"), "{last}");
}
