//! The log: one line per request, and warnings, on stderr. Bodies and credentials are never logged, and control
//! characters are escaped.
//!
//! Each server has a log of its own; a server inside another program does not touch that program's logging.

mod buffer;
mod line;
mod once;
mod reason;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;

use super::exchange::Exchange;
use super::guard::is_probe_path;
use crate::config::{LogLevel, Settings};
use crate::emulator::Context;
use crate::request::Head;
use buffer::LineBuffer;
use line::{LineStyle, LogLine};
use once::OnceWarnings;

/// The log of a server.
#[derive(Debug)]
pub(super) struct Log {
    level: LogLevel,
    style: LineStyle,
    /// Whether rules in a header of a request are applied, so that there is nothing to warn of.
    allow_overrides: bool,
    once: OnceWarnings,
    /// `None` if nothing is logged.
    buffer: Option<LineBuffer>,
}

impl Log {
    /// Starts the thread that writes lines, unless nothing is logged.
    pub(super) fn start(settings: &Settings) -> Self {
        let style = LineStyle::for_stderr(settings.log_format);
        let is_on = settings.log_level != LogLevel::Off;
        Self {
            level: settings.log_level,
            style,
            allow_overrides: settings.allow_overrides,
            once: OnceWarnings::default(),
            buffer: is_on.then(|| LineBuffer::start(io::stderr(), style)),
        }
    }

    /// Logs a request that took `duration` to its response, unless it is a health probe that got 200.
    pub(super) fn request(&self, head: &Head, exchange: &Exchange, peer: SocketAddr, duration: Duration) {
        if self.level == LogLevel::Off {
            return;
        }
        if !(is_probe_path(&head.path) && exchange.reply.response.status == Some(StatusCode::OK)) {
            let line = LogLine::of(head, exchange, peer, duration);
            self.push(line.level(), &self.style.request(&line));
        }
        if !self.allow_overrides
            && let Some(warning) = self.once.own_rule(head)
        {
            self.warn(warning);
        }
    }

    /// Warns once if a request's key looks like a real one.
    pub(super) fn warn_of_real_key(&self, context: &Context) {
        if let Some(warning) = self.once.real_key(context) {
            self.warn(warning);
        }
    }

    /// Warns once that there is no program for a child process that a request needs.
    pub(super) fn warn_of_no_program(&self) {
        if let Some(warning) = self.once.no_program() {
            self.warn(warning);
        }
    }

    /// Logs a warning.
    pub(super) fn warn(&self, text: &str) {
        self.push(LogLevel::Warn, &self.style.message("warning", text));
    }

    /// Logs an error of the server itself.
    pub(super) fn error(&self, text: &str) {
        self.push(LogLevel::Error, &self.style.message("error", text));
    }

    fn push(&self, level: LogLevel, line: &str) {
        if let Some(buffer) = self.buffer.as_ref().filter(|_| level <= self.level) {
            buffer.push(line);
        }
    }

    /// Writes the lines that are left and ends the thread that does so; gives up after half a second, because stderr
    /// may not be read. Later lines are lost.
    pub(super) fn finish(&self) {
        if let Some(buffer) = &self.buffer {
            buffer.finish();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.finish();
    }
}
