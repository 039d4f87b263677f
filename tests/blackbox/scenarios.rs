//! Scenarios at run time, scenario files in each format, and connections that are refused from the start on.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Client, Program, run, server, wait_until};

const LIST: &str = "/api/v1/indexes";
const SCENARIOS: &str = "/__admin/scenarios";

/// A file with this content in a folder.
fn file(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("the file can be written");
    path
}

fn rules(client: &Client) -> Vec<Value> {
    let faults = client.get("/__admin/faults").json()["faults"].clone();
    faults.as_array().expect("a list").iter().map(|rule| rule["rule"].clone()).collect()
}

#[test]
fn a_scenario_file_is_toml_json_or_a_rule_a_line() {
    let folder = temp_dir::TempDir::new().expect("a folder");
    let lines = "# Lists fail\n\n  indexes.list status=418   # always\nindexes.get body=\"a # b\" status=500\n\
                 indexes.get header=x:#1\n";
    let expected = ["indexes.list status=418", "indexes.get body=\"a # b\" status=500", "indexes.get header=x:#1"];
    let fields = json!({ "description": "Lists fail", "faults": expected });
    let toml = format!("description = 'Lists fail'\nfaults = {}\n", fields["faults"]);
    for (name, content) in
        [("a.txt", lines), ("a.rules", lines), ("a", &*toml), ("a.json", &fields.to_string()), ("a.toml", &toml)]
    {
        let path = file(folder.path(), name, content);
        let server = server(&[("scenario", path.to_str().expect("a string"))]);
        let client = Client::of(&server);
        assert_eq!(rules(&client), expected, "{name}");
        assert_eq!(client.get(LIST).status, 418, "{name}");
        let listed = client.get(SCENARIOS).json()["scenarios"].clone();
        let own = listed.as_array().expect("a list").iter().find(|scenario| scenario["name"] == "a").cloned();
        let view = json!({ "name": "a", "description": "Lists fail", "rules": expected, "active": true });
        assert_eq!(own, Some(view), "{name}");
    }
    let shown = run(&["scenarios", "show", folder.path().join("a.txt").to_str().expect("a string")], &[]);
    assert_eq!(shown.stdout, lines.as_bytes());
}

#[test]
fn a_scenario_file_that_is_wrong_is_refused_with_its_place() {
    let folder = temp_dir::TempDir::new().expect("a folder");
    for (name, content, problem) in [
        ("a.txt", "indexes.list statsu=418", "did you mean status?"),
        ("a.txt", "# nothing\n", "has no effect"),
        ("a.toml", "faults = []", "has no effect"),
        ("a.toml", "fault = ['* hang']", "fault"),
        ("a.json", "{\"faults\": [\"* hang\"], \"refuse\": [\"5s\"]}", "is not of the form FROM..TO"),
        ("a.json", "{\"faults\": [\"* hang\"], \"refuse\": [\"5s..1s\"]}", "ends before it begins"),
        ("a.json", "{", "EOF"),
    ] {
        let path = file(folder.path(), name, content);
        let refused = run(&["--scenario", path.to_str().expect("a string")], &[]);
        let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(64), "{content}: {stderr}");
        assert!(stderr.contains("--scenario") && stderr.contains(problem), "{content}: {stderr}");
    }
    let path = file(folder.path(), "slow.txt", "* hang");
    let twice = run(&["--scenario", "slow", "--scenario", path.to_str().expect("a string")], &[]);
    assert!(String::from_utf8_lossy(&twice.stderr).contains("two scenarios have the name slow"));
}

#[test]
fn scenarios_are_started_and_stopped_at_run_time_by_name() {
    let server = server(&[]);
    let client = Client::of(&server);
    let (one, other) = (client.with_key("llx-one"), client.with_key("llx-other"));
    let is_active = |name: &str| {
        let scenarios = client.get(SCENARIOS).json()["scenarios"].as_array().expect("a list").clone();
        assert!(scenarios.len() > 16, "{}", scenarios.len());
        scenarios.iter().find(|scenario| scenario["name"] == name).expect("it ships")["active"] == true
    };
    let path = format!("{SCENARIOS}/html-502");
    assert!(!is_active("html-502"));
    let started = client.post(&path, &json!({ "tenant": one.key() }));
    assert_eq!((started.status, started.json()["faults"][0]["origin"].clone()), (201, json!("scenario html-502")));
    assert!(is_active("html-502"));
    assert_eq!([one.get(LIST).status, other.get(LIST).status], [502, 200]);
    assert_eq!(client.post(&path, &json!({ "tenant": one.key() })).status, 409, "it is active already");
    assert_eq!(client.send("DELETE", &path, Some(&json!({ "tenant": one.key() }))).status, 204);
    assert_eq!([one.get(LIST).status, other.get(LIST).status], [200, 200]);
    assert_eq!(client.delete(&path).status, 404, "it is not active");
    assert_eq!(client.post(&path, &json!({})).status, 201);
    assert_eq!([other.get(LIST).status, client.with_key("llx-later").get(LIST).status], [502, 502]);
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!(other.get(LIST).status, 200);
    let unknown = client.post(&format!("{SCENARIOS}/html-503"), &json!({}));
    assert!(unknown.status == 404 && unknown.text().contains("did you mean html-502?"), "{}", unknown.text());
    for name in ["..%2F..%2Fetc%2Fpasswd", "Cargo.toml", "%2Ftmp%2Fa.txt"] {
        assert_eq!(client.post(&format!("{SCENARIOS}/{name}"), &json!({})).status, 404, "{name}");
    }
}

#[test]
fn a_scenario_given_at_the_start_is_stopped_and_started_by_the_name_of_its_file() {
    let folder = temp_dir::TempDir::new().expect("a folder");
    let path = file(folder.path(), "mine.txt", "indexes.list status=418 name=mine");
    let server = server(&[("scenario", path.to_str().expect("a string"))]);
    let client = Client::of(&server);
    // The file was read at the start.
    std::fs::remove_file(path).expect("it is there");
    let path = format!("{SCENARIOS}/mine");
    assert_eq!(client.get(LIST).status, 418);
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!(client.get(LIST).status, 200);
    client.add_rule("indexes.get hang name=mine");
    let taken = client.post(&path, &json!({}));
    assert_eq!((taken.status, rules(&client).len()), (409, 1), "a name of its rules is taken");
    assert_eq!(client.delete("/__admin/faults/mine").status, 204);
    assert_eq!(client.post(&path, &json!({})).status, 201);
    assert_eq!(client.get(LIST).status, 418);
}

#[test]
fn connections_are_refused_in_the_windows_of_settings_and_scenarios() {
    let folder = temp_dir::TempDir::new().expect("a folder");
    let scenario = file(folder.path(), "down.json", "{\"refuse\": [\"0..1h\"]}");
    let scenario = scenario.to_str().expect("a string");
    for args in [&["--refuse", "0..1h"][..], &["--refuse", "30m..1h", "--refuse", "0..31m"], &["--scenario", scenario]]
    {
        let program = Program::start(&[args, &["--strict-faults"]].concat(), &[]);
        let connect = || TcpStream::connect(program.address).map(drop).map_err(|error| error.kind());
        wait_until("connections are refused", || connect() == Err(ErrorKind::ConnectionRefused));
        assert_eq!(program.terminate().0, Some(0), "{args:?}: it is no rule that has to strike");
    }
    let environment = [("LLAMACLOUD_MOCK_REFUSE", "0..1ms\n1ms..2ms")];
    let program = Program::start(&[], &environment);
    // Between the windows it listens for a moment.
    let is_healthy = || {
        let mut answer = String::new();
        let asked = TcpStream::connect(program.address).and_then(|mut stream| {
            stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
            stream.read_to_string(&mut answer)
        });
        asked.is_ok() && answer.contains("200 OK")
    };
    wait_until("the server listens again", is_healthy);
}

#[test]
fn exec_refuses_connections_too() {
    let script = "while \"$0\" healthcheck --url \"$LLAMA_CLOUD_BASE_URL\"; do :; done; exit 7";
    let program = env!("CARGO_BIN_EXE_llamacloud-mock");
    let ended = run(&["exec", "--refuse", "0..1h", "--", "sh", "-c", script, program], &[]);
    assert_eq!(ended.status.code(), Some(7), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_window_without_effect_is_refused() {
    for (window, problem) in [
        ("5s", "is not of the form FROM..TO"),
        ("5s..", "is not a duration"),
        ("5s..5s", "ends before it begins"),
        ("5s..1s", "ends before it begins"),
    ] {
        let refused = run(&["--refuse", window], &[]);
        let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(64) && stderr.contains(problem), "{window}: {stderr}");
    }
    let folder = temp_dir::TempDir::new().expect("a folder");
    let scenario = file(folder.path(), "down.json", "{\"refuse\": [\"1h..2h\"]}");
    let server = server(&[("scenario", scenario.to_str().expect("a string"))]);
    let client = Client::of(&server);
    let started = client.post(&format!("{SCENARIOS}/down"), &json!({}));
    assert!(started.status == 422 && started.text().contains("--scenario"), "{}", started.text());
}

#[test]
fn faults_lists_the_effects_that_go_with_an_operation() {
    let listed = |operation: &str| {
        let output = run(&["faults", operation], &[]);
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("a string"))
    };
    let (code, text) = listed("indexes.delete");
    assert_eq!(code, Some(0));
    assert!(text.contains("--fault 'indexes.delete vanish nth=2'"), "{text}");
    assert!(["lag=", "quota=", "malformed", "upload-bandwidth="].iter().all(|effect| !text.contains(effect)), "{text}");
    let (_, text) = listed("files.create");
    assert!(text.contains("quota=N") && text.contains("upload-bandwidth=BYTES/s"), "{text}");
    let (code, text) = listed("files.crate");
    assert!(code == Some(64) && text.contains("faults: files.crate: is not an operation; did you mean files.create?"));
}
