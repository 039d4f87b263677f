//! The content of a request body, apart from how it was framed: JSON, or a form as an object of its parts.

use std::sync::OnceLock;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::multipart::{self, FilePart, Form, FormPart};
use crate::request::Head;
use crate::schema::read_value;

/// The content of a body. JSON is parsed when it is first asked for, a form at once: its files are hashed, which should
/// not happen under a lock.
#[derive(Debug)]
pub(crate) struct Content {
    body: Bytes,
    is_form: bool,
    value: OnceLock<Option<Value>>,
}

impl Content {
    /// The content of a body with these headers.
    pub(crate) fn of(head: &Head, body: &Bytes) -> Self {
        let form = if body.is_empty() { None } else { form_of(head, body) };
        let is_form = form.is_some();
        let value = form.map_or_else(OnceLock::new, |form| OnceLock::from(Some(object_of(form))));
        Self { body: body.clone(), is_form, value }
    }

    /// The content of a recorded body: JSON, or the object of a form.
    pub(crate) fn of_record(body: &[u8]) -> Self {
        Self { body: Bytes::copy_from_slice(body), is_form: false, value: OnceLock::new() }
    }

    /// The bytes as they were sent.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The content as JSON: a text of a form by its name, a file as an object, names that come twice as lists. `None`
    /// if it is neither a form nor JSON.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.value.get_or_init(|| read_value(&self.body).ok()).as_ref()
    }

    /// The name of the first file of a form.
    pub(crate) fn file_name(&self) -> Option<Box<str>> {
        let parts = self.form()?.as_object()?;
        parts.values().find_map(|part| part.get("filename")?.as_str()).map(Into::into)
    }

    /// The form as an object; `None` if it is none.
    pub(crate) fn form(&self) -> Option<&Value> {
        if self.is_form { self.value() } else { None }
    }
}

fn form_of(head: &Head, body: &Bytes) -> Option<Form> {
    let content_type = head.headers.get(CONTENT_TYPE)?.as_bytes();
    if multipart::is_form(content_type) { multipart::read_form(body, content_type).ok() } else { None }
}

/// A hash by which contents are compared: the order of keys and of parts does not matter, nor how bodies were framed.
/// `value` is the content of `bytes`, if it is JSON or a form.
pub(crate) fn digest(value: Option<Value>, bytes: &[u8]) -> [u8; 32] {
    match value {
        Some(mut value) => {
            value.sort_all_objects();
            Sha256::digest(value.to_string()).into()
        }
        None => Sha256::digest(bytes).into(),
    }
}

fn object_of(form: Form) -> Value {
    let mut object = Map::new();
    for FormPart { name, file, text } in form.parts {
        let value = file.map_or(Value::String(text), |file| summary(&file));
        match object.get_mut(&name) {
            None => {
                object.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Value::Object(object)
}

fn summary(file: &FilePart) -> Value {
    let hash = Bytes::copy_from_slice(&Sha256::digest(&file.bytes));
    json!({
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.bytes.len(),
        "sha256": format!("{hash:x}"),
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;

    fn content(content_type: &'static str, body: &str) -> Content {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let head = Head { method: Method::POST, path: "/".to_owned(), query: None, headers };
        Content::of(&head, &Bytes::copy_from_slice(body.as_bytes()))
    }

    fn hash(content: &Content) -> [u8; 32] {
        digest(content.value().cloned(), content.bytes())
    }

    const FILE: &str = "Content-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\
                        Content-Type: text/plain\r\n\r\nabc";
    const TEXT: &str = "Content-Disposition: form-data; name=\"t\"\r\n\r\nx";

    #[test]
    fn forms_are_equal_in_any_order_and_with_any_boundary() {
        let one = content("multipart/form-data; boundary=1", &format!("--1\r\n{FILE}\r\n--1\r\n{TEXT}\r\n--1--\r\n"));
        let other = content("Multipart/Form-Data;boundary=2", &format!("--2\r\n{TEXT}\r\n--2\r\n{FILE}\r\n--2--\r\n"));
        assert_eq!(hash(&one), hash(&other));
        let form = one.form().expect("a form");
        assert_eq!(form["t"], "x");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let file = json!({ "filename": "a.txt", "content_type": "text/plain", "size": 3, "sha256": sha256 });
        assert_eq!(form["f"], file);
        let less = content("multipart/form-data; boundary=1", &format!("--1\r\n{FILE}\r\n--1--\r\n"));
        assert_ne!(hash(&one), hash(&less));
    }

    #[test]
    fn names_that_come_twice_are_lists() {
        let form = content("application/x-www-form-urlencoded", "a=1&b=2&a=3&a=4");
        assert_eq!(form.form(), Some(&json!({ "a": ["1", "3", "4"], "b": "2" })));
    }

    #[test]
    fn json_is_equal_with_its_keys_in_any_order() {
        let json = |body| content("application/json", body);
        assert_eq!(
            hash(&json(r#"{"a": [1, {"b": 2, "c": 3}], "d": 4}"#)),
            hash(&json(r#"{"d":4,"a":[1,{"c":3,"b":2}]}"#))
        );
        assert_ne!(hash(&json(r#"{"a": [1, 2]}"#)), hash(&json(r#"{"a": [2, 1]}"#)));
        assert_ne!(hash(&json("no JSON")), hash(&json("other text")));
        assert_eq!(json(r#"{"a": 1}"#).form(), None);
    }

    #[test]
    fn a_body_that_is_no_form_after_all_is_compared_by_its_bytes() {
        let broken = content("multipart/form-data; boundary=1", "no boundary");
        assert_eq!((broken.form(), broken.value()), (None, None));
        assert_eq!(content("multipart/form-data; boundary=1", "").form(), None);
    }
}
