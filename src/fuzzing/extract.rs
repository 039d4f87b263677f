//! Files in binary formats: a line with the format, then the bytes. They are read in this process, which a child
//! process does otherwise. Every file gives text, a reason for a stand-in, or a reason why it cannot be read.

use super::drive::first_line;
use crate::documents::answer;

/// Runs the target on one input.
pub fn extract(data: &[u8]) {
    let (format, bytes) = first_line(data);
    let fields = vec![format.to_vec(), bytes.to_vec()];
    let first = answer(fields.clone());
    match &first {
        Ok(result) => {
            let text = std::str::from_utf8(result).expect("the result is UTF-8");
            assert!(text.starts_with(['i', 's', 't']), "{text:.20}");
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
    assert_eq!(first, answer(fields), "equal files have equal texts");
}
