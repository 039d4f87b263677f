//! Chat sessions: created, listed, shown, deleted.

use serde_json::{Value, json};

use crate::support::{CHAT, Client, items, manual_clock_server, server, text_of};

/// The fields of a session in the order of the contract.
const SUMMARY: &[&str] =
    &["session_id", "generated_title", "last_updated_at", "job_metadata", "index_ids", "shared_access"];

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn a_new_session_has_no_title_and_no_history() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let created = client.post(CHAT, &json!({})).json();
    assert_eq!(fields(&created), SUMMARY);
    let id = text_of(&created, "session_id");
    assert!(id.starts_with("ses-"), "{id}");
    assert_eq!(
        created,
        json!({
            "session_id": id, "generated_title": null, "last_updated_at": "2026-01-01T00:00:00", "job_metadata": null,
            "index_ids": null, "shared_access": "read_only",
        })
    );
    assert_eq!(client.show(&format!("{CHAT}/{id}/summary")), created);
    let detail = client.show(&format!("{CHAT}/{id}"));
    assert_eq!(fields(&detail), [SUMMARY, &["events"]].concat());
    assert_eq!(detail["events"], json!([]));
}

#[test]
fn a_session_may_be_created_without_a_body() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for body in [None, Some(Value::Null), Some(json!({ "index_ids": null, "shared_access": null }))] {
        let created = client.send("POST", CHAT, body.as_ref());
        assert_eq!((created.status, &created.json()["index_ids"]), (201, &Value::Null), "{body:?}");
    }
}

#[test]
fn a_session_is_bound_to_indexes_that_exist() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let index = client.create("dir-a");
    let ids = json!([index["id"], index["export_config_id"]]);
    let created = client.post(CHAT, &json!({ "index_ids": ids, "shared_access": "query" })).json();
    assert_eq!((&created["index_ids"], &created["shared_access"]), (&ids, &json!("query")));
    let unknown = client.post(CHAT, &json!({ "index_ids": [index["id"], "idx-unknown"] }));
    assert_eq!((unknown.status, unknown.text().as_str()), (404, r#"{"detail":"Index not found"}"#));
    assert_eq!(items(&client.show(CHAT), "session_id").len(), 1);
}

#[test]
fn a_list_has_the_last_updated_session_first_and_then_the_newest() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let sessions: Vec<String> = (0..4).map(|_| client.chat_session()).collect();
    let newest_first = |order: [usize; 4]| order.map(|at| sessions[at].clone());
    assert_eq!(items(&client.show(CHAT), "session_id"), newest_first([3, 2, 1, 0]));
    client.advance("1s");
    client.answer(&sessions[1], &["idx-unknown"], "hello");
    let expected = newest_first([1, 3, 2, 0]);
    assert_eq!(items(&client.show(CHAT), "session_id"), expected);
    let (mut found, mut token) = (Vec::new(), String::new());
    for _ in 0..2 {
        let page = client.show(&format!("{CHAT}?page_size=2&page_token={token}"));
        assert_eq!(fields(&page), ["items", "next_page_token"]);
        found.extend(items(&page, "session_id"));
        token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!((found, token.as_str()), (expected.to_vec(), ""));
}

#[test]
fn a_list_shows_the_sessions_of_one_project() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let project = "0f5d4b92-8f1c-4d43-9c2e-0a1b2c3d4e5f";
    let elsewhere = client.post(&format!("{CHAT}?project_id={project}"), &json!({})).json();
    let here = client.chat_session();
    assert_eq!(items(&client.show(CHAT), "session_id"), std::slice::from_ref(&here));
    let listed = client.show(&format!("{CHAT}?project_id={project}"));
    assert_eq!(items(&listed, "session_id"), [text_of(&elsewhere, "session_id")]);
    assert_eq!(client.get(&format!("{CHAT}/{here}?project_id={project}")).status, 404);
}

#[test]
fn a_deleted_session_is_not_found() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let id = client.chat_session();
    let deleted = client.delete(&format!("{CHAT}/{id}"));
    assert_eq!((deleted.status, deleted.text().as_str()), (204, ""));
    let not_found = |response: crate::support::HttpResponse| {
        assert_eq!((response.status, response.text().as_str()), (404, r#"{"detail":"Session not found"}"#));
    };
    not_found(client.delete(&format!("{CHAT}/{id}")));
    not_found(client.get(&format!("{CHAT}/{id}")));
    not_found(client.get(&format!("{CHAT}/{id}/summary")));
    not_found(client.message(&id, &["idx-a"], "hello"));
}

#[test]
fn sessions_have_the_limits_and_faults_of_resources() {
    let server = server(&[("max-items", "2"), ("clock", "manual")]);
    let client = Client::of(&server);
    client.add_rule("chat.create quota=1");
    let id = client.chat_session();
    assert_eq!(client.post(CHAT, &json!({})).status, 402);
    client.delete("/__admin/faults");
    client.chat_session();
    let refused = client.post(CHAT, &json!({}));
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("2 chat sessions (--max-items)"), "{}", refused.text());
    client.add_rule("chat.retrieve vanish");
    assert_eq!(client.get(&format!("{CHAT}/{id}")).status, 404);
    assert_eq!(client.state()["chat_sessions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn in_contract_mode_every_session_and_index_exists() {
    let server = server(&[("contract", "true")]);
    let client = Client::of(&server);
    assert_eq!(client.post(CHAT, &json!({ "index_ids": ["idx-any"] })).status, 201);
    assert_eq!(client.show(&format!("{CHAT}/ses-any"))["session_id"], "ses-any");
    assert_eq!(client.delete(&format!("{CHAT}/ses-any")).status, 204);
}
