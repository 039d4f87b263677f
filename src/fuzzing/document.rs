//! Files: a line with the name, then the bytes. Every file gives a document whose offsets, pages and chunks agree with
//! its text, or a reason why it is not text; the same file gives the same again.

use bytes::Bytes;

use super::drive::first_line;
use crate::documents::{Document, Format, Unreadable, read, read_as};
use crate::worker::Worker;

/// Runs the target on one input.
pub fn document(data: &[u8]) {
    let (name, bytes) = first_line(data);
    let (name, bytes) = (String::from_utf8_lossy(name), Bytes::copy_from_slice(bytes));
    // Without a program for child processes, binary formats give stand-ins.
    let worker = Worker::of_file(None);
    let first = read(&name, &bytes, &worker);
    check(&first);
    assert_eq!(format!("{first:?}"), format!("{:?}", read(&name, &bytes, &worker)), "{name:?}");
    for format in [Format::Plain, Format::Csv, Format::Markdown, Format::Html] {
        let result = read_as(format, &bytes);
        check(&result);
        match result {
            Ok(document) => assert!(!document.is_stand_in()),
            Err(Unreadable::NulBytes) => assert!(bytes.contains(&0)),
            Err(Unreadable::Encoding | Unreadable::Malformed(_)) => assert!(std::str::from_utf8(&bytes).is_err()),
            Err(_) => {}
        }
    }
}

fn check(result: &Result<Document, Unreadable>) {
    let document = match result {
        Ok(document) => document,
        Err(unreadable) => return assert!(!unreadable.to_string().is_empty()),
    };
    document.assert_consistent();
    let text = document.text();
    for (number, (byte, character)) in text.as_str().char_indices().enumerate() {
        assert_eq!((text.byte_of(number), text.char_of(byte)), (byte, number), "{character:?}");
    }
}
