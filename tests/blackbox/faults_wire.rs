//! What rules do to the wire, byte for byte: resets, closes, silence, slowness, wrong lengths, noise.

use std::io::ErrorKind;

use serde_json::json;

use crate::support::{Answer, Client, Program, Wire, standing};

const LIST: &str = "/api/v1/indexes";
const RESET: Result<(), ErrorKind> = Err(ErrorKind::ConnectionReset);

/// A create's bytes.
fn create(client: &Client) -> Vec<u8> {
    client.request("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a","name":"n"}"#))
}

/// What one create gets under a rule, and how the connection ends.
fn under(client: &Client, rule: &str) -> (Vec<u8>, Result<(), ErrorKind>) {
    client.arm(&format!("indexes.create{rule} name=it"));
    client.wire().send(create(client)).until_end()
}

fn made(client: &Client) -> usize {
    client.get("/__admin/state").json()["tenants"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|tenant| tenant["tenant"] == client.journal()[0]["tenant"])
        .map_or(0, |tenant| tenant["indexes"].as_array().expect("a list").len())
}

/// The answer that the service gives without a rule.
fn plain(client: &Client) -> Answer {
    let client = client.with_key("llx-plain");
    client.wire().send(create(&client)).answer().expect("an answer")
}

#[test]
fn connections_end_without_a_byte_and_what_was_done_stays_done() {
    let server = standing(&[]);
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
        assert_eq!(under(&client, rule), (Vec::new(), end), "{rule}");
        let entry = client.journal().remove(0);
        assert_eq!(entry["faults"], json!([{ "rule": "it", "outcome": "struck" }]), "{rule}");
        assert_eq!(entry["outcome"], "cut", "{rule}");
        assert_eq!(made(&client), count, "{rule}");
    }
}

#[test]
fn a_lost_answer_leaves_the_index_there_and_a_retry_makes_another() {
    let server = standing(&[("fault", "indexes.create@after reset nth=1")]);
    let client = Client::of(&server);
    assert_eq!(client.wire().send(create(&client)).until_end(), (Vec::new(), RESET));
    let items = client.get(LIST).json()["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(1));
    assert_eq!(items[0]["source_directory_id"], "dir-a");
    client.create("dir-a");
    assert_eq!(client.get(LIST).json()["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(client.fates(), ["rule-1 struck", "", "", ""]);
}

#[test]
fn a_reset_at_the_head_does_not_wait_for_the_body_and_one_in_the_body_does() {
    let server = standing(&[]);
    let client = Client::of(&server).with_key("llx-head");
    let head = |client: &Client| {
        let call = create(client);
        let end = call.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
        (call[..end].to_vec(), call[end..].to_vec())
    };
    client.arm("indexes.create reset=head");
    assert_eq!(client.wire().send(head(&client).0).until_end(), (Vec::new(), RESET));

    let client = client.with_key("llx-body");
    client.arm("indexes.create reset=body");
    let (start, rest) = head(&client);
    let mut wire = client.wire();
    wire.send(start);
    // The journal notes the call once its head was judged; the connection is still there then.
    while client.journal().is_empty() {}
    assert!(wire.is_silent());
    assert_eq!(wire.send(&rest[..1]).until_end(), (Vec::new(), RESET));
    let entry = client.journal().remove(0);
    assert_eq!((&entry["status"], &entry["outcome"]), (&json!(null), &json!("cut")));
}

#[test]
fn answers_break_off_in_the_middle() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let whole = plain(&client);
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
        let (bytes, ended) = under(&client, rule);
        let answer = Answer::parse(&bytes).expect("the head came whole");
        assert_eq!((answer.status, answer.body.len(), ended), (201, sent, end), "{rule}");
        let announced: usize = answer.header("content-length").expect("a length").parse().expect("a number");
        assert_eq!(announced, whole.body.len(), "{rule}");
        assert!(answer.body.starts_with(br#"{"id":"idx-"#.get(..sent.min(11)).expect("long enough")), "{rule}");
        let entry = client.journal().remove(0);
        assert_eq!((&entry["outcome"], &entry["status"]), (&json!("cut"), &json!(201)), "{rule}");
        assert_eq!(made(&client), 1, "{rule}");
    }
}

#[test]
fn an_injected_answer_breaks_off_too() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let (bytes, ended) = under(&client, " status=500 truncate=5");
    let answer = Answer::parse(&bytes).expect("a head");
    assert_eq!((answer.status, answer.text().as_str(), ended), (500, "{\"det", Ok(())));
    assert_eq!(made(&client), 0);
}

#[test]
fn lengths_lie_both_ways() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let whole = plain(&client).body.len();
    for announced in [1, 100_000] {
        let client = client.with_key(&format!("llx-{announced}"));
        let (bytes, ended) = under(&client, &format!(" content-length={announced}"));
        let answer = Answer::parse(&bytes).expect("a head");
        assert_eq!(answer.header("content-length"), Some(announced.to_string().as_str()));
        assert_eq!((answer.body.len(), ended), (whole, Ok(())));
        assert_eq!(client.journal()[0]["outcome"], "cut");
    }
}

#[test]
fn garbage_is_no_http() {
    let server = standing(&[]);
    for (rule, count) in [(" garbage", 0), ("@after garbage", 1)] {
        let client = Client::of(&server).with_key(&format!("llx-{count}"));
        let (bytes, ended) = under(&client, rule);
        assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP/"), "{bytes:?}");
        assert_eq!((ended, made(&client)), (Ok(()), count), "{rule}");
    }
}

/// Waits until the journal has so many entries of this key; a call that hangs is noted before it does.
fn until_noted(client: &Client, entries: usize) {
    while client.journal().len() < entries {}
}

#[test]
fn a_hang_is_silent_until_its_client_goes_and_a_stall_once_the_head_is_out() {
    let server = standing(&[]);
    let client = Client::of(&server).with_key("llx-hang");
    let open_calls = |client: &Client| {
        let state = client.get(&format!("/__admin/state?tenant={}", client.key())).json();
        state["tenants"][0]["open_calls"].as_u64().expect("a number")
    };
    client.arm("indexes.create hang name=hang");
    client.arm("indexes.list stall name=stall");
    let mut hung = client.wire();
    hung.send(create(&client));
    until_noted(&client, 1);
    let mut stalled = client.wire();
    stalled.send(client.request("GET", LIST, "", None));
    let head = stalled.head().expect("the head comes");
    assert_eq!((head.status, head.header("x-mock-fault")), (200, Some("stall")));
    assert!(head.header("content-length").is_some_and(|length| length != "0"));
    assert!(hung.is_silent() && stalled.is_silent());
    assert_eq!(open_calls(&client), 2);
    drop((hung, stalled));
    while open_calls(&client) > 0 {}
    assert_eq!(client.fates(), ["hang struck", "stall struck"]);
    assert!(client.journal().iter().all(|entry| entry["outcome"] == "cut"));
}

#[test]
fn what_hangs_and_stalls_ends_at_once_when_the_program_is_told_to_and_what_waits_is_answered() {
    let rules = ["--fault", "indexes.create hang", "--fault", "indexes.list stall", "--fault", "indexes.get delay=5s"];
    let program = Program::start(&rules, &[]);
    let client = Client::at(program.address);
    let mut hung = client.wire();
    hung.send(create(&client));
    let mut waiting = client.wire();
    waiting.send(client.request("GET", "/api/v1/indexes/idx-a", "", None));
    until_noted(&client, 2);
    let mut stalled = client.wire();
    stalled.send(client.request("GET", LIST, "", None));
    stalled.head().expect("the head comes");
    program.signal("TERM");
    assert!(hung.until_end().0.is_empty() && stalled.until_end().0.is_empty());
    assert!(waiting.is_silent(), "the others did not wait for it");
    assert_eq!(waiting.answer().map(|answer| answer.status), Some(404));
    assert_eq!(program.wait().0, Some(0));
}

#[test]
fn slow_answers_arrive_whole_and_the_connection_goes_on() {
    let server = standing(&[("time-scale", "0")]);
    let client = Client::of(&server);
    for rule in ["dribble=1/1h", "dribble=100000/1h", "bandwidth=1/s", "status=503 dribble=3/1h"] {
        let client = client.for_case(rule);
        client.arm(&format!("indexes.list {rule} first=1 name=slow"));
        let mut wire = client.wire();
        let call = client.request("GET", LIST, "", None);
        let slow = wire.send(&call).answer().expect("a whole answer");
        assert_eq!(slow.header("x-mock-fault"), Some("slow"), "{rule}");
        assert!(slow.body.len() > 20, "{rule}");
        assert_eq!(wire.send(&call).answer().expect("the next one").status, 200, "{rule}");
        assert_eq!(client.journal()[0]["outcome"], "sent", "{rule}");
    }
}

#[test]
fn a_slow_answer_comes_in_its_portions_with_its_pauses_between() {
    let server = standing(&[("time-scale", "1000")]);
    let client = Client::of(&server);
    client.arm("indexes.list dribble=5/1h name=slow");
    let mut wire: Wire = client.wire();
    wire.send(client.request("GET", LIST, "", None));
    wire.head().expect("the head comes");
    assert_eq!(wire.exactly(5), b"{\"ite");
    assert!(wire.is_silent(), "the rest comes in a thousand hours");
    let state = client.get(&format!("/__admin/state?tenant={}", client.key())).json();
    assert_eq!(state["tenants"][0]["open_calls"], 1, "a call whose answer is still going out is open");
}
