//! Regression tests: each is the smallest request that showed a bug found by random tests.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, Session, manual_clock_server, server};

const INDEXES: &str = "/api/v1/indexes";

/// Object keys with a private meaning in `serde_json`.
const NUMBER: &str = "$serde_json::private::Number";
const RAW: &str = "$serde_json::private::RawValue";

fn post(client: &Client, path: &str, body: &str) -> HttpResponse {
    client.try_send("POST", path, "", Some(body)).expect("a response")
}

#[test]
fn private_keys_of_serde_json_are_ordinary_keys() {
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
        let response = post(&client, INDEXES, &body);
        // Compared as text, because `serde_json` in this test would interpret these keys.
        let shown = response.text();
        assert!(response.status == 422 && shown.contains(&format!(r#""type":"{kind}""#)), "{body}: {shown}");
        assert!(input.is_null() || shown.contains(&input.to_string()), "{body}: {shown}");
    }
    for metadata in
        [format!(r#"{{"{NUMBER}":"12"}}"#), format!(r#"{{"{RAW}":"[1]","a":[1,-2,3.5,{{"{NUMBER}":null}}]}}"#)]
    {
        let response =
            post(&client, "/api/v1/beta/directories", &format!(r#"{{"name":"n","system_metadata":{metadata}}}"#));
        assert_eq!(response.status, 201);
        assert!(response.text().contains(&metadata), "{}", response.text());
    }
}

/// Arrays that contain a JSON text that contains arrays, and so on, as deep as 1 MB allows.
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
fn nested_json_texts_do_not_overflow_the_stack() {
    let server = server(&[("allow-overrides", "true")]);
    let client = Client::of(&server);
    let body = format!(r#"{{"source_directory_id":{}}}"#, nested_texts());
    let response = post(&client, INDEXES, &body);
    assert_eq!((response.status, &response.json()["detail"][0]["type"]), (422, &json!("string_type")));
    let looked_into = "x-mock-inject: status=503 when=body:/name=x\r\n";
    let response = client.try_send("POST", INDEXES, looked_into, Some(&body)).expect("a response");
    assert_eq!(response.status, 422);
    assert!(matches!(post(&client, "/__admin/faults", &body).status, 400..=499));
    assert_eq!(client.get("/health").status, 200);
}

#[test]
fn a_rule_is_shown_in_a_form_that_parses_to_the_same_rule() {
    let server = server(&[]);
    let client = Client::of(&server);
    for text in ["tab\there", "line\nline", "no-break\u{a0}space", "\u{2028}", "quote\" and \\", "", "=x", "{\"a\": 1}"]
    {
        let name = json!({ "operation": "indexes.get", "status": 503, "body": text, "name": "first" });
        let shown = client.post("/__admin/faults", &name).json()["rule"].clone();
        let again = shown.as_str().expect("a string").replace("name=first", "name=second");
        let response = client.post("/__admin/faults", &json!(again));
        assert_eq!((response.status, &response.json()["rule"]), (201, &json!(again)), "{shown}");
        client.delete("/__admin/faults/first");
        assert_eq!(client.get(&format!("{INDEXES}/idx-1")).text(), text, "{again}");
        client.delete("/__admin/faults");
    }
}

#[test]
fn a_rule_whose_text_is_too_long_is_rejected_in_any_form() {
    let server = server(&[]);
    let client = Client::of(&server);
    let rule = json!({ "operation": "indexes.get", "status": 503, "body": "\\".repeat(9000) });
    let response = client.post("/__admin/faults", &rule);
    assert_eq!(response.status, 422, "{}", response.text());
}

#[test]
fn a_duration_is_parsed_to_the_microsecond() {
    let server = manual_clock_server(&[]);
    let mut session = Session::of(Client::of(&server));
    for (by, now) in [("0.6us", "2026-01-01T00:00:00.000001Z"), ("1.5us", "2026-01-01T00:00:00.000003Z")] {
        session.advance(by);
        let clock = session.get(&format!("/__admin/clock?tenant={}", session.key())).json();
        assert_eq!(clock["now"], now, "{by}");
    }
}

#[test]
fn a_create_rejected_for_its_name_creates_no_directory() {
    let server = server(&[]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-1", "name": "mock:nonsense" });
    assert_eq!(client.post(INDEXES, &body).status, 422);
    assert_eq!(client.get("/api/v1/beta/directories/dir-1").status, 404);
}

#[test]
fn a_body_nested_too_deeply_keeps_the_journal_readable() {
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
