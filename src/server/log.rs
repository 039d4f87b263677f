//! The log: one line per request, and warnings, on stderr. A thread of its own writes it, so that no request waits for a
//! terminal. Bodies and credentials are never logged, and control characters are escaped.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde::Serialize;

use super::ServerState;
use crate::clock::{Timestamp, system_now};
use crate::config::{LogFormat, LogLevel};
use crate::emulator::RequestContext;
use crate::request::Head;
use crate::response::Response;
use crate::{redact, terminal};

/// Maximum size of the lines that are queued; further lines are dropped and counted.
const MAX_QUEUED_BYTES: usize = 4 << 20;

/// Size of the queue at which the writer is woken before the flush interval is over.
const BATCH_BYTES: usize = 128 << 10;

/// How long a line may be queued so that others are written together with it. Waking the writer for every line would cost
/// more than the request that the line is about.
const FLUSH_INTERVAL: Duration = Duration::from_millis(50);

/// How long the end of the program waits for the queued lines to be written: stderr may not be read.
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);

/// Maximum number of characters of a path in a line.
const MAX_PATH_CHARS: usize = 256;

/// The log of a server. Requests format their lines before they take the queue's lock.
#[derive(Debug)]
pub(super) struct Log {
    level: LogLevel,
    format: LogFormat,
    color: Color,
    queue: Arc<Queue>,
    /// Closed by the writer when it has ended.
    writer_ended: Mutex<Option<Receiver<()>>>,
}

/// The lines that are not written yet.
#[derive(Debug)]
struct Queue {
    state: Mutex<QueueState>,
    /// Wakes the writer: for the first line, for a full batch, and for the end.
    wake: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct QueueState {
    text: String,
    is_open: bool,
}

/// Lines that the writer took from the queue.
struct Batch {
    text: String,
    is_last: bool,
}

/// The log line of a request.
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
    /// The line of a request that took `duration` from its head to its response.
    pub(super) fn of(
        head: &'a Head,
        context: Option<&'a RequestContext>,
        response: &Response,
        duration: Duration,
    ) -> Self {
        let struck_fault = |context: &'a RequestContext| {
            let note = context.faults.iter().find(|note| note.outcome == crate::journal::FaultOutcome::Struck)?;
            Some(&*note.rule)
        };
        Self {
            at: system_now(),
            tenant: context.and_then(|context| context.tenant.as_ref()).map(|tenant| &*tenant.label),
            operation: context.map(RequestContext::name),
            method: head.method.as_str(),
            path: truncate(redact::masked(&head.path)),
            status: (response.status > 0).then_some(response.status),
            fault: context.and_then(struck_fault),
            micros: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
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
        let (color_on, color_off) = color.escapes(self.level());
        let mut text = format!(
            "{} {color_on}{status}{color_off} {} {} {} {}",
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
        // The path is the only field whose text comes from a client.
        if self.path.bytes().any(|byte| !byte.is_ascii_graphic()) {
            line = terminal::escape_controls(&line).into_owned();
        }
        line.push('\n');
        line
    }
}

/// The first [`MAX_PATH_CHARS`] characters of a path.
fn truncate(path: Cow<'_, str>) -> Cow<'_, str> {
    if path.len() <= MAX_PATH_CHARS { path } else { path.chars().take(MAX_PATH_CHARS).collect::<String>().into() }
}

impl Log {
    /// Starts the writer's thread.
    pub(super) fn start(level: LogLevel, format: LogFormat) -> io::Result<Self> {
        let state = Mutex::new(QueueState { text: String::new(), is_open: true });
        let queue = Arc::new(Queue { state, wake: Condvar::new(), dropped: AtomicU64::new(0) });
        let (end, ended) = channel();
        let writer_queue = Arc::clone(&queue);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            writer_queue.write_batches(format);
            drop(end);
        })?;
        Ok(Self { level, format, color: Color::of_stderr(), queue, writer_ended: Mutex::new(Some(ended)) })
    }

    /// Logs a request, unless the log's level excludes its line.
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

    /// Logs a warning.
    pub(super) fn warn(&self, text: &str) {
        if self.level >= LogLevel::Warn {
            self.queue.add(&warning(self.format, text));
        }
    }

    /// Writes the queued lines and ends the writer; gives up after [`FINISH_TIMEOUT`].
    pub(super) fn finish(&self) {
        self.queue.state.lock().is_open = false;
        self.queue.wake.notify_one();
        if let Some(ended) = self.writer_ended.lock().take() {
            // The channel carries no messages: this returns when the writer ends, or after the timeout.
            let _ = ended.recv_timeout(FINISH_TIMEOUT);
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
    /// Adds a line, or drops and counts it if the queue is full.
    fn add(&self, line: &str) {
        let mut state = self.state.lock();
        let length = state.text.len();
        if !state.is_open || length + line.len() > MAX_QUEUED_BYTES {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.text.push_str(line);
        let is_batch_full = length < BATCH_BYTES && state.text.len() >= BATCH_BYTES;
        drop(state);
        if length == 0 || is_batch_full {
            self.wake.notify_one();
        }
    }

    /// Writes lines until the queue is closed and empty.
    fn write_batches(&self, format: LogFormat) {
        let mut buffer = String::new();
        loop {
            let batch = self.next_batch(buffer);
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            // Errors are ignored: a closed stderr must not stop the server.
            let mut stderr = io::stderr();
            if dropped > 0 {
                let text = format!("{dropped} lines were dropped: stderr is read too slowly");
                let _ = stderr.write_all(warning(format, &text).as_bytes());
            }
            let _ = stderr.write_all(batch.text.as_bytes());
            if batch.is_last {
                return;
            }
            buffer = batch.text;
            buffer.clear();
            buffer.shrink_to(2 * BATCH_BYTES);
        }
    }

    /// Waits for lines and takes them; `empty` becomes the queue's next buffer.
    fn next_batch(&self, empty: String) -> Batch {
        let mut state = self.state.lock();
        while state.text.is_empty() && state.is_open {
            self.wake.wait(&mut state);
        }
        if state.is_open && state.text.len() < BATCH_BYTES {
            // Ends early when the batch is full or the queue is closed.
            self.wake.wait_for(&mut state, FLUSH_INTERVAL);
        }
        let text = std::mem::replace(&mut state.text, empty);
        Batch { text, is_last: !state.is_open }
    }
}

impl ServerState {
    /// Warns once if a request's key looks like a real one: this program sends it nowhere, but test environments leak keys.
    pub(super) fn warn_of_real_key(&self, head: &Head) {
        if head.credential().is_some_and(redact::looks_real) && !self.warned_of_real_key.swap(true, Ordering::Relaxed) {
            self.log.warn("the key of a request looks like a real LlamaCloud key; any other text works here too");
        }
    }
}

/// Whether the status in a text line is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Color {
    Plain,
    Coloured,
}

impl Color {
    /// Coloured if stderr is a terminal and `NO_COLOR` is not set.
    fn of_stderr() -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if io::stderr().is_terminal() && !no_color { Self::Coloured } else { Self::Plain }
    }

    /// The escape sequences before and after a status of this level.
    fn escapes(self, level: LogLevel) -> (&'static str, &'static str) {
        match (self, level) {
            (Self::Plain, _) => ("", ""),
            (_, LogLevel::Error) => ("\x1b[31m", "\x1b[0m"),
            (_, LogLevel::Warn) => ("\x1b[33m", "\x1b[0m"),
            _ => ("\x1b[32m", "\x1b[0m"),
        }
    }
}
