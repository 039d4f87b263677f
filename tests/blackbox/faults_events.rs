//! Faults at single events of a stream, on a raw socket.

use std::io::ErrorKind;

use serde_json::{Value, json};

use crate::support::{Client, answer_of, events_of, server, stream_path, types_of};
use llamacloud_mock::embedded::MockServer;

/// A stream as it came: its chunks, and whether there was a last, empty one.
struct Received {
    chunks: Vec<String>,
    is_complete: bool,
    mark: Option<String>,
}

/// The stream of an answer.
fn received(client: &Client, session: &str) -> Received {
    let mut connection = client.connect();
    connection.send(client.message_bytes(session, &["idx-a"], "hello"));
    let head = connection.read_head().expect("a head");
    assert_eq!((head.status, head.header("transfer-encoding")), (200, Some("chunked")));
    let mark = head.header("x-mock-fault").map(str::to_owned);
    let mut chunks = Vec::new();
    while let Some(chunk) = connection.read_chunk() {
        if chunk.is_empty() {
            return Received { chunks, is_complete: true, mark };
        }
        chunks.push(String::from_utf8(chunk).expect("UTF-8"));
    }
    Received { chunks, is_complete: false, mark }
}

/// A server with this rule, and the chunks of a stream without it.
fn with_rule(rule: &str) -> (MockServer, Client, String, Vec<String>) {
    let server = server(&[("clock", "auto")]);
    let client = Client::of(&server);
    let session = client.chat_session();
    let whole = received(&client, &session);
    assert!(whole.is_complete && whole.mark.is_none());
    client.add_rule(&format!("chat.stream {rule} name=event"));
    (server, client, session, whole.chunks)
}

fn half(chunk: &str) -> &str {
    &chunk[..chunk.len() / 2]
}

fn failure(text: &str) -> String {
    let stop = json!({
        "type": "stop",
        "usage": { "total_input_tokens": null, "total_output_tokens": null, "turns": 1, "duration_ms": 0.0 },
        "is_error": true, "error": text, "skipped_index_ids": null,
    });
    format!("data: {stop}\n\n")
}

#[test]
fn a_fault_takes_the_place_of_its_event() {
    for rule in ["malformed", "repeat", "drop", "split", "error", "error:no\u{20}more", "glue", "pause:1h"] {
        for place in ["1", "3", "last"] {
            let quoted = format!("\"event={place}:{rule}\"").replace("\"event=", "event=\"");
            let (_server, client, session, whole) = with_rule(&quoted);
            let at = place.parse::<usize>().map_or(whole.len() - 1, |number| number - 1);
            let event = &whole[at];
            let json = event.strip_prefix("data: ").and_then(|rest| rest.strip_suffix("\n\n")).expect("an event");
            let (before, after) = (&whole[..at], &whole[at + 1..]);
            let (instead, ends) = match rule {
                "malformed" => (vec![format!("data: {}\n\n", half(json))], false),
                "repeat" => (vec![event.clone(), event.clone()], false),
                "drop" => (vec![], false),
                "split" => (vec![half(event).to_owned(), event[event.len() / 2..].to_owned()], false),
                "error" => (vec![failure("The stream failed")], true),
                "glue" => (vec![format!("{}{}", half(event), failure("The stream failed"))], true),
                "pause:1h" => (vec![event.clone()], false),
                _ => (vec![failure("no more")], true),
            };
            let expected = [before, &instead, if ends { &[] } else { after }].concat();
            let stream = received(&client, &session);
            assert_eq!(stream.chunks, expected, "{place}:{rule}");
            assert_eq!((stream.is_complete, stream.mark.as_deref()), (true, Some("event")), "{place}:{rule}");
            let entry = client.journal().pop().expect("an entry");
            assert_eq!(entry["reply_body"], expected.concat(), "{place}:{rule}: the journal has what was sent");
            assert_eq!(entry["outcome"], "sent");
        }
    }
}

#[test]
fn a_fault_ends_the_connection_after_the_events_before_it() {
    for (rule, end) in [("reset", Err(ErrorKind::ConnectionReset)), ("close", Ok(())), ("half", Ok(()))] {
        for place in ["1", "3", "last"] {
            let (_server, client, session, whole) = with_rule(&format!("event={place}:{rule}"));
            let at = place.parse::<usize>().map_or(whole.len() - 1, |number| number - 1);
            let mut expected = whole[..at].to_vec();
            expected.extend((rule == "half").then(|| half(&whole[at]).to_owned()));
            let mut connection = client.connect();
            connection.send(client.message_bytes(&session, &["idx-a"], "hello"));
            let head = connection.read_head().expect("a head");
            assert_eq!((head.status, head.header("x-mock-fault")), (200, Some("event")), "{place}:{rule}");
            let framed = expected.iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len()));
            let (bytes, ended) = connection.read_to_end();
            assert_eq!(String::from_utf8(bytes).expect("UTF-8"), framed.collect::<String>(), "{place}:{rule}");
            assert_eq!(ended, end, "{place}:{rule}");
            let entry = client.journal().pop().expect("an entry");
            assert_eq!((&entry["outcome"], &entry["committed"]), (&json!("cut"), &json!(true)), "{place}:{rule}");
            assert_eq!(entry["reply_body"].as_str().unwrap_or_default(), expected.concat(), "{place}:{rule}");
        }
    }
}

#[test]
fn a_stalled_stream_stays_open_until_its_rule_is_removed() {
    let (_server, client, session, whole) = with_rule("event=2:stall");
    let mut connection = client.connect();
    connection.send(client.message_bytes(&session, &["idx-a"], "hello"));
    assert_eq!(connection.read_head().map(|head| head.status), Some(200));
    assert_eq!(connection.read_chunk().map(|chunk| String::from_utf8(chunk).expect("UTF-8")), Some(whole[0].clone()));
    client.wait_for_open_calls(1);
    assert!(connection.is_silent());
    client.delete("/__admin/faults/event");
    assert_eq!(connection.read_to_end(), (Vec::new(), Ok(())));
    client.wait_for_open_calls(0);
}

#[test]
fn faults_at_different_events_come_together_and_the_history_is_whole() {
    let (_server, client, session, whole) = with_rule("event=2:drop event=4:repeat event=last:half");
    let stream = received(&client, &session);
    let [before, rest] = [&whole[2..3], &whole[4..whole.len() - 1]];
    let last = half(&whole[whole.len() - 1]).to_owned();
    let expected =
        [&whole[..1], before, &[whole[3].clone(), whole[3].clone()], rest, std::slice::from_ref(&last)].concat();
    assert_eq!(stream.chunks, expected);
    let history = client.history(&session);
    let (first, second) = history.split_at(history.len() / 2);
    assert_eq!(first, second, "faults change the wire only");
}

#[test]
fn a_pause_runs_on_the_clock_before_its_event() {
    let (_server, client, session, _) = with_rule("event=2:pause:1h event=last:pause:30m");
    let now = || client.get(&format!("/__admin/clock?tenant={}", client.key())).json()["now"].clone();
    let before = now();
    assert!(received(&client, &session).is_complete);
    let times = [before, now()].map(|time| time.as_str().expect("a time")[11..16].to_owned());
    let minutes =
        |time: &str| time[..2].parse::<u32>().expect("hours") * 60 + time[3..].parse::<u32>().expect("minutes");
    let [before, after] = times.map(|time| minutes(&time));
    assert!([90, 91].contains(&((after + 24 * 60 - before) % (24 * 60))), "{before} {after}");
}

#[test]
fn a_fault_beyond_the_stream_is_inapplicable() {
    let (_server, client, session, whole) = with_rule("event=1000:reset");
    let stream = received(&client, &session);
    assert_eq!((stream.chunks, stream.mark), (whole.clone(), None));
    assert_eq!(client.fault_outcomes().pop().as_deref(), Some("event inapplicable"));
    client.delete("/__admin/faults");
    // Two faults at one event: the last is also the one with its number.
    client.add_rule(&format!("chat.stream event={}:repeat event=last:drop name=twice", whole.len()));
    assert_eq!(received(&client, &session).chunks, whole);
    assert_eq!(client.fault_outcomes().pop().as_deref(), Some("twice inapplicable"));
}

#[test]
fn a_reply_is_the_text_word_for_word() {
    let (_server, client, session, _) = with_rule("\"reply=See page 3,\u{20}please\" event=last:close delay=1s");
    client.delete("/__admin/faults");
    client.add_rule("chat.stream reply=\"See  page 3\" name=reply");
    let response = client.message(&session, &["idx-a"], "hello");
    let events = events_of(&response.text());
    assert_eq!((answer_of(&events).as_str(), response.header("x-mock-fault")), ("See  page 3", Some("reply")));
    let kept: Vec<Value> = client.history(&session).into_iter().filter(|event| event["type"] == "text").collect();
    assert_eq!(kept.last().map(|event| &event["content"]), Some(&json!("See  page 3")), "also in the history");
    client.delete("/__admin/faults");
    client.add_rule("chat.stream reply=x event=last:half delay=1s name=both");
    let cut = received(&client, &session);
    assert_eq!((cut.is_complete, cut.mark.as_deref()), (false, Some("both")));
    assert!(cut.chunks.concat().contains(r#"{"type":"text","content":"x"}"#), "{:?}", cut.chunks);
    assert_eq!(client.post(&stream_path("ses-none"), &json!({ "index_ids": ["a"], "prompt": "" })).status, 404);
    assert_eq!(client.fault_outcomes().pop().as_deref(), Some("both inapplicable"), "nobody saw the reply");
    client.delete("/__admin/faults");
    client.add_rule("chat.stream reply=x event=1000:half name=both");
    assert!(received(&client, &session).mark.is_none());
    assert_eq!(client.fault_outcomes().pop().as_deref(), Some("both inapplicable"));
    assert!(!types_of(&client.history(&session)).contains(&"text_delta"));
}

#[test]
fn rules_about_events_that_can_have_no_effect_are_refused() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (rule, problem) in [
        ("indexes.get event=1:drop", "event: needs a stream of events; it goes with chat.stream"),
        ("indexes.get reply=x", "reply: cannot happen to this operation; it goes with chat.stream"),
        ("chat.stream drop=/type", "drop: cannot change a stream of events; event= can"),
        ("chat.stream null=/type", "null: cannot change a stream"),
        ("chat.stream retype=/type", "retype: cannot change a stream"),
        ("chat.stream rename=/type:kind", "rename: cannot change a stream"),
        ("chat.stream add=/type:1", "add: cannot change a stream"),
        ("chat.stream content-length=5", "content-length: cannot change a stream"),
        ("chat.stream page=repeat-token", "page: cannot happen"),
        ("chat.stream lag=1s", "lag: cannot happen"),
        ("chat.stream event=0:drop", "counts from 1"),
        ("chat.stream event=x:drop", "is not a whole number"),
        ("chat.stream event=drop", "is not of the form N:FAULT or last:FAULT"),
        ("chat.stream event=1:rest", "did you mean reset?"),
        ("chat.stream event=1:drop:x", "drop takes no value"),
        ("chat.stream event=1:pause", "takes a duration"),
        ("chat.stream event=1:pause:0", "is zero"),
        ("chat.stream event=1:drop event=1:repeat", "has a fault already"),
        ("chat.stream event=5:drop event=2:reset", "the one at the earlier event ends the stream"),
        ("chat.stream event=2:glue event=last:drop", "the one at the earlier event ends the stream"),
        ("chat.stream event=1:drop truncate=5", "exclude each other"),
        ("chat.stream event=1:drop dribble=1/1s", "exclude each other"),
        ("chat.stream event=1:drop status=500", "exclude each other"),
        ("chat.stream event=1:drop empty", "exclude each other"),
        ("chat.stream@before event=1:drop", "@before"),
        ("chat.stream@after reply=x", "@after"),
        ("chat.stream reply=x status=500", "changes both the state and the response"),
    ] {
        let response = client.post("/__admin/faults", &json!({ "rule": rule }));
        let text = response.text().replace("\\\"", "\"");
        assert_eq!((response.status, text.contains(problem)), (422, true), "{rule}: {text}");
    }
    let contract = crate::support::server(&[("contract", "true")]);
    let client = Client::of(&contract);
    let refused = client.post("/__admin/faults", &json!({ "rule": "chat.stream event=1:drop" }));
    assert!(refused.text().contains("which no operation has with --contract"), "{}", refused.text());
    client.add_rule("chat.stream drop=/0 name=drop");
    let response = client.message("ses-a", &["idx-a"], "hello");
    assert_eq!(response.header("x-mock-fault"), Some("drop"), "there the answer is JSON");
}
