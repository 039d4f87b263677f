//! Rules in JSON that are rejected: not a string or an object, too long, with an unknown field or a value of another type.

use serde_json::{Value, json};

use crate::support::{Client, server};

#[test]
fn rules_that_are_not_strings_or_too_long_are_rejected() {
    let server = server(&[]);
    let client = Client::of(&server);
    let post = |body: &str| client.try_send("POST", "/__admin/faults", "", Some(body)).expect("a response");
    let long = |bytes: usize| json!({ "rule": format!("* status=500 body={}", "a".repeat(bytes - 18)) }).to_string();
    assert_eq!(post(&long(16 * 1024)).status, 201);
    let response = post(&long(16 * 1024 + 1));
    assert_eq!(
        (response.status, response.text().contains("is longer than 16384 bytes")),
        (422, true),
        "{}",
        response.text()
    );
    for body in [
        "5",
        "null",
        "[]",
        "{}",
        "{\"rule\":5}",
        "{\"rule\":[]}",
        "{",
        "{\"operation\":5,\"hang\":true}",
        "{\"operation\":\"*\",\"phase\":1,\"hang\":true}",
    ] {
        assert_eq!(post(body).status, 422, "{body}");
    }
    let request = client.request_bytes(
        "POST",
        "/__admin/faults",
        "content-type: application/json\r\ncontent-length: 11\r\n",
        None,
    );
    assert_eq!(
        client.connect().send(request).send(b"{\"rule\":\"\xff\"").read_response().expect("a response").status,
        422
    );
    assert_eq!(client.get("/__admin/faults").json()["faults"].as_array().map(Vec::len), Some(1));
}

#[test]
fn invalid_rule_fields_are_named_in_the_error() {
    let server = server(&[]);
    let client = Client::of(&server);
    let cases: [(Value, &str); 11] = [
        (json!({ "rul": "* hang" }), "rul: is not a field of a fault rule; did you mean rule?"),
        (
            json!({ "rule": "* hang", "tennant": "llx-a" }),
            "tennant: is not a field of a fault rule; did you mean tenant?",
        ),
        (
            json!({ "operation": "*", "retry_aftr": 2 }),
            "retry_aftr: is not a field of a fault rule; did you mean retry-after?",
        ),
        (
            json!({ "operation": "indexes.get", "stauts": 500 }),
            "stauts: is not a field of a fault rule; did you mean status?",
        ),
        (json!({ "operation": "indexes.get", "status": 500.5 }), "status=500.5"),
        (json!({ "operation": "indexes.get", "status": { "a": 1 } }), "status: takes a string, a number or true"),
        (json!({ "operation": "indexes.get", "status": [500, 503] }), "is given twice"),
        (json!({ "status": 500 }), "operation: is missing"),
        (json!({ "rule": "* hang", "operation": "indexes.get" }), "operation: is in the text"),
        (json!({ "rule": "* hang", "phase": "after" }), "phase: is in the text"),
        (json!({ "rule": "* hang", "tenant": 5 }), "tenant: takes a key or a label"),
    ];
    for (body, words) in cases {
        let response = client.post("/__admin/faults", &body);
        assert_eq!(response.status, 422, "{body}");
        assert!(response.json()["detail"].as_str().expect("a sentence").contains(words), "{body}: {}", response.text());
    }
}
