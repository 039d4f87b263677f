//! Tenants start with the resources of worlds, and reset to them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::support::{
    Client, DIRECTORIES, FILES, INDEXES, Program, command, id_of, items, manual_clock_server, output_of, pdf,
    reading_server, run, server, text_of,
};

const HANDBOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/worlds/handbook.toml");
const MANY_STATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/worlds/many-states.json");

/// A world in a folder; its path.
fn world(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("a UTF-8 path").to_owned()
}

/// The ids in a list.
fn ids(client: &Client, path: &str) -> Vec<String> {
    items(&client.show(&format!("{path}?page_size=1000")), "id")
}

/// The ids of the directories that are no output of an index.
fn directories(client: &Client) -> Vec<String> {
    items(&client.show(&format!("{DIRECTORIES}?page_size=1000&type=user")), "id")
}

/// What a tenant has, without its label.
fn resources(client: &Client) -> Value {
    let mut state = client.show(&format!("/__admin/state?tenant={}", client.key()))["tenants"][0].clone();
    for field in ["tenant", "open_calls"] {
        state.as_object_mut().expect("an object").remove(field);
    }
    state
}

#[track_caller]
fn reset(client: &Client, parts: &Value) {
    let body = json!({ "tenant": client.key(), "parts": parts });
    assert_eq!(client.post("/__admin/reset", &body).status, 204);
}

#[test]
fn every_tenant_starts_with_directories_files_and_indexes_that_can_be_searched() {
    let program = Program::start(&["--world", HANDBOOK], &[]);
    for key in ["llx-a", "llx-b"] {
        let client = Client::at(program.address).with_key(key);
        assert_eq!(directories(&client), ["dir-handbook"]);
        assert_eq!(client.names_in("dir-handbook"), ["faq.md", "travel.md", "leave.md"]);
        assert_eq!(ids(&client, INDEXES), ["idx-broken", "idx-handbook"]);
        let index = client.index("idx-handbook");
        assert_eq!(index["name"], "Handbook", "{index}");
        assert_eq!(index["metadata"]["status"], "ready", "{index}");
        assert_eq!(index["sync_in_progress"], false, "{index}");
        assert_eq!(client.index("cfg-handbook")["id"], "idx-handbook");
        let broken = client.index("idx-broken")["metadata"].clone();
        assert_eq!(
            (&broken["status"], &broken["error_message"]),
            (&json!("failed"), &json!("The parser ran out of credits"))
        );
        assert!(client.retrieved("idx-handbook", "How much leave does an employee have?")[0].contains("28 days"));
        let leave = client.found_id("idx-handbook", "leave.md");
        assert!(client.text_in("idx-handbook", &leave).ends_with("with full pay.\n"));
        let files = client.show(&format!("{DIRECTORIES}/dir-handbook/files"));
        assert_eq!(files["items"][2]["metadata"], json!({ "team": "hr" }));
        let litter = client.show(&format!("/__admin/litter?tenant={key}"));
        assert_eq!(litter, json!({ "litter": [] }));
    }
}

#[test]
fn a_world_describes_projects_files_configurations_and_sessions_too() {
    let server = manual_clock_server(&[("world", MANY_STATES)]);
    let client = Client::of(&server);
    let project = "11111111-1111-4111-8111-111111111111";
    assert_eq!(client.show(&format!("/api/v1/projects/{project}"))["name"], "Research");
    assert_eq!(directories(&client), ["dir-empty"]);
    let papers = items(&client.show(&format!("{DIRECTORIES}?type=user&project_id={project}")), "id");
    assert_eq!(papers, ["dir-papers"]);
    assert_eq!(client.index("idx-papers")["project_id"], project);
    assert_eq!(client.show(&format!("{FILES}/22222222-2222-4222-8222-222222222222"))["name"], "notes.txt");
    let session = client.show("/api/v1/chat/ses-papers");
    assert_eq!((&session["generated_title"], &session["index_ids"]), (&json!("Cells"), &json!(["idx-papers"])));
    assert_eq!(session["events"], json!([]));
    let parsing = client.show("/api/v1/beta/configurations/cfg-parse");
    assert_eq!((&parsing["name"], &parsing["parameters"]["tier"]), (&json!("Parsing"), &json!("fast")));
}

#[test]
fn the_sync_of_a_pending_index_starts_with_its_tenant_and_that_of_a_reset_with_it() {
    for (clock, steps) in [("manual", ["pending", "ready"]), ("auto", ["ready", "ready"])] {
        let server = server(&[("world", MANY_STATES), ("clock", clock), ("sync-duration", "5s")]);
        let client = Client::of(&server);
        for _ in 0..2 {
            let status = || text_of(&client.index("idx-empty")["metadata"], "status");
            client.index("idx-failed");
            assert_eq!(status(), steps[0], "{clock}");
            client.advance("5s");
            assert_eq!(status(), steps[1], "{clock}");
            reset(&client, &Value::Null);
        }
    }
}

#[test]
fn a_reset_returns_to_the_world_and_ids_made_afterwards_are_those_of_a_new_tenant() {
    let server = manual_clock_server(&[("world", HANDBOOK), ("world", MANY_STATES)]);
    let client = Client::of(&server);
    let first = [id_of(&client.create("dir-empty")), client.directory("New")];
    reset(&client, &Value::Null);
    let at_start = resources(&client);
    assert_eq!(client.delete(&format!("{DIRECTORIES}/dir-handbook")).status, 204);
    assert_eq!(client.delete(&format!("{INDEXES}/idx-handbook")).status, 204);
    client.upload("dir-empty", "a.md", "A");
    client.sync("idx-failed");
    client.advance("1h");
    assert_ne!(resources(&client), at_start);
    reset(&client, &Value::Null);
    assert_eq!(resources(&client), at_start);
    assert_eq!([id_of(&client.create("dir-empty")), client.directory("New")], first);
    // Only the clock stays where it was.
    client.advance("1h");
    reset(&client, &json!(["state"]));
    assert_eq!(client.index("idx-handbook")["last_synced_at"], "2026-01-01T01:00:00Z");
}

#[test]
fn equal_seeds_give_equal_bytes_from_equal_worlds() {
    let state = || {
        let server = manual_clock_server(&[("world", HANDBOOK), ("world", MANY_STATES)]);
        let client = Client::of(&server);
        client.create("dir-handbook");
        resources(&client).to_string()
    };
    assert_eq!(state(), state());
}

#[test]
fn what_requests_create_has_the_ids_that_it_has_without_a_world() {
    let ids = |settings: &[(&str, &str)]| {
        let server = manual_clock_server(settings);
        let client = Client::of(&server);
        [client.directory("New"), id_of(&client.create("dir-new"))]
    };
    assert_eq!(ids(&[]), ids(&[("world", HANDBOOK)]));
}

#[test]
fn an_id_made_at_run_time_is_never_one_that_the_world_gives() {
    let created = |settings: &[(&str, &str)]| {
        let server = manual_clock_server(settings);
        let client = Client::of(&server);
        let index = client.create("dir-new");
        [client.directory("New"), id_of(&index), text_of(&index, "export_config_id")]
    };
    let [directory, index, export] = created(&[]);
    let folder = TempDir::new().expect("a temporary folder");
    let given = json!({
        "directories": [{ "id": directory }],
        "indexes": [{ "id": index, "export_config_id": export, "source_directory_id": directory }],
    });
    let others = created(&[("world", &world(&folder, "given.json", &given.to_string()))]);
    for id in others {
        assert!(![&directory, &index, &export].contains(&&id), "{id}");
    }
}

#[test]
fn a_world_with_a_key_is_for_its_tenant_and_worlds_refer_to_each_other() {
    let folder = TempDir::new().expect("a temporary folder");
    let index = "key = 'llx-own'\n[[indexes]]\nid = 'idx-own'\nsource_directory_id = 'dir-shared'\n";
    let own = world(&folder, "own.toml", index);
    let shared = world(&folder, "shared.toml", "[[directories]]\nid = 'dir-shared'\nname = 'Shared'\n");
    let server = server(&[("world", &own), ("world", &shared)]);
    let client = Client::of(&server);
    assert_eq!(directories(&client), ["dir-shared"]);
    assert_eq!(ids(&client, INDEXES), Vec::<String>::new());
    let own = client.with_key("llx-own");
    assert_eq!(own.index("idx-own")["name"], "Shared");
}

#[test]
fn files_are_read_once_at_the_start_and_their_contents_count_once_for_all_tenants() {
    let folder = TempDir::new().expect("a temporary folder");
    let text = "word ".repeat(40_000);
    fs::write(folder.path().join("long.txt"), &text).expect("the file can be written");
    let described = "[[directories]]\nid = 'dir-a'\nfiles = [{ path = 'long.txt' }]\n\
                     [[indexes]]\nid = 'idx-a'\nsource_directory_id = 'dir-a'\n";
    let path = world(&folder, "a.toml", described);
    let server = server(&[("world", &path), ("max-state-bytes", "2MB")]);
    drop(folder);
    for number in 0..20 {
        let client = Client::of(&server).with_key(&format!("llx-{number}"));
        assert_eq!(client.found("idx-a"), ["long.txt"]);
        let used = resources(&client)["used_bytes"].as_u64().expect("a number");
        assert!(used < 10_000, "{used} bytes");
    }
}

#[test]
fn a_tenant_whose_world_has_no_room_is_refused_and_the_refusal_names_the_limit() {
    let folder = TempDir::new().expect("a temporary folder");
    let described: Vec<Value> = (0..20).map(|number| json!({ "name": format!("Directory {number}") })).collect();
    let path = world(&folder, "a.json", &json!({ "directories": described }).to_string());
    let server = server(&[("world", &path), ("max-state-bytes", "15000")]);
    let client = Client::of(&server);
    let answers: Vec<_> = (0..4).map(|number| client.with_key(&format!("llx-{number}")).get(DIRECTORIES)).collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 403, 403], "{}", answers[2].text());
    assert!(answers[2].text().contains("--max-state-bytes"), "{}", answers[2].text());
    let named = client.post("/__admin/reset", &json!({ "tenant": "llx-3" }));
    assert_eq!(named.status, 403, "{}", named.text());
    assert!(named.text().contains("a.json: directories["), "{}", named.text());
    // What a reset frees is enough for the world again.
    reset(&client.with_key("llx-1"), &Value::Null);
    assert_eq!(directories(&client.with_key("llx-1")).len(), 20);
}

#[test]
fn documents_of_a_world_are_read_as_uploads_are() {
    let folder = TempDir::new().expect("a temporary folder");
    let content = pdf::line("Hello from the PDF");
    fs::write(folder.path().join("a.pdf"), pdf::Pdf::of_pages(&[&content]).bytes()).expect("it can be written");
    fs::write(folder.path().join("broken.txt"), b"a\0b").expect("it can be written");
    fs::create_dir(folder.path().join("results")).expect("a folder");
    fs::write(folder.path().join("results/scan.png.md"), "What the scan says").expect("it can be written");
    fs::write(folder.path().join("scan.png"), b"\x89PNG").expect("it can be written");
    let described = "[[directories]]\nid = 'dir-a'\n\
                     files = [{ path = 'a.pdf' }, { path = './broken.txt' }, { path = 'scan.png' }]\n\
                     [[indexes]]\nid = 'idx-a'\nsource_directory_id = 'dir-a'\n";
    let path = world(&folder, "a.toml", described);
    let results = folder.path().join("results");
    let server = reading_server(&[("world", &path), ("parse-results", results.to_str().expect("UTF-8"))]);
    let client = Client::of(&server);
    for (name, text) in [("a.pdf", "Hello from the PDF"), ("scan.png", "What the scan says")] {
        let read = client.text_in("idx-a", &client.found_id("idx-a", name));
        assert_eq!(read.trim(), text);
    }
    let metadata = client.index("idx-a")["metadata"].clone();
    assert_eq!(metadata["failed_files"][0]["name"], "broken.txt", "{metadata}");
}

#[test]
fn a_key_whose_first_requests_come_at_once_starts_once_with_its_world() {
    let server = server(&[("world", HANDBOOK)]);
    for case in 0..20 {
        let client = Client::of(&server).with_key(&format!("llx-{case}"));
        let create = &|number: usize| client.directory(&format!("Directory {number}"));
        let created: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || create(number))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it creates a directory")).collect()
        });
        let mut expected = [created, vec!["dir-handbook".to_owned()]].concat();
        let mut listed = directories(&client);
        expected.sort();
        listed.sort();
        assert_eq!(listed, expected);
        assert_eq!(client.found("idx-handbook").len(), 3);
    }
}

#[test]
fn a_world_is_a_setting_like_others_and_exec_takes_it() {
    let folder = TempDir::new().expect("a temporary folder");
    let settings = world(&folder, "settings.toml", &format!("world = [{HANDBOOK:?}, {MANY_STATES:?}]\n"));
    let both = format!("{HANDBOOK}\n{MANY_STATES}");
    for (flags, variables) in
        [(vec!["--config", &settings], vec![]), (vec![], vec![("LLAMACLOUD_MOCK_WORLD", both.as_str())])]
    {
        let program = Program::start(&flags, &variables);
        let listed = directories(&Client::at(program.address));
        assert_eq!(listed, ["dir-empty", "dir-handbook"]);
    }
    let script =
        "curl -sf -H \"Authorization: Bearer $LLAMA_CLOUD_API_KEY\" $LLAMA_CLOUD_BASE_URL/api/v1/indexes/idx-handbook";
    let mut exec = command(&["exec", "--world", HANDBOOK, "--check-no-litter", "--", "sh", "-c", script], &[]);
    let ended = output_of(&mut exec);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(String::from_utf8_lossy(&ended.stdout).contains("\"status\":\"ready\""));
}

#[test]
fn validate_takes_worlds_and_payloads_alike() {
    let folder = TempDir::new().expect("a temporary folder");
    let payload = world(&folder, "payload.json", r#"{"source_directory_id": "dir-handbook"}"#);
    let wrong = world(&folder, "wrong.json", r#"{"directories": [{"naem": "a"}]}"#);
    let accepted = run(&["validate", HANDBOOK, MANY_STATES, &payload], &[]);
    let printed = String::from_utf8_lossy(&accepted.stdout).into_owned();
    assert_eq!(accepted.status.code(), Some(0), "{printed}");
    assert_eq!(printed.lines().next(), Some(format!("{HANDBOOK}: a valid world").as_str()));
    let refused = run(&["validate", &wrong, HANDBOOK], &[]);
    let printed = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{printed}");
    assert!(printed.contains("wrong.json: directories[0].naem: is not a key; did you mean name?"), "{printed}");
}

#[test]
fn validate_takes_a_world_that_is_longer_than_a_request_may_be_and_none_of_standard_input() {
    let folder = TempDir::new().expect("a temporary folder");
    let text = "word ".repeat(1_000);
    let described = json!({ "directories": [{ "files": [{ "name": "a.txt", "text": text }] }] }).to_string();
    let long = world(&folder, "long.json", &described);
    let unnamed = world(&folder, "long", &described);
    let accepted = run(&["validate", "--max-body-bytes", "2000", &long, &unnamed], &[]);
    let printed = String::from_utf8_lossy(&accepted.stdout).into_owned();
    assert_eq!(printed, format!("{long}: a valid world\n{unnamed}: a valid world\n"));
    let mut validate = command(&["validate", "-"], &[]);
    let refused = output_of(validate.stdin(fs::File::open(&long).expect("it can be read")));
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&refused.stdout),
        "-: a world is judged as a file, since it can name others beside it\n"
    );
}

#[test]
fn the_worlds_that_ship_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/worlds");
    let entries = folder.read_dir().expect("the folder exists").map(|entry| entry.expect("it can be read").path());
    let files: Vec<_> = entries.filter(|path| path.is_file()).collect();
    assert!(files.len() >= 2);
    for file in files {
        let checked = run(&["validate", file.to_str().expect("a UTF-8 path")], &[]);
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}
