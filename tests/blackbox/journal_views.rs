//! The journal as people and tools read it: what a request was about, lines, an HTTP archive, files after `exec`.

use std::fs;
use std::io::BufReader;
use std::process::Stdio;

use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::support::{Client, Program, command, manual_clock_server, next_line, run, wait_for_exit};

const LIST: &str = "/api/v1/indexes";
const DIRECTORIES: &str = "/api/v1/beta/directories";

#[test]
fn an_entry_says_what_it_was_about() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("docs");
    let file = client.upload(&directory, "a.txt", "a")["id"].as_str().expect("an id").to_owned();
    client.get(&format!("{DIRECTORIES}/{directory}/files"));
    client.get(&format!("{DIRECTORIES}/{directory}/files/{file}"));
    client.delete(&format!("{DIRECTORIES}/{directory}/files/{file}"));
    let index = client.post(LIST, &json!({ "source_directory_id": directory, "name": "draft" })).json();
    client.get(&format!("{LIST}/x"));
    client.post("/api/v1/retrieval/retrieve", &json!({ "index_id": "x", "query": "a" }));
    client.get("/nowhere");
    let about: Vec<Value> = client.journal().iter().map(|entry| entry["about"].clone()).collect();
    let of = |kind: &str, id: Value, name: Value| json!({ "kind": kind, "id": id, "name": name });
    assert_eq!(
        about,
        [
            of("directory", json!(directory), json!("docs")),
            of("directory_file", json!(file), json!("a.txt")),
            of("directory_file", Value::Null, Value::Null),
            of("directory_file", json!(file), json!("a.txt")),
            of("directory_file", json!(file), Value::Null),
            of("index", index["id"].clone(), json!("draft")),
            of("index", json!("x"), Value::Null),
            of("index", json!("x"), Value::Null),
            Value::Null,
        ]
    );
}

#[test]
fn the_subcommand_prints_a_line_a_request() {
    let program = Program::start(&["--fault", "indexes.list name=busy status=503 first=1"], &[]);
    let client = Client::at(program.address);
    client.get(LIST);
    client.post(LIST, &json!({ "source_directory_id": "dir-a", "name": format!("a\u{1b}[31m{}", "x".repeat(100)) }));
    client.get("/nowhere?token=secret");
    let port = program.address.port().to_string();
    let ended = run(&["journal", "--port", &port, "--tenant", client.key()], &[]);
    let text = String::from_utf8(ended.stdout).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((ended.status.code(), lines.len()), (Some(0), 3), "{text}");
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{text}");
    let after_time = |line: &str| line.split_once("ms ").expect("a duration").1.to_owned();
    assert_eq!(after_time(lines[0]), "503 indexes.list fault=busy");
    assert!(after_time(lines[1]).starts_with("201 indexes.create a\\u{1b}[31mxxx"), "{text}");
    assert_eq!(after_time(lines[2]), "404 GET /nowhere?token=…");
    let unknown = run(&["journal", "--port", &port, "--tenant", "llx-other"], &[]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn following_prints_each_request_once_when_it_has_ended() {
    let program = Program::start(&[], &[]);
    let client = Client::at(program.address);
    client.get(LIST);
    let port = program.address.port().to_string();
    let mut command = command(&["journal", "--follow", "--port", &port], &[]);
    let mut follower = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(follower.stdout.take().expect("a pipe"));
    let mut next_line = || next_line(&mut lines);
    assert!(next_line().contains("200 indexes.list"));
    client.get("/nowhere");
    assert!(next_line().contains("404 GET /nowhere"));
    client.post("/__admin/reset", &json!({}));
    client.get(LIST);
    assert!(next_line().contains("200 indexes.list"), "the numbers of requests begin anew");
    follower.kill().expect("it runs");
    wait_for_exit(&mut follower);
}

#[test]
fn the_archive_has_requests_responses_faults_and_outcomes() {
    let server = manual_clock_server(&[("fault", "indexes.list name=gone reset")]);
    let client = Client::of(&server);
    client.post(&format!("{LIST}?project_id="), &json!({ "source_directory_id": "dir-a" }));
    client.try_send("GET", LIST, "", None);
    let archive = client.get(&format!("/__admin/journal.har?tenant={}", client.key())).json();
    let log = &archive["log"];
    assert_eq!((&log["version"], &log["creator"]["name"]), (&json!("1.2"), &json!("llamacloud-mock")));
    let [create, list] = &log["entries"].as_array().expect("a list")[..] else { panic!("{log}") };
    assert_eq!((&create["request"]["method"], &create["response"]["status"]), (&json!("POST"), &json!(422)));
    assert_eq!(create["request"]["url"], format!("http://{}{LIST}?project_id=", client.address()));
    assert_eq!(create["request"]["queryString"], json!([{ "name": "project_id", "value": "" }]));
    assert_eq!(create["request"]["postData"]["text"], r#"{"source_directory_id":"dir-a"}"#);
    assert!(create["response"]["content"]["text"].as_str().is_some_and(|text| text.contains("detail")), "{create}");
    let headers = create["request"]["headers"].as_array().expect("a list");
    assert!(headers.contains(&json!({ "name": "authorization", "value": "…" })), "{headers:?}");
    assert_eq!((&list["response"]["status"], &list["_outcome"]), (&json!(0), &json!("cut")));
    assert_eq!(list["_faults"], json!([{ "rule": "gone", "outcome": "struck" }]));
}

#[test]
fn exec_leaves_what_the_server_had_and_warns_if_it_got_nothing() {
    let folder = TempDir::new().expect("a temporary folder");
    let dump = folder.path().join("a/b");
    let dump = dump.to_str().expect("a UTF-8 path");
    let script = r#"curl -s -H "authorization: Bearer $LLAMA_CLOUD_API_KEY" "$LLAMA_CLOUD_BASE_URL/api/v1/indexes""#;
    let ended = run(&["exec", "--dump", dump, "--", "sh", "-c", script], &[]);
    let errors = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!((ended.status.code(), errors.contains("sent no request")), (Some(0), false), "{errors}");
    let read = |name: &str| -> Value {
        let text = fs::read(format!("{dump}/{name}")).expect("the file is written");
        serde_json::from_slice(&text).expect("JSON")
    };
    assert_eq!(read("journal.json")["entries"][0]["operation"], "indexes.list");
    assert_eq!(read("journal.har")["log"]["entries"][0]["_operation"], "indexes.list");
    assert_eq!(read("state.json")["tenants"][0]["indexes"], json!([]));
    let silent = run(&["exec", "--", "true"], &[]);
    assert_eq!(silent.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&silent.stderr).contains("warning: the command sent no request"));
    let failed = run(&["exec", "--dump", "/dev/null/x", "--", "true"], &[]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("--dump /dev/null/x"));
}
