//! The progress of a sweep on standard error: one line that changes on a terminal, a line a run elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::print::{name, seconds};
use super::report::RunReport;
use crate::cli::exit::print_on_stderr;

/// What is known of the progress.
#[derive(Debug)]
pub(super) struct Progress {
    total: usize,
    done: usize,
    alarms: usize,
    started: Instant,
    is_terminal: bool,
}

impl Progress {
    /// The progress of this many runs, which begin now.
    pub(super) fn of(total: usize) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { total, done: 0, alarms: 0, started: Instant::now(), is_terminal }
    }

    /// Shows that a run has ended.
    pub(super) fn add(&mut self, run: &RunReport) {
        self.done += 1;
        self.alarms += usize::from(run.is_alarm());
        let Self { total, done, alarms, .. } = *self;
        print_on_stderr(&if self.is_terminal {
            // The line replaces the one before.
            format!("\r\x1b[K{done} of {total} runs, {alarms} with an alarm, about {} left", seconds(self.time_left()))
        } else {
            let outcome = run.verdict.outcome.word();
            format!("[{done}/{total}] {}: {outcome} ({})\n", name(&run.plan), seconds(run.duration))
        });
    }

    /// Removes the line from the terminal.
    pub(super) fn end(&self) {
        if self.is_terminal && self.done > 0 {
            print_on_stderr("\r\x1b[K");
        }
    }

    fn time_left(&self) -> Duration {
        let left = u32::try_from(self.total - self.done).unwrap_or(u32::MAX);
        self.started.elapsed() / u32::try_from(self.done).unwrap_or(u32::MAX).max(1) * left
    }
}
