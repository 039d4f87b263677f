//! The subcommand `journal`: prints what the running server recorded, a line a request.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::client;
use super::exit::{ExitError, print};
use super::server_address::ServerAddress;
use crate::terminal;

/// The columns of a line.
const COLUMNS: usize = 100;

/// The pause before the server is asked again.
const PAUSE: Duration = Duration::from_millis(250);

/// The arguments of `journal`.
#[derive(Debug, Clone)]
pub(super) struct JournalQuery {
    /// Whether to go on printing.
    pub(super) follow: bool,
    /// The tenant, by API key or label; all by default.
    pub(super) tenant: Option<String>,
}

/// Prints the requests; with `follow` only those that have ended, and goes on with those that end later.
pub(super) fn run(address: &ServerAddress, token: Option<&str>, query: &JournalQuery) -> Result<(), ExitError> {
    let runtime = client::runtime().map_err(ExitError::failure)?;
    runtime.block_on(print_entries(address, token, query)).map_err(ExitError::failure)
}

async fn print_entries(address: &ServerAddress, token: Option<&str>, query: &JournalQuery) -> Result<(), String> {
    let is_coloured = terminal::takes_colours(&std::io::stdout());
    let mut printed = BTreeSet::new();
    loop {
        let mut entries = entries(address, token, query).await?;
        entries.retain(|entry| !query.follow || entry["outcome"] != "open");
        let new = entries.iter().filter(|entry| !printed.contains(&key(entry)));
        print(&new.map(|entry| line(entry, is_coloured)).collect::<String>());
        if !query.follow {
            return Ok(());
        }
        printed = entries.iter().map(key).collect();
        tokio::time::sleep(PAUSE).await;
    }
}

async fn entries(address: &ServerAddress, token: Option<&str>, query: &JournalQuery) -> Result<Vec<Value>, String> {
    let path = match &query.tenant {
        Some(tenant) => {
            let tenant: String = form_urlencoded::byte_serialize(tenant.as_bytes()).collect();
            format!("/__admin/journal?tenant={tenant}")
        }
        None => "/__admin/journal".to_owned(),
    };
    let response = client::get(&address.authority()?, token, &path).await?;
    let mut body: Value = serde_json::from_str(&response.body).unwrap_or_default();
    match body["entries"].take() {
        Value::Array(entries) => Ok(entries),
        _ => Err(format!("{}: status {}: {}", response.url, response.status, response.body)),
    }
}

/// What no other entry has: the number of a request begins anew after a reset.
fn key(entry: &Value) -> String {
    format!("{} {} {}", entry["tenant"], entry["seq"], entry["real_time"])
}

/// The line of a request: time, duration, status, operation, what it was about, faults, and how it ended unless it was
/// sent.
fn line(entry: &Value, is_coloured: bool) -> String {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    let time = text("/real_time").and_then(|time| time.get(11..23)).unwrap_or_default();
    let duration = entry["duration_ms"].as_f64().map_or_else(String::new, |ms| format!("{ms:.1}ms"));
    let status = entry["status"].as_u64().map_or_else(|| "---".to_owned(), |status| status.to_string());
    let mut words = vec![match text("/operation") {
        Some(operation) => operation.to_owned(),
        None => format!("{} {}", text("/method").unwrap_or_default(), text("/path").unwrap_or_default()),
    }];
    words.extend(text("/about/name").or_else(|| text("/about/id")).map(str::to_owned));
    let faults = entry["faults"].as_array().into_iter().flatten().filter(|note| note["outcome"] == "struck");
    words.extend(faults.filter_map(|note| Some(format!("fault={}", note["rule"].as_str()?))));
    words.extend(text("/outcome").filter(|outcome| *outcome != "sent").map(str::to_owned));
    let rest: String = words.join(" ").chars().flat_map(char::escape_debug).collect();
    let start = format!("{time} {duration:>9} ");
    let room = COLUMNS.saturating_sub(start.len() + status.len() + 1);
    let (on, off) = if is_coloured { (colour(&status), "\x1b[0m") } else { ("", "") };
    format!("{start}{on}{status}{off} {}\n", terminal::shortened(&rest, room))
}

fn colour(status: &str) -> &'static str {
    match status.as_bytes().first() {
        Some(b'1'..=b'3') => "\x1b[32m",
        Some(b'4') => "\x1b[33m",
        _ => "\x1b[31m",
    }
}
