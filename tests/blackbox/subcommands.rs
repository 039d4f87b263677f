//! Output and exit codes of `healthcheck`, `validate`, `scenarios`, `--version` and `--help`.

use std::fs;

use temp_dir::TempDir;

use crate::support::{Client, Program, run};

fn stdout(args: &[&str]) -> String {
    let output = run(args, &[]);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_version_shows_the_contract_date_and_the_sdk_versions() {
    let version = stdout(&["--version"]);
    assert!(version.starts_with(&format!("llamacloud-mock {}", env!("CARGO_PKG_VERSION"))), "{version}");
    assert!(version.contains(llamacloud_mock::CONTRACT_DATE), "{version}");
    assert!(version.contains("llama-cloud 2.19.0"), "{version}");
}

#[test]
fn healthcheck_uses_the_settings_of_the_server() {
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
fn healthcheck_reads_the_port_from_the_port_file() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("port");
    let file = file.to_str().expect("a UTF-8 path");
    let program = Program::start(&["--port", "0", "--port-file", file], &[]);
    assert_eq!(fs::read_to_string(file).expect("the file exists"), program.address.port().to_string());
    assert_eq!(run(&["healthcheck", "--port", "0", "--port-file", file], &[]).status.code(), Some(0));
    assert_eq!(run(&["healthcheck", "--port-file", file], &[]).status.code(), Some(0), "not the default port");
    let env = run(&["env", "--port-file", file], &[]);
    assert!(String::from_utf8_lossy(&env.stdout).contains(&format!("http://{}'", program.address)));
    Client::at(program.address).get("/api/v1/indexes");
    let url = format!("http://localhost:{}", program.address.port());
    for place in [["--port-file", file], ["--url", &url]] {
        let check = run(&[&["check", "--max-attempts", "1"], &place[..]].concat(), &[]);
        assert_eq!(check.status.code(), Some(0), "{place:?}: {check:?}");
        assert_eq!(run(&[&["healthcheck"], &place[..]].concat(), &[]).status.code(), Some(0), "{place:?}");
    }
    assert_eq!(run(&["healthcheck", "--port", "0"], &[]).status.code(), Some(1));
}

#[test]
fn healthcheck_fails_for_another_server() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("a bound socket").port().to_string();
    let silent = std::thread::spawn(move || drop(listener.accept()));
    assert_eq!(run(&["healthcheck", "--port", &port], &[]).status.code(), Some(1));
    silent.join().expect("accepts once");
}

#[test]
fn validate_prints_the_response_of_the_service() {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("the file can be written");
        path.to_str().expect("a UTF-8 path").to_owned()
    };
    let good = write("good.json", r#"{"source_directory_id": "dir-abc123"}"#);
    let bad = write("bad.json", r#"{"name": 5}"#);
    let broken = write("broken.json", r#"{"name": "#);
    let unknown = write("unknown.json", r#"{"source_directory_id": "d", "sync_frequency": "hourly"}"#);

    let output = run(&["validate", &good], &[]);
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.starts_with(&format!("{good}: 201 {{\"id\":\"idx-")), "{printed}");

    let output = run(&["validate", &good, &bad, &broken, &unknown], &[]);
    assert_eq!(output.status.code(), Some(2));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[1].starts_with(&format!("{bad}: 422 ")) && lines[1].contains("\"missing\""), "{printed}");
    assert!(lines[2].starts_with(&format!("{broken}: 422 ")) && lines[2].contains("json_invalid"), "{printed}");
    assert!(lines[3].starts_with(&format!("{unknown}: 422 ")) && lines[3].contains("on_source_change"), "{printed}");

    let missing = run(&["validate", "no-such-file.json"], &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-file.json"));
    assert_eq!(run(&["validate"], &[]).status.code(), Some(64));
}

#[test]
fn scenarios_are_listed_and_shown() {
    let listed = stdout(&["scenarios"]);
    for line in listed.lines() {
        let (name, description) = line.split_once("  ").expect("a name and a description");
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
fn validate_ignores_faults_and_applies_the_body_limit() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("payload.json");
    fs::write(&path, r#"{"source_directory_id": "dir-abc123"}"#).expect("the file can be written");
    let path = path.to_str().expect("a UTF-8 path");
    let faults = ("LLAMACLOUD_MOCK_FAULT", "* status=500");
    assert_eq!(run(&["validate", path], &[faults, ("LLAMACLOUD_MOCK_SCENARIO", "outage")]).status.code(), Some(0));
    let output = run(&["validate", path], &[("LLAMACLOUD_MOCK_MAX_BODY_BYTES", "10")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains(": 413 "));
}
