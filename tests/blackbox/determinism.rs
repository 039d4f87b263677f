//! Equal seeds give equal bytes, independent of other tenants, rules and operations.

use serde_json::json;

use crate::support::{Client, HttpResponse, manual_clock_server};

/// The responses to a fixed sequence of requests.
fn responses_to_sequence(client: &Client) -> Vec<HttpResponse> {
    let mut seen = Vec::new();
    for directory in ["dir-a", "dir-b", "dir-a"] {
        seen.push(client.post("/api/v1/indexes", &json!({ "source_directory_id": directory })));
        client.advance("50ms");
    }
    seen.push(client.post("/api/v1/beta/directories", &json!({ "name": "Papers" })));
    seen.push(client.get("/api/v1/indexes?page_size=2"));
    let token = seen[4].json()["next_page_token"].as_str().expect("a second page").to_owned();
    seen.push(client.get(&format!("/api/v1/indexes?page_size=2&page_token={token}")));
    let id = seen[0].json()["id"].as_str().expect("an id").to_owned();
    seen.push(client.get(&format!("/api/v1/indexes/{id}?expand=sync_in_progress")));
    seen.push(client.post(&format!("/api/v1/indexes/{id}/sync"), &json!(null)));
    seen.push(client.get("/api/v1/indexes/idx-unknown"));
    seen
}

fn responses_with(settings: &[(&str, &str)]) -> Vec<HttpResponse> {
    let server = manual_clock_server(settings);
    responses_to_sequence(&Client::of(&server))
}

#[test]
fn equal_seeds_give_equal_bytes_including_heads() {
    assert_eq!(responses_with(&[]), responses_with(&[]));
    assert_eq!(responses_with(&[("seed", "7")]), responses_with(&[("seed", "7")]));
}

#[test]
fn another_seed_gives_other_ids_and_the_same_statuses() {
    let (first, second) = (responses_with(&[("seed", "1")]), responses_with(&[("seed", "2")]));
    assert_ne!(first[0].json()["id"], second[0].json()["id"]);
    let statuses = |responses: &[HttpResponse]| responses.iter().map(|response| response.status).collect::<Vec<_>>();
    assert_eq!(statuses(&first), statuses(&second));
}

#[test]
fn faults_that_do_not_strike_change_nothing() {
    let without = responses_with(&[]);
    for rule in ["indexes.list status=500 when=header:x-never", "* status=500 rate=0.5 when=query:never"] {
        assert_eq!(responses_with(&[("fault", rule)]), without, "{rule}");
    }
}

#[test]
fn other_tenants_change_nothing() {
    let quiet = responses_with(&[]);
    let server = manual_clock_server(&[]);
    let (client, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    for _ in 0..3 {
        other.create("dir-a");
        other.post("/api/v1/beta/directories", &json!({ "name": "Papers" }));
    }
    assert_eq!(responses_to_sequence(&client), quiet);
}

#[test]
fn other_operations_change_no_ids() {
    let made = |before: &dyn Fn(&Client)| {
        let server = manual_clock_server(&[]);
        let client = Client::of(&server);
        before(&client);
        let directory = client.post("/api/v1/beta/directories", &json!({ "name": "Papers" })).json();
        let index = client.create("dir-a");
        (directory["id"].clone(), index["id"].clone(), index["name"].clone())
    };
    let quiet = made(&|_| {});
    let after_reads = made(&|client| {
        client.get("/api/v1/indexes");
        client.get("/api/v1/indexes/idx-unknown");
        client.post("/api/v1/indexes", &json!({ "source_directory_id": 5 }));
    });
    assert_eq!(quiet, after_reads);
    // A directory that is created implicitly does not change the ids of those created explicitly.
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.create("dir-mentioned");
    assert_eq!(client.post("/api/v1/beta/directories", &json!({ "name": "Papers" })).json()["id"], quiet.0);
}

#[test]
fn resources_created_by_contract_mode_change_no_ids() {
    let first_index = |before: &[&str]| {
        let server = manual_clock_server(&[("contract", "true")]);
        let client = Client::of(&server);
        for id in before {
            assert_eq!(client.get(&format!("/api/v1/indexes/{id}")).status, 200);
        }
        client.create("dir-a")
    };
    assert_eq!(first_index(&[]), first_index(&["idx-x", "idx-y"]));
}

#[test]
fn the_name_of_an_implicit_directory_depends_only_on_its_id() {
    let name_of = |settings: &[(&str, &str)], before: &[&str]| {
        let server = manual_clock_server(settings);
        let client = Client::of(&server);
        for directory in before {
            client.create(directory);
        }
        let index = client.create("dir-abc123");
        let directory = client.get("/api/v1/beta/directories/dir-abc123").json();
        assert_eq!(index["name"], directory["name"]);
        directory["name"].clone()
    };
    assert_eq!(name_of(&[], &[]), name_of(&[], &["dir-x", "dir-y"]));
}

#[test]
fn the_same_requests_after_a_reset_get_the_same_responses() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let first = responses_to_sequence(&client);
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!(responses_to_sequence(&client), first);
}
