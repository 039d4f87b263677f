//! Clocks at the ends of time: 1970, the last microsecond that every time zone can write, a hundred years at a step, and back. Whatever the clock
//! does, answers stay true to their schemas.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;

use crate::support::{Answer, Client, Contract, Session, server};

const INDEXES: &str = "/api/v1/indexes";

const FIRST: &str = "1970-01-01T00:00:00Z";
const LAST: &str = "9999-12-30T22:00:00.999999Z";

/// The contract that every server publishes.
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::of(&Client::of(&server(&[]))));

#[track_caller]
fn assert_keeps_to(schema: &str, answer: &Answer) {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.text());
    CONTRACT.assert_valid(schema, answer);
    assert!(answer.header("date").is_some_and(|date| date.ends_with(" GMT")));
}

fn set_clock(session: &mut Session, mode: &str, now: &str) {
    let body = json!({ "tenant": session.key(), "mode": mode, "now": now });
    let answer = session.call("PUT", "/__admin/clock", Some(&body));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Makes, reads, syncs, cancels and lists at the moment at which the clock stands.
fn live_through(session: &mut Session) {
    let body = json!({ "name": "short", "type": "ephemeral" });
    assert_keeps_to("DirectoryResponse", &session.post("/api/v1/beta/directories", &body));
    for name in ["plain", "mock:slow=876000h", "mock:partial", "mock:stuck"] {
        let answer = session.post(INDEXES, &json!({ "source_directory_id": "dir-1", "name": name }));
        assert_keeps_to("IndexResponse", &answer);
        let path = format!("{INDEXES}/{}", answer.json()["id"].as_str().expect("a text"));
        assert_keeps_to("IndexResponse", &session.get(&format!("{path}?expand=sync_in_progress")));
        for below in ["sync", "sync/cancel", "sync"] {
            let status = session.call("POST", &format!("{path}/{below}"), None).status;
            assert!(matches!(status, 202 | 409), "{name} {below}: {status}");
        }
        assert_keeps_to("IndexResponse", &session.get(&path));
    }
    assert_keeps_to("IndexQueryResponse", &session.get(&format!("{INDEXES}?page_size=1000")));
    let state = format!("/__admin/state?tenant={}", session.key());
    assert_eq!(session.get(&state).status, 200);
}

#[derive(Debug, Clone, Copy)]
enum Move {
    To(&'static str, &'static str),
    By(&'static str),
}

fn moves() -> impl Strategy<Value = Move> {
    let modes = prop::sample::select(&["real", "manual", "auto"][..]);
    let moments = prop::sample::select(&[FIRST, "1999-12-31T23:59:59.999999Z", "2038-01-19T03:14:08Z", LAST][..]);
    let steps = prop::sample::select(&["0", "1us", "1s", "876000h"][..]);
    prop_oneof![(modes, moments).prop_map(|(mode, now)| Move::To(mode, now)), steps.prop_map(Move::By)]
}

proptest! {
    #![proptest_config(Config { cases: 12, failure_persistence: None, ..Config::default() })]

    #[test]
    fn answers_stay_true_to_their_schemas_wherever_the_clock_is_put(
        moves in prop::collection::vec(moves(), 1..8),
    ) {
        let server = server(&[("export-duration", "100ms")]);
        let mut session = Session::of(Client::of(&server));
        for step in moves {
            match step {
                Move::To(mode, now) => set_clock(&mut session, mode, now),
                Move::By(by) => session.advance(by),
            }
            live_through(&mut session);
        }
    }
}

#[test]
fn a_clock_that_is_moved_on_for_ever_stops_at_the_last_moment_it_can_show() {
    let server = server(&[("clock", "manual"), ("start-time", FIRST)]);
    let mut session = Session::of(Client::of(&server));
    for _ in 0..90 {
        session.advance("876000h");
    }
    assert_eq!(session.get(&format!("/__admin/clock?tenant={}", session.key())).json()["now"], LAST);
    live_through(&mut session);
    set_clock(&mut session, "manual", FIRST);
    live_through(&mut session);
}

#[test]
fn a_moment_outside_of_what_a_clock_shows_is_refused() {
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
        let answer = session.call("PUT", "/__admin/clock", Some(&json!({ "now": now })));
        assert_eq!(answer.status, 422, "{now}");
    }
    for by in ["876001h", "1e9h", "-1s", "1"] {
        let answer = session.post("/__admin/clock/advance", &json!({ "by": by }));
        assert_eq!(answer.status, 422, "{by}");
    }
}
