//! Fault rules as text, as the clauses of a request, and as JSON: each is accepted or refused without a panic, and an
//! accepted rule is printed in a form that parses to the same rule.

use std::sync::LazyLock;

use http::header::HeaderValue;
use serde_json::Value;

use super::drive::{KEY, create, head_of, instance, reset, respond};
use crate::fault::{Rule, Target};
use crate::instance::Instance;

static INSTANCE: LazyLock<Instance> = LazyLock::new(|| instance(&[("allow-overrides", "true")]));

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| instance(&[]).targets);

/// Runs the target on one input.
pub fn rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let targets = &*TARGETS;
    let clauses = Rule::parse_clauses("indexes.create", text, targets);
    for rule in [Rule::parse(text, targets), clauses].into_iter().flatten() {
        assert_prints_as_it_parses(&rule);
    }
    if let Ok(json) = serde_json::from_str::<Value>(text)
        && let Ok(rule) = Rule::from_json(&json, targets)
    {
        assert_prints_as_it_parses(&rule);
    }
    strike(text);
}

fn assert_prints_as_it_parses(rule: &Rule) {
    let printed = rule.to_string();
    let again = Rule::parse(&printed, &TARGETS).unwrap_or_else(|error| panic!("{printed:?}: {error}"));
    assert_eq!(format!("{rule:?}"), format!("{again:?}"), "{printed:?}");
    assert_eq!(printed, again.to_string());
}

/// Applies the clauses to a create and to a read.
fn strike(clauses: &str) {
    let Ok(value) = HeaderValue::from_str(clauses) else { return };
    reset(&INSTANCE);
    let id = create(&INSTANCE, KEY, "dir-1")["id"].as_str().expect("an id is a string").to_owned();
    let requests = [("POST", "/api/v1/indexes".to_owned()), ("GET", format!("/api/v1/indexes/{id}"))];
    for (method, path) in requests {
        let mut head = head_of(method, &path, KEY).expect("the head is valid");
        head.headers.insert("x-mock-inject", value.clone());
        let response = respond(&INSTANCE, head, br#"{"source_directory_id":"dir-1"}"#);
        assert!(response.code().is_none_or(|status| (100..600).contains(&status)), "{:?}", response.status);
    }
}
