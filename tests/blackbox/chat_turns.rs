//! The turns of a chat session: what an answer is composed of, and what the history keeps.

use serde_json::{Value, json};

use crate::support::{CHAT, Client, RETRIEVE, answer_of, server, stream_path, text_of, types_of};
use llamacloud_mock::embedded::MockServer;

const LEAVE: (&str, &str) = ("leave.md", "Employees accrue 25 days of annual leave a year.");
const TRAMS: (&str, &str) = ("trams.md", "The yellow trams of line 28 climb to Campo de Ourique.");

/// A server whose syncs take no time.
fn library() -> (MockServer, Client) {
    let server = server(&[("sync-duration", "0"), ("clock", "manual")]);
    let client = Client::of(&server);
    (server, client)
}

/// The number of events of each type but deltas, in order of their first.
fn without_deltas(events: &[Value]) -> Vec<&str> {
    types_of(events).into_iter().filter(|kind| !kind.ends_with("_delta")).collect()
}

fn stop_of(events: &[Value]) -> &Value {
    let stop = events.last().expect("there are events");
    assert_eq!(stop["type"], "stop");
    stop
}

#[test]
fn an_answer_quotes_the_best_passage_and_names_its_file() {
    let (_server, client) = library();
    let index = client.index_of(&[LEAVE, TRAMS]);
    let session = client.chat_session();
    let prompt = "How many days of annual leave?";
    let events = client.answer(&session, &[&index], prompt);
    let text = answer_of(&events);
    assert_eq!(text, format!("{} says: \"{}\"", LEAVE.0, LEAVE.1));
    assert_eq!(without_deltas(&events), ["thinking", "tool_call", "tool_result", "text", "stop"]);
    let parts = |kind: &str| -> String {
        events.iter().filter(|event| event["type"] == kind).map(|event| text_of(event, "content")).collect()
    };
    assert_eq!(parts("text_delta"), text, "the deltas joined are the text");
    assert_eq!(parts("thinking_delta"), parts("thinking"));
    let order = types_of(&events);
    assert!(
        order.is_sorted_by_key(|kind| [
            "thinking_delta",
            "thinking",
            "tool_call",
            "tool_result",
            "text_delta",
            "text",
            "stop"
        ]
        .iter()
        .position(|known| known == kind)),
        "{order:?}"
    );
    // The result is what retrieval returns for the prompt.
    let call = events.iter().find(|event| event["type"] == "tool_call").expect("a call");
    let result = events.iter().find(|event| event["type"] == "tool_result").expect("a result");
    assert_eq!(call["arguments"], json!({ "index_id": index, "query": prompt }));
    assert_eq!((&call["call_id"], &call["name"]), (&result["call_id"], &result["name"]));
    let retrieved = client.ask(RETRIEVE, &index, json!({ "query": prompt, "score_threshold": 0.5, "top_k": 5 }));
    assert_eq!(result["result"], retrieved);
    let stop = stop_of(&events);
    assert_eq!(
        (&stop["is_error"], &stop["error"], &stop["skipped_index_ids"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    assert!(stop["usage"]["total_input_tokens"].as_u64() > Some(0) && stop["usage"]["turns"] == 1, "{stop}");
}

#[test]
fn an_answer_names_the_other_files_and_quotes_the_best_index() {
    let (_server, client) = library();
    let first = client
        .index_of(&[("old.md", "Days of leave were few in the past, and nobody counted the days of leave."), TRAMS]);
    let second = client.index_of(&[LEAVE]);
    let session = client.chat_session();
    let events = client.answer(&session, &[&first, &second], "annual leave days a year");
    assert_eq!(answer_of(&events), format!("{} says: \"{}\" See also old.md.", LEAVE.0, LEAVE.1));
    let searched: Vec<String> = events
        .iter()
        .filter(|event| event["type"] == "tool_call")
        .map(|event| text_of(&event["arguments"], "index_id"))
        .collect();
    assert_eq!(searched, [first, second]);
}

#[test]
fn an_answer_says_so_when_nothing_is_found() {
    let (_server, client) = library();
    let index = client.index_of(&[TRAMS]);
    let session = client.chat_session();
    let nothing = "There is no answer: the indexes say nothing about it.";
    assert_eq!(answer_of(&client.answer(&session, &[&index], "quantum chromodynamics")), nothing);
    let none = answer_of(&client.answer(&session, &["idx-unknown"], "trams"));
    assert_eq!(none, "There is no answer: no index could be searched.");
    let disabled = client
        .post("/api/v1/indexes", &json!({ "source_directory_id": client.directory("e"), "vector_target": "DISABLED" }));
    assert_eq!(answer_of(&client.answer(&session, &[&text_of(&disabled.json(), "id")], "trams")), nothing);
}

#[test]
fn equal_questions_have_equal_answers_and_calls_have_ids_of_their_own() {
    let (_server, client) = library();
    let index = client.index_of(&[LEAVE]);
    let session = client.chat_session();
    let call_ids = |events: &[Value]| -> Vec<Value> {
        events.iter().filter(|event| event["type"] == "tool_call").map(|event| event["call_id"].clone()).collect()
    };
    let [one, other] = [(); 2].map(|()| client.answer(&session, &[&index], "leave"));
    assert_ne!(call_ids(&one), call_ids(&other));
    let without_ids = |events: Vec<Value>| -> Vec<Value> {
        events
            .into_iter()
            .map(|mut event| {
                event.as_object_mut().expect("an object").remove("call_id");
                event
            })
            .collect()
    };
    assert_eq!(without_ids(one.clone()), without_ids(other));
    // Another server with the same seed says the same, ids included.
    let (_server, client) = library();
    let index = client.index_of(&[LEAVE]);
    assert_eq!(client.answer(&client.chat_session(), &[&index], "leave"), one);
}

#[test]
fn indexes_that_cannot_be_queried_are_skipped() {
    let server = server(&[("clock", "manual"), ("sync-duration", "1h")]);
    let client = Client::of(&server);
    let ready = client.index_of(&[LEAVE]);
    client.advance("1h");
    let pending = client.index_of(&[LEAVE]);
    let session = client.chat_session();
    let ids = ["idx-unknown", &ready, &pending];
    let events = client.answer(&session, &ids, "annual leave");
    assert_eq!(stop_of(&events)["skipped_index_ids"], json!(["idx-unknown", pending]));
    assert!(answer_of(&events).contains(LEAVE.1));
    for (ids, error) in [
        (&ids[..], "Index idx-unknown cannot be queried: it does not exist".to_owned()),
        (&ids[1..], format!("Index {pending} cannot be queried: it is not ready")),
    ] {
        let message = json!({ "index_ids": ids, "prompt": "annual leave", "require_all_indexes": true });
        let response = client.post(&stream_path(&session), &message);
        let events = crate::support::events_of(&response.text());
        assert_eq!(without_deltas(&events), ["thinking", "stop"], "the failure is in the stream");
        let stop = stop_of(&events);
        assert_eq!((&stop["is_error"], &stop["error"]), (&json!(true), &json!(error)));
        let job = client.show(&format!("{CHAT}/{session}/summary"))["job_metadata"].clone();
        assert_eq!((&job["is_error"], &job["error"]), (&json!(true), &json!(error)));
    }
}

#[test]
fn an_index_is_queried_once_and_at_most_ten_are() {
    let (_server, client) = library();
    let indexes: Vec<Value> = (0..11).map(|_| client.create("dir-a")).collect();
    let id = |at: usize| indexes[at]["id"].as_str().expect("an id");
    let session = client.chat_session();
    let twice = [id(0), indexes[0]["export_config_id"].as_str().expect("an id"), id(0)];
    let calls = |events: &[Value]| events.iter().filter(|event| event["type"] == "tool_call").count();
    assert_eq!(calls(&client.answer(&session, &twice, "x")), 1);
    let ids: Vec<&str> = (0..11).map(id).collect();
    let ten = client.answer(&session, &ids[..10], "x");
    assert_eq!((calls(&ten), &stop_of(&ten)["skipped_index_ids"]), (10, &Value::Null));
    let eleven = client.answer(&session, &ids, "x");
    assert_eq!((calls(&eleven), &stop_of(&eleven)["skipped_index_ids"]), (10, &json!([id(10)])));
}

#[test]
fn the_history_keeps_the_message_and_no_deltas() {
    let (_server, client) = library();
    let index = client.create("dir-a");
    let session = client.chat_session();
    let prompt = "What were the main findings in the third quarter of the last year?";
    let sent = client.answer(&session, &[index["id"].as_str().expect("an id")], prompt);
    let is_whole = |event: &&Value| !event["type"].as_str().is_some_and(|kind| kind.ends_with("_delta"));
    let message = json!({ "type": "user_input", "content": prompt });
    let expected: Vec<Value> = std::iter::once(&message).chain(sent.iter().filter(is_whole)).cloned().collect();
    assert_eq!(client.history(&session), expected);
    let summary = client.show(&format!("{CHAT}/{session}/summary"));
    assert_eq!(summary["generated_title"], "What were the main findings in the third quarter o...");
    let job = &summary["job_metadata"];
    assert_eq!(job["export_config_ids"], json!([index["export_config_id"]]));
    for field in ["total_input_tokens", "total_output_tokens", "turns", "duration_ms"] {
        assert_eq!(job[field], stop_of(&sent)["usage"][field], "{field}");
    }
    client.answer(&session, &["idx-a"], "another");
    assert_eq!(client.show(&format!("{CHAT}/{session}/summary"))["generated_title"], summary["generated_title"]);
}

#[test]
fn a_session_stays_bound_to_the_indexes_of_its_first_message() {
    let (_server, client) = library();
    let [one, other] = [(); 2].map(|()| text_of(&client.create("dir-a"), "id"));
    let bound = text_of(&client.post(CHAT, &json!({ "index_ids": [one] })).json(), "session_id");
    client.answer(&bound, &[&one, &other], "first");
    assert_eq!(client.show(&format!("{CHAT}/{bound}"))["index_ids"], json!([one, other]));
    client.answer(&bound, &[&other, &one, &one], "the order and repeats do not matter");
    let refused = client.message(&bound, &[&one], "others");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("the session is bound to other indexes"), "{}", refused.text());
    assert_eq!(client.history(&bound).iter().filter(|event| event["type"] == "user_input").count(), 2);
    let unbound = client.chat_session();
    client.answer(&unbound, &[&one], "first");
    client.answer(&unbound, &[&other], "second");
    assert_eq!(client.show(&format!("{CHAT}/{unbound}"))["index_ids"], Value::Null);
}

#[test]
fn turns_at_once_stand_whole_in_the_history() {
    let (_server, client) = library();
    let index = client.index_of(&[LEAVE]);
    let session = client.chat_session();
    let turns = 8;
    std::thread::scope(|scope| {
        for turn in 0..turns {
            let (client, session, index) = (&client, &session, &index);
            scope.spawn(move || client.answer(session, &[index], &format!("leave {turn}")));
        }
    });
    let history = client.history(&session);
    let parts: Vec<&[Value]> = history.chunk_by(|_, next| next["type"] != "user_input").collect();
    assert_eq!(parts.len(), turns);
    let mut prompts: Vec<&Value> = Vec::new();
    for part in parts {
        let types = types_of(part);
        assert_eq!(types, ["user_input", "thinking", "tool_call", "tool_result", "text", "stop"]);
        assert_eq!(part[0]["content"], part[2]["arguments"]["query"]);
        assert_eq!(part[2]["call_id"], part[3]["call_id"]);
        prompts.push(&part[0]["content"]);
    }
    prompts.sort_by_key(ToString::to_string);
    prompts.dedup();
    assert_eq!(prompts.len(), turns);
}

#[test]
fn a_session_has_at_most_a_thousand_turns() {
    let (_server, client) = library();
    let session = client.chat_session();
    for _ in 0..1000 {
        assert_eq!(client.message(&session, &["idx-a"], "").status, 200);
    }
    let refused = client.message(&session, &["idx-a"], "");
    assert_eq!((refused.status, refused.text().contains("at most 1000 turns")), (403, true));
    assert_eq!(client.state()["chat_sessions"][0]["turns"], 1000);
}

#[test]
fn turns_count_as_state() {
    let server = server(&[("max-state-bytes", "64KiB"), ("clock", "manual")]);
    let client = Client::of(&server);
    let session = client.chat_session();
    let prompt = "\u{e4}".repeat(1000);
    let statuses: Vec<u16> = (0..200).map(|_| client.message(&session, &["idx-a"], &prompt).status).collect();
    let accepted = statuses.iter().filter(|status| **status == 200).count();
    assert!((10..40).contains(&accepted), "{accepted}");
    assert!(statuses.is_sorted(), "once the state is full, each turn is refused: {statuses:?}");
    assert_eq!(client.delete(&format!("{CHAT}/{session}")).status, 204);
    let session = client.chat_session();
    assert_eq!(client.message(&session, &["idx-a"], &prompt).status, 200, "a deleted session makes room");
}
