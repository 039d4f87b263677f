//! The model of an index's syncs, written from the documentation and independent of the program.

use serde_json::{Value, json};

use crate::model_store::Rules;

/// The message of a partial sync over a directory without files.
const NOTHING_LEFT_OUT: &str = "The sync was partial, but the source directory has no file that could be left out";

/// The state of an index's syncs.
#[derive(Debug, Clone)]
pub(crate) struct SyncModel {
    pub(crate) updated_at: u64,
    pub(crate) synced_at: Option<u64>,
    pub(crate) exported_at: Option<u64>,
    /// The last final status, `ready` or `failed`, and its message.
    end: Option<(&'static str, Option<&'static str>)>,
    was_ready: bool,
    run: Option<(SyncCourse, u64)>,
}

/// The course of a sync. Numbers are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyncCourse {
    /// The duration of the sync, then of the export.
    Plain(u64, u64),
    Partial(u64),
    Fail(u64),
    Stuck,
}

impl SyncModel {
    /// The course that a name selects; `None` for an unknown magic name.
    pub(crate) fn course(name: &str, rules: &Rules) -> Option<SyncCourse> {
        let Some(word) = name.strip_prefix("mock:") else { return Some(SyncCourse::Plain(rules.sync, rules.export)) };
        match word.split(' ').next().unwrap_or_default() {
            "fail" => Some(SyncCourse::Fail(rules.sync)),
            "stuck" => Some(SyncCourse::Stuck),
            "partial" => Some(SyncCourse::Partial(rules.sync)),
            "slow=7s" => Some(SyncCourse::Plain(7000, 0)),
            _ => None,
        }
    }

    pub(crate) fn start(course: SyncCourse, now: u64) -> Self {
        Self {
            updated_at: now,
            synced_at: None,
            exported_at: None,
            end: None,
            was_ready: false,
            run: Some((course, now)),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.run.is_some()
    }

    pub(crate) fn sync(&mut self, course: SyncCourse, now: u64) {
        self.run = Some((course, now));
        self.updated_at = now;
    }

    pub(crate) fn cancel(&mut self, now: u64) {
        self.run = None;
        self.updated_at = now;
        if !self.was_ready {
            self.end = Some(("failed", Some("Sync was cancelled")));
        }
    }

    pub(crate) fn advance_to(&mut self, now: u64) {
        match self.run {
            Some((SyncCourse::Plain(sync, export), start)) => {
                if now >= start + sync {
                    self.synced_at = Some(start + sync);
                    self.updated_at = start + sync;
                }
                if now >= start + sync + export {
                    self.finish_ready(start + sync + export, None);
                }
            }
            Some((SyncCourse::Partial(sync), start)) if now >= start + sync => {
                self.synced_at = Some(start + sync);
                self.finish_ready(start + sync, Some(NOTHING_LEFT_OUT));
            }
            Some((SyncCourse::Fail(sync), start)) if now >= start + sync => {
                self.end = Some(("failed", Some("The sync failed: no file could be parsed")));
                self.updated_at = start + sync;
                self.run = None;
            }
            _ => {}
        }
    }

    fn finish_ready(&mut self, at: u64, message: Option<&'static str>) {
        self.end = Some(("ready", message));
        self.exported_at = Some(at);
        self.updated_at = at;
        self.was_ready = true;
        self.run = None;
    }

    pub(crate) fn metadata(&self) -> Value {
        match self.end {
            None => json!({ "status": "pending" }),
            Some((status, None)) => json!({ "status": status }),
            Some((status, Some(message))) => json!({ "status": status, "error_message": message }),
        }
    }
}
