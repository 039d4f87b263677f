//! Answers that rules edit: the contract drifts by JSON pointer, bodies break and go missing. What does not fit is left as
//! it is, and the journal says so.

use serde_json::{Value, json};

use crate::support::{Answer, Client, standing};

const LIST: &str = "/api/v1/indexes";

/// A caller of a case's own with an index over `dir-a`, and the index's path.
fn with_index(client: &Client, case: &str) -> (Client, String) {
    let client = client.for_case(case);
    let id = client.create("dir-a")["id"].as_str().expect("an id").to_owned();
    (client, format!("{LIST}/{id}"))
}

/// What a rule is to do to an index.
type Edit = fn(&mut Value);

/// The index before and after a rule edits it.
#[track_caller]
fn edited(client: &Client, rule: &str) -> (Value, Answer) {
    let (client, path) = with_index(client, rule);
    let before = client.get(&path).json();
    client.arm(&format!("indexes.get {rule} name=drift"));
    let after = client.get(&path);
    assert_eq!((after.status, after.header("x-mock-fault")), (200, Some("drift")), "{rule}");
    assert_eq!(client.fates().last().map(String::as_str), Some("drift struck"), "{rule}");
    assert_eq!(client.journal().last().expect("an entry")["outcome"], "sent");
    (before, after)
}

#[test]
fn fields_are_dropped_emptied_retyped_renamed_and_added_by_pointer() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let cases: [(&str, Edit); 7] = [
        ("drop=/name", |index| _ = index.as_object_mut().expect("an index").shift_remove("name")),
        ("null=/metadata/status", |index| index["metadata"]["status"] = Value::Null),
        ("retype=/metadata", |index| index["metadata"] = json!([index["metadata"]["status"]])),
        ("retype=/description", |index| index["description"] = json!("")),
        ("retype=/name", |index| index["name"] = json!(index["name"].as_str().expect("a text").len())),
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
fn a_renamed_field_keeps_its_place_and_its_value() {
    let server = standing(&[]);
    let (before, after) = edited(&Client::of(&server), "rename=/name:title");
    let keys = |index: &Value| index.as_object().expect("an index").keys().cloned().collect::<Vec<_>>();
    let expected: Vec<_> =
        keys(&before).into_iter().map(|key| if key == "name" { "title".to_owned() } else { key }).collect();
    assert_eq!(keys(&after.json()), expected);
    assert_eq!(after.json()["title"], before["name"]);
}

#[test]
fn pointers_reach_into_lists_and_through_escapes() {
    let server = standing(&[]);
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
        let answer = client.post("/__admin/faults", &json!({ "rule": format!("indexes.list {rule} name=it") }));
        assert_eq!(answer.status, 201, "{rule}: {}", answer.text());
        let page = client.get(LIST).json();
        let shown: Vec<_> =
            page["items"].as_array().expect("a list").iter().map(|item| item["source_directory_id"].clone()).collect();
        assert_eq!(json!(shown).to_string(), directories, "{rule}");
        assert_eq!(page.get("a~1").is_some(), rule.contains("a~1b"), "{rule}: {page}");
        assert_eq!(client.delete("/__admin/faults/it").status, 204);
    }
}

#[test]
fn an_edit_that_leads_nowhere_leaves_the_answer_whole_and_is_noted() {
    let server = standing(&[]);
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
        client.arm(&format!("indexes.get {rule} name=it"));
        assert_eq!(client.get(&path), before, "{rule}");
        assert_eq!(client.fates().last().map(String::as_str), Some("it inapplicable"), "{rule}");
        let shown = client.get(&format!("/__admin/faults/it?tenant={}", client.key())).json();
        assert_eq!((&shown["matches"], &shown["strikes"]), (&json!(1), &json!(0)), "{rule}");
    }
}

#[test]
fn bodies_are_broken_emptied_replaced_and_called_what_they_are_not() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let (before, answer) = edited(&client, "malformed");
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err() && !answer.body.is_empty());
    assert!(before.to_string().starts_with(&answer.text()), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let (_, answer) = edited(&client, "empty");
    assert_eq!((answer.text().as_str(), answer.header("content-length")), ("", Some("0")));
    let (_, answer) = edited(&client, "body=oops");
    assert_eq!((answer.text().as_str(), answer.header("content-type")), ("oops", Some("text/plain; charset=utf-8")));
    let (before, answer) = edited(&client, "content-type=text/html");
    assert_eq!((answer.json(), answer.header("content-type")), (before, Some("text/html")));
    let (_, answer) = edited(&client, "drop=/name malformed");
    assert!(!answer.text().contains("\"name\""), "{}", answer.text());
}

#[test]
fn even_the_shortest_body_breaks() {
    let server = standing(&[]);
    let (client, path) = with_index(&Client::of(&server), "short");
    client.arm("indexes.sync malformed");
    client.advance("1h");
    let answer = client.call("POST", &format!("{path}/sync"), None);
    assert_eq!(answer.status, 202);
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err(), "{}", answer.text());
}

#[test]
fn an_answer_without_a_body_has_nothing_to_break_even_when_the_rule_is_about_others_too() {
    let server = standing(&[]);
    let client = Client::of(&server);
    for effect in
        ["malformed", "truncate=0", "empty", "stall", "reset=reply", "dribble=1/1h", "bandwidth=1/s", "body=x"]
    {
        let (client, path) = with_index(&client, effect);
        client.arm(&format!("* {effect} name=it"));
        let answer = client.delete(&path);
        assert_eq!((answer.status, answer.header("x-mock-fault")), (204, None), "{effect}");
        assert_eq!(client.fates().last().map(String::as_str), Some("it inapplicable"), "{effect}");
    }
}

#[test]
fn refusals_are_not_edited() {
    let server = standing(&[]);
    let client = Client::of(&server);
    client.arm("indexes.get drop=/detail");
    let answer = client.get("/api/v1/indexes/idx-none");
    assert_eq!((answer.status, answer.json()), (404, json!({ "detail": "Index not found" })));
    assert_eq!(client.fates(), [""]);
}
