//! `healthcheck`, `validate`, `scenarios`, `--version`, `--help`: what they print and how they exit.

use std::fs;

use tempfile::TempDir;

use crate::support::{Program, run};

fn stdout(args: &[&str]) -> String {
    let output = run(args, &[]);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("is text")
}

#[test]
fn the_version_names_the_contract_and_the_clients() {
    let version = stdout(&["--version"]);
    assert!(version.starts_with(&format!("llamacloud-mock {}", env!("CARGO_PKG_VERSION"))), "{version}");
    assert!(version.contains(llamacloud_mock::CONTRACT_DATE), "{version}");
    assert!(version.contains("llama-cloud 2.19.0"), "{version}");
}

#[test]
fn healthcheck_finds_the_server_by_the_same_settings() {
    let program = Program::start(&[], &[]);
    let port = program.address.port().to_string();
    assert_eq!(run(&["healthcheck", "--port", &port], &[]).status.code(), Some(0));
    assert_eq!(run(&["healthcheck"], &[("LLAMACLOUD_MOCK_PORT", &port)]).status.code(), Some(0));
    assert_eq!(run(&["healthcheck", "--port", &port, "--host", "0.0.0.0"], &[]).status.code(), Some(0));
    program.terminate();
    let gone = run(&["healthcheck", "--port", &port], &[]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains(&port));
}

#[test]
fn healthcheck_finds_a_free_port_by_its_file() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("port");
    let file = file.to_str().expect("its path is text");
    let program = Program::start(&["--port", "0", "--port-file", file], &[]);
    assert_eq!(fs::read_to_string(file).expect("was written"), program.address.port().to_string());
    assert_eq!(run(&["healthcheck", "--port", "0", "--port-file", file], &[]).status.code(), Some(0));
    assert_eq!(run(&["healthcheck", "--port", "0"], &[]).status.code(), Some(1));
}

#[test]
fn healthcheck_tells_another_server_from_ours() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("is bound").port().to_string();
    let silent = std::thread::spawn(move || drop(listener.accept()));
    assert_eq!(run(&["healthcheck", "--port", &port], &[]).status.code(), Some(1));
    silent.join().expect("accepts once");
}

#[test]
fn validate_says_what_the_service_would_answer() {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("can be written");
        path.to_str().expect("its path is text").to_owned()
    };
    let good = write("good.json", r#"{"source_directory_id": "dir-abc123"}"#);
    let bad = write("bad.json", r#"{"name": 5}"#);
    let broken = write("broken.json", r#"{"name": "#);
    let unknown = write("unknown.json", r#"{"source_directory_id": "d", "sync_frequency": "hourly"}"#);

    let output = run(&["validate", &good], &[]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with(&format!("{good}: 201 {{\"id\":\"idx-")), "{said}");

    let output = run(&["validate", &good, &bad, &broken, &unknown], &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[1].starts_with(&format!("{bad}: 422 ")) && lines[1].contains("\"missing\""), "{said}");
    assert!(lines[2].starts_with(&format!("{broken}: 422 ")) && lines[2].contains("json_invalid"), "{said}");
    assert!(lines[3].starts_with(&format!("{unknown}: 422 ")) && lines[3].contains("on_source_change"), "{said}");

    let missing = run(&["validate", "no-such-file.json"], &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-file.json"));
    assert_eq!(run(&["validate"], &[]).status.code(), Some(64));
}

#[test]
fn scenarios_are_listed_and_shown() {
    let listed = stdout(&["scenarios"]);
    for line in listed.lines() {
        let (name, description) = line.split_once("  ").expect("a name and what it imitates");
        assert!(!description.trim().is_empty());
        let shown = stdout(&["scenarios", "show", name]);
        assert!(shown.contains("faults = ["), "{shown}");
    }
    assert!(listed.lines().count() >= 16, "{listed}");
    let unknown = run(&["scenarios", "show", "lost-crate"], &[]);
    assert_eq!(unknown.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean lost-create?"));
}

#[test]
fn validate_knows_no_bad_day_and_the_limit_of_bodies() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("payload.json");
    fs::write(&path, r#"{"source_directory_id": "dir-abc123"}"#).expect("can be written");
    let path = path.to_str().expect("its path is text");
    let faults = ("LLAMACLOUD_MOCK_FAULT", "* status=500");
    assert_eq!(run(&["validate", path], &[faults, ("LLAMACLOUD_MOCK_SCENARIO", "outage")]).status.code(), Some(0));
    let output = run(&["validate", path], &[("LLAMACLOUD_MOCK_MAX_BODY_BYTES", "10")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains(": 413 "));
}

#[test]
fn check_wants_to_know_what_to_check_and_says_what_it_could_not() {
    assert_eq!(run(&["check"], &[]).status.code(), Some(64));
    let program = Program::start(&["--journal-entries", "2"], &[]);
    let client = crate::support::Client::at(program.address);
    for _ in 0..5 {
        client.get("/api/v1/indexes");
    }
    let port = program.address.port().to_string();
    let output = run(&["check", "--port", &port, "--honour-retry-after"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("3 were evicted from the journal"), "{output:?}");
}
