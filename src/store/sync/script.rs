//! The script of a sync: its steps, written as `STEP{,STEP}`. The parent module computes when an
//! index enters them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{format_duration, parse_duration};

/// The steps of a sync.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Script {
    pub(in crate::store) steps: Vec<ScriptStep>,
    /// The `metadata.error_message` if the sync fails, wholly or in part.
    pub(in crate::store) message: Option<Arc<str>>,
}

/// One step of a script. Only the last may lack an end.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct ScriptStep {
    pub(in crate::store) stage: Stage,
    pub(in crate::store) until: Option<Until>,
}

/// The state of a sync in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Stage {
    Syncing,
    Exporting,
    Ready,
    Partial,
    Failed,
    /// In progress, with a `metadata.status` of the user's own.
    Custom(Arc<str>),
}

/// When a step ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::store) enum Until {
    Elapsed(Duration),
    /// After this number of reads that show the step.
    Reads(u32),
}

/// Maximum number of steps of a script.
const MAX_STEPS: usize = 100;

/// Maximum length of a state of the user's own, in letters.
const MAX_STATE_LENGTH: usize = 64;

impl Script {
    /// The steps of the service itself: sync, export, ready.
    pub(crate) fn plain(sync: Duration, export: Duration) -> Self {
        let steps = vec![
            ScriptStep { stage: Stage::Syncing, until: Some(Until::Elapsed(sync)) },
            ScriptStep { stage: Stage::Exporting, until: Some(Until::Elapsed(export)) },
            ScriptStep { stage: Stage::Ready, until: None },
        ];
        Self { steps, message: None }
    }

    /// A sync that fails with this message.
    pub(crate) fn failing(sync: Duration, message: &str) -> Self {
        let steps = vec![
            ScriptStep { stage: Stage::Syncing, until: Some(Until::Elapsed(sync)) },
            ScriptStep { stage: Stage::Failed, until: None },
        ];
        Self { steps, message: Some(message.into()) }
    }

    /// The course that a magic index name asks for: `mock:fail`, `mock:stuck`, `mock:slow=DURATION`, `mock:partial`,
    /// alone or before a space. `None` for any other name.
    pub(crate) fn from_magic_name(name: &str, sync: Duration) -> Option<Result<Self, String>> {
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

    /// Whether a step leaves files out.
    pub(crate) fn has_partial_step(&self) -> bool {
        self.steps.iter().any(|step| step.stage == Stage::Partial)
    }

    /// The same steps with another message for failures.
    #[must_use]
    pub(crate) fn with_message(mut self, message: &str) -> Self {
        self.message = Some(message.into());
        self
    }
}

impl Stage {
    /// Whether a sync or an export runs.
    pub(super) fn in_progress(&self) -> bool {
        matches!(self, Self::Syncing | Self::Exporting | Self::Custom(_))
    }
}

impl FromStr for Script {
    type Err = String;

    /// Reads `STEP{,STEP}`: a state (`pending`, `ready`, `partial`, `failed`, or a word of the user's own), then
    /// `:DURATION` or `*READS` on all but the last.
    fn from_str(text: &str) -> Result<Self, String> {
        let steps = text.split(',').map(str::parse).collect::<Result<Vec<ScriptStep>, _>>()?;
        let last = steps.len() - 1;
        if steps.len() > MAX_STEPS {
            return Err(format!("a script has at most {MAX_STEPS} steps"));
        }
        if let Some(at) = steps.iter().position(|step| step.until.is_none()).filter(|at| *at < last) {
            return Err(format!(
                "step {} of {text:?} has no end (:DURATION or *READS), so the steps after it are never reached",
                at + 1
            ));
        }
        Ok(Self { steps, message: None })
    }
}

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
        f.write_str(match &self.stage {
            Stage::Syncing | Stage::Exporting => "pending",
            Stage::Ready => "ready",
            Stage::Partial => "partial",
            Stage::Failed => "failed",
            Stage::Custom(word) => word,
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
            word => custom_state(word),
        }
    }
}

/// A state of the user's own, unless a single edit turns it into a known state, which is then suggested. A word at a
/// larger distance, such as `parsing`, is accepted.
fn custom_state(word: &str) -> Result<Stage, String> {
    let is_word = |c: char| c.is_ascii_lowercase() || c == '_' || c == '-';
    if word.is_empty() || word.len() > MAX_STATE_LENGTH || !word.chars().all(is_word) {
        return Err(format!("{word:?} is not a state: pending, ready, partial, failed, or a word of small letters"));
    }
    match ["pending", "ready", "partial", "failed"].into_iter().find(|state| strsim::osa_distance(word, state) <= 1) {
        Some(near) => Err(format!("{word:?} is not a state; did you mean {near}?")),
        None => Ok(Stage::Custom(word.into())),
    }
}
