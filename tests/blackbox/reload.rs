//! `POST /__admin/reload` reads scenarios and worlds from their files again.

use std::fs;
use std::path::PathBuf;

use llamacloud_mock::embedded::MockServer;
use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::support::{Client, DIRECTORIES, INDEXES, server};

/// A scenario and a world in a folder, which tests change.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new(rules: &[&str], directory: &str) -> Self {
        let files = Self { folder: TempDir::new().expect("a temporary folder") };
        files.write_rules(rules);
        files.write_world(directory);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the file can be written");
    }

    fn write_rules(&self, rules: &[&str]) {
        self.write("own.toml", &format!("faults = {}\n", json!(rules)));
    }

    fn write_world(&self, directory: &str) {
        self.write("world.toml", &format!("[[directories]]\nid = '{directory}'\n"));
    }

    /// A server with both files and these settings.
    fn server(&self, settings: &[(&str, &str)]) -> MockServer {
        let paths = ["own.toml", "world.toml"].map(|name| self.path(name).to_str().expect("UTF-8").to_owned());
        server(&[&[("scenario", paths[0].as_str()), ("world", &paths[1])][..], settings].concat())
    }
}

/// The rules of a key: text and counts.
fn rules(client: &Client) -> Vec<(String, u64, u64)> {
    let shown = client.show(&format!("/__admin/faults?tenant={}", client.key()))["faults"].clone();
    let row = |rule: &Value| {
        let count = |name: &str| rule[name].as_u64().expect("a number");
        (rule["rule"].as_str().expect("a text").to_owned(), count("matches"), count("strikes"))
    };
    shown.as_array().expect("a list").iter().map(row).collect()
}

fn directories(client: &Client) -> Value {
    client.show(&format!("{DIRECTORIES}?type=user"))["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item["id"].clone())
        .collect()
}

#[track_caller]
fn reload(client: &Client) -> Value {
    let response = client.post("/__admin/reload", &json!({}));
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()
}

const KEPT: &str = "indexes.list status=418 nth=2";
const CHANGED: &str = "indexes.get status=500";

#[test]
fn changed_rules_are_replaced_and_others_keep_their_counts_and_those_added_at_run_time_stay() {
    let files = Files::new(&[CHANGED, KEPT, "files.list status=500"], "dir-a");
    let server = files.server(&[("fault", "projects.list status=500")]);
    let client = Client::of(&server);
    assert_eq!(client.get(INDEXES).status, 200);
    client.add_rule("chat.list status=503 name=added");
    assert_eq!(client.get("/api/v1/chat").status, 503);
    let changed = "indexes.get status=502";
    files.write_rules(&["files.query status=500", KEPT, changed]);
    let report = reload(&client);
    assert_eq!(report["added"], json!(["files.query status=500", changed]));
    assert_eq!(report["removed"], json!([CHANGED, "files.list status=500"]));
    let expected = [
        ("files.query status=500", 0, 0),
        (KEPT, 1, 0),
        (changed, 0, 0),
        ("projects.list status=500", 0, 0),
        ("chat.list status=503 name=added", 1, 1),
    ];
    assert_eq!(rules(&client), expected.map(|(rule, matches, strikes)| (rule.to_owned(), matches, strikes)));
    assert_eq!(client.get(INDEXES).status, 418, "the second request that the rule counts");
    assert_eq!(client.get(&format!("{INDEXES}/a")).status, 502);
    let other = client.with_key("llx-other");
    assert_eq!(other.get(&format!("{INDEXES}/a")).status, 502, "a later key has the new rules");
    // A reset restores them too.
    let all = client.post("/__admin/reset", &json!({}));
    assert_eq!(all.status, 204);
    assert_eq!(client.get(&format!("{INDEXES}/a")).status, 502);
    assert_eq!(rules(&client).len(), 4);
    assert_eq!(reload(&client)["added"], json!([]), "nothing has changed");
}

#[test]
fn state_stays_and_a_reset_or_a_new_key_starts_with_the_new_world() {
    let files = Files::new(&[KEPT], "dir-a");
    let server = files.server(&[]);
    let client = Client::of(&server);
    assert_eq!(directories(&client), json!(["dir-a"]));
    files.write_world("dir-b");
    let report = reload(&client);
    assert_eq!(report["worlds"], json!([files.path("world.toml")]));
    assert_eq!(report["scenarios"], json!(["own"]));
    assert_eq!(directories(&client), json!(["dir-a"]));
    assert_eq!(directories(&client.with_key("llx-new")), json!(["dir-b"]));
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": client.key() })).status, 204);
    assert_eq!(directories(&client), json!(["dir-b"]));
}

#[test]
fn a_broken_file_changes_nothing_and_the_refusal_has_its_place() {
    let files = Files::new(&[CHANGED], "dir-a");
    let server = files.server(&[]);
    let client = Client::of(&server);
    for (name, text, problem) in [
        ("own.toml", "faults = ['indexes.get statsu=500']", "did you mean status?"),
        ("own.toml", "faults = ['* hang name=a', '* hang name=a']", "two rules have the name a"),
        ("own.toml", "faults = ['* hang']\nrefuse = ['1h..2h']", "can only be given at the start"),
        (
            "world.toml",
            "[[directories]]\nid = 'dir-b'\nnaem = 'a'",
            "directories[0].naem: is not a key; did you mean name?",
        ),
        ("world.toml", "", "describes nothing"),
    ] {
        files.write_rules(&["indexes.get status=502"]);
        files.write_world("dir-b");
        files.write(name, text);
        let refused = client.post("/__admin/reload", &json!({}));
        assert_eq!(refused.status, 422, "{text}: {}", refused.text());
        assert!(refused.text().contains(problem), "{text}: {}", refused.text());
        assert_eq!(client.get(&format!("{INDEXES}/a")).status, 500, "{text}");
        assert_eq!(directories(&client.for_case(&format!("{name} {problem}"))), json!(["dir-a"]), "{text}");
    }
    files.write_rules(&["indexes.get status=502"]);
    files.write_world("dir-b");
    reload(&client);
    assert_eq!(client.get(&format!("{INDEXES}/a")).status, 502);
}

#[test]
fn a_request_that_a_removed_rule_holds_is_released_and_one_of_a_kept_rule_is_not() {
    let (kept, removed) = ("indexes.list hang name=kept", "files.list hang name=removed");
    let files = Files::new(&[removed, kept], "dir-a");
    let server = files.server(&[]);
    let client = Client::of(&server);
    let mut held = client.connect();
    held.send(client.request_bytes("GET", INDEXES, "", None));
    let mut released = client.connect();
    released.send(client.request_bytes("GET", "/api/v1/beta/files", "", None));
    client.wait_for_entries(2);
    files.write_rules(&[kept]);
    reload(&client);
    assert!(released.read_response().is_none(), "its connection is closed");
    assert_eq!(client.open_calls(), 1);
    assert_eq!(rules(&client), [(kept.to_owned(), 1, 1)]);
    drop(held);
}
