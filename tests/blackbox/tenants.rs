//! Each API key is a tenant with its own state, divided into projects.

use std::thread;

use serde_json::{Value, json};

use crate::support::{Client, manual_clock_server, server};

const PROJECT: &str = "11111111-2222-4333-8444-555555555555";

fn ids(client: &Client, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/api/v1/indexes{query}")).json();
    page["items"].as_array().expect("a list").iter().map(|item| item["id"].clone()).collect()
}

#[test]
fn keys_do_not_see_each_others_indexes() {
    let server = manual_clock_server(&[]);
    let (one, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    let index = one.create("dir-shared-name");
    let id = index["id"].as_str().expect("an id");
    assert_eq!(other.get(&format!("/api/v1/indexes/{id}")).status, 404);
    assert_eq!(other.delete(&format!("/api/v1/indexes/{id}")).status, 404);
    assert_eq!(other.get("/api/v1/beta/directories/dir-shared-name").status, 404);
    assert_eq!(ids(&other, ""), Vec::<Value>::new());
    assert_ne!(other.create("dir-shared-name")["id"], index["id"]);
    assert_eq!(ids(&one, ""), [index["id"].clone()]);
}

#[test]
fn without_isolation_all_keys_share_one_state() {
    let server = server(&[("isolation", "none")]);
    let (one, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    let index = one.create("dir-a");
    assert_eq!(ids(&other, ""), [index["id"].clone()]);
}

#[test]
fn a_session_cookie_is_accepted_as_a_key() {
    let server = server(&[]);
    let client = Client::of(&server).with_key("cookie-key");
    let index = client.create("dir-a");
    let request = format!(
        "GET /api/v1/indexes HTTP/1.1\r\nhost: {}\r\ncookie: theme=dark; session=cookie-key\r\n\r\n",
        client.address()
    );
    let response = client.connect().send(request).read_response().expect("a response");
    assert_eq!(response.json()["items"][0]["id"], index["id"]);
}

#[test]
fn without_auth_a_request_without_a_key_is_anonymous() {
    let server = server(&[("no-auth", "true")]);
    let client = Client::of(&server);
    let request = format!("GET /api/v1/indexes HTTP/1.1\r\nhost: {}\r\n\r\n", client.address());
    client.with_key("anonymous").create("dir-a");
    let response = client.connect().send(request).read_response().expect("a response");
    assert_eq!(response.json()["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(ids(&client, ""), Vec::<Value>::new());
}

#[test]
fn lists_are_per_project_and_ids_are_found_across_projects() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let in_default = client.create("dir-a");
    let body = json!({ "source_directory_id": "dir-b" });
    let in_other = client.post(&format!("/api/v1/indexes?project_id={PROJECT}"), &body).json();
    assert_eq!(in_other["project_id"], PROJECT);
    assert_ne!(in_default["project_id"], PROJECT);
    assert_eq!(ids(&client, ""), [in_default["id"].clone()]);
    assert_eq!(ids(&client, &format!("?project_id={PROJECT}")), [in_other["id"].clone()]);
    let id = in_other["id"].as_str().expect("an id");
    assert_eq!(client.get(&format!("/api/v1/indexes/{id}")).status, 200);
    assert_eq!(client.get(&format!("/api/v1/indexes/{id}?project_id={PROJECT}")).status, 200);
    let default_project = in_default["project_id"].as_str().expect("an id");
    assert_eq!(client.get(&format!("/api/v1/indexes/{id}?project_id={default_project}")).status, 404);
    assert_eq!(ids(&client, "?project_id=99999999-2222-4333-8444-555555555555"), Vec::<Value>::new());
}

#[test]
fn a_thousand_parallel_tenants_stay_isolated() {
    let server = manual_clock_server(&[]);
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let client = Client::of(&server);
            thread::spawn(move || {
                for tenant in (worker..1000).step_by(8) {
                    let own = client.with_key(&format!("llx-tenant-{tenant}"));
                    let index = own.create(&format!("dir-{tenant}"));
                    assert_eq!(ids(&own, ""), [index["id"].clone()]);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("every tenant sees its own index");
    }
    let state = Client::of(&server).get("/__admin/state").json();
    assert_eq!(state["tenants"].as_array().map(Vec::len), Some(1000));
}
