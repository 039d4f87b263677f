//! Sources of rules: flags, the environment, a file, scenarios, and the header of a single request. `--strict-faults`
//! names rules that never struck.

use serde_json::json;

use crate::support::{Client, Program, manual_clock_server, run, server};

const LIST: &str = "/api/v1/indexes";

/// The names and texts of all rules.
fn rules(client: &Client) -> Vec<String> {
    let faults = client.get("/__admin/faults").json()["faults"].clone();
    faults.as_array().expect("a list").iter().map(|rule| rule["rule"].as_str().expect("a string").to_owned()).collect()
}

#[test]
fn a_delay_on_an_auto_clock_is_warned_of_once() {
    for (args, warnings) in [
        (&["--clock", "auto", "--scenario", "slow", "--fault", "indexes.get delay=1s"][..], 1),
        (&["--clock", "auto", "--fault", "indexes.get status=500"], 0),
        (&["--clock", "auto", "--fault", "indexes.get delay=real:1s", "--fault", "* hang"], 0),
        (&["--clock", "auto", "--fault", "indexes.get delay=real:1s", "--fault", "* bandwidth=1/s"], 1),
        (&["--clock", "manual", "--scenario", "slow"], 0),
    ] {
        let (_, stderr) = Program::start(args, &[]).terminate();
        assert_eq!(stderr.matches("on an auto clock a delay ends at once").count(), warnings, "{stderr}");
    }
}

#[test]
fn rules_are_separated_by_newlines_in_the_environment_and_listed_in_a_file() {
    let variable = ("LLAMACLOUD_MOCK_FAULT", "indexes.list status=503 first=1\nindexes.get hang");
    let program = Program::start(&[], &[variable]);
    let client = Client::at(program.address);
    assert_eq!(rules(&client), ["indexes.list status=503 first=1", "indexes.get hang"]);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [503, 200]);

    let folder = temp_dir::TempDir::new().expect("a folder");
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "fault = ['indexes.list status=500', '* delay=0']\nscenario = ['html-502', 'lost-create']\n")
        .expect("the file can be written");
    let program = Program::start(&["--config", file.to_str().expect("a string")], &[]);
    let given = [
        "indexes.* status=502 name=bad-gateway",
        "indexes.create@after reset nth=1 name=lost-answer",
        "indexes.list status=500",
        "* delay=0",
    ];
    assert_eq!(rules(&Client::at(program.address)), given);

    let program = Program::start(&["--fault", "* status=404"], &[variable]);
    assert_eq!(rules(&Client::at(program.address)), ["* status=404"], "a flag overrides the environment");
}

#[test]
fn scenarios_are_names_or_files_and_can_be_combined() {
    let folder = temp_dir::TempDir::new().expect("a folder");
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "description = \"mine\"\nfaults = ['indexes.get status=418 name=mine']\n")
        .expect("the file can be written");
    let scenarios = format!("slow\n{}\nlost-create", file.to_str().expect("a string"));
    let environment = [("LLAMACLOUD_MOCK_SCENARIO", scenarios.as_str()), ("LLAMACLOUD_MOCK_TIME_SCALE", "0")];
    let program = Program::start(&[], &environment);
    let client = Client::at(program.address);
    assert_eq!(client.get("/api/v1/indexes/idx-unknown").status, 418);
    assert!(client.try_send("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#)).is_none());
    assert_eq!(client.fault_outcomes(), ["slow struck, mine struck", "slow struck, lost-answer struck"]);
}

/// The shipped scenarios.
const SHIPPED: [&str; 22] = [
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
    "stream-cut",
    "stream-glued-error",
    "stream-half-event",
    "stream-split-event",
    "stream-stall",
    "stream-two-stops",
    "sync-fails",
    "sync-stuck",
    "truncated-json",
];

#[test]
fn every_scenario_is_listed_shown_and_loads() {
    let listed = String::from_utf8(run(&["scenarios"], &[]).stdout).expect("a string");
    for name in SHIPPED {
        let line = listed.lines().find(|line| line.split(' ').next() == Some(name));
        assert!(line.is_some_and(|line| line.len() > name.len() + 10), "{name} is listed with a description: {listed}");
        let server = server(&[("scenario", name)]);
        assert!(!rules(&Client::of(&server)).is_empty(), "{name} has rules");
    }
    let shown = run(&["scenarios", "show", "lost-create"], &[]);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/scenarios/lost-create.toml");
    assert_eq!((shown.status.code(), shown.stdout), (Some(0), std::fs::read(file).expect("it ships")));
    let needs_real = SHIPPED.iter().filter(|name| {
        let shown = String::from_utf8(run(&["scenarios", "show", name], &[]).stdout).expect("a string");
        shown
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("# Needs --clock real: on an auto clock the delay of "))
    });
    assert_eq!(needs_real.collect::<Vec<_>>(), [&"brownout", &"slow"]);
    let unknown = run(&["scenarios", "show", "lost-creat"], &[]);
    assert_eq!(unknown.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean lost-create?"));
}

#[test]
fn all_shipped_scenarios_load_together() {
    let settings: Vec<_> = SHIPPED.iter().map(|name| ("scenario", *name)).collect();
    let server = server(&settings);
    assert!(rules(&Client::of(&server)).len() > SHIPPED.len());
}

#[test]
fn strict_faults_names_rules_that_never_struck_and_exits_with_2() {
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
    assert_eq!(program.terminate().0, Some(0), "the check is off");
}

#[test]
fn a_strike_for_any_tenant_counts_after_a_reset_or_replacement() {
    let program = Program::start(&["--strict-faults", "--fault", "indexes.list status=503 name=a"], &[]);
    let client = Client::at(program.address);
    assert_eq!(client.get(LIST).status, 503);
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!(client.delete("/__admin/faults").status, 204);
    let (code, stderr) = program.terminate();
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn strict_faults_includes_rules_added_at_run_time_even_if_removed() {
    for (strikes, code) in [(true, 0), (false, 2)] {
        let program = Program::start(&["--strict-faults"], &[]);
        let client = Client::at(program.address);
        client.add_rule("indexes.list status=503 name=one");
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
fn an_inapplicable_strike_does_not_count_as_a_strike() {
    let program = Program::start(&["--strict-faults", "--fault", "indexes.list drop=/nowhere"], &[]);
    assert_eq!(Client::at(program.address).get(LIST).status, 200);
    assert_eq!(program.terminate().0, Some(2));
}

/// A list request with these clauses in `x-mock-inject`; its status and `x-mock-fault`.
fn list_with_injected_rule(client: &Client, clauses: &str) -> Option<(u16, String)> {
    let response = client.try_send("GET", LIST, &format!("x-mock-inject: {clauses}\r\n"), None)?;
    Some((response.status, response.header("x-mock-fault").unwrap_or_default().to_owned()))
}

#[test]
fn x_mock_inject_applies_to_one_request_when_overrides_are_allowed() {
    let server =
        manual_clock_server(&[("allow-overrides", "true"), ("fault", "indexes.list status=500 nth=2 name=given")]);
    let client = Client::of(&server);
    let own = |status| Some((status, "x-mock-inject".to_owned()));
    assert_eq!(list_with_injected_rule(&client, "status=503"), own(503));
    assert_eq!(
        list_with_injected_rule(&client, "status=418 name=mine"),
        Some((418, "mine".to_owned())),
        "it is first in the order"
    );
    assert_eq!(list_with_injected_rule(&client, "reset"), None);
    assert_eq!(list_with_injected_rule(&client, "reset=head"), None);
    assert_eq!(list_with_injected_rule(&client, "status=503 first=1 times=1 rate=1"), own(503));
    assert_eq!(list_with_injected_rule(&client, "status=503 attempt=2"), Some((200, String::new())));
    assert_eq!(client.get(LIST).status, 200, "it applies to one request only");
    assert_eq!(rules(&client), ["indexes.list status=500 nth=2 name=given"]);
    let outcomes = client.fault_outcomes();
    assert_eq!(outcomes[..3], ["x-mock-inject struck", "mine struck, given shadowed", "x-mock-inject struck"]);
}

#[test]
fn an_x_mock_inject_rule_that_cannot_strike_is_rejected_with_422() {
    let server = manual_clock_server(&[("allow-overrides", "true")]);
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
        assert_eq!(list_with_injected_rule(&client, clauses).map(|(status, _)| status), Some(422), "{clauses}");
    }
    let send = |lines: &[u8]| {
        let mut connection = client.connect();
        let request = client.request_bytes("GET", LIST, "", None);
        connection.send(&request[..request.len() - 2]).send(lines).send(b"\r\n").read_response().expect("a response")
    };
    let response = send(b"x-mock-inject: status=500 body=\xff\r\n");
    assert_eq!((response.status, response.text().contains("is not UTF-8")), (422, true), "{}", response.text());
    assert_eq!(send("x-mock-inject: status=500 body=\"é\"\r\n".as_bytes()).text(), "é");
    assert_eq!(send(b"x-mock-inject: status=500\r\nx-mock-inject: hang\r\n").status, 422);
    assert!(client.journal().iter().any(|entry| entry["status"] == 422));
}

#[test]
fn x_mock_inject_is_ignored_without_allow_overrides_and_without_a_valid_key() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for clauses in ["status=503", "nonsense"] {
        assert_eq!(list_with_injected_rule(&client, clauses), Some((200, String::new())));
    }
    let server = manual_clock_server(&[("allow-overrides", "true"), ("api-key", "llx-good")]);
    assert_eq!(list_with_injected_rule(&Client::of(&server), "status=503"), Some((401, String::new())));
}
