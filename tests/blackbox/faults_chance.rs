//! Randomness in rules: with equal seeds a rule strikes the same requests of a tenant, independent of other tenants and
//! rules.

use llamacloud_mock::embedded::MockServer;

use crate::support::{Client, manual_clock_server};

const LIST: &str = "/api/v1/indexes";
const REQUESTS: usize = 100;

fn server_with_rules(seed: &str, rules: &[&str]) -> MockServer {
    let rules: Vec<_> = rules.iter().map(|rule| ("fault", *rule)).collect();
    manual_clock_server(&[&[("seed", seed), ("time-scale", "0")], rules.as_slice()].concat())
}

/// Which of 100 requests get this status; `between` runs before each.
fn strikes(server: &MockServer, status: u16, between: impl Fn()) -> Vec<bool> {
    let client = Client::of(server);
    let mut connection = client.connect();
    let request = client.request_bytes("GET", LIST, "", None);
    let hit = |_| {
        between();
        connection.send(&request).read_response().expect("a response").status == status
    };
    (0..REQUESTS).map(hit).collect()
}

fn strikes_of_one_rule(seed: &str, rule: &str) -> Vec<bool> {
    strikes(&server_with_rules(seed, &[rule]), 503, || {})
}

#[test]
fn equal_seeds_strike_the_same_requests_and_another_seed_strikes_others() {
    let rule = "indexes.list status=503 rate=0.3";
    let first = strikes_of_one_rule("1", rule);
    let hits = first.iter().filter(|hit| **hit).count();
    assert!((15..=45).contains(&hits), "about 30 of 100, not {hits}");
    assert_eq!(first, strikes_of_one_rule("1", rule));
    assert_ne!(first, strikes_of_one_rule("2", rule));
}

#[test]
fn other_tenants_and_other_operations_do_not_change_strikes() {
    let rule = "* status=503 rate=0.3";
    let expected = strikes_of_one_rule("1", "* status=503 rate=0.3");
    let server = server_with_rules("1", &[rule]);
    let other = Client::of(&server).with_key("llx-other");
    let moved = strikes(&server, 503, || {
        other.get(LIST);
        other.get("/api/v1/indexes/idx-a");
    });
    assert_eq!(moved, expected);
    let statuses: Vec<bool> = other
        .journal()
        .iter()
        .filter(|entry| entry["operation"] == "indexes.list")
        .map(|entry| entry["status"] == 503)
        .collect();
    assert_ne!(statuses, expected, "another tenant has its own random draws");
}

#[test]
fn other_rules_do_not_change_strikes() {
    let rule = "indexes.list status=503 rate=0.3";
    let expected = strikes_of_one_rule("1", rule);
    let more: [&[&str]; 4] = [
        &["* delay=1ms..9ms rate=0.5 continue", rule],
        &["indexes.get hang", "indexes.* delay=1s continue", rule, "* delay=1ms..9ms"],
        &["indexes.create status=500 rate=0.3", rule],
        &[rule, "indexes.list status=500 rate=0.9"],
    ];
    for rules in more {
        assert_eq!(strikes(&server_with_rules("1", rules), 503, || {}), expected, "{rules:?}");
    }
    let server = server_with_rules("1", &["indexes.get hang"]);
    let client = Client::of(&server);
    client.add_rule(rule);
    assert_eq!(strikes(&server, 503, || {}), expected, "given at run time");
}

#[test]
fn two_equal_rules_draw_independently() {
    let server = server_with_rules("1", &["indexes.list status=503 rate=0.3", "indexes.list status=503 rate=0.3"]);
    let both = strikes(&server, 503, || {}).iter().filter(|hit| **hit).count();
    let single = strikes_of_one_rule("1", "indexes.list status=503 rate=0.3").iter().filter(|hit| **hit).count();
    assert!(both > single, "{both} with two rules, {single} with one");
}

#[test]
fn a_rate_in_x_mock_inject_is_drawn_for_each_request() {
    let server = manual_clock_server(&[("allow-overrides", "true")]);
    let client = Client::of(&server);
    let send =
        |_| client.try_send("GET", LIST, "x-mock-inject: status=503 rate=0.5\r\n", None).expect("a response").status;
    let hits = (0..REQUESTS).map(send).filter(|status| *status == 503).count();
    assert!((30..=70).contains(&hits), "about half, not {hits}");
}

#[test]
fn random_delays_depend_on_the_seed() {
    let clock_after = |seed: &str| {
        let server = crate::support::server(&[
            ("clock", "auto"),
            ("start-time", "2026-01-01T00:00:00Z"),
            ("seed", seed),
            ("fault", "indexes.list delay=1s..1h"),
        ]);
        let client = Client::of(&server);
        (0..5).for_each(|_| _ = client.get(LIST));
        let clock = client.get(&format!("/__admin/clock?tenant={}", client.key())).json();
        clock["now"].as_str().expect("a timestamp").to_owned()
    };
    assert_eq!(clock_after("1"), clock_after("1"));
    assert_ne!(clock_after("1"), clock_after("2"));
}
