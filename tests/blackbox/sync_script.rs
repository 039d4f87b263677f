//! The model of a scripted sync, step by step, written from the rule language and independent of the program.

use std::fmt;

/// The message of a partial sync over a directory without files.
const NOTHING_LEFT_OUT: &str = "The sync was partial, but the source directory has no file that could be left out";

/// A step: a state and the condition that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) state: State,
    pub(crate) until: Until,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Ready,
    Partial,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    Millis(u64),
    Reads(u32),
}

/// The visible state of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) status: &'static str,
    pub(crate) message: Option<&'static str>,
    pub(crate) in_progress: bool,
}

/// An index whose syncs all follow one script.
#[derive(Debug)]
pub(crate) struct ScriptedSync {
    script: Vec<Step>,
    shown: Shown,
    was_ready: bool,
    /// The current step of a running sync, its start, and the number of reads since then.
    at: Option<(usize, u64, u32)>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Pending => "pending",
            State::Ready => "ready",
            State::Partial => "partial",
            State::Failed => "failed",
        };
        match self.until {
            Until::Millis(millis) => write!(f, "{state}:{millis}ms"),
            Until::Reads(reads) => write!(f, "{state}*{reads}"),
        }
    }
}

impl ScriptedSync {
    pub(crate) fn start(script: &[Step]) -> Self {
        let shown = Shown { status: "pending", message: None, in_progress: false };
        let mut index = Self { script: script.to_vec(), shown, was_ready: false, at: None };
        index.sync(0);
        index
    }

    pub(crate) fn shown(&self) -> &Shown {
        &self.shown
    }

    pub(crate) fn sync(&mut self, now: u64) {
        self.enter_step(0, now);
    }

    pub(crate) fn cancel(&mut self) {
        self.at = None;
        self.shown.in_progress = false;
        if !self.was_ready {
            (self.shown.status, self.shown.message) = ("failed", Some("Sync was cancelled"));
        }
    }

    pub(crate) fn advance_to(&mut self, now: u64) {
        while let Some((at, since, _)) = self.at
            && let Until::Millis(millis) = self.script[at].until
            && since + millis <= now
            && at + 1 < self.script.len()
        {
            self.enter_step(at + 1, since + millis);
        }
    }

    pub(crate) fn count_read(&mut self, now: u64) {
        let Some((at, since, reads)) = self.at else { return };
        let Until::Reads(most) = self.script[at].until else { return };
        self.at = Some((at, since, reads + 1));
        if reads + 1 >= most && at + 1 < self.script.len() {
            self.enter_step(at + 1, now);
            self.advance_to(now);
        }
    }

    fn enter_step(&mut self, at: usize, now: u64) {
        let is_last = at + 1 == self.script.len();
        if self.script[at].until == Until::Reads(0) && !is_last {
            return self.enter_step(at + 1, now);
        }
        self.at = Some((at, now, 0));
        let state = self.script[at].state;
        self.shown.in_progress = state == State::Pending;
        let end = match state {
            State::Pending => return,
            State::Ready => ("ready", None),
            State::Partial => ("ready", Some(NOTHING_LEFT_OUT)),
            State::Failed => ("failed", Some("The sync failed: no file could be parsed")),
        };
        (self.shown.status, self.shown.message) = end;
        self.was_ready |= state != State::Failed;
    }
}
