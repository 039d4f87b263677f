//! The subcommand `check`: it passes only what it could judge, and prints text, JSON or `JUnit` XML.

use serde_json::{Value, json};

use crate::support::{Client, Program, manual_clock_server, run};

const LIST: &str = "/api/v1/indexes";
const BODY: &str = r#"{"source_directory_id":"dir-a"}"#;

/// Sends a request with this retry count; there may be no response.
fn attempt(client: &Client, method: &str, retry: u32) {
    let body = (method == "POST").then_some(BODY);
    client.try_send(method, LIST, &format!("x-stainless-retry-count: {retry}\r\n"), body);
}

/// The exit code, stdout and stderr of `check` for a server.
fn check(program: &Program, args: &[&str]) -> (Option<i32>, String, String) {
    let port = program.address.port().to_string();
    let ended = run(&[&["check", "--port", &port], args].concat(), &[]);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (ended.status.code(), text(&ended.stdout), text(&ended.stderr))
}

/// Asserts the exit code of `check`, and words of its report.
#[track_caller]
fn assert_check(program: &Program, args: &[&str], code: i32, words: &[&str]) {
    let (ended, report, errors) = check(program, args);
    assert_eq!(ended, Some(code), "{args:?}: {report}{errors}");
    for word in words {
        assert!(report.contains(word), "{args:?}: {word:?} is not in {report}");
    }
}

#[test]
fn broken_limits_are_reported_with_their_attempts() {
    let faults =
        ["--fault", "indexes.create@after reset nth=1", "--fault", "indexes.list status=429 retry-after=1h first=2"];
    let program = Program::start(&faults, &[]);
    let client = Client::at(program.address);
    (0..2).for_each(|retry| attempt(&client, "POST", retry));
    (0..3).for_each(|retry| attempt(&client, "GET", retry));
    let label = client.journal()[0]["tenant"].as_str().expect("a label").to_owned();
    assert_check(&program, &["--max-attempts", "3"], 0, &["passed: --max-attempts 3", "2 were retried"]);
    let lines =
        ["indexes.list: sent 3 times, at most 2 are allowed", "request 3: 429 (sent)", "Retry-After was 3600000 ms"];
    assert_check(&program, &["--max-attempts", "2"], 2, &lines);
    let early = ["failed: --honour-retry-after", "indexes.list: 2 retries were sent before the time in Retry-After"];
    assert_check(&program, &["--honour-retry-after"], 2, &early);
    let doubled = ["indexes.create: request 2 created again what request 1 had created, whose response was lost"];
    assert_check(&program, &["--no-duplicate-writes"], 2, &doubled);
    let both = ["failed: --max-attempts 1", "sent 2 times", "failed: --no-duplicate-writes", &label];
    assert_check(&program, &["--max-attempts", "1", "--no-duplicate-writes", "--tenant", &label], 2, &both);
    assert_check(&program, &["--no-needless-retries", "--tenant", client.key()], 0, &["passed: --no-needless-retries"]);
}

#[test]
fn a_needless_retry_is_a_failure_unless_its_request_is_open() {
    let program = Program::start(&["--fault", "indexes.list delay=1h nth=1"], &[]);
    let client = Client::at(program.address);
    let mut waiting = client.connect();
    waiting.send(client.request_bytes("GET", LIST, "x-stainless-retry-count: 0\r\n", None));
    client.wait_for_entries(1);
    attempt(&client, "GET", 1);
    assert_check(&program, &["--no-needless-retries"], 0, &["passed"]);
    attempt(&client, "GET", 2);
    assert_check(&program, &["--no-needless-retries"], 2, &["1 retries after a success or a final error"]);
}

#[test]
fn nothing_to_judge_is_no_success() {
    let program = Program::start(&[], &[]);
    let nothing = ["not judged: --max-attempts 3", "nothing to judge: no request is recorded"];
    assert_check(&program, &["--max-attempts", "3"], 2, &nothing);
    assert_check(&program, &["--no-litter"], 2, &["not judged: --no-litter", "no request is recorded"]);
    assert_check(&program, &["--all-rules-struck"], 2, &["not judged", "there are no fault rules"]);
    Client::at(program.address).get(LIST);
    assert_check(&program, &["--max-attempts", "3", "--no-litter"], 0, &["1 requests were sent once"]);
    assert_check(&program, &["--max-attempts", "3", "--all-rules-struck"], 2, &["passed: --max", "not judged: --all"]);
    for tenant in ["llx-tset", "t-0123456789ab"] {
        let (code, report, errors) = check(&program, &["--max-attempts", "3", "--tenant", tenant]);
        assert_eq!((code, errors.as_str()), (Some(2), "llamacloud-mock: check: not judged\n"), "{report}");
        assert!(report.contains("not judged: --max-attempts 3\n  tenant: "), "{report}");
    }
}

#[test]
fn evicted_entries_leave_retries_unjudged_but_not_rules_and_litter() {
    let program = Program::start(&["--journal-entries", "2", "--fault", "indexes.list delay=1us nth=1"], &[]);
    let client = Client::at(program.address);
    for retry in [0, 0, 0, 0, 1] {
        attempt(&client, "GET", retry);
    }
    for expectation in ["--honour-retry-after", "--no-duplicate-writes"] {
        let words = ["not judged: ", "3 requests were evicted from the journal", "--journal-entries"];
        assert_check(&program, &[expectation], 2, &words);
    }
    assert_check(&program, &["--max-attempts", "1"], 2, &["failed: --max-attempts 1"]);
    assert_check(
        &program,
        &["--all-rules-struck", "--no-litter"],
        0,
        &["passed: --all-rules-struck", "passed: --no-l"],
    );
}

#[test]
fn a_rule_that_never_struck_is_a_failure() {
    let program = Program::start(&["--fault", "indexes.list status=503 nth=2 name=second"], &[]);
    let client = Client::at(program.address);
    client.get(LIST);
    let words = ["failed: --all-rules-struck", "second: never struck: indexes.list status=503 nth=2"];
    assert_check(&program, &["--all-rules-struck"], 2, &words);
    client.get(LIST);
    assert_check(&program, &["--all-rules-struck"], 0, &["passed: --all-rules-struck"]);
    client.with_key("llx-other").get(LIST);
    assert_check(&program, &["--all-rules-struck", "--tenant", "llx-other"], 2, &["second: never struck"]);
}

#[test]
fn litter_is_what_requests_created_and_did_not_delete() {
    let program = Program::start(&[], &[]);
    let client = Client::at(program.address);
    let kept = client.create("dir-implicit");
    let deleted = client.create("dir-implicit");
    let directory = client.post("/api/v1/beta/directories", &json!({ "name": "Papers" })).json();
    client.delete(&format!("{LIST}/{}", deleted["id"].as_str().expect("an id")));
    let litter = client.get("/__admin/litter").json()["litter"].clone();
    let label = client.journal()[0]["tenant"].clone();
    let expected = json!([
        { "tenant": label, "kind": "directory", "id": directory["id"] },
        { "tenant": label, "kind": "index", "id": kept["id"] },
    ]);
    assert_eq!(litter, expected, "neither implicit and output directories nor what was deleted");
    let line = format!("index: created and not deleted: {}", kept["id"].as_str().expect("an id"));
    assert_check(&program, &["--no-litter", "--tenant", client.key()], 2, &["failed: --no-litter", &line]);
    client.delete(&format!("{LIST}/{}", kept["id"].as_str().expect("an id")));
    client.post("/__admin/reset", &json!({ "tenant": client.key(), "parts": ["journal"] }));
    assert_check(&program, &["--no-litter"], 2, &["directory: created and not deleted"]);
}

#[test]
fn resources_that_contract_mode_creates_for_unknown_ids_are_not_litter() {
    let server = manual_clock_server(&[("contract", "true")]);
    let client = Client::of(&server);
    assert_eq!(client.get(&format!("{LIST}/idx-unknown")).status, 200);
    assert_eq!(client.get("/__admin/litter").json(), json!({ "litter": [] }));
    assert_eq!(client.get("/__admin/litter?tenant=llx-tset").status, 404);
}

#[test]
fn the_report_is_json_or_junit_too() {
    let program = Program::start(&["--fault", "indexes.list status=503 when=query:name=a<b&c name=late"], &[]);
    Client::at(program.address).get(LIST);
    let args = ["--max-attempts", "3", "--all-rules-struck"];
    let (code, report, errors) = check(&program, &[&args[..], &["--format", "json"]].concat());
    assert_eq!((code, errors.as_str()), (Some(2), "llamacloud-mock: check: failed\n"));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["result"], &report["single_calls"]), (&json!("failed"), &json!(1)));
    let results: Vec<_> =
        report["checks"].as_array().expect("a list").iter().map(|check| (&check["name"], &check["result"])).collect();
    assert_eq!(
        results,
        [(&json!("--max-attempts 3"), &json!("passed")), (&json!("--all-rules-struck"), &json!("failed"))]
    );

    let (code, report, _) = check(&program, &[&args[..], &["--format", "junit"]].concat());
    assert_eq!(code, Some(2));
    for part in [
        "<testsuite name=\"llamacloud-mock check\" tests=\"2\" failures=\"1\" errors=\"0\">",
        "<testcase classname=\"llamacloud-mock.check\" name=\"--max-attempts 3\"/>",
        "<failure message=\"late: never struck: indexes.list status=503 when=query:name=a&lt;b&amp;c",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let (code, report, _) = check(&program, &["--no-litter", "--tenant", "llx-tset", "--format", "junit"]);
    assert!(code == Some(2) && report.contains("errors=\"1\"") && report.contains("<error message=\"tenant: "));
}

#[test]
fn a_missing_server_is_exit_code_1_and_invalid_arguments_are_64() {
    let program = Program::start(&[], &[]);
    let port = program.address.port().to_string();
    assert_eq!(program.terminate().0, Some(0));
    let ended = run(&["check", "--port", &port, "--max-attempts", "3"], &[]);
    assert_eq!(
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).contains("no response from")),
        (Some(1), true)
    );
    for args in [
        &["check"][..],
        &["check", "--tenant", "llx-a"],
        &["check", "--max-attempts", "0"],
        &["check", "--max-attempts", "many"],
        &["check", "--max-attemps", "3"],
        &["check", "--no-litter", "--format", "yaml"],
    ] {
        assert_eq!(run(args, &[]).status.code(), Some(64), "{args:?}");
    }
}
