//! An index's life as a function of time: which sync runs, what it has come to, what it will come to. There are no
//! background tasks; a life is brought up to a moment when somebody looks, and the moment is always given.
//!
//! What is known of the service (only `ready` and `failed` are stable, `sync_in_progress` is the one sure signal) comes
//! from the published contract of `IndexMetadata` and the official SDK's reference.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Timestamp, format_duration, parse_duration};

/// What a sync does, step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    steps: Vec<ScriptStep>,
    /// What `metadata.error_message` says when it fails, wholly or in part.
    message: Option<Arc<str>>,
}

/// One step of a script. Only the last may lack an end.
#[derive(Debug, Clone, PartialEq)]
struct ScriptStep {
    stage: Stage,
    until: Option<Until>,
}

/// Where a sync stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Syncing,
    Exporting,
    Ready,
    Partial,
    Failed,
}

/// When a step ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Until {
    Elapsed(Duration),
    /// After so many reads have shown it.
    Reads(u32),
}

/// How the last sync that ended has ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SyncOutcome {
    /// None has ended yet.
    #[default]
    None,
    /// Everything is there.
    Ready,
    /// Ready, but some files are missing; the text says so.
    Partial(Arc<str>),
    /// Nothing came of it; the text says why.
    Failed(Arc<str>),
}

/// The syncs of one index.
#[derive(Debug, Clone)]
pub struct Life {
    outcome: SyncOutcome,
    last_synced_at: Option<Timestamp>,
    last_exported_at: Option<Timestamp>,
    changed_at: Timestamp,
    was_ready: Was,
    run: Option<Run>,
}

/// Whether an index was ever ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    Never,
    Ready,
}

#[derive(Debug, Clone)]
struct Run {
    script: Arc<Script>,
    step: usize,
    entered_at: Timestamp,
    reads: u32,
}

/// What a life looks like at a moment.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// How the last sync that ended has ended.
    pub outcome: &'a SyncOutcome,
    /// When the source was last synced.
    pub last_synced_at: Option<Timestamp>,
    /// When chunks were last exported.
    pub last_exported_at: Option<Timestamp>,
    /// When any of this last changed.
    pub changed_at: Timestamp,
    /// Whether a sync or an export runs.
    pub in_progress: bool,
}

impl Script {
    /// The service's own course: sync, export, ready.
    pub fn plain(sync: Duration, export: Duration) -> Self {
        let steps = vec![
            ScriptStep { stage: Stage::Syncing, until: Some(Until::Elapsed(sync)) },
            ScriptStep { stage: Stage::Exporting, until: Some(Until::Elapsed(export)) },
            ScriptStep { stage: Stage::Ready, until: None },
        ];
        Self { steps, message: None }
    }

    /// The course that a magic index name asks for: `mock:fail`, `mock:stuck`, `mock:slow=DURATION`, `mock:partial`,
    /// alone or before a space. `None` for any other name.
    pub fn from_magic_name(name: &str, sync: Duration) -> Option<Result<Self, String>> {
        let word = name.strip_prefix("mock:")?.split(' ').next().unwrap_or_default();
        let text = match word.split_once('=') {
            None if word == "fail" => format!("pending:{},failed", format_duration(sync)),
            None if word == "partial" => format!("pending:{},partial", format_duration(sync)),
            None if word == "stuck" => "pending".to_owned(),
            Some(("slow", duration)) => format!("pending:{duration},ready"),
            _ => return Some(Err(
                "a name that begins with 'mock:' should be mock:fail, mock:stuck, mock:slow=DURATION or mock:partial"
                    .to_owned(),
            )),
        };
        Some(text.parse())
    }

    /// The same course with a message of its own for failures.
    #[must_use]
    pub fn with_message(mut self, message: &str) -> Self {
        self.message = Some(message.into());
        self
    }
}

impl FromStr for Script {
    type Err = String;

    /// Reads `STEP{,STEP}`: a state (`pending`, `ready`, `partial`, `failed`), then `:DURATION` or `*READS` on all but
    /// the last.
    fn from_str(text: &str) -> Result<Self, String> {
        let steps = text.split(',').map(str::parse).collect::<Result<Vec<ScriptStep>, _>>()?;
        let last = steps.len() - 1;
        if steps.len() > MOST_STEPS {
            return Err(format!("a script has at most {MOST_STEPS} steps"));
        }
        if let Some(at) = steps.iter().position(|step| step.until.is_none()).filter(|at| *at < last) {
            return Err(format!(
                "step {} of {text:?} has no end (:DURATION or *READS), so what follows never comes",
                at + 1
            ));
        }
        Ok(Self { steps, message: None })
    }
}

/// How many steps a script can have.
const MOST_STEPS: usize = 100;

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            step.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for ScriptStep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (state, until) = if let Some((state, duration)) = text.split_once(':') {
            (state, Some(Until::Elapsed(parse_duration(duration)?)))
        } else if let Some((state, reads)) = text.split_once('*') {
            let reads = reads.parse().map_err(|_| format!("{reads:?} is not a number of reads"))?;
            (state, Some(Until::Reads(reads)))
        } else {
            (text, None)
        };
        Ok(Self { stage: state.parse()?, until })
    }
}

impl fmt::Display for ScriptStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.stage {
            Stage::Syncing | Stage::Exporting => "pending",
            Stage::Ready => "ready",
            Stage::Partial => "partial",
            Stage::Failed => "failed",
        })?;
        match self.until {
            Some(Until::Elapsed(duration)) => write!(f, ":{}", format_duration(duration)),
            Some(Until::Reads(reads)) => write!(f, "*{reads}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pending" => Ok(Self::Syncing),
            "ready" => Ok(Self::Ready),
            "partial" => Ok(Self::Partial),
            "failed" => Ok(Self::Failed),
            _ => Err(format!("{text:?} is none of pending, ready, partial, failed")),
        }
    }
}

/// Whether a read made a sync go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Its script went on to another step.
    On,
    /// It stays where it was.
    Not,
}

impl Life {
    /// A life whose first sync starts at `now`.
    pub fn begin(script: Arc<Script>, now: Timestamp) -> Self {
        let mut life = Self {
            outcome: SyncOutcome::None,
            last_synced_at: None,
            last_exported_at: None,
            changed_at: now,
            was_ready: Was::Never,
            run: None,
        };
        life.start(script, now);
        life
    }

    /// Starts a sync. The caller has seen that none runs, or wants the running one replaced.
    pub fn start(&mut self, script: Arc<Script>, now: Timestamp) {
        self.changed_at = now;
        self.run = Some(Run { script, step: 0, entered_at: now, reads: 0 });
        self.enter();
    }

    /// Ends the running sync: an index that was never ready has then failed, another stays what it was.
    pub fn cancel(&mut self, now: Timestamp) {
        self.run = None;
        self.changed_at = now;
        if self.was_ready == Was::Never {
            self.outcome = SyncOutcome::Failed("Sync was cancelled".into());
        }
    }

    /// Brings the life up to `now`.
    pub fn bring_to(&mut self, now: Timestamp) {
        while let Some(run) = &mut self.run {
            let Some(Until::Elapsed(duration)) = run.until() else { break };
            let end = run.entered_at.plus(duration);
            if end > now {
                break;
            }
            run.step_on(end);
            self.enter();
        }
    }

    /// What the life looks like; bring it up to a moment first.
    pub fn view(&self) -> View<'_> {
        View {
            outcome: &self.outcome,
            last_synced_at: self.last_synced_at,
            last_exported_at: self.last_exported_at,
            changed_at: self.changed_at,
            in_progress: self.run.as_ref().is_some_and(Run::in_progress),
        }
    }

    /// When the running sync goes on by itself, as far as time alone decides.
    pub fn coming_steps(&self) -> Vec<Timestamp> {
        let Some(run) = &self.run else { return Vec::new() };
        let ahead = &run.script.steps[run.step..run.script.steps.len() - 1];
        let on = |at: &mut Timestamp, step: &ScriptStep| match step.until {
            Some(Until::Elapsed(duration)) => {
                *at = at.plus(duration);
                Some(*at)
            }
            _ => None,
        };
        ahead.iter().scan(run.entered_at, on).collect()
    }

    /// Counts a read that showed this life at `now`: some scripts go by reads.
    pub fn was_read(&mut self, now: Timestamp) -> Moved {
        let Some(run) = &mut self.run else { return Moved::Not };
        let Some(Until::Reads(reads)) = run.until() else { return Moved::Not };
        run.reads += 1;
        if run.reads < reads {
            return Moved::Not;
        }
        run.step_on(now);
        self.enter();
        self.bring_to(now);
        Moved::On
    }

    /// Takes in what the run's present step means, and skips steps of no reads.
    fn enter(&mut self) {
        let Some(run) = &mut self.run else { return };
        while run.until() == Some(Until::Reads(0)) {
            run.step_on(run.entered_at);
        }
        let (at, stage, came_from) = (run.entered_at, run.stage(), run.step.checked_sub(1));
        if came_from.is_some() {
            self.changed_at = at;
        }
        let message = |default: &str| run.script.message.clone().unwrap_or_else(|| default.into());
        match stage {
            Stage::Syncing => {}
            Stage::Exporting => self.last_synced_at = Some(at),
            Stage::Failed => self.outcome = SyncOutcome::Failed(message("The sync failed: no file could be parsed")),
            Stage::Ready => self.outcome = SyncOutcome::Ready,
            Stage::Partial => self.outcome = SyncOutcome::Partial(message("1 file could not be parsed")),
        }
        if matches!(stage, Stage::Ready | Stage::Partial) {
            let exported_apart = came_from.is_some_and(|step| run.script.steps[step].stage == Stage::Exporting);
            self.last_synced_at = if exported_apart { self.last_synced_at } else { Some(at) };
            self.last_exported_at = Some(at);
            self.was_ready = Was::Ready;
        }
        if !run.in_progress() && run.until().is_none() {
            self.run = None;
        }
    }
}

impl Run {
    fn stage(&self) -> Stage {
        self.script.steps[self.step].stage
    }

    /// When the present step ends; a script's last step never does, whatever it says.
    fn until(&self) -> Option<Until> {
        if self.step + 1 < self.script.steps.len() { self.script.steps[self.step].until } else { None }
    }

    fn step_on(&mut self, at: Timestamp) {
        self.step += 1;
        self.entered_at = at;
        self.reads = 0;
    }

    fn in_progress(&self) -> bool {
        matches!(self.stage(), Stage::Syncing | Stage::Exporting)
    }
}
