//! Equal seeds, equal bytes; and what others do moves nothing.

use serde_json::json;

use crate::support::{Answer, Client, standing};

/// What one client sees of a few calls, port aside.
fn story(client: &Client) -> Vec<Answer> {
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
    seen.push(client.get("/api/v1/indexes/idx-nobody-made"));
    seen
}

fn told(settings: &[(&str, &str)]) -> Vec<Answer> {
    let server = standing(settings);
    story(&Client::of(&server))
}

#[test]
fn equal_seeds_give_equal_bytes_heads_too() {
    assert_eq!(told(&[]), told(&[]));
    assert_eq!(told(&[("seed", "7")]), told(&[("seed", "7")]));
}

#[test]
fn another_seed_gives_other_ids_and_the_same_shapes() {
    let (first, second) = (told(&[("seed", "1")]), told(&[("seed", "2")]));
    assert_ne!(first[0].json()["id"], second[0].json()["id"]);
    let statuses = |answers: &[Answer]| answers.iter().map(|answer| answer.status).collect::<Vec<_>>();
    assert_eq!(statuses(&first), statuses(&second));
}

#[test]
fn faults_that_do_not_strike_move_nothing() {
    let rules =
        [("fault", "indexes.list status=500 when=header:x-never"), ("fault", "* status=500 rate=0 when=query:never")];
    assert_eq!(told(&[]), told(&rules[..1]));
}

#[test]
fn other_tenants_move_nothing() {
    let quiet = told(&[]);
    let server = standing(&[]);
    let (client, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    for _ in 0..3 {
        other.create("dir-a");
        other.post("/api/v1/beta/directories", &json!({ "name": "Papers" }));
    }
    assert_eq!(story(&client), quiet);
}

#[test]
fn other_operations_move_nothing() {
    let made = |before: &dyn Fn(&Client)| {
        let server = standing(&[]);
        let client = Client::of(&server);
        before(&client);
        let directory = client.post("/api/v1/beta/directories", &json!({ "name": "Papers" })).json();
        let index = client.create("dir-a");
        (directory["id"].clone(), index["id"].clone(), index["name"].clone())
    };
    let quiet = made(&|_| {});
    let after_reads = made(&|client| {
        client.get("/api/v1/indexes");
        client.get("/api/v1/indexes/idx-nobody-made");
        client.post("/api/v1/indexes", &json!({ "source_directory_id": 5 }));
    });
    assert_eq!(quiet, after_reads);
    // A directory that is only mentioned does not move the ids of directories that are created.
    let server = standing(&[]);
    let client = Client::of(&server);
    client.create("dir-mentioned");
    assert_eq!(client.post("/api/v1/beta/directories", &json!({ "name": "Papers" })).json()["id"], quiet.0);
}

#[test]
fn ids_that_contract_mode_lets_exist_move_nothing() {
    let first_index = |before: &[&str]| {
        let server = standing(&[("contract", "true")]);
        let client = Client::of(&server);
        for id in before {
            assert_eq!(client.get(&format!("/api/v1/indexes/{id}")).status, 200);
        }
        client.create("dir-a")
    };
    assert_eq!(first_index(&[]), first_index(&["idx-x", "idx-y"]));
}

#[test]
fn a_mentioned_directory_is_named_after_its_id_alone() {
    let name_of = |settings: &[(&str, &str)], before: &[&str]| {
        let server = standing(settings);
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
fn a_reset_begins_the_same_story_again() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let first = story(&client);
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!(story(&client), first);
}
