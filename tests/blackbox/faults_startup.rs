//! The ways in which rules are given at the start: flags, the environment, a file, scenarios; and by a call for itself.
//! What never struck is named at the end when that was asked for.

use serde_json::json;

use crate::support::{Client, Program, run, server, standing};

const LIST: &str = "/api/v1/indexes";

/// The names and texts of all rules.
fn rules(client: &Client) -> Vec<String> {
    let faults = client.get("/__admin/faults").json()["faults"].clone();
    faults.as_array().expect("a list").iter().map(|rule| rule["rule"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn the_environment_separates_rules_by_newlines_and_a_file_lists_them() {
    let variable = ("LLAMACLOUD_MOCK_FAULT", "indexes.list status=503 first=1\nindexes.get hang");
    let program = Program::start(&[], &[variable]);
    let client = Client::at(program.address);
    assert_eq!(rules(&client), ["indexes.list status=503 first=1", "indexes.get hang"]);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [503, 200]);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "fault = ['indexes.list status=500', '* delay=0']\nscenario = ['html-502', 'lost-create']\n")
        .expect("written");
    let program = Program::start(&["--config", file.to_str().expect("a text")], &[]);
    let given = [
        "indexes.* status=502 name=bad-gateway",
        "indexes.create@after reset nth=1 name=lost-answer",
        "indexes.list status=500",
        "* delay=0",
    ];
    assert_eq!(rules(&Client::at(program.address)), given);

    let program = Program::start(&["--fault", "* status=404"], &[variable]);
    assert_eq!(rules(&Client::at(program.address)), ["* status=404"], "a flag goes over the environment");
}

#[test]
fn scenarios_are_named_or_files_and_several_go_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "description = \"mine\"\nfaults = ['indexes.get status=418 name=mine']\n").expect("written");
    let scenarios = format!("slow\n{}\nlost-create", file.to_str().expect("a text"));
    let environment = [("LLAMACLOUD_MOCK_SCENARIO", scenarios.as_str()), ("LLAMACLOUD_MOCK_TIME_SCALE", "0")];
    let program = Program::start(&[], &environment);
    let client = Client::at(program.address);
    assert_eq!(client.get("/api/v1/indexes/idx-none").status, 418);
    assert!(client.try_call("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#)).is_none());
    assert_eq!(client.fates(), ["slow struck, mine struck", "slow struck, lost-answer struck"]);
}

/// The scenarios that the program ships.
const SHIPPED: [&str; 16] = [
    "brownout",
    "cancel-409-storm",
    "contract-drift",
    "expired-key",
    "flaky",
    "html-502",
    "lost-create",
    "outage",
    "pages-broken",
    "rate-limited",
    "retry-after-hour",
    "slow",
    "stale-reads",
    "sync-fails",
    "sync-stuck",
    "truncated-json",
];

#[test]
fn scenarios_are_listed_and_shown_and_each_one_loads() {
    let listed = String::from_utf8(run(&["scenarios"], &[]).stdout).expect("a text");
    for name in SHIPPED {
        let line = listed.lines().find(|line| line.split(' ').next() == Some(name));
        assert!(line.is_some_and(|line| line.len() > name.len() + 10), "{name} is listed with a description: {listed}");
        let server = server(&[("scenario", name)]);
        assert!(!rules(&Client::of(&server)).is_empty(), "{name} has rules");
    }
    let shown = run(&["scenarios", "show", "lost-create"], &[]);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/scenarios/lost-create.toml");
    assert_eq!((shown.status.code(), shown.stdout), (Some(0), std::fs::read(file).expect("it ships")));
    let unknown = run(&["scenarios", "show", "lost-creat"], &[]);
    assert_eq!(unknown.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean lost-create?"));
}

#[test]
fn all_shipped_scenarios_go_together() {
    let settings: Vec<_> = SHIPPED.iter().map(|name| ("scenario", *name)).collect();
    let server = server(&settings);
    assert!(rules(&Client::of(&server)).len() > SHIPPED.len());
}

#[test]
fn what_never_struck_is_named_at_the_end_and_makes_it_exit_with_2() {
    let given = [
        "--strict-faults",
        "--fault",
        "indexes.list status=503 first=1 name=a",
        "--fault",
        "indexes.get hang name=b",
        "--scenario",
        "lost-create",
    ];
    let program = Program::start(&given, &[]);
    assert_eq!(Client::at(program.address).get(LIST).status, 503);
    let (code, stderr) = program.terminate();
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("b: indexes.get hang name=b") && stderr.contains("lost-answer: "), "{stderr}");
    assert!(!stderr.contains("a: indexes.list"), "{stderr}");

    let program = Program::start(&given[1..5], &[]);
    assert_eq!(program.terminate().0, Some(0), "nobody asked");
}

#[test]
fn what_struck_for_any_tenant_has_struck_even_if_it_was_reset_or_replaced_since() {
    let program = Program::start(&["--strict-faults", "--fault", "indexes.list status=503 name=a"], &[]);
    let client = Client::at(program.address);
    assert_eq!(client.get(LIST).status, 503);
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!(client.delete("/__admin/faults").status, 204);
    let (code, stderr) = program.terminate();
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn rules_given_at_run_time_count_too_whether_they_are_still_there_or_not() {
    for (strikes, code) in [(true, 0), (false, 2)] {
        let program = Program::start(&["--strict-faults"], &[]);
        let client = Client::at(program.address);
        client.arm("indexes.list status=503 name=one");
        assert_eq!(client.post("/__admin/faults", &json!("indexes.get status=503 name=all")).status, 201);
        if strikes {
            assert_eq!([client.get(LIST).status, client.get("/api/v1/indexes/idx-a").status], [503, 503]);
        }
        assert_eq!(client.delete("/__admin/faults/one?tenant=llx-test").status, 204);
        let (ended, stderr) = program.terminate();
        assert_eq!(ended, Some(code), "{stderr}");
        assert_eq!(stderr.contains("one: indexes.list status=503") && stderr.contains("all: "), !strikes, "{stderr}");
    }
}

#[test]
fn a_rule_that_struck_what_it_did_not_fit_has_not_struck() {
    let program = Program::start(&["--strict-faults", "--fault", "indexes.list drop=/nowhere"], &[]);
    assert_eq!(Client::at(program.address).get(LIST).status, 200);
    assert_eq!(program.terminate().0, Some(2));
}

/// A list that brings clauses of its own.
fn bringing(client: &Client, clauses: &str) -> Option<(u16, String)> {
    let answer = client.try_call("GET", LIST, &format!("x-mock-inject: {clauses}\r\n"), None)?;
    Some((answer.status, answer.header("x-mock-fault").unwrap_or_default().to_owned()))
}

#[test]
fn a_call_brings_a_rule_of_its_own_where_that_is_allowed() {
    let server = standing(&[("allow-overrides", "true"), ("fault", "indexes.list status=500 nth=2 name=given")]);
    let client = Client::of(&server);
    let own = |status| Some((status, "x-mock-inject".to_owned()));
    assert_eq!(bringing(&client, "status=503"), own(503));
    assert_eq!(bringing(&client, "status=418 name=mine"), Some((418, "mine".to_owned())), "it comes before all others");
    assert_eq!(bringing(&client, "reset"), None);
    assert_eq!(bringing(&client, "reset=head"), None);
    assert_eq!(bringing(&client, "status=503 first=1 times=1 rate=1"), own(503));
    assert_eq!(bringing(&client, "status=503 attempt=2"), Some((200, String::new())));
    assert_eq!(client.get(LIST).status, 200, "it is for one call alone");
    assert_eq!(rules(&client), ["indexes.list status=500 nth=2 name=given"]);
    let fates = client.fates();
    assert_eq!(fates[..3], ["x-mock-inject struck", "mine struck, given shadowed", "x-mock-inject struck"]);
}

#[test]
fn a_rule_that_a_call_brings_is_refused_with_422_when_it_could_not_strike_it() {
    let server = standing(&[("allow-overrides", "true")]);
    let client = Client::of(&server);
    let bad = [
        "statsu=500",
        "",
        "first=1",
        "lag=1s status=500",
        "vanish",
        "when=body:/a hang",
        "status=503 nth=2",
        "status=503 skip=1",
        "status=503 every=2",
        "body=\"open",
        "@afer hang",
        "@after limit=1/1s",
        "limit=1/1s",
        "status=503 ttl=1m",
    ];
    for clauses in bad {
        assert_eq!(bringing(&client, clauses).map(|(status, _)| status), Some(422), "{clauses}");
    }
    let call = |lines: &[u8]| {
        let mut wire = client.wire();
        let call = client.request("GET", LIST, "", None);
        wire.send(&call[..call.len() - 2]).send(lines).send(b"\r\n").answer().expect("an answer")
    };
    let answer = call(b"x-mock-inject: status=500 body=\xff\r\n");
    assert_eq!((answer.status, answer.text().contains("is not UTF-8")), (422, true), "{}", answer.text());
    assert_eq!(call("x-mock-inject: status=500 body=\"é\"\r\n".as_bytes()).text(), "é");
    assert_eq!(call(b"x-mock-inject: status=500\r\nx-mock-inject: hang\r\n").status, 422);
    assert!(client.journal().iter().any(|entry| entry["status"] == 422));
}

#[test]
fn a_rule_that_a_call_brings_is_ignored_where_that_is_not_allowed_and_for_callers_without_a_key() {
    let server = standing(&[]);
    let client = Client::of(&server);
    for clauses in ["status=503", "nonsense"] {
        assert_eq!(bringing(&client, clauses), Some((200, String::new())));
    }
    let server = standing(&[("allow-overrides", "true"), ("api-key", "llx-good")]);
    assert_eq!(bringing(&Client::of(&server), "status=503"), Some((401, String::new())));
}
