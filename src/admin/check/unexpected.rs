//! Requests that a test did not mean to send: those that reach no operation, and those that the service itself refuses.
//! A 404 for an id and a 409 are answers.

use crate::journal::{Entry, FaultOutcome};
use crate::key_label::with_name;
use crate::redact;

/// The statuses of refusals.
const REFUSALS: [u16; 6] = [400, 401, 403, 405, 413, 422];

/// The unexpected ones among these requests.
pub(super) fn failures(entries: &[Entry]) -> Vec<String> {
    let unexpected = entries.iter().filter_map(|entry| Some((entry, reason(entry)?)));
    unexpected.map(|(entry, reason)| line(entry, reason)).collect()
}

fn reason(entry: &Entry) -> Option<&'static str> {
    let is_refused = entry.status.is_some_and(|status| REFUSALS.contains(&status));
    let is_struck = entry.faults.iter().any(|note| note.outcome == FaultOutcome::Struck);
    match entry.operation {
        None if is_refused => Some("refused"),
        None if entry.product.is_some() => Some("a call of another product of the API"),
        None => Some("no operation has this method and path"),
        Some(_) if is_refused && !is_struck => Some("refused"),
        Some(_) => None,
    }
}

fn line(entry: &Entry, reason: &str) -> String {
    let tenant = with_name(entry.tenant.as_deref().or(Some("no tenant")), entry.tenant_name.as_deref());
    let (seq, method, path) = (entry.seq, &entry.method, redact::masked_target(&entry.path));
    let status = entry.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
    let body = String::from_utf8_lossy(entry.reply_body.bytes());
    format!("{tenant}: request {seq}: {method} {path}: {status}, {reason}\n  {body}")
}
