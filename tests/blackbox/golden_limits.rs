//! Inputs on which the service's framework crashes or stops: the emulator's response, at each limit and past it.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, server};

const UNREADABLE: &str = r#"{"detail":"There was an error parsing the body"}"#;

/// Sends a create request with this body.
fn create(client: &Client, body: &[u8]) -> HttpResponse {
    let mut request = client.request_bytes("POST", "/api/v1/indexes", "", None);
    request.truncate(request.len() - 2);
    request.extend(format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len()).bytes());
    request.extend(body);
    client.connect().send(request).read_response().expect("a response")
}

fn nested(levels: usize, open: &str, close: &str) -> Vec<u8> {
    [open.repeat(levels), close.repeat(levels)].concat().into_bytes()
}

#[test]
fn a_body_that_the_framework_cannot_parse_is_rejected_with_400() {
    let server = server(&[]);
    let client = Client::of(&server);
    let in_source = |value: &str| format!(r#"{{"source_directory_id":{value}}}"#).into_bytes();
    let beside = |value: &str| format!(r#"{{"source_directory_id":"d","other":[{value}]}}"#).into_bytes();
    let bodies = [
        b"NaN".to_vec(),
        b"Infinity".to_vec(),
        b"-Infinity".to_vec(),
        in_source("NaN"),
        in_source("-Infinity"),
        beside("Infinity"),
        in_source("1e309"),
        beside("-1e400"),
        beside("123456789e99999999999999999999"),
        in_source(r#""\ud800""#),
        in_source(r#""\udc00\ud800""#),
        beside(r#""\ud83d x""#),
        br#"{"\udfff":1}"#.to_vec(),
        in_source(&"9".repeat(4301)),
        in_source(&format!("-{}", "9".repeat(4301))),
        nested(129, "[", "]"),
        nested(128, r#"{"a":["#, "]}"),
        nested(10_000, "[", "]"),
        b"\xff".to_vec(),
        b"{\"source_directory_id\":\"\xff\"}".to_vec(),
        b"{\"source_directory_id\":\"\xed\xa0\x80\"}".to_vec(),
        b"{\"source_directory_id\":\"\xc0\x80\"}".to_vec(),
        b"{\"source_directory_id\":\"\xf5\x80\x80\x80\"}".to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
        b"{\0}\0".to_vec(),
        b"\0{\0}".to_vec(),
    ];
    for body in bodies {
        let response = create(&client, &body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!((response.status, response.text().as_str()), (400, UNREADABLE), "{shown}");
    }
}

#[test]
fn a_body_within_the_limits_is_validated_by_its_schema() {
    let server = server(&[]);
    let client = Client::of(&server);
    let digits = "9".repeat(4300);
    let bodies = [
        format!(r#"{{"source_directory_id":{digits}}}"#),
        format!(r#"{{"source_directory_id":-{digits}}}"#),
        r#"{"source_directory_id":[1.7976931348623157e+308,5e-324,0.0]}"#.to_owned(),
        r#"{"source_directory_id":["😀"]}"#.to_owned(),
        format!(r#"{{"source_directory_id":{}{}}}"#, "[".repeat(127), "]".repeat(127)),
        format!(r#"{{"source_directory_id":{}7{}}}"#, r#"{"a":"#.repeat(127), "}".repeat(127)),
    ];
    for body in bodies {
        let response = create(&client, body.as_bytes());
        let sent = body.strip_prefix(r#"{"source_directory_id":"#).and_then(|rest| rest.strip_suffix('}'));
        let echo = format!(
            r#"{{"detail":[{{"type":"string_type","loc":["body","source_directory_id"],"msg":"Input should be a valid string","input":{}}}]}}"#,
            sent.expect("has this form")
        );
        assert_eq!((response.status, response.text()), (422, echo));
    }
}

#[test]
fn a_syntax_error_is_found_at_any_depth() {
    let server = server(&[]);
    let response = create(&Client::of(&server), "[".repeat(100_000).as_bytes());
    assert_eq!(response.status, 422);
    assert_eq!(response.json()["detail"][0]["loc"], json!(["body", 100_000]));
    assert_eq!(response.json()["detail"][0]["ctx"], json!({ "error": "Expecting value" }));
}

#[test]
fn an_integer_in_the_query_has_at_most_4300_digits() {
    let server = server(&[]);
    let client = Client::of(&server);
    let nines = |count: usize| "9".repeat(count);
    let rows = [
        (nines(4300), None),
        (format!("0{}", nines(4300)), None),
        (format!("%2B{}.00", nines(4300)), None),
        (format!("{}_9", nines(4299)), None),
        (format!("{}1", "0".repeat(9000)), None),
        (nines(4301), Some("int_parsing_size")),
        (format!("-{}", nines(4301)), Some("int_parsing_size")),
        (format!("{}x", nines(4301)), Some("int_parsing_size")),
        (format!("{}.5", nines(4301)), Some("int_parsing_size")),
        (format!("0{}", nines(4301)), Some("int_parsing")),
        (format!("%2B{}", nines(4301)), Some("int_parsing")),
        (format!("%20{}", nines(4301)), Some("int_parsing")),
        (format!("{}_9", nines(4300)), Some("int_parsing")),
        ("x".repeat(4301), Some("int_parsing")),
    ];
    for (size, refusal) in rows {
        let response = client.get(&format!("/api/v1/indexes?page_size={size}"));
        let kind = response.json()["detail"][0]["type"].as_str().map(str::to_owned);
        assert_eq!(kind.as_deref(), refusal, "{:.20} of {}", size, size.len());
    }
}

#[test]
fn invalid_percent_escapes_in_the_query_are_kept() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (sent, read) in [("%zz", "%zz"), ("%", "%"), ("%4", "%4"), ("a%2", "a%2"), ("%25", "%"), ("%ff", "\u{fffd}")] {
        let response = client.get(&format!("/api/v1/indexes?page_size={sent}"));
        assert_eq!(response.json()["detail"][0]["input"], Value::from(read), "{sent}");
    }
}
