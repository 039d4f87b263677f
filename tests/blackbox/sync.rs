//! The life of an index: any script, any course of time, reads, syncs and cancels, against what the documents say of each;
//! and what holds of its timestamps whatever happens.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::{Value, json};

use crate::support::{Client, Session, standing};
use crate::sync_script::{Scripted, State, Step, Until};

/// A server for each way to answer a sync that comes while one runs.
static SERVERS: LazyLock<[(MockServer, u16); 3]> = LazyLock::new(|| {
    [("409", 409), ("429", 429), ("coalesce", 202)]
        .map(|(setting, status)| (standing(&[("sync-conflict", setting)]), status))
});

const INDEXES: &str = "/api/v1/indexes";

fn newcomer(server: &MockServer) -> Session {
    static KEYS: AtomicUsize = AtomicUsize::new(0);
    Session::of(Client::of(server).with_key(&format!("llx-life-{}", KEYS.fetch_add(1, Ordering::Relaxed))))
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Advance(u64),
    Get,
    List,
    Sync,
    Cancel,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => prop::sample::select(&[0, 1, 50, 99, 100, 1000][..]).prop_map(Act::Advance),
        4 => Just(Act::Get),
        1 => Just(Act::List),
        2 => Just(Act::Sync),
        1 => Just(Act::Cancel),
    ]
}

fn script() -> impl Strategy<Value = Vec<Step>> {
    let state = prop::sample::select(&[State::Pending, State::Ready, State::Partial, State::Failed][..]);
    let until =
        prop_oneof![prop::sample::select(&[0, 50, 100][..]).prop_map(Until::Millis), (0..3u32).prop_map(Until::Reads),];
    prop::collection::vec((state, until).prop_map(|(state, until)| Step { state, until }), 1..5)
}

/// An index under a script, on the wire and beside it.
struct Pair {
    session: Session,
    path: String,
    conflict: u16,
    now: u64,
    model: Scripted,
    last_seen: Option<Value>,
}

impl Pair {
    fn new((server, conflict): &(MockServer, u16), script: &[Step]) -> Self {
        let mut session = newcomer(server);
        let steps: Vec<String> = script.iter().map(Step::to_string).collect();
        let rule = json!({ "tenant": session.key(), "rule": format!("sync script={}", steps.join(",")) });
        assert_eq!(session.post("/__admin/faults", &rule).status, 201);
        let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
        let path = format!("{INDEXES}/{id}");
        Self { session, path, conflict: *conflict, now: 0, model: Scripted::begin(script), last_seen: None }
    }

    fn act(&mut self, act: Act) -> Result<(), TestCaseError> {
        self.model.bring_to(self.now);
        match act {
            Act::Advance(millis) => {
                self.session.advance(&format!("{millis}ms"));
                self.now += millis;
            }
            Act::Get => {
                let seen = self.session.get(&format!("{}?expand=sync_in_progress", self.path)).json();
                prop_assert_eq!(&seen["sync_in_progress"], &json!(self.model.shown().in_progress));
                self.see(&seen)?;
            }
            Act::List => {
                let seen = self.session.get(INDEXES).json()["items"][0].clone();
                prop_assert_eq!(&seen["sync_in_progress"], &Value::Null);
                self.see(&seen)?;
            }
            Act::Sync => {
                let status = self.session.call("POST", &format!("{}/sync", self.path), None).status;
                let runs = self.model.shown().in_progress;
                prop_assert_eq!(status, if runs { self.conflict } else { 202 });
                if !runs {
                    self.model.sync(self.now);
                }
            }
            Act::Cancel => {
                let status = self.session.call("POST", &format!("{}/sync/cancel", self.path), None).status;
                let runs = self.model.shown().in_progress;
                prop_assert_eq!(status, if runs { 202 } else { 409 });
                if runs {
                    self.model.cancel();
                }
            }
        }
        Ok(())
    }

    /// Compares what a read shows, and lets it count as a read.
    fn see(&mut self, seen: &Value) -> Result<(), TestCaseError> {
        let shown = self.model.shown();
        prop_assert_eq!(&seen["metadata"]["status"], &json!(shown.status));
        prop_assert_eq!(seen["metadata"].get("error_message").and_then(Value::as_str), shown.message);
        self.model.was_read(self.now);
        if let Some(before) = self.last_seen.replace(seen.clone()) {
            in_order(&before["updated_at"], &seen["updated_at"])?;
            in_order(&before["last_synced_at"], &seen["last_synced_at"])?;
            in_order(&before["last_exported_at"], &seen["last_exported_at"])?;
        }
        let now = self.session.get(&format!("/__admin/clock?tenant={}", self.session.key())).json();
        in_order(&seen["updated_at"], &now["now"])?;
        in_order(&seen["created_at"], &seen["updated_at"])?;
        in_order(&seen["last_synced_at"], &seen["last_exported_at"])?;
        in_order(&seen["last_exported_at"], &seen["updated_at"])
    }
}

/// Asserts that one timestamp is not after another; none is before all.
fn in_order(earlier: &Value, later: &Value) -> Result<(), TestCaseError> {
    let moment = |value: &Value| value.as_str().map(|text| text.parse::<jiff::Timestamp>().expect("a timestamp"));
    prop_assert!(moment(earlier) <= moment(later), "{} is after {}", earlier, later);
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_scripted_life_shows_each_step_in_its_time_and_no_other(
        server in 0..3usize,
        script in script(),
        acts in prop::collection::vec(act(), 1..30),
    ) {
        let mut pair = Pair::new(&SERVERS[server], &script);
        for act in acts {
            pair.act(act)?;
        }
    }
}

/// What an index shows without counting as an answer to compare whole.
fn outline(session: &mut Session, id: &str) -> (String, bool, Value, Value) {
    let shown = session.get(&format!("{INDEXES}/{id}?expand=sync_in_progress")).json();
    let status = shown["metadata"]["status"].as_str().expect("a text").to_owned();
    let in_progress = shown["sync_in_progress"].as_bool().expect("was asked for");
    (status, in_progress, shown["last_synced_at"].clone(), shown["last_exported_at"].clone())
}

#[test]
fn a_sync_is_seen_to_sync_then_to_export_then_to_be_ready() {
    let server = standing(&[("sync-duration", "2s"), ("export-duration", "3s")]);
    let mut session = newcomer(&server);
    let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
    let (synced, exported) = (json!("2026-01-01T00:00:02Z"), json!("2026-01-01T00:00:05Z"));
    let pending = "pending".to_owned();
    assert_eq!(outline(&mut session, &id), (pending.clone(), true, Value::Null, Value::Null));
    session.advance("2s");
    assert_eq!(outline(&mut session, &id), (pending, true, synced.clone(), Value::Null));
    session.advance("1h");
    assert_eq!(outline(&mut session, &id), ("ready".to_owned(), false, synced, exported));
}

#[test]
fn a_sync_that_takes_no_time_is_over_at_the_next_look() {
    let server = standing(&[("sync-duration", "0"), ("export-duration", "0")]);
    let mut session = newcomer(&server);
    let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
    let start = json!(crate::support::START);
    let ready = ("ready".to_owned(), false, start.clone(), start);
    assert_eq!(outline(&mut session, &id), ready);
    assert_eq!(session.call("POST", &format!("{INDEXES}/{id}/sync"), None).status, 202);
    assert_eq!(outline(&mut session, &id), ready);
    assert_eq!(session.call("POST", &format!("{INDEXES}/{id}/sync/cancel"), None).status, 409);
}

#[test]
fn a_cancel_while_exporting_keeps_what_was_synced() {
    let server = standing(&[("sync-duration", "2s"), ("export-duration", "3s")]);
    let mut session = newcomer(&server);
    let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
    session.advance("4s");
    assert_eq!(session.call("POST", &format!("{INDEXES}/{id}/sync/cancel"), None).status, 202);
    session.advance("1h");
    let synced = json!("2026-01-01T00:00:02Z");
    assert_eq!(outline(&mut session, &id), ("failed".to_owned(), false, synced, Value::Null));
}

#[test]
fn an_index_that_is_deleted_while_it_syncs_is_gone_and_stays_gone() {
    let mut session = newcomer(&SERVERS[0].0);
    let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
    let path = format!("{INDEXES}/{id}");
    assert_eq!(session.call("DELETE", &path, None).status, 204);
    for by in ["0", "1s"] {
        session.advance(by);
        for (method, below) in [("GET", ""), ("DELETE", ""), ("POST", "/sync"), ("POST", "/sync/cancel")] {
            assert_eq!(session.call(method, &format!("{path}{below}"), None).status, 404, "{method} {below}");
        }
    }
    assert_eq!(session.get(INDEXES).json()["items"], json!([]));
}
