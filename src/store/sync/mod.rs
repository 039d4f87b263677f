//! The syncs of an index, as a function of time: which step runs, and how the last sync ended. There are no background
//! tasks: the state is brought up to a given time when it is read.
//!
//! Only `ready` and `failed` are documented as stable, and `sync_in_progress` as the reliable signal that a sync has
//! ended (published contract of `IndexMetadata`, reference of the official SDK).

use std::sync::Arc;

mod script;

pub(crate) use script::Script;
pub(super) use script::{ScriptStep, Stage, Until};

use crate::clock::Timestamp;

/// Why a sync failed, if nothing says why.
pub(super) const DEFAULT_FAILURE: &str = "The sync failed: no file could be parsed";

/// How the last sync that ended has ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum SyncOutcome {
    /// None has ended yet.
    #[default]
    None,
    /// Every file is in the index.
    Ready,
    /// The index is ready, but some files are missing; the text says why, unless the missing files do.
    Partial(Option<Arc<str>>),
    /// The sync failed; the text says why.
    Failed(Arc<str>),
}

/// The syncs of one index.
#[derive(Debug, Clone)]
pub(crate) struct SyncState {
    /// How the last sync that ended has ended.
    pub(crate) outcome: SyncOutcome,
    /// When the source was last synced.
    pub(crate) last_synced_at: Option<Timestamp>,
    /// When chunks were last exported.
    pub(crate) last_exported_at: Option<Timestamp>,
    /// When any of this last changed: a sync that runs has entered its step then.
    pub(crate) changed_at: Timestamp,
    /// How many exports have ended.
    pub(super) exports: u64,
    pub(super) run: Option<SyncRun>,
}

/// A sync that runs.
#[derive(Debug, Clone)]
pub(super) struct SyncRun {
    pub(super) script: Arc<Script>,
    /// The place of the current step in the script.
    pub(super) step: usize,
    /// How many reads have shown it.
    pub(super) reads: u32,
}

impl SyncState {
    /// The state of an index whose first sync starts at `now`.
    pub(crate) fn begin(script: Arc<Script>, now: Timestamp) -> Self {
        let mut state = Self {
            outcome: SyncOutcome::None,
            last_synced_at: None,
            last_exported_at: None,
            changed_at: now,
            exports: 0,
            run: None,
        };
        state.start(script, now);
        state
    }

    /// Starts a sync. A sync that runs is replaced.
    pub(crate) fn start(&mut self, script: Arc<Script>, now: Timestamp) {
        self.changed_at = now;
        self.run = Some(SyncRun { script, step: 0, reads: 0 });
        self.enter();
    }

    /// Cancels the running sync: an index that was never ready has then failed, another one keeps its last outcome.
    pub(crate) fn cancel(&mut self, now: Timestamp) {
        self.run = None;
        self.changed_at = now;
        if self.exports == 0 {
            self.outcome = SyncOutcome::Failed("Sync was cancelled".into());
        }
    }

    /// Brings the state up to `now`.
    pub(crate) fn advance_to(&mut self, now: Timestamp) {
        while let Some(run) = &mut self.run {
            let Some(Until::Elapsed(duration)) = run.until() else { break };
            let end = self.changed_at.plus(duration);
            if end > now {
                break;
            }
            run.next_step();
            self.changed_at = end;
            self.enter();
        }
    }

    /// Whether the running sync may leave files out.
    pub(super) fn leaves_files_out(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.script.has_partial_step())
    }

    /// Whether a sync or an export runs.
    pub(crate) fn in_progress(&self) -> bool {
        self.run.as_ref().is_some_and(SyncRun::in_progress)
    }

    /// The status that the current step of a script shows instead of the outcome, if it has one of its own.
    pub(crate) fn custom_status(&self) -> Option<&str> {
        match self.run.as_ref()?.stage() {
            Stage::Custom(word) => Some(word),
            _ => None,
        }
    }

    /// The times at which the running sync enters its next steps, as far as time alone decides.
    pub(crate) fn upcoming_steps(&self) -> Vec<Timestamp> {
        let Some(run) = &self.run else { return Vec::new() };
        let ahead = &run.script.steps[run.step..run.script.steps.len() - 1];
        let durations = ahead.iter().map_while(|step| match step.until {
            Some(Until::Elapsed(duration)) => Some(duration),
            _ => None,
        });
        let mut times = Vec::new();
        for duration in durations {
            times.push(times.last().unwrap_or(&self.changed_at).plus(duration));
        }
        times
    }

    /// When the running sync ends, if time alone decides that; `None` too if none runs.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        let run = self.run.as_ref().filter(|run| run.in_progress())?;
        let ahead = &run.script.steps[run.step..];
        let end = ahead.iter().position(|step| !step.stage.in_progress())?;
        self.upcoming_steps().get(end - 1).copied()
    }

    /// Counts a read of the index at `now`; whether the sync entered another step because of it.
    pub(crate) fn count_read(&mut self, now: Timestamp) -> bool {
        let Some(run) = &mut self.run else { return false };
        let Some(Until::Reads(reads)) = run.until() else { return false };
        run.reads = run.reads.saturating_add(1);
        if run.reads < reads {
            return false;
        }
        run.next_step();
        self.changed_at = now;
        self.enter();
        self.advance_to(now);
        true
    }

    /// Applies the current step of the run to the state. Steps that end after 0 reads are skipped.
    fn enter(&mut self) {
        let Some(run) = &mut self.run else { return };
        while run.until() == Some(Until::Reads(0)) {
            run.next_step();
        }
        let (at, previous) = (self.changed_at, run.step.checked_sub(1));
        let message = |default: &str| run.script.message.clone().unwrap_or_else(|| default.into());
        match run.stage() {
            Stage::Syncing | Stage::Custom(_) => {}
            Stage::Exporting => self.last_synced_at = Some(at),
            Stage::Failed => self.outcome = SyncOutcome::Failed(message(DEFAULT_FAILURE)),
            Stage::Ready => self.outcome = SyncOutcome::Ready,
            Stage::Partial => self.outcome = SyncOutcome::Partial(run.script.message.clone()),
        }
        if matches!(run.stage(), Stage::Ready | Stage::Partial) {
            let after_export = previous.is_some_and(|step| run.script.steps[step].stage == Stage::Exporting);
            self.last_synced_at = if after_export { self.last_synced_at } else { Some(at) };
            self.last_exported_at = Some(at);
            self.exports += 1;
        }
        if !run.in_progress() && run.until().is_none() {
            self.run = None;
        }
    }
}

impl SyncRun {
    fn stage(&self) -> &Stage {
        &self.script.steps[self.step].stage
    }

    /// When the current step ends. The last step of a script has no end.
    fn until(&self) -> Option<Until> {
        let steps = &self.script.steps;
        if self.step + 1 < steps.len() { steps[self.step].until } else { None }
    }

    fn next_step(&mut self) {
        self.step += 1;
        self.reads = 0;
    }

    fn in_progress(&self) -> bool {
        self.stage().in_progress()
    }
}
