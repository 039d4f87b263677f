//! Snapshots: all that tenants have, saved and restored exactly, by the admin API and by files.

use std::fs;

use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::support::{
    Client, DIRECTORIES, INDEXES, Program, command, id_of, items, manual_clock_server, output_of, pdf, reading_server,
    run, server,
};

const SNAPSHOT: &str = "/__admin/snapshot";

/// Settings under which equal requests get equal answers.
const STOPPED: &[(&str, &str)] = &[("clock", "manual"), ("start-time", "2026-01-01T00:00:00Z")];

/// A directory with a text, bytes that are no text, and an index over it.
fn fill(client: &Client) -> (String, String) {
    let directory = client.directory("Handbook");
    client.upload(&directory, "leave.md", "# Leave\n\nEvery employee has 28 days of leave.\n");
    client.upload(&directory, "data.bin", [0xff, 0x00, 0xfe]);
    let index = client.index_over(&directory);
    client.advance("10s");
    (directory, index)
}

fn snapshot(client: &Client) -> Value {
    client.show(&format!("{SNAPSHOT}?tenant={}", client.key()))
}

#[track_caller]
fn put(client: &Client, snapshot: &Value) {
    let response = client.send("PUT", SNAPSHOT, Some(snapshot));
    assert_eq!(response.status, 204, "{}", response.text());
}

/// The refusal of a snapshot.
#[track_caller]
fn refusal(client: &Client, snapshot: &str) -> String {
    let response = client.try_send("PUT", SNAPSHOT, "", Some(snapshot)).expect("a response");
    assert_eq!(response.status, 422, "{}", response.text());
    response.json()["detail"].as_str().expect("a text").to_owned()
}

#[test]
fn another_server_answers_from_a_snapshot_as_the_first_one_and_makes_the_same_ids() {
    let (first, second) = (server(STOPPED), server(STOPPED));
    let [first, second] = [&first, &second].map(Client::of);
    let (directory, index) = fill(&first);
    put(&second, &snapshot(&first));
    assert_eq!(snapshot(&second), snapshot(&first));
    for client in [&first, &second] {
        assert!(client.retrieved(&index, "days of leave")[0].contains("28 days"));
    }
    let made = [&first, &second].map(|client| {
        (client.directory("Later"), client.upload(&directory, "b.md", "b"), client.index_over(&directory))
    });
    assert_eq!(made[0], made[1]);
    assert_eq!(snapshot(&second), snapshot(&first));
}

#[test]
fn a_sync_goes_on_where_it_was_step_by_step() {
    let script = ("fault", "sync script=pending:1s,parsing*3,indexing:10s,partial");
    let (first, second) = (server(&[STOPPED, &[script]].concat()), server(STOPPED));
    let [first, second] = [&first, &second].map(Client::of);
    let (directory, index) = fill(&first);
    let copied = snapshot(&first);
    let run = &copied["tenants"][0]["indexes"][0]["sync"]["run"];
    let steps = json!([
        { "stage": "syncing", "until": { "elapsed": "1s" } },
        { "stage": { "custom": "parsing" }, "until": { "reads": 3 } },
        { "stage": { "custom": "indexing" }, "until": { "elapsed": "10s" } },
        { "stage": "partial" },
    ]);
    assert_eq!(*run, json!({ "script": { "steps": steps }, "step": 1, "reads": 0 }));
    let fewer = changed(&copied, "/tenants/0/indexes/0/sync/run/step", json!(4));
    assert_eq!(refusal(&second, &fewer), "tenants[0].indexes[0].sync.run.step: the script has fewer steps");
    let unknown = changed(&copied, "/tenants/0/indexes/0/sync/run/script/steps/0/stage", json!("done"));
    let problem = refusal(&second, &unknown);
    assert!(problem.starts_with("tenants[0].indexes[0].sync.run.script.steps[0].stage: \"done\" is not"), "{problem}");
    put(&second, &copied);
    for _ in 0..4 {
        let [one, other] = [&first, &second].map(|client| client.show(&format!("{INDEXES}/{index}")));
        assert_eq!(one, other);
    }
    for client in [&first, &second] {
        client.advance("10s");
        assert_eq!(snapshot(client)["tenants"][0]["indexes"][0]["status"], "partial");
        assert_eq!(client.names_in(&directory), ["data.bin", "leave.md"]);
    }
    assert_eq!(snapshot(&second), snapshot(&first));
}

#[test]
fn it_has_the_tables_of_a_world_and_texts_as_texts() {
    let server = server(STOPPED);
    let client = Client::of(&server);
    let (directory, index) = fill(&client);
    let saved = snapshot(&client);
    assert_eq!((&saved["version"], &saved["seed"]), (&json!(1), &json!(1)));
    let tenant = &saved["tenants"][0];
    assert_eq!(tenant["clock"], json!({ "mode": "manual", "now": "2026-01-01T00:00:10Z" }));
    let found = tenant["directories"].as_array().expect("a list").iter().find(|row| row["id"] == *directory);
    let files = found.expect("the directory is there")["files"].as_array().expect("a list");
    assert_eq!(files[0]["text"], "# Leave\n\nEvery employee has 28 days of leave.\n");
    assert_eq!(files[1]["content"]["base64"], "/wD+");
    let row = &tenant["indexes"][0];
    assert_eq!((&row["id"], &row["status"]), (&json!(index), &json!("ready")));
    let text = client.get(&format!("{SNAPSHOT}?tenant={}", client.key())).text();
    assert_eq!(text.matches("28 days").count(), 1, "{text}");
    assert_eq!(text, client.get(&format!("{SNAPSHOT}?tenant={}", client.key())).text());
    assert!(text.contains("\n  \"tenants\": [\n"), "{text}");
    assert!(!text.contains(client.key()), "{text}");
}

#[test]
fn a_clock_that_shows_the_system_time_goes_on_showing_it_and_another_one_keeps_its_distance() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.directory("d");
    assert_eq!(snapshot(&client)["tenants"][0]["clock"], json!({ "mode": "real" }));
    client.advance("48h");
    let saved = snapshot(&client)["tenants"][0]["clock"].clone();
    assert!(saved["now"].is_string(), "{saved}");
    let now = client.show(&format!("/__admin/clock?tenant={}", client.key()))["now"].clone();
    assert!(now.as_str() >= saved["now"].as_str(), "{now} {saved}");
}

#[test]
fn put_replaces_what_a_tenant_has_and_no_other_tenant() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let other = client.with_key("llx-other");
    let kept = other.directory("Kept");
    let (directory, _) = fill(&client);
    let saved = snapshot(&client);
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{directory}")).status, 204);
    client.advance("1h");
    put(&client, &saved);
    assert_eq!(snapshot(&client), saved);
    assert_eq!(client.names_in(&directory), ["data.bin", "leave.md"]);
    assert_eq!(client.show("/__admin/clock?tenant=llx-other")["now"], "2026-01-01T01:00:10Z");
    assert_eq!(items(&other.show(DIRECTORIES), "id"), [kept]);
}

#[test]
fn a_tenant_is_there_by_its_label_before_its_key_and_a_reset_returns_to_the_start_of_the_server() {
    let (first, second) = (server(STOPPED), server(STOPPED));
    let [first, second] = [&first, &second].map(Client::of);
    fill(&first);
    let saved = snapshot(&first);
    let label = saved["tenants"][0]["label"].as_str().expect("a text");
    put(&second.with_key("llx-nobody"), &saved);
    assert_eq!(second.show(&format!("{SNAPSHOT}?tenant={label}")), saved);
    assert_eq!(second.show(INDEXES), first.show(INDEXES));
    assert_eq!(second.show("/__admin/tenants")["tenants"].as_array().map(Vec::len), Some(1));
    assert_eq!(second.post("/__admin/reset", &json!({ "tenant": label })).status, 204);
    assert_eq!(second.show(INDEXES)["items"], json!([]));
}

/// A snapshot with another value at a place.
fn changed(saved: &Value, pointer: &str, value: Value) -> String {
    let mut copy = saved.clone();
    let (object, name) = pointer.rsplit_once('/').expect("it has a slash");
    match copy.pointer_mut(object).unwrap_or_else(|| panic!("{object} is in {saved}")) {
        Value::Array(items) => items[name.parse::<usize>().expect("a number")] = value,
        object => object[name] = value,
    }
    copy.to_string()
}

#[test]
fn what_is_damaged_newer_or_of_another_server_is_refused_whole_with_its_place() {
    let server = server(STOPPED);
    let client = Client::of(&server);
    fill(&client);
    let saved = snapshot(&client);
    let text = saved.to_string();
    for (damaged, expected) in [
        (text[..text.len() / 2].to_owned(), "line 1 column"),
        ("[]".to_owned(), "is no object"),
        (text.replacen("\"seed\"", "\"seed\":1,\"seed\"", 1), "the field seed is given twice at line 1 column"),
        (text.replacen("\"row\"", "\"row\":{},\"row\"", 1), "the field row is given twice at line 1 column"),
        (text.replace("\"counters\"", "\"count\""), "tenants[0].counters: is missing"),
        (text.replacen("\"label\"", "\"extra\":1,\"label\"", 1), "tenants[0].extra: is an unknown field"),
        (changed(&saved, "/version", json!(2)), "version: is 2, and this program reads version 1"),
        (changed(&saved, "/version", json!("1")), "version: invalid type"),
        (changed(&saved, "/seed", json!(7)), "seed: is 7, and that of the server is 1 (--seed)"),
        (changed(&saved, "/kept", json!([])), "kept: is an unknown field"),
        (changed(&saved, "/tenants", json!({})), "tenants: is no list"),
        (changed(&saved, "/tenants/0", json!("a")), "tenants[0]: is no object"),
        (changed(&saved, "/tenants/0/label", json!("llx-a")), "tenants[0].label: llx-a: no accepted key"),
        (changed(&saved, "/tenants/0/clock/mode", json!("fast")), "tenants[0].clock: unknown variant `fast`"),
        (changed(&saved, "/tenants/0/projects", json!([])), "tenants[0].projects: the default project is missing"),
    ] {
        let problem = refusal(&client, &damaged);
        assert!(problem.contains(expected), "{problem}: {expected}");
        assert_eq!(snapshot(&client), saved, "{expected}");
    }
}

#[test]
fn a_document_of_many_values_is_refused_before_they_take_more_memory_than_the_state_may() {
    let server = server(&[("max-state-bytes", "100000")]);
    let client = Client::of(&server);
    let document = format!("{{\"version\":1,\"tenants\":[{}0]}}", "0,".repeat(9_000));
    let problem = refusal(&client, &document);
    assert!(problem.starts_with("more than 8333 values (--max-state-bytes) at line 1 column"), "{problem}");
}

#[test]
fn a_wrong_value_in_a_table_is_refused_with_its_place() {
    let server = server(STOPPED);
    let client = Client::of(&server);
    fill(&client);
    let saved = snapshot(&client);
    for (pointer, value, expected) in [
        ("directories/0/row/key", json!(1_000_000), "directories[0].files[0].directory: 0: none of the directories"),
        ("directories/0/row/old", json!(1), "directories[0].row.old: is an unknown field"),
        ("indexes/0/sync/selected/files", json!({}), "indexes[0].sync.selected.files: is no list"),
        ("indexes/0/sync/selected/files/0", json!([]), "indexes[0].sync.selected.files[0]: is no object"),
        ("directories/0/files/0/name", json!(1), "directories[0].files[0].name: invalid type"),
        ("directories/0/files/0/text", json!(1), "directories[0].files[0].text: is no text"),
        ("directories/0/files/0/metadata", json!(1), "directories[0].files[0].metadata: is no object"),
        ("directories/0/files/0/content", json!(0), "directories[0].files[0].content: is no object"),
        (
            "directories/0/files/0/content",
            json!({ "base64": "YQ==" }),
            "directories[0].files[0].content: is given in two ways",
        ),
        ("directories/0/files/1/content/base64", json!("?"), "directories[0].files[1].content.base64: no base64"),
        ("files/0/content/same_as", json!("none"), "files[0].content.same_as: none: no content before this"),
        ("indexes/0/output_directory", json!(9), "indexes[0].output_directory: 9: none of the directories"),
        ("indexes/0/status", json!("failed"), "indexes[0].error_message: is missing"),
        ("indexes/0/status", json!("done"), "indexes[0].status: \"done\" is not one of"),
        ("indexes/0/options", json!({ "vector_target": 1 }), "indexes[0].options.vector_target: invalid type"),
        ("indexes/0/sync/selected/selected_at", json!("now"), "indexes[0].sync.selected.selected_at: \"now\" is not"),
        ("indexes/0/sync/content", json!("partial"), "indexes[0].sync.content: partial has no files"),
        ("indexes/0/sync/content", json!({}), "indexes[0].sync.content.earlier: is missing"),
        ("counters/indexes/next_key", json!(0), "counters.indexes.next_key: a resource has it"),
        (
            "counters/indexes/created",
            json!(u64::MAX),
            "counters.indexes.created: 18446744073709551615: more than 9007199254740992",
        ),
        ("counters/hats", json!({}), "counters.hats: is an unknown field"),
    ] {
        let problem = refusal(&client, &changed(&saved, &format!("/tenants/0/{pointer}"), value));
        assert!(problem.starts_with(&format!("tenants[0].{expected}")), "{problem}: {expected}");
        assert_eq!(snapshot(&client), saved, "{expected}");
    }
}

#[test]
fn the_state_at_the_end_is_written_to_a_file_with_which_another_server_starts() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("state.json");
    fs::write(&file, "an older file").expect("it can be written");
    let export = ["--export-on-exit", file.to_str().expect("UTF-8")];
    let first =
        Program::start(&[&export[..], &["--clock", "manual", "--start-time", "2026-01-01T00:00:00Z"]].concat(), &[]);
    let client = Client::at(first.address);
    let (directory, index) = fill(&client);
    let saved = snapshot(&client);
    assert_eq!(first.terminate().0, Some(0));
    let names: Vec<_> =
        folder.path().read_dir().expect("a folder").map(|entry| entry.expect("it can be read").file_name()).collect();
    assert_eq!(names, ["state.json"]);
    let second = Program::start(&["--world", file.to_str().expect("UTF-8")], &[]);
    let client = Client::at(second.address);
    assert_eq!(client.names_in(&directory), ["data.bin", "leave.md"]);
    assert_eq!(snapshot(&client), saved);
    assert!(client.retrieved(&index, "days of leave")[0].contains("28 days"));
    assert_eq!(client.delete(&format!("{INDEXES}/{index}")).status, 204);
    client.advance("1h");
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": client.key() })).status, 204);
    assert_eq!(snapshot(&client), saved);
    assert_eq!(client.with_key("llx-other").show(INDEXES)["items"], json!([]));
}

#[test]
fn a_key_with_a_copy_starts_with_that_alone_and_the_others_with_other_worlds() {
    let folder = TempDir::new().expect("a temporary folder");
    let first = server(STOPPED);
    let client = Client::of(&first);
    let directory = client.directory("Copied");
    let [copy, world] = ["copy.json", "world.toml"].map(|name| folder.path().join(name));
    fs::write(&copy, snapshot(&client).to_string()).expect("it can be written");
    fs::write(&world, "[[directories]]\nid = 'dir-described'").expect("it can be written");
    let [copy, world] = [&copy, &world].map(|file| file.to_str().expect("UTF-8"));
    let second = Program::start(&["--world", world, "--world", copy], &[]);
    let client = Client::at(second.address);
    assert_eq!(items(&client.show(DIRECTORIES), "id"), [directory]);
    assert_eq!(items(&client.with_key("llx-other").show(DIRECTORIES), "id"), ["dir-described"]);
}

#[test]
fn an_export_that_cannot_be_written_is_a_failure_and_nothing_else_is_touched() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("missing/state.json");
    let program = Program::start(&["--export-on-exit", file.to_str().expect("UTF-8")], &[]);
    let (code, stderr) = program.terminate();
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("--export-on-exit ") && stderr.contains("state.json"), "{stderr}");
}

#[test]
fn a_snapshot_as_a_world_is_refused_where_it_cannot_be_exact() {
    let folder = TempDir::new().expect("a temporary folder");
    let server = server(STOPPED);
    let client = Client::of(&server);
    fill(&client);
    let (file, twice) = (folder.path().join("a.json"), folder.path().join("b.json"));
    for file in [&file, &twice] {
        fs::write(file, snapshot(&client).to_string()).expect("it can be written");
    }
    let [file, twice] = [&file, &twice].map(|file| file.to_str().expect("UTF-8"));
    for (flags, expected) in [
        (vec!["--start-time", "2026-01-01T00:00:00Z"], "has a time of its own"),
        (vec!["--seed", "2"], "seed: is 1, and that of the server is 2 (--seed)"),
        (vec!["--api-key", "llx-z"], "tenants[0].label: "),
        (vec!["--isolation", "none"], "tenants[0].label: "),
        (vec!["--max-state-bytes", "500"], "--max-state-bytes"),
        (vec!["--world", twice], "is in "),
    ] {
        let args = [&["--port", "0", "--world", file], &flags[..]].concat();
        let ended = run(&args, &[]);
        let error = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(64), "{flags:?}: {error}");
        assert!(
            error.contains("--world: ") && error.contains("a.json") && error.contains(expected),
            "{flags:?}: {error}"
        );
    }
    let ended = run(&["validate", file], &[]);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn documents_are_read_again_and_contents_may_hold_what_looks_like_a_key() {
    let (first, second) = (reading_server(STOPPED), reading_server(STOPPED));
    let [first, second] = [&first, &second].map(Client::of);
    let directory = first.directory("Documents");
    let key = format!("llx-{}", "a1".repeat(20));
    first.upload(&directory, "key.txt", format!("the key is {key}\u{1b}[0m"));
    first.upload(&directory, "leave.pdf", pdf::Pdf::of_pages(&[&pdf::line("Twenty eight days of leave")]).bytes());
    let index = first.index_over(&directory);
    first.advance("10s");
    let saved = first.get(&format!("{SNAPSHOT}?tenant={}", first.key())).text();
    let response = second.try_send("PUT", SNAPSHOT, "", Some(&saved)).expect("a response");
    assert_eq!(response.status, 204, "{}", response.text());
    for client in [&first, &second] {
        assert!(client.retrieved(&index, "days of leave").concat().contains("Twenty eight"));
        assert!(client.retrieved(&index, "the key").concat().contains(&key));
    }
}

#[test]
fn the_folder_of_a_dump_has_a_world() {
    let folder = TempDir::new().expect("a temporary folder");
    let dump = folder.path().join("dump");
    let create = r#"curl -sS -o /dev/null "$LLAMA_CLOUD_BASE_URL/api/v1/beta/directories" -H "Authorization: Bearer llx-a" -H "Content-Type: application/json" -d '{"name":"Dumped"}'"#;
    let ended =
        output_of(&mut command(&["exec", "--dump", dump.to_str().expect("UTF-8"), "--", "sh", "-c", create], &[]));
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let world = dump.join("world.json");
    let program = Program::start(&["--world", world.to_str().expect("UTF-8")], &[]);
    let shown = Client::at(program.address).with_key("llx-a").show(DIRECTORIES);
    assert_eq!(items(&shown, "name"), ["Dumped"]);
    assert_eq!(id_of(&shown["items"][0]).len(), 40);
}
