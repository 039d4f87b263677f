//! Reads `application/x-www-form-urlencoded` as the service's framework does.

use percent_encoding::percent_decode;

use super::charset::latin1;
use super::{FormError, FormPart, MAX_FIELDS, TextBudget};

/// The fields of a form. Empty ones between two `&` do not count.
pub(super) fn read(body: &[u8]) -> Result<Vec<FormPart>, FormError> {
    let mut parts = Vec::new();
    let mut budget = TextBudget::default();
    for field in body.split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
        let equals = field.iter().position(|byte| *byte == b'=').unwrap_or(field.len());
        let (name, value) = (&field[..equals], field.get(equals + 1..).unwrap_or_default());
        budget.add(name.len() + value.len(), FormError::FieldTooLarge)?;
        if parts.len() == MAX_FIELDS {
            return Err(FormError::TooManyFields);
        }
        parts.push(FormPart { name: decode(name), file: None, text: decode(value) });
    }
    Ok(parts)
}

/// Decodes as Python's `unquote_plus` does: escapes are UTF-8 and other bytes are Latin-1.
fn decode(bytes: &[u8]) -> String {
    let bytes: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let runs = bytes.chunk_by(|left, right| left.is_ascii() == right.is_ascii());
    runs.map(|run| if run.is_ascii() { percent_decode(run).decode_utf8_lossy().into_owned() } else { latin1(run) })
        .collect()
}
