//! Rules that edit responses: fields changed by JSON pointer, malformed and missing bodies. An edit that does not fit
//! the response changes nothing and is journaled as inapplicable.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, manual_clock_server};

const LIST: &str = "/api/v1/indexes";

/// A client with a key of its own and an index over `dir-a`, and the path of that index.
fn with_index(client: &Client, case: &str) -> (Client, String) {
    let client = client.for_case(case);
    let id = client.create("dir-a")["id"].as_str().expect("an id").to_owned();
    (client, format!("{LIST}/{id}"))
}

/// The expected change of an index.
type Edit = fn(&mut Value);

/// The index before and after a rule edits it.
#[track_caller]
fn edited(client: &Client, rule: &str) -> (Value, HttpResponse) {
    let (client, path) = with_index(client, rule);
    let before = client.get(&path).json();
    client.add_rule(&format!("indexes.get {rule} name=drift"));
    let after = client.get(&path);
    assert_eq!((after.status, after.header("x-mock-fault")), (200, Some("drift")), "{rule}");
    assert_eq!(client.fault_outcomes().last().map(String::as_str), Some("drift struck"), "{rule}");
    assert_eq!(client.journal().last().expect("an entry")["outcome"], "sent");
    (before, after)
}

#[test]
fn fields_are_dropped_nulled_retyped_renamed_and_added_by_pointer() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let cases: [(&str, Edit); 7] = [
        ("drop=/name", |index| _ = index.as_object_mut().expect("an index").shift_remove("name")),
        ("null=/metadata/status", |index| index["metadata"]["status"] = Value::Null),
        ("retype=/metadata", |index| index["metadata"] = json!([index["metadata"]["status"]])),
        ("retype=/description", |index| index["description"] = json!("")),
        ("retype=/name", |index| index["name"] = json!(index["name"].as_str().expect("a string").len())),
        ("add=/owner:\"{\\\"type\\\":\\\"user\\\"}\"", |index| index["owner"] = json!({ "type": "user" })),
        ("add=/metadata/x:[1] null=/name", |index| {
            index["metadata"]["x"] = json!([1]);
            index["name"] = Value::Null;
        }),
    ];
    for (rule, edit) in cases {
        let (mut expected, after) = edited(&client, rule);
        edit(&mut expected);
        assert_eq!(after.json(), expected, "{rule}");
    }
}

#[test]
fn a_renamed_field_keeps_its_position_and_value() {
    let server = manual_clock_server(&[]);
    let (before, after) = edited(&Client::of(&server), "rename=/name:title");
    let keys = |index: &Value| index.as_object().expect("an index").keys().cloned().collect::<Vec<_>>();
    let expected: Vec<_> =
        keys(&before).into_iter().map(|key| if key == "name" { "title".to_owned() } else { key }).collect();
    assert_eq!(keys(&after.json()), expected);
    assert_eq!(after.json()["title"], before["name"]);
}

#[test]
fn pointers_work_in_arrays_and_with_escapes() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for directory in ["dir-a", "dir-b", "dir-c"] {
        client.create(directory);
    }
    let cases: [(&str, &str); 5] = [
        ("drop=/items/0 drop=/items/0", r#"["dir-a"]"#),
        ("drop=/items/1", r#"["dir-c","dir-a"]"#),
        ("add=/items/0:{}", r#"[null,"dir-c","dir-b","dir-a"]"#),
        ("add=/items/-:{}", r#"["dir-c","dir-b","dir-a",null]"#),
        ("add=/a~1b~0c:1 rename=/a~1b~0c:d rename=/d:a~1 drop=/items/2", r#"["dir-c","dir-b"]"#),
    ];
    for (rule, directories) in cases {
        let response = client.post("/__admin/faults", &json!({ "rule": format!("indexes.list {rule} name=it") }));
        assert_eq!(response.status, 201, "{rule}: {}", response.text());
        let page = client.get(LIST).json();
        let shown: Vec<_> =
            page["items"].as_array().expect("a list").iter().map(|item| item["source_directory_id"].clone()).collect();
        assert_eq!(json!(shown).to_string(), directories, "{rule}");
        assert_eq!(page.get("a~1").is_some(), rule.contains("a~1b"), "{rule}: {page}");
        assert_eq!(client.delete("/__admin/faults/it").status, 204);
    }
}

#[test]
fn an_edit_of_a_missing_field_is_journaled_as_inapplicable() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let rules = [
        "drop=/nowhere",
        "null=/metadata/0",
        "drop=/name drop=/nowhere",
        "add=/name/x:1",
        "rename=/items:x",
        "drop=/metadata/01",
        "truncate=100000",
    ];
    for rule in rules {
        let (client, path) = with_index(&client, rule);
        let before = client.get(&path);
        client.add_rule(&format!("indexes.get {rule} name=it"));
        assert_eq!(client.get(&path), before, "{rule}");
        assert_eq!(client.fault_outcomes().last().map(String::as_str), Some("it inapplicable"), "{rule}");
        let shown = client.get(&format!("/__admin/faults/it?tenant={}", client.key())).json();
        assert_eq!((&shown["matches"], &shown["strikes"]), (&json!(1), &json!(0)), "{rule}");
    }
}

#[test]
fn bodies_are_malformed_emptied_replaced_and_mislabelled() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (before, response) = edited(&client, "malformed");
    assert!(serde_json::from_slice::<Value>(&response.body).is_err() && !response.body.is_empty());
    assert!(before.to_string().starts_with(&response.text()), "{}", response.text());
    assert_eq!(response.header("content-type"), Some("application/json"));
    let (_, response) = edited(&client, "empty");
    assert_eq!((response.text().as_str(), response.header("content-length")), ("", Some("0")));
    let (_, response) = edited(&client, "body=oops");
    assert_eq!(
        (response.text().as_str(), response.header("content-type")),
        ("oops", Some("text/plain; charset=utf-8"))
    );
    let (before, response) = edited(&client, "content-type=text/html");
    assert_eq!((response.json(), response.header("content-type")), (before, Some("text/html")));
    let (_, response) = edited(&client, "drop=/name malformed");
    assert!(!response.text().contains("\"name\""), "{}", response.text());
}

#[test]
fn the_shortest_body_becomes_malformed() {
    let server = manual_clock_server(&[]);
    let (client, path) = with_index(&Client::of(&server), "short");
    client.add_rule("indexes.sync malformed");
    client.advance("1h");
    let response = client.send("POST", &format!("{path}/sync"), None);
    assert_eq!(response.status, 202);
    assert!(serde_json::from_slice::<Value>(&response.body).is_err(), "{}", response.text());
}

#[test]
fn body_effects_are_inapplicable_to_a_response_without_a_body() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for effect in
        ["malformed", "truncate=0", "empty", "stall", "reset=reply", "dribble=1/1h", "bandwidth=1/s", "body=x"]
    {
        let (client, path) = with_index(&client, effect);
        client.add_rule(&format!("* {effect} name=it"));
        let response = client.delete(&path);
        assert_eq!((response.status, response.header("x-mock-fault")), (204, None), "{effect}");
        assert_eq!(client.fault_outcomes().last().map(String::as_str), Some("it inapplicable"), "{effect}");
    }
}

#[test]
fn api_errors_are_not_edited() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.get drop=/detail");
    let response = client.get("/api/v1/indexes/idx-unknown");
    assert_eq!((response.status, response.json()), (404, json!({ "detail": "Index not found" })));
    assert_eq!(client.fault_outcomes(), [""]);
}
