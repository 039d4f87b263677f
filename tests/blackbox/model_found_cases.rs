//! What random runs found once, each as the smallest call that showed it.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Session, server, standing};

const INDEXES: &str = "/api/v1/indexes";

/// Keys that the JSON parser keeps to itself.
const NUMBER: &str = "$serde_json::private::Number";
const RAW: &str = "$serde_json::private::RawValue";

fn post(client: &Client, path: &str, body: &str) -> Answer {
    client.try_call("POST", path, "", Some(body)).expect("an answer comes")
}

#[test]
fn a_key_that_the_parser_keeps_to_itself_is_a_key_like_any_other() {
    let server = server(&[]);
    let client = Client::of(&server);
    let refusals = [
        (format!(r#"{{"source_directory_id":{{"{NUMBER}":"1"}}}}"#), "string_type", json!({ NUMBER: "1" })),
        (format!(r#"{{"source_directory_id":{{"{NUMBER}":7}}}}"#), "string_type", json!({ NUMBER: 7 })),
        (format!(r#"{{"{RAW}":"{{\"source_directory_id\":\"dir-1\"}}"}}"#), "missing", Value::Null),
        (format!(r#"{{"source_directory_id":{{"{RAW}":"not JSON"}}}}"#), "string_type", json!({ RAW: "not JSON" })),
        (
            r#"{"source_directory_id":{"\u0024serde_json::private::Number":"1"}}"#.to_owned(),
            "string_type",
            json!({ NUMBER: "1" }),
        ),
    ];
    for (body, kind, input) in refusals {
        let answer = post(&client, INDEXES, &body);
        // Looked at as text: the JSON reader of this test falls for these keys itself.
        let shown = answer.text();
        assert!(answer.status == 422 && shown.contains(&format!(r#""type":"{kind}""#)), "{body}: {shown}");
        assert!(input.is_null() || shown.contains(&input.to_string()), "{body}: {shown}");
    }
    for metadata in
        [format!(r#"{{"{NUMBER}":"12"}}"#), format!(r#"{{"{RAW}":"[1]","a":[1,-2,3.5,{{"{NUMBER}":null}}]}}"#)]
    {
        let answer =
            post(&client, "/api/v1/beta/directories", &format!(r#"{{"name":"n","system_metadata":{metadata}}}"#));
        assert_eq!(answer.status, 201);
        assert!(answer.text().contains(&metadata), "{}", answer.text());
    }
}

/// Brackets, and in them a text that holds as much again, and so on: as deep as a megabyte allows.
fn nested_texts() -> String {
    let (open, close) = ("[".repeat(120), "]".repeat(120));
    let mut body = "1".to_owned();
    loop {
        let deeper = format!(r#"{open}{{"{RAW}":{}}}{close}"#, Value::from(body.as_str()));
        if deeper.len() > 1_000_000 {
            return body;
        }
        body = deeper;
    }
}

#[test]
fn texts_nested_in_texts_do_not_outgrow_the_stack() {
    let server = server(&[("allow-overrides", "true")]);
    let client = Client::of(&server);
    let body = format!(r#"{{"source_directory_id":{}}}"#, nested_texts());
    let answer = post(&client, INDEXES, &body);
    assert_eq!((answer.status, &answer.json()["detail"][0]["type"]), (422, &json!("string_type")));
    let looked_into = "x-mock-inject: status=503 when=body:/name=x\r\n";
    let answer = client.try_call("POST", INDEXES, looked_into, Some(&body)).expect("an answer comes");
    assert_eq!(answer.status, 422);
    assert!(matches!(post(&client, "/__admin/faults", &body).status, 400..=499));
    assert_eq!(client.get("/health").status, 200);
}

#[test]
fn a_rule_is_shown_in_a_form_that_reads_as_the_same() {
    let server = server(&[]);
    let client = Client::of(&server);
    for text in ["tab\there", "line\nline", "no-break\u{a0}space", "\u{2028}", "quote\" and \\", "", "=x", "{\"a\": 1}"]
    {
        let name = json!({ "operation": "indexes.get", "status": 503, "body": text, "name": "first" });
        let shown = client.post("/__admin/faults", &name).json()["rule"].clone();
        let again = shown.as_str().expect("a text").replace("name=first", "name=second");
        let answer = client.post("/__admin/faults", &json!(again));
        assert_eq!((answer.status, &answer.json()["rule"]), (201, &json!(again)), "{shown}");
        client.delete("/__admin/faults/first");
        assert_eq!(client.get(&format!("{INDEXES}/idx-1")).text(), text, "{again}");
        client.delete("/__admin/faults");
    }
}

#[test]
fn a_rule_too_long_to_be_read_again_is_refused_in_any_form() {
    let server = server(&[]);
    let client = Client::of(&server);
    let rule = json!({ "operation": "indexes.get", "status": 503, "body": "\\".repeat(9000) });
    let answer = client.post("/__admin/faults", &rule);
    assert_eq!(answer.status, 422, "{}", answer.text());
}

#[test]
fn a_duration_is_read_to_the_microsecond() {
    let server = standing(&[]);
    let mut session = Session::of(Client::of(&server));
    for (by, now) in [("0.6us", "2026-01-01T00:00:00.000001Z"), ("1.5us", "2026-01-01T00:00:00.000003Z")] {
        session.advance(by);
        let clock = session.get(&format!("/__admin/clock?tenant={}", session.key())).json();
        assert_eq!(clock["now"], now, "{by}");
    }
}

#[test]
fn a_create_that_is_refused_for_its_name_leaves_no_directory_behind() {
    let server = server(&[]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-1", "name": "mock:nonsense" });
    assert_eq!(client.post(INDEXES, &body).status, 422);
    assert_eq!(client.get("/api/v1/beta/directories/dir-1").status, 404);
}

#[test]
fn a_body_that_nests_too_deep_leaves_the_journal_readable() {
    let server = server(&[]);
    let client = Client::of(&server);
    for depth in [60, 126, 1000] {
        let body = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(matches!(post(&client, INDEXES, &body).status, 400..=499));
    }
    let journal = client.journal();
    let is_shown_as_sent: Vec<bool> = journal.iter().map(|entry| entry["request_body"].is_array()).collect();
    assert_eq!(is_shown_as_sent, [true, false, false]);
}
