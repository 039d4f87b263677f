//! Tests of the reader: forms that the service's framework was recorded to read or refuse, its limits and ours, and
//! forms in the format of RFC 7578.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::error::ApiError;

/// Forms, and what Starlette's parsers made of them.
const RECORDED: &str = include_str!("../../tests/golden/form_parts.json");

const MULTIPART: &[u8] = b"multipart/form-data; boundary=B";
const URLENCODED: &[u8] = b"application/x-www-form-urlencoded";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    content_type: Option<String>,
    content_type_hex: Option<String>,
    body: Option<String>,
    body_hex: Option<String>,
    parts: Option<Vec<ReadPart>>,
    error: Option<String>,
}

#[derive(Deserialize, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct ReadPart {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
    /// The content of a file in hexadecimal digits.
    content: Option<String>,
    text: Option<String>,
}

impl From<FormPart> for ReadPart {
    fn from(part: FormPart) -> Self {
        let text = part.file.is_none().then_some(part.text);
        let (mut filename, mut content_type, mut content) = (None, None, None);
        if let Some(file) = part.file {
            (filename, content_type, content) = (Some(file.filename), file.content_type, Some(to_hex(&file.bytes)));
        }
        Self { name: part.name, filename, content_type, content, text }
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn bytes_of(text: Option<&str>, hex: Option<&str>) -> Vec<u8> {
    text.map(|text| text.as_bytes().to_vec()).or_else(|| hex.map(from_hex)).expect("a text or digits")
}

fn read(body: impl Into<Vec<u8>>, content_type: &[u8]) -> Result<Vec<FormPart>, FormError> {
    read_form(&body.into().into(), content_type).map(|form| form.parts)
}

/// A form of parts with these dispositions and contents.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, content) in parts {
        body.extend_from_slice(format!("--B\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--B--\r\n");
    body
}

#[test]
fn forms_are_read_and_refused_as_recorded() {
    let cases: Vec<Case> = serde_json::from_str(RECORDED).expect("valid cases");
    assert!(cases.len() > 450);
    for case in cases {
        let content_type = bytes_of(case.content_type.as_deref(), case.content_type_hex.as_deref());
        let actual = read(bytes_of(case.body.as_deref(), case.body_hex.as_deref()), &content_type);
        let actual = actual.map(|parts| parts.into_iter().map(ReadPart::from).collect::<Vec<_>>());
        let expected = case.error.map_or_else(|| Ok(case.parts.expect("parts or an error")), Err);
        assert_eq!(actual.map_err(|error| error.to_string()), expected, "{}", case.name);
    }
}

#[test]
fn the_content_type_alone_is_refused_as_with_a_body() {
    let long = [MULTIPART, &[b'B'; MAX_BOUNDARY_BYTES]].concat();
    for (content_type, expected) in [
        (MULTIPART, Ok(())),
        (URLENCODED, Ok(())),
        (b"", Ok(())),
        (b"application/json; charset=utf-8", Ok(())),
        (b"multipart/form-data", Err(FormError::MissingBoundary)),
        (&long, Err(FormError::Malformed)),
    ] {
        assert_eq!(check_content_type(content_type), expected);
        assert_eq!(read("", content_type).map(|_| ()), expected);
    }
}

#[test]
fn the_number_of_files_and_of_other_fields_is_limited() {
    let parts = |files: usize, fields: usize| {
        let file = ("name=f; filename=g", b"x".as_slice());
        form(&[vec![file; files], vec![("name=a", b"x".as_slice()); fields]].concat())
    };
    assert_eq!(read(parts(1000, 1000), MULTIPART).map(|parts| parts.len()), Ok(2000));
    assert_eq!(read(parts(1001, 0), MULTIPART), Err(FormError::TooManyFiles));
    assert_eq!(read(parts(0, 1001), MULTIPART), Err(FormError::TooManyFields));
    assert_eq!(read(parts(10_000, 0), MULTIPART), Err(FormError::TooManyFiles));
    assert_eq!(read(["a=b"; 1000].join("&"), URLENCODED).map(|parts| parts.len()), Ok(1000));
    assert_eq!(read(["a=b"; 1001].join("&"), URLENCODED), Err(FormError::TooManyFields));
}

#[test]
fn the_text_of_a_field_is_limited_and_a_file_is_not() {
    let (largest, larger) = (vec![b'x'; MAX_FIELD_BYTES], vec![b'x'; MAX_FIELD_BYTES + 1]);
    assert!(read(form(&[("name=a", &largest)]), MULTIPART).is_ok());
    assert_eq!(read(form(&[("name=a", &larger)]), MULTIPART), Err(FormError::PartTooLarge));
    assert!(read(form(&[("name=a; filename=b", &larger)]), MULTIPART).is_ok());

    let unfinished = |content: &[u8]| [b"--B\r\nContent-Disposition: x; name=a\r\n\r\n", content].concat();
    assert_eq!(read(unfinished(&largest), MULTIPART), Ok(Vec::new()));
    assert_eq!(read(unfinished(&larger), MULTIPART), Err(FormError::PartTooLarge));
    let with_end = |end: &[u8]| read(unfinished(&[&largest, end].concat()), MULTIPART);
    assert_eq!(with_end(b"\r\n--"), Ok(Vec::new()), "the beginning of a boundary is not content");
    assert_eq!(with_end(b"\r\n-x"), Err(FormError::PartTooLarge));

    let field = |bytes: usize| format!("a={}", "x".repeat(bytes - 1));
    assert!(read(field(MAX_FIELD_BYTES), URLENCODED).is_ok());
    assert_eq!(read(field(MAX_FIELD_BYTES + 1), URLENCODED), Err(FormError::FieldTooLarge));
}

#[test]
fn the_text_of_all_fields_is_limited() {
    let large = vec![b'x'; MAX_FIELD_BYTES];
    let parts = |count: usize| form(&vec![("name=a", large.as_slice()); count]);
    assert_eq!(read(parts(8), MULTIPART).map(|parts| parts.len()), Ok(8));
    assert_eq!(read(parts(9), MULTIPART), Err(FormError::TooMuchText));
    let error = ApiError::from(FormError::TooMuchText);
    assert_eq!(error, ApiError::text(413, "The text fields are together larger than 8388608 bytes"));
}

#[test]
fn a_file_shares_the_body_only_if_it_is_most_of_it() {
    let shares = |contents: &[&[u8]]| {
        let parts: Vec<_> = contents.iter().map(|content| ("name=f; filename=g", *content)).collect();
        let body = Bytes::from(form(&parts));
        let parts = read_form(&body, MULTIPART).expect("a valid form").parts;
        let within = body.as_ptr_range();
        let files = parts.iter().map(|part| part.file.as_ref().expect("a file"));
        files.map(|file| within.contains(&file.bytes.as_ptr())).collect::<Vec<_>>()
    };
    let (large, larger) = (vec![b'x'; 200_000], vec![b'x'; 300_000]);
    assert_eq!(shares(&[b"x"]), [false], "it would hold on to a read buffer");
    assert_eq!(shares(&[&large]), [true]);
    assert_eq!(shares(&[&large, &larger]), [false, true]);
}

/// A name. Line ends cannot be written in one, and the reader takes some backslashes away.
fn name() -> impl Strategy<Value = String> {
    r"[^\r\n\\]{0,20}"
}

/// A part of a form.
fn part() -> impl Strategy<Value = FormPart> {
    let content = proptest::collection::vec(any::<u8>(), 0..50).prop_map(Bytes::from);
    let content_type = proptest::option::of("[a-z]{1,8}/[a-z]{1,8}");
    let file = (name(), content_type, content).prop_map(|(filename, content_type, bytes)| FilePart {
        filename,
        content_type,
        bytes,
    });
    let file = (name(), file).prop_map(|(name, file)| FormPart { name, file: Some(file), text: String::new() });
    prop_oneof![file, (name(), ".{0,50}").prop_map(|(name, text)| FormPart { name, file: None, text })]
}

/// A name in quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\\\""))
}

/// The form as RFC 7578 says.
fn written(parts: &[FormPart], boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name={}", quoted(&part.name));
        let content = match &part.file {
            None => part.text.as_bytes(),
            Some(file) => {
                head.extend(["; filename=", &quoted(&file.filename)]);
                if let Some(content_type) = &file.content_type {
                    head.extend(["\r\nContent-Type: ", content_type]);
                }
                &file.bytes
            }
        };
        body.extend([head.as_bytes(), b"\r\n\r\n", content, b"\r\n"].concat());
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

proptest! {
    #[test]
    fn a_form_in_the_format_of_rfc_7578_is_read_back(
        parts in proptest::collection::vec(part(), 0..6),
        boundary in "[0-9A-Za-z'()+_,./:=?-]{1,70}",
    ) {
        let body = written(&parts, &boundary);
        let content_type = format!("multipart/form-data; boundary=\"{boundary}\"");
        prop_assert_eq!(read(body, content_type.as_bytes()), Ok(parts));
    }

    #[test]
    fn a_form_that_is_cut_is_read_up_to_the_cut(
        parts in proptest::collection::vec(part(), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut body = written(&parts, "a-boundary");
        body.truncate(cut.index(body.len()));
        let read = read(body, b"multipart/form-data; boundary=a-boundary").expect("a cut is no error");
        prop_assert_eq!(&read[..], &parts[..read.len()]);
    }

    #[test]
    fn a_url_encoded_form_is_read_back(fields in proptest::collection::vec((".{1,20}", ".{0,20}"), 0..6)) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let expected: Vec<_> = fields.into_iter().map(|(name, text)| FormPart { name, file: None, text }).collect();
        prop_assert_eq!(read(body, URLENCODED), Ok(expected));
    }
}
