//! Syncs of an index: random scripts, times, reads, syncs and cancels compared with a model, and the order of
//! timestamps.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::{Value, json};

use crate::support::{Client, Session, manual_clock_server};
use crate::sync_script::{ScriptedSync, State, Step, Until};

/// A server for each value of `--sync-conflict`, and its status.
static SERVERS: LazyLock<[(MockServer, u16); 3]> = LazyLock::new(|| {
    [("409", 409), ("429", 429), ("coalesce", 202)]
        .map(|(setting, status)| (manual_clock_server(&[("sync-conflict", setting)]), status))
});

const INDEXES: &str = "/api/v1/indexes";

fn new_session(server: &MockServer) -> Session {
    static KEYS: AtomicUsize = AtomicUsize::new(0);
    Session::of(Client::of(server).with_key(&format!("llx-sync-{}", KEYS.fetch_add(1, Ordering::Relaxed))))
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Advance(u64),
    Get,
    List,
    Sync,
    Cancel,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => prop::sample::select(&[0, 1, 50, 99, 100, 1000][..]).prop_map(Action::Advance),
        4 => Just(Action::Get),
        1 => Just(Action::List),
        2 => Just(Action::Sync),
        1 => Just(Action::Cancel),
    ]
}

fn script() -> impl Strategy<Value = Vec<Step>> {
    let state = prop::sample::select(&[State::Pending, State::Ready, State::Partial, State::Failed][..]);
    let until =
        prop_oneof![prop::sample::select(&[0, 50, 100][..]).prop_map(Until::Millis), (0..3u32).prop_map(Until::Reads),];
    prop::collection::vec((state, until).prop_map(|(state, until)| Step { state, until }), 1..5)
}

/// An index with a scripted sync on the server, and its model.
struct TestedIndex {
    session: Session,
    path: String,
    conflict: u16,
    now: u64,
    model: ScriptedSync,
    last_seen: Option<Value>,
}

impl TestedIndex {
    fn new((server, conflict): &(MockServer, u16), script: &[Step]) -> Self {
        let mut session = new_session(server);
        let steps: Vec<String> = script.iter().map(Step::to_string).collect();
        let rule = json!({ "tenant": session.key(), "rule": format!("sync script={}", steps.join(",")) });
        assert_eq!(session.post("/__admin/faults", &rule).status, 201);
        let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
        let path = format!("{INDEXES}/{id}");
        Self { session, path, conflict: *conflict, now: 0, model: ScriptedSync::start(script), last_seen: None }
    }

    fn apply(&mut self, action: Action) -> Result<(), TestCaseError> {
        self.model.advance_to(self.now);
        match action {
            Action::Advance(millis) => {
                self.session.advance(&format!("{millis}ms"));
                self.now += millis;
            }
            Action::Get => {
                let seen = self.session.get(&format!("{}?expand=sync_in_progress", self.path)).json();
                prop_assert_eq!(&seen["sync_in_progress"], &json!(self.model.shown().in_progress));
                self.compare_read(&seen)?;
            }
            Action::List => {
                let seen = self.session.get(INDEXES).json()["items"][0].clone();
                prop_assert_eq!(&seen["sync_in_progress"], &Value::Null);
                self.compare_read(&seen)?;
            }
            Action::Sync => {
                let status = self.session.send("POST", &format!("{}/sync", self.path), None).status;
                let is_running = self.model.shown().in_progress;
                prop_assert_eq!(status, if is_running { self.conflict } else { 202 });
                if !is_running {
                    self.model.sync(self.now);
                }
            }
            Action::Cancel => {
                let status = self.session.send("POST", &format!("{}/sync/cancel", self.path), None).status;
                let is_running = self.model.shown().in_progress;
                prop_assert_eq!(status, if is_running { 202 } else { 409 });
                if is_running {
                    self.model.cancel();
                }
            }
        }
        Ok(())
    }

    /// Compares a read with the model and counts it as a read.
    fn compare_read(&mut self, seen: &Value) -> Result<(), TestCaseError> {
        let shown = self.model.shown();
        prop_assert_eq!(&seen["metadata"]["status"], &json!(shown.status));
        prop_assert_eq!(seen["metadata"].get("error_message").and_then(Value::as_str), shown.message);
        self.model.count_read(self.now);
        if let Some(before) = self.last_seen.replace(seen.clone()) {
            assert_in_order(&before["updated_at"], &seen["updated_at"])?;
            assert_in_order(&before["last_synced_at"], &seen["last_synced_at"])?;
            assert_in_order(&before["last_exported_at"], &seen["last_exported_at"])?;
        }
        let now = self.session.get(&format!("/__admin/clock?tenant={}", self.session.key())).json();
        assert_in_order(&seen["updated_at"], &now["now"])?;
        assert_in_order(&seen["created_at"], &seen["updated_at"])?;
        assert_in_order(&seen["last_synced_at"], &seen["last_exported_at"])?;
        assert_in_order(&seen["last_exported_at"], &seen["updated_at"])
    }
}

/// Asserts that one timestamp is not after another; null is before all.
fn assert_in_order(earlier: &Value, later: &Value) -> Result<(), TestCaseError> {
    let timestamp = |value: &Value| value.as_str().map(|text| text.parse::<jiff::Timestamp>().expect("a timestamp"));
    prop_assert!(timestamp(earlier) <= timestamp(later), "{} is after {}", earlier, later);
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_scripted_sync_shows_each_step_at_its_time(
        server in 0..3usize,
        script in script(),
        actions in prop::collection::vec(action(), 1..30),
    ) {
        let mut tested = TestedIndex::new(&SERVERS[server], &script);
        for action in actions {
            tested.apply(action)?;
        }
    }
}

/// The status, progress and timestamps of an index.
fn visible_state(session: &mut Session, id: &str) -> (String, bool, Value, Value) {
    let shown = session.get(&format!("{INDEXES}/{id}?expand=sync_in_progress")).json();
    let status = shown["metadata"]["status"].as_str().expect("a string").to_owned();
    let in_progress = shown["sync_in_progress"].as_bool().expect("was expanded");
    (status, in_progress, shown["last_synced_at"].clone(), shown["last_exported_at"].clone())
}

#[test]
fn a_sync_goes_from_syncing_to_exporting_to_ready() {
    let server = manual_clock_server(&[("sync-duration", "2s"), ("export-duration", "3s")]);
    let mut session = new_session(&server);
    let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
    let (synced, exported) = (json!("2026-01-01T00:00:02Z"), json!("2026-01-01T00:00:05Z"));
    let pending = "pending".to_owned();
    assert_eq!(visible_state(&mut session, &id), (pending.clone(), true, Value::Null, Value::Null));
    session.advance("2s");
    assert_eq!(visible_state(&mut session, &id), (pending, true, synced.clone(), Value::Null));
    session.advance("1h");
    assert_eq!(visible_state(&mut session, &id), ("ready".to_owned(), false, synced, exported));
}

#[test]
fn a_sync_of_zero_duration_is_complete_at_the_next_read() {
    let server = manual_clock_server(&[("sync-duration", "0"), ("export-duration", "0")]);
    let mut session = new_session(&server);
    let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
    let start = json!(crate::support::START);
    let ready = ("ready".to_owned(), false, start.clone(), start);
    assert_eq!(visible_state(&mut session, &id), ready);
    assert_eq!(session.send("POST", &format!("{INDEXES}/{id}/sync"), None).status, 202);
    assert_eq!(visible_state(&mut session, &id), ready);
    assert_eq!(session.send("POST", &format!("{INDEXES}/{id}/sync/cancel"), None).status, 409);
}

#[test]
fn a_cancel_during_the_export_keeps_last_synced_at() {
    let server = manual_clock_server(&[("sync-duration", "2s"), ("export-duration", "3s")]);
    let mut session = new_session(&server);
    let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
    session.advance("4s");
    assert_eq!(session.send("POST", &format!("{INDEXES}/{id}/sync/cancel"), None).status, 202);
    session.advance("1h");
    let synced = json!("2026-01-01T00:00:02Z");
    assert_eq!(visible_state(&mut session, &id), ("failed".to_owned(), false, synced, Value::Null));
}

#[test]
fn an_index_deleted_during_a_sync_stays_deleted() {
    let mut session = new_session(&SERVERS[0].0);
    let id = session.create(INDEXES, &json!({ "source_directory_id": "dir-1" }));
    let path = format!("{INDEXES}/{id}");
    assert_eq!(session.send("DELETE", &path, None).status, 204);
    for by in ["0", "1s"] {
        session.advance(by);
        for (method, below) in [("GET", ""), ("DELETE", ""), ("POST", "/sync"), ("POST", "/sync/cancel")] {
            assert_eq!(session.send(method, &format!("{path}{below}"), None).status, 404, "{method} {below}");
        }
    }
    assert_eq!(session.get(INDEXES).json()["items"], json!([]));
}
