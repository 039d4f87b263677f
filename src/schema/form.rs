//! Validates the fields of a form as the service's framework does. Of a repeated field the last one counts, and an empty
//! text or an empty file without a name counts as absent.

use serde_json::{Map, Value, json};

use super::node::SchemaNode;
use super::pydantic::{self, PydanticError};
use super::validate::Validation;
use super::{Schema, check};
use crate::multipart::{FilePart, Form, Part};

/// Number of bytes from which on the framework keeps a file on disk, which can be seen when it echoes the file.
const MAX_FILE_BYTES_IN_MEMORY: usize = 1024 * 1024;

/// The texts and the files of a form that the schema names; `validation` gets what is wrong with them.
pub(super) fn read(
    schema: &Schema,
    form: &Form,
    validation: &mut Validation,
) -> (Map<String, Value>, Vec<(String, FilePart)>) {
    let node = SchemaNode::root(&schema.source);
    let (mut texts, mut files) = (Map::new(), Vec::new());
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
                texts.insert(name.clone(), coerced.unwrap_or(value));
            }
        });
    }
    if validation.violations.is_empty() && !schema.is_covered {
        let value = Value::Object(texts.clone());
        validation.violations.extend(check::uncovered(schema, &value, "body"));
    }
    (texts, files)
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

/// A file as the framework echoes it: the fields of its object in Python.
fn echo(part: &Part, file: &FilePart) -> Value {
    let size = file.bytes.len();
    let arguments = json!({
        "mode": "w+b", "buffering": -1, "suffix": null, "prefix": null, "encoding": null, "newline": null, "dir": null,
        "errors": null,
    });
    let mut buffer = json!({});
    if size > 0 {
        buffer = json!({ "_file": {}, "_max_size": MAX_FILE_BYTES_IN_MEMORY, "_rolled": false });
        if size > MAX_FILE_BYTES_IN_MEMORY {
            buffer["_rolled"] = Value::Bool(true);
        } else {
            buffer["_TemporaryFileArgs"] = arguments;
        }
    }
    let disposition = format!("form-data; name=\"{}\"; filename=\"{}\"", part.name, file.filename);
    let mut headers = json!({ "content-disposition": disposition });
    if let Some(content_type) = &file.content_type {
        headers["content-type"] = content_type.clone().into();
    }
    json!({
        "filename": file.filename, "file": buffer, "size": size, "headers": headers,
        "_max_mem_size": MAX_FILE_BYTES_IN_MEMORY,
    })
}
