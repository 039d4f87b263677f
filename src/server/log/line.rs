//! The content of a log line, and how it is printed in each format.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::reason::reason;
use crate::admin;
use crate::clock::{Timestamp, system_now};
use crate::config::{LogFormat, LogLevel};
use crate::emulator::Context;
use crate::journal::{FaultOutcome, Outcome};
use crate::json_object::{JsonObject, PlainText};
use crate::request::Head;
use crate::response::AdminChange;
use crate::server::exchange::Exchange;
use crate::{redact, terminal};

/// Maximum number of characters of a path and query in a line.
const MAX_PATH_CHARS: usize = 256;

/// Bytes of a usual line.
const LINE_BYTES: usize = 256;

/// Maximum number of columns of the name of a file in a text line.
const MAX_FILE_COLUMNS: usize = 40;

/// Maximum number of columns of what a change was given.
const MAX_CHANGE_COLUMNS: usize = 200;

/// Columns of a line on a terminal.
const TERMINAL_COLUMNS: usize = 80;

/// The log line of a request.
#[derive(Debug)]
pub(in crate::server) struct LogLine<'a> {
    at: Timestamp,
    tenant: Option<&'a str>,
    tenant_name: Option<Arc<str>>,
    operation: Option<&'static str>,
    method: &'a str,
    path: Cow<'a, str>,
    /// The name of the file that it uploaded.
    file_name: Option<&'a str>,
    status: Option<u16>,
    fault: Option<&'a str>,
    /// The reason why the request was refused.
    reason: Option<String>,
    /// What it changed through the admin API.
    change: Option<&'a AdminChange>,
    /// The address of the client, for a request to the admin API that changed something or was not allowed.
    peer: Option<SocketAddr>,
    /// Whether its client was seen to leave before the response was written.
    is_gone: bool,
    micros: u64,
}

/// How lines are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineStyle {
    format: LogFormat,
    /// Whether the status in a text line is coloured.
    is_coloured: bool,
    /// Whether stderr is a terminal: text lines are then short.
    is_terminal: bool,
}

impl<'a> LogLine<'a> {
    /// The line of a request that took `duration` from its head to its response.
    pub(in crate::server) fn of(head: &'a Head, exchange: &'a Exchange, peer: SocketAddr, duration: Duration) -> Self {
        let (context, reply) = (exchange.context.as_deref(), &exchange.reply);
        let is_gone = context.is_some_and(Context::client_has_left);
        let tenant = context.and_then(|context| context.tenant.as_ref());
        let change = reply.response.change.as_deref();
        let is_denied = admin::below(&head.path).is_some() && matches!(reply.response.code(), Some(401 | 403));
        let struck = reply.faults.iter().find(|note| note.outcome == FaultOutcome::Struck);
        Self {
            at: system_now(),
            tenant: tenant.map(|tenant| &*tenant.label).or(change.map(changed_tenant)),
            tenant_name: tenant
                .and_then(|tenant| tenant.name())
                .or(change.and_then(|change| change.tenant_name.clone())),
            operation: context.map(Context::name),
            method: head.method.as_str(),
            path: target(head),
            file_name: reply.file_name.as_deref(),
            status: reply.response.code(),
            fault: struck.map(|note| &*note.rule),
            reason: if is_gone { None } else { reason(&reply.response) },
            change,
            peer: (change.is_some() || is_denied).then_some(peer),
            is_gone,
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

    fn to_text(&self, style: LineStyle) -> String {
        let (color_on, color_off) = style.escapes(self.level());
        let (at, status, micros) = (self.at.to_string(), self.status_text(), self.micros.to_string());
        let (tenant, operation) = (self.tenant.unwrap_or("-"), self.operation.unwrap_or("-"));
        let path = self.shown_path();
        let named = [&at, " ", color_on, &status, color_off, " ", tenant, " ", operation, " ", self.method, " ", &path];
        named.concat()
            + &self.shown_file()
            + &self.shown_name()
            + &self.shown_change()
            + &self.fault_and_reason()
            + " "
            + &micros
            + "us"
    }

    fn status_text(&self) -> String {
        self.status.map_or_else(|| "---".to_owned(), |status| status.to_string())
    }

    /// The path without what could change a terminal or break the line. Most paths are shown as they are.
    fn shown_path(&self) -> Cow<'_, str> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
        if self.path.bytes().all(is_plain) { (&*self.path).into() } else { self.path.escape_debug().to_string().into() }
    }

    /// The name of the file in quotes, with a space before it.
    fn shown_file(&self) -> String {
        let name = self.file_name.map(redact::masked);
        name.map_or_else(String::new, |name| format!(" file={:?}", terminal::shortened(&name, MAX_FILE_COLUMNS)))
    }

    /// The name of the tenant in quotes, with a space before it.
    fn shown_name(&self) -> String {
        let name = self.tenant_name.as_deref().map(redact::masked);
        name.map_or_else(String::new, |name| format!(" tenant_name={name:?}"))
    }

    /// What it changed, in quotes, and the address of the client, each with a space before it.
    fn shown_change(&self) -> String {
        let change = self.given().map_or_else(String::new, |given| format!(" change={given:?}"));
        self.peer.map_or_else(|| change.clone(), |peer| format!("{change} peer={peer}"))
    }

    /// What a change was given.
    fn given(&self) -> Option<String> {
        let given = redact::masked(&self.change?.given);
        Some(terminal::shortened(&given, MAX_CHANGE_COLUMNS).into_owned())
    }

    /// The fault, and the reason or that the client has gone, each with a space before it.
    fn fault_and_reason(&self) -> String {
        let fault = self.fault.map_or_else(String::new, |fault| format!(" fault={fault}"));
        if self.is_gone {
            return format!("{fault} {}", Outcome::ClientGone);
        }
        self.reason.as_ref().map_or_else(|| fault.clone(), |reason| format!("{fault} ({reason})"))
    }

    /// A line of at most [`TERMINAL_COLUMNS`]: the time of day, no tenant, and as much of the target as there is room
    /// for.
    fn to_short_text(&self, style: LineStyle) -> String {
        let (color_on, color_off) = style.escapes(self.level());
        let at = self.at.to_string();
        let time = at.get(11..19).unwrap_or_default();
        let status = self.status_text();
        let target = format!("{} {}", self.method, self.shown_path());
        let file = self.shown_file();
        let named = self.operation.map_or(target.clone(), |operation| format!("{operation}{file} {target}"));
        let rest = format!("{}us{}", self.micros, self.fault_and_reason());
        // The reason is more useful than the end of a long target.
        let room = TERMINAL_COLUMNS.saturating_sub(time.len() + status.len() + 3);
        let target_room = room.saturating_sub(terminal::columns(&rest)).max(room / 3);
        let shown = terminal::shortened(&named, target_room);
        let rest = terminal::shortened(&rest, room - terminal::columns(&shown));
        format!("{time} {color_on}{status}{color_off} {shown} {rest}")
    }

    fn to_json(&self) -> String {
        let mut line = JsonObject::with_capacity(LINE_BYTES);
        line.text("at", self.at);
        line.text("tenant", self.tenant.map(PlainText));
        if let Some(name) = self.tenant_name.as_deref() {
            line.text("tenant_name", &*redact::masked(name));
        }
        line.text("operation", self.operation.map(PlainText));
        line.text("method", PlainText(self.method));
        line.text("path", &*self.path);
        if let Some(name) = self.file_name {
            line.text("file", &*redact::masked(name));
        }
        line.value("status", &self.status);
        if let Some(fault) = self.fault {
            line.text("fault", fault);
        }
        if let Some(reason) = self.reason.as_deref() {
            line.text("reason", reason);
        }
        if let Some(given) = self.given() {
            line.text("change", &*given);
        }
        if let Some(peer) = self.peer {
            line.value("peer", &peer);
        }
        if self.is_gone {
            line.value("outcome", &Outcome::ClientGone);
        }
        line.value("micros", &self.micros);
        let line = String::from_utf8(line.finish()).expect("JSON is text");
        match terminal::escape_controls(&line) {
            Cow::Owned(escaped) => escaped,
            Cow::Borrowed(_) => line,
        }
    }
}

/// The label of the tenant that was changed.
fn changed_tenant(change: &AdminChange) -> &str {
    change.tenant.as_deref().unwrap_or("all")
}

/// The first [`MAX_PATH_CHARS`] characters of the path and query, without credentials.
fn target(head: &Head) -> Cow<'_, str> {
    let target = match &head.query {
        None => redact::masked(&head.path),
        Some(query) => redact::masked_target(&format!("{}?{query}", head.path)).into_owned().into(),
    };
    if target.len() <= MAX_PATH_CHARS { target } else { target.chars().take(MAX_PATH_CHARS).collect::<String>().into() }
}

impl LineStyle {
    /// Coloured if stderr is a terminal and `NO_COLOR` is not set.
    pub(super) fn for_stderr(format: LogFormat) -> Self {
        let stderr = io::stderr();
        Self { format, is_coloured: terminal::takes_colours(&stderr), is_terminal: stderr.is_terminal() }
    }

    /// The escape sequences before and after a status of this level.
    fn escapes(self, level: LogLevel) -> (&'static str, &'static str) {
        match level {
            _ if !self.is_coloured => ("", ""),
            LogLevel::Error => ("\x1b[31m", "\x1b[0m"),
            LogLevel::Warn => ("\x1b[33m", "\x1b[0m"),
            _ => ("\x1b[32m", "\x1b[0m"),
        }
    }

    /// The line of a request, without a line break.
    pub(super) fn request(self, line: &LogLine<'_>) -> String {
        match self.format {
            LogFormat::Text if self.is_terminal => line.to_short_text(self),
            LogFormat::Text => line.to_text(self),
            LogFormat::Json => line.to_json(),
        }
    }

    /// The line of a message; `kind` is `warning` or `error`.
    pub(super) fn message(self, kind: &str, text: &str) -> String {
        let at = system_now();
        match self.format {
            LogFormat::Text => format!("{at} {kind}: {text}"),
            LogFormat::Json => serde_json::json!({"at": at, kind: text}).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn line(path: &str, reason: Option<&str>) -> LogLine<'static> {
        LogLine {
            at: "2026-01-01T12:34:56.5Z".parse().expect("a time"),
            tenant: Some("t-0123456789ab"),
            tenant_name: None,
            operation: Some("directories.files.bulk_delete"),
            method: "POST",
            path: path.to_owned().into(),
            file_name: None,
            status: Some(422),
            fault: None,
            reason: reason.map(str::to_owned),
            change: None,
            peer: None,
            is_gone: false,
            micros: 123_456,
        }
    }

    #[test]
    fn a_path_and_query_have_at_most_256_characters() {
        let head = |path: String| Head { method: Method::GET, path, query: None, headers: HeaderMap::new() };
        for length in [MAX_PATH_CHARS, MAX_PATH_CHARS + 1] {
            assert_eq!(target(&head("é".repeat(length))), "é".repeat(MAX_PATH_CHARS), "{length}");
        }
    }

    #[test]
    fn a_line_fits_a_terminal_whatever_is_in_it() {
        let style = LineStyle { format: LogFormat::Text, is_coloured: false, is_terminal: true };
        for path in ["/", "/api/v1/indexes", &"/é".repeat(200), &"\u{5b57}".repeat(100)] {
            for reason in [None, Some("body.name: string_type"), Some(&*"x".repeat(80))] {
                let shown = style.request(&line(path, reason));
                assert!(terminal::columns(&shown) <= TERMINAL_COLUMNS, "{shown}");
                assert!(shown.starts_with("12:34:56 422 directories.files"), "{shown}");
                assert!(shown.contains("123456us"), "{shown}");
            }
        }
    }
}
