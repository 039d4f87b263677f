//! Parses a header value with parameters, such as `form-data; name="file"; filename="a.pdf"`, as `python-multipart`
//! does.

/// A header value and its parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    value: Vec<u8>,
    /// Names in lower case; the last of equal names applies.
    parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Options {
    pub(super) fn read(header: &[u8]) -> Self {
        let mut segments = segments(header);
        let value = segments.next().map(normalise).unwrap_or_default();
        let parameters = segments.map(|segment| parameter(&normalise(segment)));
        // `name*=` and `name*0=` are ignored: RFC 7578 forbids them.
        let parameters = parameters.filter(|(name, _)| !name.contains(&b'*')).collect();
        Self { value: value.to_ascii_lowercase(), parameters }
    }

    /// The value in lower case, without parameters.
    pub(super) fn value(&self) -> &[u8] {
        &self.value
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.parameters.iter().rev().find(|(known, _)| known == name.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }
}

/// The parts of a header value between semicolons. A semicolon within double quotes separates nothing; a quote behind a
/// backslash does not count.
fn segments(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut previous) = (false, b';');
    header.split(move |byte| {
        let is_separator = *byte == b';' && !is_quoted;
        is_quoted ^= *byte == b'"' && previous != b'\\';
        previous = *byte;
        is_separator
    })
}

/// A segment with its name in lower case, without spaces around the name and the value.
fn normalise(segment: &[u8]) -> Vec<u8> {
    let Some(equals) = segment.iter().position(|byte| *byte == b'=') else { return trim(segment).to_vec() };
    let (name, value) = (&segment[..equals], &segment[equals + 1..]);
    [&trim(name).to_ascii_lowercase(), b"=".as_slice(), trim(value)].concat()
}

/// Removes spaces and tabs at both ends.
fn trim(bytes: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = bytes.iter().position(|byte| !is_blank(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// The name and the value of a parameter; the value is without its quotes.
fn parameter(segment: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let equals = segment.iter().position(|byte| *byte == b'=').unwrap_or(segment.len());
    let (name, value) = (segment[..equals].to_vec(), segment.get(equals + 1..).unwrap_or_default());
    let mut value = match value {
        [b'"', inner @ .., b'"'] => unescape(inner),
        _ => value.to_vec(),
    };
    if name == b"filename" && is_windows_path(&value) {
        // An old browser sends the whole path of a file.
        value = value.rsplit(|byte| *byte == b'\\').next().unwrap_or_default().to_vec();
    }
    (name, value)
}

/// Replaces `\\` by `\`, then `\"` by `"`. The two steps are those of `python-multipart`; `\\"` becomes `"`.
fn unescape(quoted: &[u8]) -> Vec<u8> {
    replace(&replace(quoted, *b"\\\\"), *b"\\\"")
}

/// Replaces each pair by its second byte.
fn replace(bytes: &[u8], pair: [u8; 2]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(byte) = rest.first() {
        let step = if rest.starts_with(&pair) { 2 } else { 1 };
        replaced.push(if step == 2 { pair[1] } else { *byte });
        rest = &rest[step..];
    }
    replaced
}

fn is_windows_path(filename: &[u8]) -> bool {
    filename.get(1..3) == Some(b":\\") || filename.starts_with(b"\\\\")
}
