//! The log: one line a call on stderr, written by a thread of its own so that no call waits for a terminal. Bodies and
//! credentials never get in, and what a client wrote cannot move the cursor.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use http::Method;
use parking_lot::Mutex;
use serde::Serialize;

use super::Shell;
use crate::call::Head;
use crate::clock::{Moment, wall};
use crate::config::{LogFormat, LogLevel};
use crate::reply::Reply;
use crate::visit::Visit;
use crate::{secret, terminal};

/// Lines that wait to be written; more are dropped and counted.
const MAX_WAITING: usize = 16 * 1024;

/// How long a line may wait for more to be written with it.
const FLUSH: Duration = Duration::from_millis(50);

/// How long the end of the program waits for the lines that are left: nobody may be reading them.
const FINISH: Duration = Duration::from_millis(500);

/// Characters of a path that a line shows.
const MAX_PATH: usize = 256;

/// The writer's end that calls use.
#[derive(Debug)]
pub(super) struct Log {
    level: LogLevel,
    lines: Mutex<Option<SyncSender<Message>>>,
    /// Closed by the writer when it is done.
    done: Mutex<Option<Receiver<()>>>,
    dropped: Arc<AtomicU64>,
}

/// What the writer is told.
#[derive(Debug)]
enum Message {
    Call(Line),
    Warning(&'static str),
}

/// One call, as the log shows it.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    at: Moment,
    tenant: Option<Arc<str>>,
    operation: Option<&'static str>,
    #[serde(serialize_with = "as_text")]
    method: Method,
    path: String,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Arc<str>>,
    micros: u64,
}

impl Line {
    /// The line of a call that took so long.
    pub(super) fn of(head: &Head, visit: Option<&Visit>, reply: &Reply, took: Duration) -> Self {
        let struck = |visit: &Visit| {
            let note = visit.faults.iter().find(|note| note.outcome == crate::journal::Struck::Struck)?;
            Some(Arc::clone(&note.rule))
        };
        Self {
            at: wall(),
            tenant: visit.and_then(|visit| visit.tenant.as_ref()).map(|tenant| Arc::clone(&tenant.label)),
            operation: visit.map(Visit::name),
            method: head.method.clone(),
            path: secret::masked(&head.path).chars().take(MAX_PATH).collect(),
            status: (reply.status > 0).then_some(reply.status),
            fault: visit.and_then(struck),
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

    fn write_text(&self, text: &mut String, color: Color) {
        let status = self.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let (on, off) = color.of(self.level());
        let _ = write!(
            text,
            "{} {on}{status}{off} {} {} {} {}",
            self.at,
            self.tenant.as_deref().unwrap_or("-"),
            self.operation.unwrap_or("-"),
            self.method,
            self.path.escape_debug(),
        );
        if let Some(fault) = &self.fault {
            let _ = write!(text, " fault={fault}");
        }
        let _ = writeln!(text, " {}us", self.micros);
    }
}

fn as_text<S: serde::Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

impl Log {
    /// Starts the writer.
    pub(super) fn start(level: LogLevel, format: LogFormat) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(MAX_WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer { format, color: Color::wanted(), dropped: Arc::clone(&dropped), text: String::new() };
        let (end, done) = channel();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            writer.run(&waiting);
            drop(end);
        })?;
        Ok(Self { level, lines: Mutex::new(Some(lines)), done: Mutex::new(Some(done)), dropped })
    }

    /// Logs a call, if calls are logged at all.
    pub(super) fn call(&self, line: impl FnOnce() -> Line) {
        if self.level >= LogLevel::Warn {
            let line = line();
            if line.level() <= self.level {
                self.send(Message::Call(line));
            }
        } else if self.level == LogLevel::Error {
            let line = line();
            if line.level() == LogLevel::Error {
                self.send(Message::Call(line));
            }
        }
    }

    /// Logs what may be a mistake.
    pub(super) fn warn(&self, text: &'static str) {
        if self.level >= LogLevel::Warn {
            self.send(Message::Warning(text));
        }
    }

    /// Has written what waits, unless nobody reads it.
    pub(super) fn finish(&self) {
        drop(self.lines.lock().take());
        if let Some(done) = self.done.lock().take() {
            // Either way there is nothing more to do: the writer never says anything, it only ends.
            let _ = done.recv_timeout(FINISH);
        }
    }

    fn send(&self, message: Message) {
        let lines = self.lines.lock();
        if lines.as_ref().is_some_and(|lines| lines.try_send(message).is_err()) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Shell {
    /// Says once that a key looks real: this program sends nothing anywhere, but keys leak by being where they need not be.
    pub(super) fn warn_of_real_key(&self, head: &Head) {
        if head.credential().is_some_and(secret::looks_real) && !self.warned_of_real_key.swap(true, Ordering::Relaxed) {
            self.log.warn("a key of a call looks like a real LlamaCloud key; any text will do here");
        }
    }
}

/// The thread that writes.
struct Writer {
    format: LogFormat,
    color: Color,
    dropped: Arc<AtomicU64>,
    text: String,
}

impl Writer {
    fn run(mut self, waiting: &Receiver<Message>) {
        let mut out = BufWriter::new(io::stderr());
        // Nobody may be reading; the server serves all the same.
        while let Ok(first) = waiting.recv() {
            self.write(&mut out, &first);
            let flush_at = Instant::now() + FLUSH;
            while let Ok(next) = waiting.recv_timeout(flush_at.saturating_duration_since(Instant::now())) {
                self.write(&mut out, &next);
            }
            let _ = out.flush();
        }
    }

    fn write(&mut self, out: &mut impl Write, message: &Message) {
        self.text.clear();
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            self.warning(&format!("{dropped} lines were dropped: stderr does not keep up"));
        }
        match message {
            Message::Warning(text) => self.warning(text),
            Message::Call(line) if self.format == LogFormat::Text => line.write_text(&mut self.text, self.color),
            Message::Call(line) => {
                self.text.push_str(&terminal::harmless(&serde_json::to_string(line).unwrap_or_default()));
                self.text.push('\n');
            }
        }
        let _ = out.write_all(self.text.as_bytes());
    }

    fn warning(&mut self, text: &str) {
        let at = wall();
        let _ = match self.format {
            LogFormat::Text => writeln!(self.text, "{at} warning: {text}"),
            LogFormat::Json => writeln!(self.text, "{}", serde_json::json!({"at": at, "warning": text})),
        };
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
