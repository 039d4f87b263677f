//! What a line of the log says, and how it looks in each format.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::{self, IsTerminal};
use std::time::Duration;

use serde::Serialize;

use crate::clock::{Timestamp, system_now};
use crate::config::{LogFormat, LogLevel};
use crate::emulator::RequestContext;
use crate::journal::FaultOutcome;
use crate::request::Head;
use crate::response::Response;
use crate::{redact, terminal};

/// Maximum number of characters of a path in a line.
const MAX_PATH_CHARS: usize = 256;

/// The log line of a request.
#[derive(Debug, Serialize)]
pub(in crate::server) struct LogLine<'a> {
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

/// How lines look.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineStyle {
    format: LogFormat,
    color: Color,
}

/// Whether the status in a text line is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Color {
    Plain,
    Coloured,
}

/// A request's line in a style, without a line break.
struct StyledLine<'a> {
    line: &'a LogLine<'a>,
    style: LineStyle,
}

impl<'a> LogLine<'a> {
    /// The line of a request that took `duration` from its head to its response.
    pub(in crate::server) fn of(
        head: &'a Head,
        context: Option<&'a RequestContext>,
        response: &Response,
        duration: Duration,
    ) -> Self {
        let struck_fault = |context: &'a RequestContext| {
            let note = context.faults.iter().find(|note| note.outcome == FaultOutcome::Struck)?;
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

    pub(super) fn level(&self) -> LogLevel {
        match self.status {
            Some(500..) if self.fault.is_none() => LogLevel::Error,
            Some(400..) => LogLevel::Warn,
            _ => LogLevel::Info,
        }
    }

    fn write_text(&self, f: &mut fmt::Formatter<'_>, color: Color) -> fmt::Result {
        let (color_on, color_off) = color.escapes(self.level());
        write!(f, "{} {color_on}", self.at)?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str("---")?,
        }
        let (tenant, operation) = (self.tenant.unwrap_or("-"), self.operation.unwrap_or("-"));
        write!(f, "{color_off} {tenant} {operation} {} {}", self.method, self.path.escape_debug())?;
        if let Some(fault) = &self.fault {
            write!(f, " fault={fault}")?;
        }
        write!(f, " {}us", self.micros)
    }

    fn write_json(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        // The path is the only field whose text comes from a client.
        if self.path.bytes().all(|byte| byte.is_ascii_graphic()) {
            f.write_str(&json)
        } else {
            f.write_str(&terminal::escape_controls(&json))
        }
    }
}

/// The first [`MAX_PATH_CHARS`] characters of a path.
fn truncate(path: Cow<'_, str>) -> Cow<'_, str> {
    if path.len() <= MAX_PATH_CHARS { path } else { path.chars().take(MAX_PATH_CHARS).collect::<String>().into() }
}

impl LineStyle {
    pub(super) fn for_stderr(format: LogFormat) -> Self {
        Self { format, color: Color::of_stderr() }
    }

    /// The line of a request.
    pub(super) fn request<'a>(self, line: &'a LogLine<'a>) -> impl Display + 'a {
        StyledLine { line, style: self }
    }

    /// The line of a warning.
    pub(super) fn warning(self, text: &str) -> String {
        let at = system_now();
        match self.format {
            LogFormat::Text => format!("{at} warning: {text}"),
            LogFormat::Json => serde_json::json!({"at": at, "warning": text}).to_string(),
        }
    }
}

impl Display for StyledLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style.format {
            LogFormat::Text => self.line.write_text(f, self.style.color),
            LogFormat::Json => self.line.write_json(f),
        }
    }
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
