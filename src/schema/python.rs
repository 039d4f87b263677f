//! JSON values as Python prints them, for messages of the framework that show a value.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// The characters that Python escapes in a printed string: those of the categories Other and Separator, without the
/// space.
static ESCAPED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\p{C}\p{Z}--\x20]").expect("the pattern is valid"));

/// A value as `str()` prints it: a string as it is, any other value as `repr()` prints it.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| repr(value), str::to_owned)
}

fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        // Numbers are in Python's form since the body was read.
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{}: {}", quoted(name), repr(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A string in single quotes, or in double quotes if it has single ones only.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut printed = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => printed.push_str("\\\\"),
            '\n' => printed.push_str("\\n"),
            '\r' => printed.push_str("\\r"),
            '\t' => printed.push_str("\\t"),
            _ if character == quote => printed.extend(['\\', quote]),
            _ if ESCAPED.is_match(character.encode_utf8(&mut [0; 4])) => escape(&mut printed, character),
            _ => printed.push(character),
        }
    }
    printed.push(quote);
    printed
}

/// Appends the shortest escape that holds the code of a character.
fn escape(printed: &mut String, character: char) {
    let result = match u32::from(character) {
        code @ 0..=0xff => write!(printed, "\\x{code:02x}"),
        code @ 0x100..=0xffff => write!(printed, "\\u{code:04x}"),
        code => write!(printed, "\\U{code:08x}"),
    };
    result.expect("writing to a string does not fail");
}
