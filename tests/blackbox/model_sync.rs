//! What an index's syncs must come to, by the documents: a course, its start, and what stands after it. It knows nothing of
//! the program.

use serde_json::{Value, json};

use crate::model_store::Rules;

/// What has become of an index's syncs.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) updated_at: u64,
    pub(crate) synced_at: Option<u64>,
    pub(crate) exported_at: Option<u64>,
    /// `ready` or `failed`, and its message.
    end: Option<(&'static str, Option<&'static str>)>,
    was_ready: bool,
    run: Option<(Course, u64)>,
}

/// How a sync goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// The sync takes so long, then the export.
    Plain(u64, u64),
    Partial(u64),
    Fail(u64),
    Stuck,
}

impl Life {
    /// The course that a name asks for; `None` for a word of ours that there is not.
    pub(crate) fn course(name: &str, rules: &Rules) -> Option<Course> {
        let Some(word) = name.strip_prefix("mock:") else { return Some(Course::Plain(rules.sync, rules.export)) };
        match word.split(' ').next().unwrap_or_default() {
            "fail" => Some(Course::Fail(rules.sync)),
            "stuck" => Some(Course::Stuck),
            "partial" => Some(Course::Partial(rules.sync)),
            "slow=7s" => Some(Course::Plain(7000, 0)),
            _ => None,
        }
    }

    pub(crate) fn begin(course: Course, now: u64) -> Self {
        Self {
            updated_at: now,
            synced_at: None,
            exported_at: None,
            end: None,
            was_ready: false,
            run: Some((course, now)),
        }
    }

    pub(crate) fn runs(&self) -> bool {
        self.run.is_some()
    }

    pub(crate) fn sync(&mut self, course: Course, now: u64) {
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

    pub(crate) fn bring_to(&mut self, now: u64) {
        match self.run {
            Some((Course::Plain(sync, export), start)) => {
                if now >= start + sync {
                    self.synced_at = Some(start + sync);
                    self.updated_at = start + sync;
                }
                if now >= start + sync + export {
                    self.is_ready(start + sync + export, None);
                }
            }
            Some((Course::Partial(sync), start)) if now >= start + sync => {
                self.synced_at = Some(start + sync);
                self.is_ready(start + sync, Some("1 file could not be parsed"));
            }
            Some((Course::Fail(sync), start)) if now >= start + sync => {
                self.end = Some(("failed", Some("The sync failed: no file could be parsed")));
                self.updated_at = start + sync;
                self.run = None;
            }
            _ => {}
        }
    }

    fn is_ready(&mut self, at: u64, message: Option<&'static str>) {
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
