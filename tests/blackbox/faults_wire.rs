//! Wire faults byte for byte: resets, closes, missing and slow responses, wrong lengths, garbage.

use std::io::ErrorKind;

use serde_json::json;

use crate::support::{Client, FILES, HttpResponse, Program, RawConnection, Upload, manual_clock_server, server};

const LIST: &str = "/api/v1/indexes";
const RESET: Result<(), ErrorKind> = Err(ErrorKind::ConnectionReset);

/// The bytes of a create request.
fn create(client: &Client) -> Vec<u8> {
    client.request_bytes("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a","name":"n"}"#))
}

/// The bytes that a create request receives under a rule, and how the connection ends.
fn bytes_and_end(client: &Client, rule: &str) -> (Vec<u8>, Result<(), ErrorKind>) {
    client.add_rule(&format!("indexes.create{rule} name=it"));
    client.connect().send(create(client)).read_to_end()
}

fn index_count(client: &Client) -> usize {
    client.get("/__admin/state").json()["tenants"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|tenant| tenant["tenant"] == client.journal()[0]["tenant"])
        .map_or(0, |tenant| tenant["indexes"].as_array().expect("a list").len())
}

/// The response without a rule.
fn response_without_rule(client: &Client) -> HttpResponse {
    let client = client.with_key("llx-plain");
    client.connect().send(create(&client)).read_response().expect("a response")
}

#[test]
fn resets_and_closes_send_no_byte_and_keep_completed_writes() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let cases = [
        (" reset", RESET, 0),
        ("@before reset", RESET, 0),
        ("@after reset", RESET, 1),
        (" reset=head", RESET, 0),
        (" reset=body", RESET, 0),
        (" close", Ok(()), 0),
        ("@after close", Ok(()), 1),
    ];
    for (rule, end, count) in cases {
        let client = client.for_case(rule);
        assert_eq!(bytes_and_end(&client, rule), (Vec::new(), end), "{rule}");
        let entry = client.journal().remove(0);
        assert_eq!(entry["faults"], json!([{ "rule": "it", "outcome": "struck" }]), "{rule}");
        assert_eq!(entry["outcome"], "cut", "{rule}");
        assert_eq!(index_count(&client), count, "{rule}");
    }
}

#[test]
fn a_lost_response_keeps_the_index_and_a_retry_creates_another() {
    let server = manual_clock_server(&[("fault", "indexes.create@after reset nth=1")]);
    let client = Client::of(&server);
    assert_eq!(client.connect().send(create(&client)).read_to_end(), (Vec::new(), RESET));
    let items = client.get(LIST).json()["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(1));
    assert_eq!(items[0]["source_directory_id"], "dir-a");
    client.create("dir-a");
    assert_eq!(client.get(LIST).json()["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(client.fault_outcomes(), ["rule-1 struck", "", "", ""]);
}

#[test]
fn reset_head_does_not_wait_for_the_body_and_reset_body_does() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server).with_key("llx-head");
    let head = |client: &Client| {
        let request = create(client);
        let end = request.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
        (request[..end].to_vec(), request[end..].to_vec())
    };
    client.add_rule("indexes.create reset=head");
    assert_eq!(client.connect().send(head(&client).0).read_to_end(), (Vec::new(), RESET));

    let client = client.with_key("llx-body");
    client.add_rule("indexes.create reset=body");
    let (start, rest) = head(&client);
    let mut connection = client.connect();
    connection.send(start);
    // The entry exists once the fault is decided; the connection is still open then.
    client.wait_for_entries(1);
    assert!(connection.is_silent());
    assert_eq!(connection.send(&rest[..1]).read_to_end(), (Vec::new(), RESET));
    let entry = client.journal().remove(0);
    assert_eq!((&entry["status"], &entry["outcome"]), (&json!(null), &json!("cut")));
}

#[test]
fn responses_are_truncated() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let whole = response_without_rule(&client);
    let half = whole.body.len() / 2;
    let cases = [
        (" truncate=0", 0, Ok(())),
        (" truncate=7", 7, Ok(())),
        ("@after truncate=7", 7, Ok(())),
        (" reset=reply", half, RESET),
        (" truncate=9 dribble=2/0", 9, Ok(())),
    ];
    for (rule, sent, end) in cases {
        let client = client.for_case(rule);
        let (bytes, ended) = bytes_and_end(&client, rule);
        let response = HttpResponse::parse(&bytes).expect("the head is complete");
        assert_eq!((response.status, response.body.len(), ended), (201, sent, end), "{rule}");
        let announced: usize = response.header("content-length").expect("a length").parse().expect("a number");
        assert_eq!(announced, whole.body.len(), "{rule}");
        assert!(response.body.starts_with(br#"{"id":"idx-"#.get(..sent.min(11)).expect("long enough")), "{rule}");
        let entry = client.journal().remove(0);
        assert_eq!((&entry["outcome"], &entry["status"]), (&json!("cut"), &json!(201)), "{rule}");
        assert_eq!(index_count(&client), 1, "{rule}");
    }
}

#[test]
fn an_injected_response_is_truncated_too() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (bytes, ended) = bytes_and_end(&client, " status=500 truncate=5");
    let response = HttpResponse::parse(&bytes).expect("a head");
    assert_eq!((response.status, response.text().as_str(), ended), (500, "{\"det", Ok(())));
    assert_eq!(index_count(&client), 0);
}

#[test]
fn a_wrong_content_length_can_be_too_short_or_too_long() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let whole = response_without_rule(&client).body.len();
    for announced in [1, 100_000] {
        let client = client.with_key(&format!("llx-{announced}"));
        let (bytes, ended) = bytes_and_end(&client, &format!(" content-length={announced}"));
        let response = HttpResponse::parse(&bytes).expect("a head");
        assert_eq!(response.header("content-length"), Some(announced.to_string().as_str()));
        assert_eq!((response.body.len(), ended), (whole, Ok(())));
        assert_eq!(client.journal()[0]["outcome"], "cut");
    }
}

#[test]
fn garbage_is_not_http() {
    let server = manual_clock_server(&[]);
    for (rule, count) in [(" garbage", 0), ("@after garbage", 1)] {
        let client = Client::of(&server).with_key(&format!("llx-{count}"));
        let (bytes, ended) = bytes_and_end(&client, rule);
        assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP/"), "{bytes:?}");
        assert_eq!((ended, index_count(&client)), (Ok(()), count), "{rule}");
    }
}

#[test]
fn a_hang_sends_nothing_and_a_stall_sends_only_the_head() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server).with_key("llx-hang");
    client.add_rule("indexes.create hang name=hang");
    client.add_rule("indexes.list stall name=stall");
    let mut hung = client.connect();
    hung.send(create(&client));
    client.wait_for_entries(1);
    let mut stalled = client.connect();
    stalled.send(client.request_bytes("GET", LIST, "", None));
    let head = stalled.read_head().expect("a head");
    assert_eq!((head.status, head.header("x-mock-fault")), (200, Some("stall")));
    assert!(head.header("content-length").is_some_and(|length| length != "0"));
    assert!(hung.is_silent() && stalled.is_silent());
    assert_eq!(client.open_calls(), 2);
    drop((hung, stalled));
    client.wait_for_open_calls(0);
    assert_eq!(client.fault_outcomes(), ["hang struck", "stall struck"]);
    assert!(client.journal().iter().all(|entry| entry["outcome"] == "cut"));
}

#[test]
fn shutdown_cuts_hanging_requests_and_completes_delayed_ones_at_once() {
    let rules = ["--fault", "indexes.create hang", "--fault", "indexes.list stall", "--fault", "indexes.get delay=1h"];
    let program = Program::start(&rules, &[]);
    let client = Client::at(program.address);
    let mut hung = client.connect();
    hung.send(create(&client));
    let mut waiting = client.connect();
    waiting.send(client.request_bytes("GET", "/api/v1/indexes/idx-a", "", None));
    client.wait_for_entries(2);
    let mut stalled = client.connect();
    stalled.send(client.request_bytes("GET", LIST, "", None));
    stalled.read_head().expect("a head");
    program.signal("TERM");
    assert!(hung.read_to_end().0.is_empty() && stalled.read_to_end().0.is_empty());
    let (bytes, ended) = waiting.read_to_end();
    let (code, stderr) = program.wait();
    assert_eq!(code, Some(0), "{ended:?} {stderr}");
    assert_eq!(HttpResponse::parse(&bytes).map(|response| response.status), Some(404), "{ended:?} {stderr}");
}

#[test]
fn slow_responses_arrive_whole_and_the_connection_stays_open() {
    let server = manual_clock_server(&[("time-scale", "0")]);
    let client = Client::of(&server);
    for rule in ["dribble=1/1h", "bandwidth=1/s", "status=503 dribble=3/1h"] {
        let client = client.for_case(rule);
        client.add_rule(&format!("indexes.list {rule} first=1 name=slow"));
        let mut connection = client.connect();
        let request = client.request_bytes("GET", LIST, "", None);
        let slow = connection.send(&request).read_response().expect("a complete response");
        assert_eq!(slow.header("x-mock-fault"), Some("slow"), "{rule}");
        assert!(slow.body.len() > 20, "{rule}");
        assert_eq!(connection.send(&request).read_response().expect("the next response").status, 200, "{rule}");
        assert_eq!(client.journal()[0]["outcome"], "sent", "{rule}");
    }
}

#[test]
fn a_dribbled_response_is_sent_in_portions_with_pauses() {
    let server = manual_clock_server(&[("time-scale", "1000")]);
    let client = Client::of(&server);
    client.add_rule("indexes.list dribble=5/1h name=slow");
    let mut connection: RawConnection = client.connect();
    connection.send(client.request_bytes("GET", LIST, "", None));
    connection.read_head().expect("a head");
    assert_eq!(connection.read_exactly(5), b"{\"ite");
    assert!(connection.is_silent(), "the rest is due in 1000 hours");
    assert_eq!(client.open_calls(), 1, "a request is open while its response is being sent");
}

#[test]
fn close_after_sends_the_whole_response_and_closes_without_announcing_it() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let expected = response_without_rule(&client);
    for rule in [" close=after", "@after close=after", " status=503 close=after"] {
        let client = client.for_case(rule);
        client.add_rule(&format!("indexes.create{rule} name=it"));
        let mut connection = client.connect();
        let response = connection.send(create(&client)).read_response().expect("a whole response");
        assert_eq!(response.header("x-mock-fault"), Some("it"), "{rule}");
        assert_eq!(response.header("connection"), None, "{rule}");
        assert_eq!(response.header("keep-alive"), expected.header("keep-alive"), "{rule}");
        assert_eq!(connection.read_to_end(), (Vec::new(), Ok(())), "{rule}: then FIN");
        let entry = client.journal().remove(0);
        assert_eq!(entry["faults"], json!([{ "rule": "it", "outcome": "struck" }]), "{rule}");
        assert_eq!(entry["outcome"], "sent", "{rule}");
    }
    // The response reached the client, so that a second create is no duplicate.
    let client = client.for_case("duplicate");
    client.add_rule("indexes.create close=after");
    for _ in 0..2 {
        assert_eq!(client.connect().send(create(&client)).read_response().expect("a response").status, 201);
    }
    let retries = client.get(&format!("/__admin/retries?tenant={}", client.key())).json();
    assert_eq!(retries["duplicate_writes"], json!([]));
}

#[test]
fn close_after_suits_a_response_without_a_body_and_not_a_client_that_closes() {
    let server = manual_clock_server(&[("fault", "indexes.* close=after name=it")]);
    let client = Client::of(&server);
    let index = client.create("dir-a")["id"].as_str().expect("an id").to_owned();
    let delete = client.request_bytes("DELETE", &format!("{LIST}/{index}"), "", None);
    let (bytes, end) = client.connect().send(delete).read_to_end();
    let response = String::from_utf8(bytes).expect("a head");
    assert!(response.starts_with("HTTP/1.1 204 ") && !response.contains("content-length"), "{response}");
    assert_eq!(end, Ok(()));
    let list = client.try_send("GET", LIST, "connection: close\r\n", None).expect("a response");
    assert_eq!(list.header("x-mock-fault"), None);
    assert_eq!(client.fault_outcomes(), ["it struck", "it struck", "it inapplicable"]);
}

#[test]
fn a_slow_upload_is_read_to_its_end_and_waits_on_the_clock_of_the_key() {
    for (clock, scale) in [("auto", "1"), ("manual", "0")] {
        let rules =
            [("fault", "files.create upload-bandwidth=1/s name=slow continue"), ("fault", "* status=418 nth=2")];
        let server = server(&[&[("clock", clock), ("time-scale", scale)], rules.as_slice()].concat());
        let client = Client::of(&server);
        let form = Upload::file("file", "a.txt", "text").text("purpose", "user_data");
        assert_eq!(form.send(&client, FILES).status, 201, "{clock}");
        assert_eq!(form.send(&client, FILES).status, 418, "{clock}");
        assert_eq!(client.fault_outcomes(), ["slow struck", "slow struck, rule-1 struck"], "{clock}");
    }
}

#[test]
fn a_slow_upload_waits_until_its_rule_is_reset() {
    let server = manual_clock_server(&[("fault", "files.create upload-bandwidth=1/s name=slow")]);
    let client = Client::of(&server);
    let form = Upload::file("file", "a.txt", vec![b'a'; 100_000]).text("purpose", "user_data");
    let mut slow = client.connect();
    slow.send(form.request(&client, FILES));
    client.wait_for_open_calls(1);
    assert!(slow.is_silent());
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["faults"] })).status, 204);
    assert_eq!(slow.read_response().map(|response| response.status), Some(201));
}

#[test]
fn a_slow_upload_whose_client_goes_away_has_struck_and_one_that_is_refused_has_not() {
    let server = manual_clock_server(&[
        ("fault", "files.create upload-bandwidth=1/s name=slow"),
        ("max-upload-bytes", "1MB"),
        ("sync-duration", "0"),
    ]);
    let client = Client::of(&server);
    let form = Upload::file("file", "a.txt", vec![b'a'; 100_000]).text("purpose", "user_data");
    let mut request = form.request(&client, FILES);
    request.truncate(50_000);
    let mut gone = client.connect();
    gone.send(request);
    client.wait_for_open_calls(1);
    gone.finish();
    client.wait_for_entries(1);
    let large = Upload::file("file", "a.txt", vec![b'a'; 2_000_000]);
    assert_eq!(large.send(&client, FILES).status, 413);
    assert_eq!(client.fault_outcomes(), ["slow struck", ""]);
}
