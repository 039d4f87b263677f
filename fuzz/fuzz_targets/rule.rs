//! Fault rules as text, as clauses of `x-mock-inject`, and as JSON: each is parsed or rejected without a panic, and a
//! parsed rule is printed in a form that parses to the same rule.
#![no_main]

use std::sync::LazyLock;

use http::header::HeaderValue;
use libfuzzer_sys::fuzz_target;
use llamacloud_mock::emulator::Emulator;
use llamacloud_mock::fault::{Rule, Target};
use llamacloud_mock_fuzz::{KEY, answer, create, emulator, head, reset, targets};
use serde_json::Value;

static EMULATOR: LazyLock<Emulator> = LazyLock::new(|| emulator(&[("allow-overrides", "true")]));

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(targets);

fuzz_target!(|text: &str| {
    let targets = &*TARGETS;
    let clauses = Rule::parse_clauses("indexes.create", text, targets);
    for rule in [Rule::parse(text, targets), clauses].into_iter().flatten() {
        assert_round_trip(&rule);
    }
    if let Ok(json) = serde_json::from_str::<Value>(text)
        && let Ok(rule) = Rule::from_json(&json, targets)
    {
        assert_round_trip(&rule);
    }
    strike(text);
});

fn assert_round_trip(rule: &Rule) {
    let printed = rule.to_string();
    let again = Rule::parse(&printed, &TARGETS).unwrap_or_else(|error| panic!("{printed:?}: {error}"));
    assert_eq!(format!("{rule:?}"), format!("{again:?}"), "{printed:?}");
    assert_eq!(printed, again.to_string());
}

/// Applies the clauses to a create and a read.
fn strike(clauses: &str) {
    let Ok(value) = HeaderValue::from_str(clauses) else { return };
    reset(&EMULATOR);
    let id = create(&EMULATOR, KEY, "dir-1")["id"].as_str().expect("a string").to_owned();
    let requests = [("POST", "/api/v1/indexes".to_owned()), ("GET", format!("/api/v1/indexes/{id}"))];
    for (method, path) in requests {
        let mut head = head(method, &path, KEY).expect("a valid head");
        head.headers.insert("x-mock-inject", value.clone());
        let reply = answer(&EMULATOR, head, br#"{"source_directory_id":"dir-1"}"#);
        assert!(reply.status == 0 || (100..600).contains(&reply.status), "{}", reply.status);
    }
}
