//! Chance in rules: the same seed strikes the same calls of a tenant, whatever other tenants do and whatever other rules
//! there are.

use llamacloud_mock::embedded::MockServer;

use crate::support::{Client, standing};

const LIST: &str = "/api/v1/indexes";
const CALLS: usize = 100;

fn with(seed: &str, rules: &[&str]) -> MockServer {
    let rules: Vec<_> = rules.iter().map(|rule| ("fault", *rule)).collect();
    standing(&[&[("seed", seed), ("time-scale", "0")], rules.as_slice()].concat())
}

/// Which of a hundred calls the rule that answers with this status hits; `between` is done before each.
fn struck(server: &MockServer, status: u16, between: impl Fn()) -> Vec<bool> {
    let client = Client::of(server);
    let mut wire = client.wire();
    let call = client.request("GET", LIST, "", None);
    let hit = |_| {
        between();
        wire.send(&call).answer().expect("an answer").status == status
    };
    (0..CALLS).map(hit).collect()
}

fn alone(seed: &str, rule: &str) -> Vec<bool> {
    struck(&with(seed, &[rule]), 503, || {})
}

#[test]
fn the_same_seed_strikes_the_same_calls_and_another_seed_strikes_others() {
    let rule = "indexes.list status=503 rate=0.3";
    let first = alone("1", rule);
    let hits = first.iter().filter(|hit| **hit).count();
    assert!((15..=45).contains(&hits), "about 30 of a hundred, not {hits}");
    assert_eq!(first, alone("1", rule));
    assert_ne!(first, alone("2", rule));
}

#[test]
fn other_tenants_and_other_operations_move_nothing() {
    let rule = "* status=503 rate=0.3";
    let expected = alone("1", "* status=503 rate=0.3");
    let server = with("1", &[rule]);
    let other = Client::of(&server).with_key("llx-other");
    let moved = struck(&server, 503, || {
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
    assert_ne!(statuses, expected, "another tenant has its own rate_draws");
}

#[test]
fn other_rules_move_nothing_wherever_they_stand() {
    let rule = "indexes.list status=503 rate=0.3";
    let expected = alone("1", rule);
    let more: [&[&str]; 4] = [
        &["* delay=1ms..9ms rate=0.5 continue", rule],
        &["indexes.get hang", "indexes.* delay=1s continue", rule, "* delay=1ms..9ms"],
        &["indexes.create status=500 rate=0.3", rule],
        &[rule, "indexes.list status=500 rate=0.9"],
    ];
    for rules in more {
        assert_eq!(struck(&with("1", rules), 503, || {}), expected, "{rules:?}");
    }
    let server = with("1", &["indexes.get hang"]);
    let client = Client::of(&server);
    client.arm(rule);
    assert_eq!(struck(&server, 503, || {}), expected, "given at run time");
}

#[test]
fn two_rules_that_are_alike_have_each_its_own_luck() {
    let server = with("1", &["indexes.list status=503 rate=0.3", "indexes.list status=503 rate=0.3"]);
    let both = struck(&server, 503, || {}).iter().filter(|hit| **hit).count();
    let alone = alone("1", "indexes.list status=503 rate=0.3").iter().filter(|hit| **hit).count();
    assert!(both > alone, "{both} of both, {alone} of one");
}

#[test]
fn a_rate_that_a_call_brings_itself_is_drawn_anew_for_each() {
    let server = standing(&[("allow-overrides", "true")]);
    let client = Client::of(&server);
    let call =
        |_| client.try_call("GET", LIST, "x-mock-inject: status=503 rate=0.5\r\n", None).expect("an answer").status;
    let hits = (0..CALLS).map(call).filter(|status| *status == 503).count();
    assert!((30..=70).contains(&hits), "about half of them, not {hits}");
}

#[test]
fn delays_are_drawn_from_the_seed_too() {
    let moments = |seed: &str| {
        let server = crate::support::server(&[
            ("clock", "auto"),
            ("start-time", "2026-01-01T00:00:00Z"),
            ("seed", seed),
            ("fault", "indexes.list delay=1s..1h"),
        ]);
        let client = Client::of(&server);
        (0..5).for_each(|_| _ = client.get(LIST));
        let clock = client.get(&format!("/__admin/clock?tenant={}", client.key())).json();
        clock["now"].as_str().expect("a moment").to_owned()
    };
    assert_eq!(moments("1"), moments("1"));
    assert_ne!(moments("1"), moments("2"));
}
