//! The log: one line a request on stderr, written by a thread of its own so that no request waits for a terminal. Bodies and
//! credentials never get in, and what a client wrote cannot move the cursor.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde::Serialize;

use super::Shell;
use crate::clock::{Timestamp, system_now};
use crate::config::{LogFormat, LogLevel};
use crate::emulator::RequestContext;
use crate::request::Head;
use crate::response::Response;
use crate::{redact, terminal};

/// Bytes of lines that wait to be written; more are dropped and counted.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// Bytes for which the writer is woken before their time.
const ENOUGH_BYTES: usize = 128 << 10;

/// How long a line may wait for more to be written with it. To wake the writer for every line would cost more than the
/// request that the line is about.
const FLUSH: Duration = Duration::from_millis(50);

/// How long the end of the program waits for the lines that are left: nobody may be reading them.
const FINISH: Duration = Duration::from_millis(500);

/// Characters of a path that a line shows.
const MAX_PATH: usize = 256;

/// The end that requests use. They write their lines themselves, outside of the lock; under it they only put them in a row.
#[derive(Debug)]
pub(super) struct Log {
    level: LogLevel,
    format: LogFormat,
    color: Color,
    queue: Arc<Queue>,
    /// Closed by the writer when it is done.
    done: Mutex<Option<Receiver<()>>>,
}

/// The lines that wait.
#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Tells the writer that there is something to write, or enough of it, or the end.
    told: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Waiting {
    text: String,
    is_open: bool,
}

/// One request, as the log shows it.
#[derive(Debug, Serialize)]
pub(super) struct LogLine<'a> {
    at: Timestamp,
    tenant: Option<&'a str>,
    operation: Option<&'static str>,
    method: &'a str,
    path: Cow<'a, str>,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    micros: u64,
}

impl<'a> LogLine<'a> {
    /// The line of a request that took so long.
    pub(super) fn of(head: &'a Head, context: Option<&'a RequestContext>, response: &Response, took: Duration) -> Self {
        let struck = |context: &'a RequestContext| {
            let note = context.faults.iter().find(|note| note.outcome == crate::journal::FaultOutcome::Struck)?;
            Some(&*note.rule)
        };
        Self {
            at: system_now(),
            tenant: context.and_then(|context| context.tenant.as_ref()).map(|tenant| &*tenant.label),
            operation: context.map(RequestContext::name),
            method: head.method.as_str(),
            path: beginning(redact::masked(&head.path)),
            status: (response.status > 0).then_some(response.status),
            fault: context.and_then(struck),
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        }
    }

    fn level(&self) -> LogLevel {
        match self.status {
            Some(500..) if self.fault.is_none() => LogLevel::Error,
            Some(400..) => LogLevel::Warn,
            _ => LogLevel::Info,
        }
    }

    fn text(&self, color: Color) -> String {
        let status = self.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let (on, off) = color.of(self.level());
        let mut text = format!(
            "{} {on}{status}{off} {} {} {} {}",
            self.at,
            self.tenant.unwrap_or("-"),
            self.operation.unwrap_or("-"),
            self.method,
            self.path.escape_debug(),
        );
        if let Some(fault) = &self.fault {
            let _ = write!(text, " fault={fault}");
        }
        let _ = writeln!(text, " {}us", self.micros);
        text
    }

    fn json(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        // Nothing else in a line was written by a client.
        if self.path.bytes().any(|byte| !byte.is_ascii_graphic()) {
            line = terminal::harmless(&line).into_owned();
        }
        line.push('\n');
        line
    }
}

/// As many characters of a path as a line shows.
fn beginning(path: Cow<'_, str>) -> Cow<'_, str> {
    if path.len() <= MAX_PATH { path } else { path.chars().take(MAX_PATH).collect::<String>().into() }
}

impl Log {
    /// Starts the writer.
    pub(super) fn start(level: LogLevel, format: LogFormat) -> io::Result<Self> {
        let waiting = Mutex::new(Waiting { text: String::new(), is_open: true });
        let queue = Arc::new(Queue { waiting, told: Condvar::new(), dropped: AtomicU64::new(0) });
        let log = Self { level, format, color: Color::wanted(), queue: Arc::clone(&queue), done: Mutex::default() };
        let (end, done) = channel();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            queue.write(format);
            drop(end);
        })?;
        *log.done.lock() = Some(done);
        Ok(log)
    }

    /// Logs a request, if requests are logged at all.
    pub(super) fn request<'a>(&self, line: impl FnOnce() -> LogLine<'a>) {
        if self.level < LogLevel::Error {
            return;
        }
        let line = line();
        if line.level() <= self.level {
            self.queue.add(&match self.format {
                LogFormat::Text => line.text(self.color),
                LogFormat::Json => line.json(),
            });
        }
    }

    /// Logs what may be a mistake.
    pub(super) fn warn(&self, text: &str) {
        if self.level >= LogLevel::Warn {
            self.queue.add(&warning(self.format, text));
        }
    }

    /// Has written what waits, unless nobody reads it.
    pub(super) fn finish(&self) {
        self.queue.waiting.lock().is_open = false;
        self.queue.told.notify_one();
        if let Some(done) = self.done.lock().take() {
            // Either way there is nothing more to do: the writer never says anything, it only ends.
            let _ = done.recv_timeout(FINISH);
        }
    }
}

fn warning(format: LogFormat, text: &str) -> String {
    let at = system_now();
    match format {
        LogFormat::Text => format!("{at} warning: {text}\n"),
        LogFormat::Json => format!("{}\n", serde_json::json!({"at": at, "warning": text})),
    }
}

impl Queue {
    fn add(&self, line: &str) {
        let mut waiting = self.waiting.lock();
        let before = waiting.text.len();
        if !waiting.is_open || before + line.len() > MAX_WAITING_BYTES {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.text.push_str(line);
        let is_enough = before < ENOUGH_BYTES && waiting.text.len() >= ENOUGH_BYTES;
        drop(waiting);
        if before == 0 || is_enough {
            self.told.notify_one();
        }
    }

    /// Writes lines until the end.
    fn write(&self, format: LogFormat) {
        let mut text = String::new();
        let mut is_open = true;
        while is_open {
            is_open = self.take(&mut text);
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            // Nobody may be reading; the server serves all the same.
            let mut out = io::stderr();
            if dropped > 0 {
                let lost = format!("{dropped} lines were dropped: stderr does not keep up");
                let _ = out.write_all(warning(format, &lost).as_bytes());
            }
            let _ = out.write_all(text.as_bytes());
            text.clear();
            text.shrink_to(2 * ENOUGH_BYTES);
        }
    }

    /// Waits for lines and takes them, in exchange for an empty text; false after the last.
    fn take(&self, text: &mut String) -> bool {
        let mut waiting = self.waiting.lock();
        while waiting.text.is_empty() && waiting.is_open {
            self.told.wait(&mut waiting);
        }
        if waiting.is_open && waiting.text.len() < ENOUGH_BYTES {
            // Sooner only when there is enough to write, or the end.
            self.told.wait_for(&mut waiting, FLUSH);
        }
        std::mem::swap(&mut waiting.text, text);
        waiting.is_open
    }
}

impl Shell {
    /// Says once that a key looks real: this program sends nothing anywhere, but keys leak by being where they need not be.
    pub(super) fn warn_of_real_key(&self, head: &Head) {
        if head.credential().is_some_and(redact::looks_real) && !self.warned_of_real_key.swap(true, Ordering::Relaxed) {
            self.log.warn("a key of a request looks like a real LlamaCloud key; any text will do here");
        }
    }
}

/// Whether statuses are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Color {
    Plain,
    Coloured,
}

impl Color {
    fn wanted() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if io::stderr().is_terminal() && !refused { Self::Coloured } else { Self::Plain }
    }

    fn of(self, level: LogLevel) -> (&'static str, &'static str) {
        match (self, level) {
            (Self::Plain, _) => ("", ""),
            (_, LogLevel::Error) => ("\x1b[31m", "\x1b[0m"),
            (_, LogLevel::Warn) => ("\x1b[33m", "\x1b[0m"),
            _ => ("\x1b[32m", "\x1b[0m"),
        }
    }
}
