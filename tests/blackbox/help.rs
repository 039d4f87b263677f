//! Help that needs no documentation: `--help`, `operations`, `faults`, and the errors of the command line.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Client, end_of, run, server};

fn stdout(args: &[&str]) -> String {
    let output = run(args, &[]);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn help_has_headings_variables_an_example_and_exit_codes() {
    let help = stdout(&["--help"]);
    for part in [
        "\nAccess:\n",
        "\nFaults:\n",
        "\nLimits:\n",
        "[env: LLAMACLOUD_MOCK_PORT_FILE]",
        "[default: 4010]",
        "--clock <real|manual|auto>",
        "LLAMA_CLOUD_BASE_URL=http://127.0.0.1:4010",
        "Exit codes:",
        "  69  the port is in use",
        "operations",
        "faults",
    ] {
        // Long lines are wrapped at a width that depends on the terminal.
        let is_in = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(part) || is_in(&help).contains(&is_in(part)), "{part:?} is not in {help}");
    }
    assert_eq!(stdout(&["serve", "--help"]).matches("--fault").count(), help.matches("--fault <").count());
}

#[test]
fn a_variable_stands_on_a_line_of_its_own() {
    for (args, columns) in [(&["--help"][..], "80"), (&["--help"], "100"), (&["check", "--help"], "80")] {
        let output = run(args, &[("COLUMNS", columns)]);
        let help = String::from_utf8(output.stdout).expect("UTF-8");
        let lines =
            help.lines().map(str::trim).filter(|line| line.starts_with("[env: ") && line.ends_with(']')).count();
        assert!(lines > 0 && lines == help.matches("[env:").count(), "{columns} columns: {help}");
    }
}

#[test]
fn a_subcommand_shows_its_own_flags_first_and_only_settings_that_it_takes() {
    for (subcommand, own, settings, others) in [
        (
            "healthcheck",
            &["--wait", "--pid"][..],
            &["--host", "--port-file", "--port"][..],
            &["--fault", "--clock"][..],
        ),
        ("check", &["--max-attempts", "--no-litter", "--format"], &["--admin-token", "--config"], &["--seed"]),
        ("validate", &["<FILE>"], &["--schemas", "--contract"], &["--fault", "--port"]),
        ("operations", &[], &[], &["--port"]),
        ("faults", &[], &[], &["--port"]),
        ("scenarios", &["show"], &[], &["--port"]),
    ] {
        let help = stdout(&[subcommand, "--help"]);
        let at = |flag: &str| help.find(flag).unwrap_or_else(|| panic!("{flag} is not in {help}"));
        let last_own = own.iter().map(|flag| at(flag)).max().unwrap_or(0);
        for setting in settings {
            let shown = help.find(&format!("      {setting} <")).or_else(|| help.find(&format!("      {setting} ")));
            assert!(shown.is_some_and(|place| place > last_own), "{setting} comes after {own:?}: {help}");
        }
        for other in others {
            assert!(!help.contains(&format!(" {other} ")), "{subcommand} shows {other}: {help}");
        }
    }
}

#[test]
fn operations_lists_all_with_what_is_emulated() {
    let list = stdout(&["operations"]);
    let of_api = list.lines().filter(|line| line.contains(" /api/"));
    assert_eq!(of_api.count(), 45, "{list}");
    let line = |name: &str| {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        let found = list.lines().find(|line| line.starts_with(&format!("{name} ")));
        words(found.unwrap_or_else(|| panic!("{name} is not in {list}")))
    };
    assert!(line("indexes.create").starts_with("indexes.create emulated POST /api/v1/indexes Creates an index"));
    assert!(line("files.content").contains(" GET /api/v1/beta/files/{file_id}/content "));
    let emulated = list.lines().filter(|line| !line.contains("  not emulated  ")).count();
    let server = server(&[]);
    let contract = Client::of(&server).get("/openapi.json").json();
    let methods = |path: &serde_json::Value| path.as_object().expect("an object").len();
    assert_eq!(emulated, contract["paths"].as_object().expect("an object").values().map(methods).sum::<usize>());
}

#[test]
fn every_example_of_faults_is_a_valid_rule() {
    let server = server(&[]);
    let client = Client::of(&server);
    let text = stdout(&["faults"]);
    let examples: Vec<&str> = text.split("--fault '").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
    assert!(examples.len() >= 25, "{text}");
    for rule in examples {
        let response = client.post("/__admin/faults", &json!({ "rule": rule }));
        assert_eq!(response.status, 201, "{rule}: {}", response.text());
        client.delete("/__admin/faults");
    }
}

#[test]
fn faults_explains_every_clause_of_its_page() {
    let text = stdout(&["faults"]);
    let faults = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faults.md")).expect("it exists");
    let rows = faults.lines().filter(|line| line.starts_with("| `")).take_while(|line| !line.contains("brownout"));
    let words = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(|clause| clause.split(['=', ' ', ':']).next().unwrap_or_default().to_owned())
    });
    let words: Vec<String> = words.collect();
    assert!(words.len() > 40, "{words:?}");
    for word in words {
        assert!(text.contains(&word), "{word} is not explained");
    }
}

#[test]
fn faults_explains_phases_and_states_of_the_users_own() {
    let text = stdout(&["faults"]);
    for part in ["The space before a phase\ncan be left out", "a word of your own", "--fault 'sync script=queued:2s,"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(text.lines().all(|line| line.len() <= 120), "{text}");
}

#[test]
fn errors_name_the_place_the_problem_and_the_nearest_word() {
    for (args, expected) in [
        (&["--prot", "1"][..], "--prot: is not a flag here; did you mean --port?"),
        (&["helthcheck"], "helthcheck: is not a subcommand; did you mean healthcheck?"),
        (&["--port"], "--port: needs a value"),
        (&["--seed", "1", "--seed", "2"], "--seed: is given twice"),
        (&["--port=x"], "--port: \"x\" is not a number from 0 to 65535"),
        (&["--clock", "manul"], "--clock: \"manul\" is not one of real, manual, auto; did you mean manual?"),
        (&["check", "--fault", "x"], "--fault: is a flag of the server, without effect on this subcommand"),
        (&["--fault", "x", "check", "--no-litter"], "--fault: has no effect on the subcommand check"),
        (
            &["check", "--no-litter", "--format", "jsno"],
            "--format: \"jsno\" is not one of text, json, junit; did you mean json?",
        ),
        (&["healthcheck", "--wait", "5"], "--wait: \"5\": \"5\" is not a duration like 10ms, 2s, 5m or 1m30s"),
        (&["validate"], "arguments are missing: <FILE>..."),
        (&["scenarios", "show", "lost-crate"], "lost-crate: is not a scenario; did you mean lost-create?"),
    ] {
        let output = run(args, &[]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{args:?}: {stderr}");
        assert!(stderr.starts_with(&format!("llamacloud-mock: {expected}")), "{args:?}: {stderr}");
    }
}

#[test]
fn a_setting_may_stand_before_its_subcommand() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.expect("a port is free").port().to_string();
    let output = run(&["--port", &port, "healthcheck"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("127.0.0.1:{port}")));
}

#[test]
fn validate_reads_standard_input() {
    for (payload, code, expected) in
        [(r#"{"source_directory_id":"dir-a"}"#, 0, "-: 201 {"), (r#"{"name":5}"#, 2, "-: 422 {")]
    {
        let mut program = Command::new(env!("CARGO_BIN_EXE_llamacloud-mock"))
            .args(["validate", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        program.stdin.take().expect("a pipe").write_all(payload.as_bytes()).expect("it reads");
        let output = end_of(program);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{printed}");
        assert!(printed.starts_with(expected), "{printed}");
    }
}
