//! Validates the fields of a form as the service's framework does. Of a repeated field the last one counts, and an empty
//! text or an empty file without a name counts as absent.

use serde_json::{Map, Value, json};

use super::Schema;
use super::check::CheckedBody;
use super::node::SchemaNode;
use super::pydantic::{self, PydanticError};
use super::validate::{Validation, beyond_framework};
use crate::multipart::{FilePart, Form, Part};

/// Number of bytes from which on the framework keeps a file on disk, which can be seen when it echoes the file.
const MAX_FILE_BYTES_IN_MEMORY: usize = 1024 * 1024;

/// The texts and the files of a form that the schema names.
pub(super) fn read(schema: &Schema, form: &Form) -> CheckedBody {
    let node = SchemaNode::root(&schema.source);
    let (mut fields, mut files, mut validation) = (Map::new(), Vec::new(), Validation::of("body"));
    for name in node.fields().into_iter().flat_map(Map::keys) {
        let Some(field) = node.field(name) else { continue };
        let part = form.parts.iter().rfind(|part| part.name == *name).filter(|part| !is_empty(part));
        validation.below(&**name, |validation| match part {
            None if node.requires(name) => validation.report(pydantic::missing(), &Value::Null),
            None => {}
            Some(part) if is_file(field) => match &part.file {
                Some(file) => files.push((name.clone(), file.clone())),
                None => validation.report(expected_file(), &part.text.clone().into()),
            },
            Some(part) => {
                let value = part.file.as_ref().map_or_else(|| part.text.clone().into(), |file| echo(part, file));
                let coerced = validation.value(field, &value);
                fields.insert(name.clone(), coerced.unwrap_or(value));
            }
        });
    }
    let mut violations = validation.violations;
    if violations.is_empty() {
        // To the schema a file is a text.
        let with_files = fields.clone().into_iter().chain(files.iter().map(|(name, _)| (name.clone(), "".into())));
        violations = beyond_framework(schema, &Value::Object(with_files.collect()), "body");
    }
    CheckedBody { fields, files, violations }
}

fn is_empty(part: &Part) -> bool {
    part.file.as_ref().map_or(part.text.is_empty(), |file| file.filename.is_empty() && file.bytes.is_empty())
}

fn is_file(field: SchemaNode<'_>) -> bool {
    field.resolve().node.keyword("contentMediaType").is_some()
}

fn expected_file() -> PydanticError {
    let msg = "Value error, Expected UploadFile, received: <class 'str'>";
    PydanticError::with("value_error", msg, json!({ "error": {} }))
}

/// A file as the framework echoes it: the fields of its object in Python. Its headers are written anew, as most clients
/// write them.
fn echo(part: &Part, file: &FilePart) -> Value {
    let disposition = format!("form-data; name=\"{}\"; filename=\"{}\"", part.name, file.filename);
    // The framework decodes headers as Latin-1.
    let disposition: String = disposition.bytes().map(char::from).collect();
    let mut headers = json!({ "content-disposition": disposition });
    if let Some(content_type) = &file.content_type {
        headers["content-type"] = content_type.clone().into();
    }
    json!({
        "filename": file.filename,
        "file": as_pairs(&file.bytes).unwrap_or_else(|| buffer(file.bytes.len())),
        "size": file.bytes.len(),
        "headers": headers,
        "_max_mem_size": MAX_FILE_BYTES_IN_MEMORY,
    })
}

/// A content of lines that all have two bytes: the framework takes each line for a key and a value.
fn as_pairs(bytes: &[u8]) -> Option<Value> {
    let mut pairs = Map::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let [key, value] = line else { return None };
        pairs.insert(key.to_string(), Value::from(*value));
    }
    Some(Value::Object(pairs))
}

/// Any other content: the fields of the object that holds it.
fn buffer(size_bytes: usize) -> Value {
    let is_on_disk = size_bytes > MAX_FILE_BYTES_IN_MEMORY;
    let mut buffer = json!({ "_file": {}, "_max_size": MAX_FILE_BYTES_IN_MEMORY, "_rolled": is_on_disk });
    if !is_on_disk {
        buffer["_TemporaryFileArgs"] = json!({
            "mode": "w+b", "buffering": -1, "suffix": null, "prefix": null, "encoding": null, "newline": null,
            "dir": null, "errors": null,
        });
    }
    buffer
}
