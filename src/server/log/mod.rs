//! The log: one line per request, and warnings, on stderr. Bodies and credentials are never logged, and control characters
//! are escaped.
//!
//! A line is an event of the `tracing` crate, with the finished line as its message: JSON and text order the same fields in
//! different ways, so a line is formatted at once and not field by field. Each server has a dispatcher of its own; a server
//! inside another program does not touch that program's logging.

mod line;
mod queue;
mod reason;

use std::fmt::{self, Display};
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Event, Subscriber, dispatcher};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::exchange::Exchange;
use super::guard::is_probe_path;
use super::state::ServerState;
use crate::config::{LogFormat, LogLevel};
use crate::emulator::{Context, OWN_RULE};
use crate::redact;
use crate::request::Head;
use line::LineStyle;
use line::LogLine;
use queue::LineQueue;

/// The log of a server.
#[derive(Debug)]
pub(super) struct Log {
    level: LogLevel,
    style: LineStyle,
    dispatch: Dispatch,
    /// `None` if nothing is logged, and after the end.
    queue: Mutex<Option<LineQueue>>,
}

/// Writes the message of an event and nothing else: it is a whole line.
struct MessageOnly;

/// Writes the message when it visits an event's fields.
struct MessageWriter<'a> {
    writer: Writer<'a>,
    result: fmt::Result,
}

impl Log {
    /// Starts the thread that writes lines, unless nothing is logged.
    pub(super) fn start(level: LogLevel, format: LogFormat) -> Self {
        let style = LineStyle::for_stderr(format);
        if level == LogLevel::Off {
            return Self { level, style, dispatch: Dispatch::none(), queue: Mutex::new(None) };
        }
        let queue = LineQueue::start(style);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level_filter(level))
            .event_format(MessageOnly)
            .with_writer(queue.sender())
            .finish();
        Self { level, style, dispatch: Dispatch::new(subscriber), queue: Mutex::new(Some(queue)) }
    }

    /// Logs a request, unless the log's level excludes its line.
    pub(super) fn request<'a>(&self, line: impl FnOnce() -> LogLine<'a>) {
        if self.level == LogLevel::Off {
            return;
        }
        let line = line();
        self.emit(line.level(), self.style.request(&line));
    }

    /// Logs a warning.
    pub(super) fn warn(&self, text: &str) {
        self.emit(LogLevel::Warn, self.style.message("warning", text));
    }

    /// Logs an error of the server itself.
    pub(super) fn error(&self, text: &str) {
        self.emit(LogLevel::Error, self.style.message("error", text));
    }

    fn emit(&self, level: LogLevel, line: impl Display) {
        dispatcher::with_default(&self.dispatch, || match level {
            LogLevel::Off => {}
            LogLevel::Error => tracing::error!("{line}"),
            LogLevel::Warn => tracing::warn!("{line}"),
            LogLevel::Info => tracing::info!("{line}"),
        });
    }

    /// Writes the queued lines and ends the thread that does so; gives up after half a second, because stderr may not be
    /// read. Later lines are lost.
    pub(super) fn finish(&self) {
        let queue = self.queue.lock().take();
        if let Some(queue) = queue {
            queue.finish();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.finish();
    }
}

fn level_filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
    }
}

impl<S, N> FormatEvent<S, N> for MessageOnly
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut message = MessageWriter { writer: writer.by_ref(), result: Ok(()) };
        event.record(&mut message);
        message.result?;
        writer.write_char('\n')
    }
}

impl Visit for MessageWriter<'_> {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        self.result = write!(self.writer, "{value:?}");
    }
}

impl ServerState {
    /// Logs a request, unless it is a health probe that got 200.
    pub(super) fn log_request(&self, head: &Head, exchange: &Exchange, duration: Duration) {
        let Exchange { context, reply } = exchange;
        let context = context.as_deref();
        if !(is_probe_path(&head.path) && reply.response.status == Some(StatusCode::OK)) {
            self.log.request(|| LogLine::of(head, context, reply, duration));
        }
        let routed = context.and_then(Context::operation);
        if let Some(routed) = routed.filter(|routed| !routed.operation.is_emulated()) {
            let bit = 1 << routed.position;
            let warned_before = self.warned_operations.fetch_or(bit, Ordering::Relaxed) & bit != 0;
            let name = routed.operation.name;
            if !warned_before {
                self.log
                    .warn(&format!("{name} is not emulated: requests for it get 404 (`llamacloud-mock operations`)"));
            }
        }
        if !self.instance.settings.allow_overrides && head.headers.contains_key(OWN_RULE) {
            let warned_before = self.warned_of_own_rule.swap(true, Ordering::Relaxed);
            if !warned_before {
                self.log.warn("the header x-mock-inject of a request is ignored (--allow-overrides applies it)");
            }
        }
    }

    /// Warns once if work of a request needs a child process, and there is no program for one.
    pub(super) fn warn_without_program(&self) {
        if !self.instance.settings.worker.has_program() {
            let warned_before = self.warned_of_no_program.swap(true, Ordering::Relaxed);
            if !warned_before {
                self.log.warn(
                    "PDF and office files get a stand-in, and some patterns of grep are refused: an embedded server needs \
                     LLAMACLOUD_MOCK_BINARY, the path of the llamacloud-mock program",
                );
            }
        }
    }

    /// Warns once if a request's key looks like a real one: this program sends it nowhere, but test environments leak keys.
    pub(super) fn warn_of_real_key(&self, head: &Head) {
        if head.credential().is_some_and(redact::looks_real) {
            let warned_before = self.warned_of_real_key.swap(true, Ordering::Relaxed);
            if !warned_before {
                self.log.warn("the key of a request looks like a real LlamaCloud key; any other text works here too");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::NoSubscriber;

    use super::*;

    #[test]
    fn a_log_installs_no_dispatcher_outside_of_its_own_lines() {
        let log = Log::start(LogLevel::Error, LogFormat::Json);
        log.warn("excluded by the level");
        let is_none_installed = || dispatcher::get_default(Dispatch::is::<NoSubscriber>);
        assert!(is_none_installed());
        let in_other_thread = std::thread::spawn(is_none_installed);
        assert!(in_other_thread.join().expect("the thread does not panic"));
    }
}
