//! Validates the fields of a form as the service's framework does. Of a repeated field the last one counts, and an
//! empty text or an empty file without a name counts as absent.

use serde_json::{Map, Value, json};

use super::check::BodyContent;
use super::node::SchemaNode;
use super::{Schema, UnknownInput, translate};
use crate::error::Violation;
use crate::multipart::{FilePart, Form, FormPart};

/// Number of bytes from which on the framework keeps a file on disk, which can be seen when it echoes the file.
const MAX_FILE_BYTES_IN_MEMORY: usize = 1024 * 1024;

/// The files of a form by name.
type Files = Vec<(String, FilePart)>;

/// The texts and the files of a form that the schema names.
///
/// Errors: every violation, in the order of the schema.
pub(super) fn read(schema: &Schema, form: &Form) -> Result<BodyContent, Vec<Violation>> {
    let (fields, files) = values(schema.root(), form);
    let fields = schema.judge(fields, "body", |fields| translate::fields(schema.root(), "body", fields))?;
    let is_unknown = |part: &&FormPart| schema.root().field(&part.name).is_none();
    let unknown = form.parts.iter().filter(is_unknown).map(|part| UnknownInput::field(&part.name, &part.text));
    Ok(BodyContent { fields, files, unknown: unknown.collect() })
}

/// The fields of a form that a schema names, as JSON: a file in its place is an empty text. Beside them the files.
pub(super) fn values(node: SchemaNode<'_>, form: &Form) -> (Value, Files) {
    let (mut fields, mut files) = (Map::new(), Vec::new());
    for (name, field) in node.declared_fields() {
        let part = form.parts.iter().rfind(|part| part.name == *name).filter(|part| !is_empty(part));
        let Some(part) = part else { continue };
        let value = match &part.file {
            None => part.text.as_str().into(),
            Some(file) if field.is_file() => {
                files.push((name.clone(), file.clone()));
                "".into()
            }
            Some(file) => echo(part, file),
        };
        fields.insert(name.clone(), value);
    }
    (fields.into(), files)
}

fn is_empty(part: &FormPart) -> bool {
    part.file.as_ref().map_or(part.text.is_empty(), |file| file.filename.is_empty() && file.bytes.is_empty())
}

/// A file as the framework echoes it: the fields of its object in Python. Its headers are written anew, as most clients
/// write them.
fn echo(part: &FormPart, file: &FilePart) -> Value {
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
