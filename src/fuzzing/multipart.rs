//! Forms: a line with the content type, then a body. A form is read or refused with a known error, its parts are no
//! larger than the body, a part of the body gives a part of the form, and what is read is read the same again after it
//! is written.

use bytes::Bytes;

use super::drive::{assert_matches, first_line};
use crate::error::ApiError;
use crate::multipart::{FilePart, Form, FormPart, check_content_type, read_form};
use crate::response::Response;

/// Runs the target on one input.
pub fn multipart(data: &[u8]) {
    let (content_type, body) = first_line(data);
    let body = Bytes::copy_from_slice(body);
    let form = read_form(&body, content_type);
    if let Err(error) = check_content_type(content_type) {
        assert_eq!(form, Err(error));
    }
    match form {
        Err(error) => {
            let response = Response::from(ApiError::from(error));
            assert_matches("refusal", &response);
            assert!(matches!(response.code(), Some(400 | 413)), "{:?}", response.status);
        }
        Ok(form) => {
            // Latin-1 text takes up to twice its bytes, a character in the place of a broken escape three bytes.
            assert!(form.parts.iter().map(size_bytes).sum::<usize>() <= 3 * body.len(), "{form:?}");
            if content_type.to_ascii_lowercase().starts_with(b"multipart/") {
                let half = read_form(&body.slice(..body.len() / 2), content_type).expect("a cut is no error");
                assert_eq!(half.parts[..], form.parts[..half.parts.len()]);
            }
            read_again(form);
        }
    }
}

fn size_bytes(part: &FormPart) -> usize {
    part.name.len() + part.text.len() + part.file.as_ref().map_or(0, |file| file.filename.len() + file.bytes.len())
}

/// Writes a form in the format of RFC 7578 and reads it.
fn read_again(form: Form) {
    // What the format cannot express is left out.
    let is_plain = |name: &str| name.len() <= 1000 && !name.contains(['\r', '\\']);
    let is_plain_file = |file: &FilePart| is_plain(&file.filename);
    let boundary = "-a-boundary-of-a-form-";
    let holds_boundary = |content: &[u8]| content.windows(boundary.len()).any(|at| at == boundary.as_bytes());
    let parts = form.parts.into_iter().filter(|part| is_plain(&part.name));
    let parts: Vec<FormPart> = parts.filter(|part| part.file.as_ref().is_none_or(is_plain_file)).collect();
    let mut body = Vec::new();
    for part in &parts {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\\\""));
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name={}", quoted(&part.name));
        if let Some(file) = &part.file {
            head.extend(["; filename=", &quoted(&file.filename)]);
        }
        let content = part.file.as_ref().map_or(part.text.as_bytes(), |file| &file.bytes);
        if holds_boundary(content) {
            return;
        }
        body.extend([head.as_bytes(), b"\r\n\r\n", content, b"\r\n"].concat());
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let again = read_form(&body.into(), content_type.as_bytes()).expect("a form in the format is read");
    let without_type = |mut part: FormPart| {
        part.file.iter_mut().for_each(|file| file.content_type = None);
        part
    };
    assert_eq!(again.parts, parts.into_iter().map(without_type).collect::<Vec<_>>());
}
