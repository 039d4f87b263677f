//! Clocks at the limits of their range, from 1970 to the last timestamp that every time zone can write, with steps of
//! 100 years: responses always match their schemas.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;

use crate::support::{Client, Contract, HttpResponse, Session, server};

const INDEXES: &str = "/api/v1/indexes";

const FIRST: &str = "1970-01-01T00:00:00Z";
const LAST: &str = "9999-12-30T22:00:00.999999Z";

/// The contract that every server publishes.
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::of(&Client::of(&server(&[]))));

#[track_caller]
fn assert_matches_schema(schema: &str, response: &HttpResponse) {
    assert!(response.status < 300, "{}: {}", response.status, response.text());
    CONTRACT.assert_valid(schema, response);
    assert!(response.header("date").is_some_and(|date| date.ends_with(" GMT")));
}

fn set_clock(session: &mut Session, mode: &str, now: &str) {
    let body = json!({ "tenant": session.key(), "mode": mode, "now": now });
    let response = session.send("PUT", "/__admin/clock", Some(&body));
    assert_eq!(response.status, 200, "{}", response.text());
}

/// Creates, reads, syncs, cancels and lists at the current time of the clock.
fn use_every_operation(session: &mut Session) {
    let body = json!({ "name": "short", "type": "ephemeral" });
    assert_matches_schema("DirectoryResponse", &session.post("/api/v1/beta/directories", &body));
    for name in ["plain", "mock:slow=876000h", "mock:partial", "mock:stuck"] {
        let response = session.post(INDEXES, &json!({ "source_directory_id": "dir-1", "name": name }));
        assert_matches_schema("IndexResponse", &response);
        let path = format!("{INDEXES}/{}", response.json()["id"].as_str().expect("a string"));
        assert_matches_schema("IndexResponse", &session.get(&format!("{path}?expand=sync_in_progress")));
        for below in ["sync", "sync/cancel", "sync"] {
            let status = session.send("POST", &format!("{path}/{below}"), None).status;
            assert!(matches!(status, 202 | 409), "{name} {below}: {status}");
        }
        assert_matches_schema("IndexResponse", &session.get(&path));
    }
    assert_matches_schema("IndexQueryResponse", &session.get(&format!("{INDEXES}?page_size=1000")));
    let state = format!("/__admin/state?tenant={}", session.key());
    assert_eq!(session.get(&state).status, 200);
}

#[derive(Debug, Clone, Copy)]
enum ClockChange {
    To(&'static str, &'static str),
    By(&'static str),
}

fn clock_changes() -> impl Strategy<Value = ClockChange> {
    let modes = prop::sample::select(&["real", "manual", "auto"][..]);
    let timestamps = prop::sample::select(&[FIRST, "1999-12-31T23:59:59.999999Z", "2038-01-19T03:14:08Z", LAST][..]);
    let steps = prop::sample::select(&["0", "1us", "1s", "876000h"][..]);
    prop_oneof![(modes, timestamps).prop_map(|(mode, now)| ClockChange::To(mode, now)), steps.prop_map(ClockChange::By)]
}

proptest! {
    #![proptest_config(Config { cases: 12, failure_persistence: None, ..Config::default() })]

    #[test]
    fn responses_match_their_schemas_at_any_clock_time(
        changes in prop::collection::vec(clock_changes(), 1..8),
    ) {
        let server = server(&[("export-duration", "100ms")]);
        let mut session = Session::of(Client::of(&server));
        for change in changes {
            match change {
                ClockChange::To(mode, now) => set_clock(&mut session, mode, now),
                ClockChange::By(by) => session.advance(by),
            }
            use_every_operation(&mut session);
        }
    }
}

#[test]
fn a_clock_stops_at_its_last_timestamp() {
    let server = server(&[("clock", "manual"), ("start-time", FIRST)]);
    let mut session = Session::of(Client::of(&server));
    for _ in 0..90 {
        session.advance("876000h");
    }
    assert_eq!(session.get(&format!("/__admin/clock?tenant={}", session.key())).json()["now"], LAST);
    use_every_operation(&mut session);
    set_clock(&mut session, "manual", FIRST);
    use_every_operation(&mut session);
}

#[test]
fn a_timestamp_outside_the_clocks_range_is_rejected() {
    let server = server(&[]);
    let mut session = Session::of(Client::of(&server));
    for now in [
        "1969-12-31T23:59:59.999999Z",
        "+010000-01-01T00:00:00Z",
        "9999-12-30T22:00:01Z",
        "9999-12-31T23:59:59.999999Z",
        "now",
        "",
    ] {
        let response = session.send("PUT", "/__admin/clock", Some(&json!({ "now": now })));
        assert_eq!(response.status, 422, "{now}");
    }
    for by in ["876001h", "1e9h", "-1s", "1"] {
        let response = session.post("/__admin/clock/advance", &json!({ "by": by }));
        assert_eq!(response.status, 422, "{by}");
    }
}
