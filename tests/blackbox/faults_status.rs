//! Answers that rules make, as a client sees them: each status in the service's own words, and the headers that retries
//! go by.

use serde_json::{Value, json};

use crate::support::{Answer, Client, standing};

const LIST: &str = "/api/v1/indexes";

/// Names and values of headers.
type Headers = &'static [(&'static str, Option<&'static str>)];

/// The answer to a list under a rule, the answer to the next one, and what the journal says of the first.
#[track_caller]
fn under(client: &Client, rule: &str) -> (Answer, Value) {
    let client = client.for_case(rule);
    client.arm(&format!("indexes.list {rule} times=1 name=it"));
    let struck = client.get(LIST);
    let next = client.get(LIST);
    assert_eq!((next.status, next.header("x-mock-fault")), (200, None), "{rule} strikes once");
    let entries = client.journal();
    assert_eq!(entries[0]["faults"], json!([{ "rule": "it", "outcome": "struck" }]), "{rule}");
    assert_eq!(entries[1]["faults"], json!([]), "{rule}");
    (struck, entries[0].clone())
}

#[test]
fn each_status_comes_in_the_service_s_own_words() {
    let server = standing(&[]);
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
        let (answer, entry) = under(&client, &format!("status={status}"));
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-mock-fault"), Some("it"));
        let body = answer.json();
        let detail = body["detail"].as_str().expect("one sentence");
        assert!(detail.contains(words), "{status}: {detail}");
        assert_eq!((&entry["status"], &entry["outcome"]), (&json!(status), &json!("sent")));
        assert_eq!(entry["reply_body"], body);
    }
}

#[test]
fn a_422_lists_a_violation_and_a_500_has_a_correlation_id_of_its_own() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let violation = under(&client, "status=422").0.json()["detail"][0].clone();
    assert_eq!((&violation["type"], &violation["loc"]), (&json!("value_error"), &json!(["body"])));
    client.arm("indexes.list status=500 first=2");
    let ids = [client.get(LIST).text(), client.get(LIST).text()];
    assert_ne!(ids[0], ids[1]);
    let id = ids[0].trim_end_matches("\"}").rsplit(' ').next().expect("words").to_owned();
    assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id} is a uuid");
}

#[test]
fn gateways_answer_in_html_unless_the_rule_has_words_of_its_own() {
    let server = standing(&[]);
    let client = Client::of(&server);
    for (status, words) in [(502, "502 Bad Gateway"), (503, "503 Service Unavailable"), (504, "504 Gateway Timeout")] {
        let (answer, _) = under(&client, &format!("status={status}"));
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("text/html")));
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    let (answer, _) = under(&client, "status=503 body=\"{\\\"detail\\\":\\\"later\\\"}\"");
    assert_eq!((answer.status, answer.header("content-type")), (503, Some("application/json")));
    assert_eq!(answer.json(), json!({ "detail": "later" }));
    let (answer, _) = under(&client, "status=503 body=\"no JSON\" content-type=text/x-mine");
    assert_eq!((answer.text().as_str(), answer.header("content-type")), ("no JSON", Some("text/x-mine")));
}

#[test]
fn statuses_without_a_body_have_none_and_one_that_is_not_final_ends_in_a_close() {
    let server = standing(&[]);
    let client = Client::of(&server);
    for status in [204, 304] {
        let (answer, _) = under(&client, &format!("status={status}"));
        assert_eq!((answer.status, answer.text().as_str()), (status, ""));
    }
    client.arm("indexes.list status=102");
    let (bytes, ended) = client.wire().send(client.request("GET", LIST, "", None)).until_end();
    let text = String::from_utf8(bytes).expect("a head");
    assert!(text.starts_with("HTTP/1.1 102 Processing\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    assert!(!text.contains("content-length"), "{text}");
    assert_eq!(ended, Ok(()));
}

#[test]
fn the_headers_that_retries_go_by_are_those_of_the_rule() {
    let server = standing(&[]);
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
        let (answer, entry) = under(&client, rule);
        for (name, value) in headers {
            assert_eq!(answer.header(name), *value, "{rule}: {name}");
        }
        assert_eq!(entry["outcome"], "sent");
    }
}

#[test]
fn a_rule_with_headers_alone_puts_them_on_the_service_s_own_answer_whatever_that_is() {
    let server = standing(&[]);
    let client = Client::of(&server);
    client.arm("indexes.* header=x-region:eu should-retry=false name=marked");
    for (path, status) in [(LIST, 200), ("/api/v1/indexes/idx-none", 404)] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.header("x-region")), (status, Some("eu")));
        assert_eq!((answer.header("x-should-retry"), answer.header("x-mock-fault")), (Some("false"), Some("marked")));
    }
    assert_eq!(client.fates(), ["marked struck", "marked struck"]);
}

#[test]
fn before_means_that_nothing_was_done_and_after_that_it_was() {
    let server = standing(&[]);
    let client = Client::of(&server);
    for (phase, made) in [("@before", 0), ("", 0), ("@after", 1)] {
        let client = client.for_case(&format!("{made}{phase}"));
        client.arm(&format!("indexes.create{phase} status=503"));
        let answer = client.post(LIST, &json!({ "source_directory_id": "dir-a" }));
        assert_eq!((answer.status, answer.header("x-mock-fault")), (503, Some("rule-1")), "{phase}");
        let items = client.get(LIST).json()["items"].as_array().expect("a list").len();
        assert_eq!(items, made, "{phase}");
        assert_eq!(client.journal()[0]["committed"], made == 1, "{phase}");
    }
}

#[test]
fn a_rule_after_the_act_counts_answers_that_grant_what_was_asked_and_no_others() {
    let server = standing(&[]);
    let client = Client::of(&server);
    client.arm("indexes.create@after status=500 nth=1 name=first-made");
    assert_eq!(client.post(LIST, &json!({})).status, 422);
    let good = json!({ "source_directory_id": "dir-a" });
    assert_eq!(client.post(LIST, &good).status, 500);
    assert_eq!(client.post(LIST, &good).status, 201);
    assert_eq!(client.fates(), ["", "first-made struck", ""]);
}
