//! The reason of a refused request, for its log line: the detail of the API error, shortened.

use serde_json::Value;

use crate::response::Response;
use crate::{redact, terminal};

/// Maximum number of columns of a reason.
const MAX_COLUMNS: usize = 80;

/// The reason in the body of a 4xx; `None` for other responses and other bodies.
pub(super) fn reason(response: &Response) -> Option<String> {
    if !response.status.is_some_and(|status| status.is_client_error()) {
        return None;
    }
    let body: Value = serde_json::from_slice(&response.body.bytes()).ok()?;
    let text = match body.get("detail")? {
        Value::String(text) => text.clone(),
        Value::Array(violations) => violation(violations)?,
        _ => return None,
    };
    Some(terminal::shortened(&redact::masked(&text), MAX_COLUMNS).escape_debug().to_string())
}

/// The place and type of the first violation, and how many more there are.
fn violation(violations: &[Value]) -> Option<String> {
    let first = violations.first()?;
    let loc = first["loc"].as_array()?;
    let loc = loc.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect::<Vec<_>>();
    let more = match violations.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("{}: {}{more}", loc.join("."), first["type"].as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ApiError;

    #[test]
    fn a_reason_has_at_most_80_columns() {
        let shown = |length| reason(&Response::from(ApiError::text(404, "é".repeat(length))));
        assert_eq!(shown(MAX_COLUMNS), Some("é".repeat(MAX_COLUMNS)));
        assert_eq!(shown(MAX_COLUMNS + 1), Some("é".repeat(MAX_COLUMNS - 1) + "…"));
    }
}
