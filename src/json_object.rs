//! A JSON object that is written field by field, for what is written with every request. serde looks up every byte of
//! a text in a table of characters to escape; here a text without any, as most are, is recognised by a simple loop.

use serde::Serialize;
use serde_json::Value;

/// An object while it is written.
#[derive(Debug)]
pub(crate) struct JsonObject(Vec<u8>);

/// A text of printable ASCII that JSON does not escape, known as such.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainText<'a>(pub(crate) &'a str);

/// What is a text in JSON, or `null`.
pub(crate) trait JsonText {
    /// Adds it, with its quotation marks, to JSON.
    fn append_to(&self, json: &mut Vec<u8>);
}

impl JsonText for str {
    fn append_to(&self, json: &mut Vec<u8>) {
        if is_plain(self) {
            append_plain(json, &[self.as_bytes()]);
        } else {
            json.extend_from_slice(Value::from(self).to_string().as_bytes());
        }
    }
}

impl JsonText for PlainText<'_> {
    #[inline]
    fn append_to(&self, json: &mut Vec<u8>) {
        append_plain(json, &[self.0.as_bytes()]);
    }
}

impl<T: JsonText + ?Sized> JsonText for &T {
    #[inline]
    fn append_to(&self, json: &mut Vec<u8>) {
        (**self).append_to(json);
    }
}

impl<T: JsonText> JsonText for Option<T> {
    #[inline]
    fn append_to(&self, json: &mut Vec<u8>) {
        match self {
            Some(text) => text.append_to(json),
            None => json.extend_from_slice(b"null"),
        }
    }
}

impl JsonObject {
    /// An object without fields, with room for this number of bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut json = Vec::with_capacity(bytes);
        json.push(b'{');
        Self(json)
    }

    /// Adds a text, or `null`.
    #[expect(
        clippy::inline_always,
        reason = "if the compiler does not know the lengths of names, a get takes 230 instructions more"
    )]
    #[inline(always)]
    pub(crate) fn text(&mut self, name: &str, text: impl JsonText) {
        self.begin_field(name);
        text.append_to(&mut self.0);
    }

    /// Adds any value. Panics if serde cannot write it, as with a map whose keys are no texts.
    pub(crate) fn value(&mut self, name: &str, value: &impl Serialize) {
        self.begin_field(name);
        serde_json::to_writer(&mut self.0, value).expect("our own types have string keys");
    }

    /// Adds an object, whose fields `write` adds.
    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.begin_field(name);
        self.0.push(b'{');
        write(self);
        self.0.push(b'}');
    }

    /// The object.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    #[expect(clippy::inline_always, reason = "see `text`")]
    #[inline(always)]
    fn begin_field(&mut self, name: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }
}

/// Adds a text to JSON, with its quotation marks. Its parts are ASCII that needs no escapes.
#[inline]
pub(crate) fn append_plain(json: &mut Vec<u8>, parts: &[&[u8]]) {
    json.push(b'"');
    for part in parts {
        json.extend_from_slice(part);
    }
    json.push(b'"');
}

/// Whether a text is printable ASCII that JSON does not escape. The loop does not stop at the first other byte, so that
/// the compiler can use vector instructions.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    text.bytes().fold(true, |all, byte| all & is_plain(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn an_object_is_what_serde_writes(text in any::<String>(), plain in "[ -~]{0,40}", number: u64) {
            let mut object = JsonObject::with_capacity(0);
            object.text("text", &*text);
            object.text("plain", &*plain);
            object.text("none", None::<&str>);
            object.value("number", &number);
            object.object("below", |below| {
                below.text("text", &*text);
                below.object("empty", |_| {});
            });
            let below = json!({"text": text, "empty": {}});
            let expected = json!({"text": text, "plain": plain, "none": null, "number": number, "below": below});
            prop_assert_eq!(String::from_utf8(object.finish()), Ok(expected.to_string()));
        }
    }

    #[test]
    fn an_object_may_have_no_field() {
        assert_eq!(JsonObject::with_capacity(2).finish(), b"{}");
    }
}
