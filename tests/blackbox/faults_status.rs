//! Injected responses as a client sees them: the body of each status, and the headers for retries.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, manual_clock_server};

const LIST: &str = "/api/v1/indexes";

/// Names and expected values of headers.
type Headers = &'static [(&'static str, Option<&'static str>)];

/// The response to a list request under a rule, and its journal entry; the next request is not affected.
#[track_caller]
fn response_and_entry(client: &Client, rule: &str) -> (HttpResponse, Value) {
    let client = client.for_case(rule);
    client.add_rule(&format!("indexes.list {rule} times=1 name=it"));
    let struck = client.get(LIST);
    let next = client.get(LIST);
    assert_eq!((next.status, next.header("x-mock-fault")), (200, None), "{rule} strikes once");
    let entries = client.journal();
    assert_eq!(entries[0]["faults"], json!([{ "rule": "it", "outcome": "struck" }]), "{rule}");
    assert_eq!(entries[1]["faults"], json!([]), "{rule}");
    (struck, entries[0].clone())
}

#[test]
fn each_status_has_the_body_of_the_service() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let cases = [
        (401, "Invalid authentication token"),
        (402, "credits"),
        (403, "access"),
        (404, "Not found"),
        (409, "conflict"),
        (413, "too large"),
        (429, "Rate limit"),
        (418, "teapot"),
        (500, "correlation ID: "),
        (501, "Not Implemented"),
    ];
    for (status, words) in cases {
        let (response, entry) = response_and_entry(&client, &format!("status={status}"));
        assert_eq!(response.status, status);
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert_eq!(response.header("x-mock-fault"), Some("it"));
        let body = response.json();
        let detail = body["detail"].as_str().expect("one sentence");
        assert!(detail.contains(words), "{status}: {detail}");
        assert_eq!((&entry["status"], &entry["outcome"]), (&json!(status), &json!("sent")));
        assert_eq!(entry["reply_body"], body);
    }
}

#[test]
fn a_422_lists_a_violation_and_a_500_has_a_unique_correlation_id() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let violation = response_and_entry(&client, "status=422").0.json()["detail"][0].clone();
    assert_eq!((&violation["type"], &violation["loc"]), (&json!("value_error"), &json!(["body"])));
    client.add_rule("indexes.list status=500 first=2");
    let ids = [client.get(LIST).text(), client.get(LIST).text()];
    assert_ne!(ids[0], ids[1]);
    let id = ids[0].trim_end_matches("\"}").rsplit(' ').next().expect("words").to_owned();
    assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id} is a uuid");
}

#[test]
fn gateway_statuses_have_an_html_body_unless_the_rule_sets_one() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for (status, words) in [(502, "502 Bad Gateway"), (503, "503 Service Unavailable"), (504, "504 Gateway Timeout")] {
        let (response, _) = response_and_entry(&client, &format!("status={status}"));
        assert_eq!((response.status, response.header("content-type")), (status, Some("text/html")));
        assert!(response.text().contains(words), "{}", response.text());
    }
    let (response, _) = response_and_entry(&client, "status=503 body=\"{\\\"detail\\\":\\\"later\\\"}\"");
    assert_eq!((response.status, response.header("content-type")), (503, Some("application/json")));
    assert_eq!(response.json(), json!({ "detail": "later" }));
    let (response, _) = response_and_entry(&client, "status=503 body=\"no JSON\" content-type=text/x-mine");
    assert_eq!((response.text().as_str(), response.header("content-type")), ("no JSON", Some("text/x-mine")));
}

#[test]
fn statuses_without_a_body_send_none_and_an_interim_status_closes() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for status in [204, 304] {
        let (response, _) = response_and_entry(&client, &format!("status={status}"));
        assert_eq!((response.status, response.text().as_str()), (status, ""));
    }
    client.add_rule("indexes.list status=102");
    let (bytes, ended) = client.connect().send(client.request_bytes("GET", LIST, "", None)).read_to_end();
    let text = String::from_utf8(bytes).expect("a head");
    assert!(text.starts_with("HTTP/1.1 102 Processing\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    assert!(!text.contains("content-length"), "{text}");
    assert_eq!(ended, Ok(()));
}

#[test]
fn a_rule_sets_the_retry_headers() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let cases: [(&str, Headers); 6] = [
        ("status=429 retry-after=2s", &[("retry-after", Some("2")), ("retry-after-ms", None)]),
        ("status=429 retry-after=1500ms", &[("retry-after", Some("2"))]),
        ("status=503 retry-after-ms=50", &[("retry-after-ms", Some("50")), ("retry-after", None)]),
        ("status=500 should-retry=false", &[("x-should-retry", Some("false"))]),
        ("status=404 should-retry=true", &[("x-should-retry", Some("true"))]),
        ("status=500 header=x-a:1 header=\"x-b: two words\"", &[("x-a", Some("1")), ("x-b", Some("two words"))]),
    ];
    for (rule, headers) in cases {
        let (response, entry) = response_and_entry(&client, rule);
        for (name, value) in headers {
            assert_eq!(response.header(name), *value, "{rule}: {name}");
        }
        assert_eq!(entry["outcome"], "sent");
    }
}

#[test]
fn a_header_only_rule_adds_headers_to_the_normal_response() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.* header=x-region:eu should-retry=false name=marked");
    for (path, status) in [(LIST, 200), ("/api/v1/indexes/idx-unknown", 404)] {
        let response = client.get(path);
        assert_eq!((response.status, response.header("x-region")), (status, Some("eu")));
        assert_eq!(
            (response.header("x-should-retry"), response.header("x-mock-fault")),
            (Some("false"), Some("marked"))
        );
    }
    assert_eq!(client.fault_outcomes(), ["marked struck", "marked struck"]);
}

#[test]
fn before_prevents_the_write_and_after_keeps_it() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for (phase, made) in [("@before", 0), ("", 0), ("@after", 1)] {
        let client = client.for_case(&format!("{made}{phase}"));
        client.add_rule(&format!("indexes.create{phase} status=503"));
        let response = client.post(LIST, &json!({ "source_directory_id": "dir-a" }));
        assert_eq!((response.status, response.header("x-mock-fault")), (503, Some("rule-1")), "{phase}");
        let items = client.get(LIST).json()["items"].as_array().expect("a list").len();
        assert_eq!(items, made, "{phase}");
        assert_eq!(client.journal()[0]["committed"], made == 1, "{phase}");
    }
}

#[test]
fn an_after_rule_counts_only_successful_responses() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.create@after status=500 nth=1 name=first-made");
    assert_eq!(client.post(LIST, &json!({})).status, 422);
    let good = json!({ "source_directory_id": "dir-a" });
    assert_eq!(client.post(LIST, &good).status, 500);
    assert_eq!(client.post(LIST, &good).status, 201);
    assert_eq!(client.fault_outcomes(), ["", "first-made struck", ""]);
}
