//! The sources of settings, and the messages for invalid ones. Run with the real program.

use std::fs;

use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::support::{Client, Program, run};

/// The value and the source of a setting of a running program.
fn setting(program: &Program, name: &str) -> (Value, Value) {
    let config = Client::at(program.address).get("/__admin/config").json();
    let settings = config["settings"].as_array().expect("a list");
    let found = settings.iter().find(|setting| setting["name"] == name).expect("a setting");
    (found["value"].clone(), found["source"].clone())
}

fn file(folder: &TempDir, text: &str) -> String {
    let path = folder.path().join("settings.toml");
    fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("a UTF-8 path").to_owned()
}

#[test]
fn precedence_is_flag_environment_file_default() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = file(&folder, "seed = 3\npage-size = 30\nsync_duration = \"3s\"\n");
    let program = Program::start(
        &["--config", &path, "--seed", "5"],
        &[("LLAMACLOUD_MOCK_SEED", "4"), ("LLAMACLOUD_MOCK_PAGE_SIZE", "40")],
    );
    assert!(program.ready.ends_with(" seed=5"), "{}", program.ready);
    assert_eq!(setting(&program, "seed"), (json!("5"), json!("flag")));
    assert_eq!(setting(&program, "page-size"), (json!("40"), json!("environment LLAMACLOUD_MOCK_PAGE_SIZE")));
    assert_eq!(setting(&program, "sync-duration"), (json!("3s"), json!(format!("file {path}"))));
    assert_eq!(setting(&program, "max-items"), (json!("100000"), json!("default")));
}

#[test]
fn given_defaults_stand_below_the_settings_file_and_above_the_defaults_of_the_program() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = file(&folder, "page-size = 30\nfault = \"indexes.list status=503\"\n");
    let defaults = "port = 0\nseed = 2\npage-size = 20\nsync_duration = \"2s\"\nmax-items = 7\nfault = []\n";
    let variables = [("LLAMACLOUD_MOCK_DEFAULTS", defaults), ("LLAMACLOUD_MOCK_SYNC_DURATION", "4s")];
    for by_flag in [true, false] {
        let (flags, variables) = if by_flag {
            (vec!["--config", &path, "--seed", "5", "--defaults", defaults], &variables[1..])
        } else {
            (vec!["--config", &path, "--seed", "5"], &variables[..])
        };
        let program = Program::start(&flags, variables);
        assert_eq!(setting(&program, "seed"), (json!("5"), json!("flag")));
        let environment = json!("environment LLAMACLOUD_MOCK_SYNC_DURATION");
        assert_eq!(setting(&program, "sync-duration"), (json!("4s"), environment));
        assert_eq!(setting(&program, "page-size"), (json!("30"), json!(format!("file {path}"))));
        assert_eq!(setting(&program, "max-items"), (json!("7"), json!("default")));
        assert_eq!(setting(&program, "defaults").0, json!("(set)"), "they may hold keys");
        assert_eq!(setting(&program, "max-tenants"), (json!("10000"), json!("default")));
        assert_eq!(Client::at(program.address).get("/api/v1/indexes").status, 503);
    }
}

#[test]
fn a_given_default_is_no_conflict_with_a_setting_but_must_be_valid() {
    let log_format = ["--port", "0", "--log-level", "off", "--defaults", "log-format = \"text\""];
    assert_eq!(Program::start(&log_format, &[]).terminate().0, Some(0));
    let as_setting = run(&["--port", "0", "--log-level", "off", "--log-format", "text"], &[]);
    assert_eq!(as_setting.status.code(), Some(64));
    for (defaults, expected) in [
        ("clok = \"auto\"", "--defaults: clok: is not a setting; did you mean clock?"),
        ("clock = auto", "--defaults: TOML parse error"),
        ("clock = \"atuo\"", "--clock: \"atuo\" is not one of real, manual, auto"),
        ("config = \"a.toml\"", "--defaults: config: cannot be set here"),
        ("defaults = \"\"", "--defaults: defaults: cannot be set here"),
    ] {
        let ended = run(&["--defaults", defaults], &[]);
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code() == Some(64) && stderr.contains(expected), "{defaults}: {stderr}");
    }
    let ended = run(&[], &[("LLAMACLOUD_MOCK_DEFAULTS", "clok = 1")]);
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(stderr.contains("LLAMACLOUD_MOCK_DEFAULTS (in the environment): clok: is not a setting"), "{stderr}");
}

#[test]
fn the_settings_file_in_the_current_folder_is_read_by_default() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("llamacloud-mock.toml"), "seed = 9\nport = 0\n").expect("the file can be written");
    let program = Program::start_in(folder.path(), &["--log-level", "off"]);
    assert!(program.ready.ends_with(" seed=9"), "{}", program.ready);
}

#[test]
fn repeatable_settings_are_lines_in_the_environment_and_arrays_in_the_file() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = file(&folder, "api-key = [\"one\", \"two\"]\n");
    let in_file = Program::start(&["--config", &path], &[]);
    let in_environment = Program::start(&[], &[("LLAMACLOUD_MOCK_API_KEY", "one\n two \n\n")]);
    for program in [&in_file, &in_environment] {
        let client = Client::at(program.address);
        for (key, status) in [("one", 200), ("two", 200), ("three", 401)] {
            assert_eq!(client.with_key(key).get("/api/v1/indexes").status, status, "{key}");
        }
    }
}

/// Arguments, environment variables, and parts of the error message.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn an_invalid_setting_is_reported_with_its_source_and_a_valid_value() {
    let folder = TempDir::new().expect("a temporary folder");
    let bad_value = file(&folder, "seed = \"x\"\n");
    let cases: &[Case<'_>] = &[
        (&["--seed", "x"], &[], &["--seed", "\"x\"", "a number from 0"]),
        (&[], &[("LLAMACLOUD_MOCK_SEED", "x")], &["LLAMACLOUD_MOCK_SEED", "environment", "\"x\""]),
        (&["--config", &bad_value], &[], &["seed", &bad_value]),
        (&["--config", "no-such-file.toml"], &[], &["no-such-file.toml"]),
        (&["--sync-duration", "5"], &[], &["--sync-duration", "10ms"]),
        (&["--start-time", "yesterday"], &[], &["--start-time", "2026-01-01T00:00:00Z"]),
        (&["--page-size", "0"], &[], &["--page-size", "1 to 1000"]),
        (&["--max-body-bytes", "1M"], &[], &["--max-body-bytes", "64KiB"]),
        (&["--clock", "sundial"], &[], &["sundial", "manual"]),
        (&[], &[("LLAMACLOUD_MOCK_CLOCK", "sundial")], &["LLAMACLOUD_MOCK_CLOCK", "real, manual, auto"]),
        (&[], &[("LLAMACLOUD_MOCK_NO_AUTH", "perhaps")], &["LLAMACLOUD_MOCK_NO_AUTH", "perhaps"]),
        (&["--host", "nowhere"], &[], &["--host", "IP address"]),
        (&["--prot", "1"], &[], &["--prot", "--port"]),
        (&["--scenario", "flakey"], &[], &["flakey", "flaky"]),
        (&["--fault", "indexes.crate status=500"], &[], &["indexes.crate", "indexes.create"]),
        (&["--schemas", "no-such-folder"], &[], &["--schemas", "no-such-folder"]),
    ];
    for (args, environment, expected) in cases {
        let output = run(args, environment);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{args:?} {environment:?}: {stderr}");
        for part in *expected {
            assert!(stderr.contains(part), "{args:?} {environment:?} does not say {part:?}: {stderr}");
        }
    }
}

#[test]
fn an_unknown_setting_in_a_file_is_reported_with_the_nearest_name() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = file(&folder, "sync_duraton = \"1s\"\n");
    let output = run(&["--config", &path], &[]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr.contains("sync_duraton") && stderr.contains("did you mean sync-duration"), "{stderr}");
}

#[test]
fn an_unknown_variable_is_a_warning_except_those_of_kubernetes() {
    let kubernetes = [
        ("LLAMACLOUD_MOCK_PORT", "tcp://10.0.0.1:4010"),
        ("LLAMACLOUD_MOCK_PORT_4010_TCP", "tcp://10.0.0.1:4010"),
        ("LLAMACLOUD_MOCK_SERVICE_HOST", "10.0.0.1"),
        ("LLAMACLOUD_MOCK_SEEED", "1"),
    ];
    let program = Program::start(&["--port", "0"], &kubernetes);
    let (code, stderr) = program.terminate();
    assert_eq!(code, Some(0));
    let warnings: Vec<&str> = stderr.lines().filter(|line| line.contains("warning")).collect();
    assert_eq!(warnings.len(), 1, "{stderr}");
    assert!(
        warnings[0].contains("LLAMACLOUD_MOCK_SEEED") && warnings[0].contains("did you mean LLAMACLOUD_MOCK_SEED?"),
        "{stderr}"
    );
}

#[test]
fn the_help_lists_every_setting() {
    let program = Program::start(&[], &[]);
    let config = Client::at(program.address).get("/__admin/config").json();
    let help = String::from_utf8(run(&["--help"], &[]).stdout).expect("UTF-8");
    for setting in config["settings"].as_array().expect("a list") {
        let name = setting["name"].as_str().expect("a name");
        assert!(help.contains(&format!("--{name}")), "--help does not show {name}");
    }
}

#[test]
fn requests_are_validated_against_a_replaced_schema() {
    let folder = TempDir::new().expect("a temporary folder");
    let schema = json!({
        "title": "IndexCreateRequest",
        "type": "object",
        "properties": { "source_directory_id": { "type": "string", "minLength": 3 } },
        "required": ["source_directory_id"],
        "additionalProperties": false,
    });
    fs::write(folder.path().join("indexes.create.request.json"), schema.to_string()).expect("the file can be written");
    let path = folder.path().to_str().expect("a UTF-8 path");
    let program = Program::start(&["--schemas", path], &[]);
    let client = Client::at(program.address);
    let refused = client.post("/api/v1/indexes", &json!({ "source_directory_id": "x", "colour": "red" }));
    assert_eq!(refused.status, 422);
    let kinds: Vec<Value> =
        refused.json()["detail"].as_array().expect("a list").iter().map(|one| one["type"].clone()).collect();
    assert_eq!(kinds, ["string_too_short", "extra_forbidden"]);
    let contract = client.get("/openapi.json").json();
    assert_eq!(contract["components"]["schemas"]["IndexCreateRequest"]["additionalProperties"], false);
}

#[test]
fn an_invalid_or_unknown_schema_file_is_rejected_by_name() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().to_str().expect("a UTF-8 path").to_owned();
    for (name, text, expected) in [
        ("indexes.create.request.json", "{", "indexes.create.request.json"),
        ("indexes.create.request.json", r#"{"type": "objekt"}"#, "/type"),
        ("indexes.creat.request.json", "{}", "did you mean indexes.create.request.json"),
    ] {
        fs::write(folder.path().join(name), text).expect("the file can be written");
        let output = run(&["--schemas", &path], &[]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
        fs::remove_file(folder.path().join(name)).expect("the file exists");
    }
}

#[test]
fn a_blank_variable_is_ignored_except_for_a_token() {
    let program = Program::start(&[], &[("LLAMACLOUD_MOCK_PAGE_SIZE", ""), ("LLAMACLOUD_MOCK_CONFIG", " ")]);
    assert_eq!(setting(&program, "page-size"), (json!("50"), json!("default")));
    let blank = run(&["--port", "0"], &[("LLAMACLOUD_MOCK_ADMIN_TOKEN", "")]);
    let message = String::from_utf8_lossy(&blank.stderr).into_owned();
    assert!(blank.status.code() == Some(64) && message.contains("LLAMACLOUD_MOCK_ADMIN_TOKEN"), "{message}");
    assert_eq!(run(&["--port", "0", "--admin-token="], &[]).status.code(), Some(64));
}

#[test]
fn an_invalid_url_or_origin_is_rejected() {
    let unfit = ["--public-url=foo", "--public-url=ftp://x", "--cors-origin=null", "--cors-origin=http://a.test/b"];
    for flag in unfit {
        let output = run(&["--port", "0", flag], &[]);
        assert_eq!(output.status.code(), Some(64), "{flag}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let program = Program::start(&["--cors-origin", "http://b.test/"], &[]);
    let response = Client::at(program.address).try_send("GET", "/api/v1/indexes", "Origin: http://b.test\r\n", None);
    assert_eq!(response.map(|response| response.status), Some(200));
}

#[test]
fn an_invalid_rule_is_reported_with_its_source() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = file(&folder, "fault = \"x y\"\n");
    let message = |args: &[&str], environment: &[(&str, &str)]| {
        let output = run(args, environment);
        assert_eq!(output.status.code(), Some(64));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let in_file = message(&["--port", "0", "--config", &path], &[]);
    assert!(in_file.contains(&format!("fault (in {path})")), "{in_file}");
    let in_environment =
        message(&["--port", "0"], &[("LLAMACLOUD_MOCK_FAULT", "indexes.list status=500\n# no comment")]);
    assert!(in_environment.contains("LLAMACLOUD_MOCK_FAULT (in the environment)"), "{in_environment}");
}
