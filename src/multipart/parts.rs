//! Reads the parts of `multipart/form-data` as `python-multipart` does. A body that ends too early is a form without
//! the part that is incomplete.

use bytes::Bytes;
use memchr::memchr;
use memchr::memmem::Finder;

use super::charset::{Charset, latin1};
use super::options::Options;
use super::{FilePart, FormError, FormPart, MAX_FIELDS, MAX_FILES, TextBudget};

/// The limits of `python-multipart` for the headers of a part: their number, and the bytes of each without its line
/// end.
const MAX_HEADERS: usize = 8;
const MAX_HEADER_BYTES: usize = 4096 + 128;

/// A content with fewer bytes is copied. It is more than a read buffer of a connection holds.
const COPIED_BYTES: usize = 128 * 1024;

/// The punctuation that the name of a header may hold.
const TOKEN_PUNCTUATION: &[u8] = b"!#$%&'*+-.^_`|~";

/// The parts of a form with this boundary.
pub(super) fn read(body: &Bytes, boundary: &[u8], charset: Charset) -> Result<Vec<FormPart>, FormError> {
    let delimiter = [b"\r\n--", boundary].concat();
    let mut reader = Reader {
        body,
        finder: Finder::new(&delimiter),
        charset,
        text: TextBudget::default(),
        files: 0,
        parts: Vec::new(),
    };
    let mut next = reader.first_delimiter(&delimiter[2..])?;
    while let Delimiter::Part(at) = next {
        next = reader.read_part(at)?;
    }
    Ok(reader.parts)
}

struct Reader<'a> {
    body: &'a Bytes,
    /// Finds a line end, two hyphens and the boundary.
    finder: Finder<'a>,
    charset: Charset,
    text: TextBudget,
    /// The number of files so far; the other parts are fields.
    files: usize,
    parts: Vec<FormPart>,
}

/// The part or the end behind a delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delimiter {
    /// A part, whose headers begin at this position.
    Part(usize),
    /// No part: it is the last delimiter, or the body ends too early.
    End,
}

/// One header of a part.
#[derive(Debug)]
struct PartHeader<'a> {
    name: &'a [u8],
    value: &'a [u8],
    /// The position of the line after it.
    next: usize,
}

/// The headers of a part that are used.
#[derive(Debug, Default)]
struct PartHeaders {
    /// The last one of this name.
    disposition: Vec<u8>,
    /// The first one of this name.
    content_type: Option<String>,
}

impl Reader<'_> {
    /// The first delimiter. Before it only line ends are allowed, and behind these anything without a hyphen.
    fn first_delimiter(&self, opening: &[u8]) -> Result<Delimiter, FormError> {
        let body: &[u8] = self.body;
        let start = match body.first() {
            Some(b'\r' | b'\n') => memchr(b'-', body),
            Some(_) => Some(0),
            None => None,
        };
        let Some(start) = start else { return Ok(Delimiter::End) };
        match body[start..].strip_prefix(opening) {
            Some([] | [b'\r' | b'-'] | [b'-', b'-', ..]) => Ok(Delimiter::End),
            Some([b'\r', b'\n', ..]) => Ok(Delimiter::Part(start + opening.len() + 2)),
            None if opening.starts_with(&body[start..]) => Ok(Delimiter::End),
            _ => Err(FormError::Malformed),
        }
    }

    /// Reads one part; the delimiter behind it.
    fn read_part(&mut self, at: usize) -> Result<Delimiter, FormError> {
        let Some((headers, start)) = read_headers(self.body, at)? else { return Ok(Delimiter::End) };
        let options = Options::read(&headers.disposition);
        let name = self.charset.decode(options.get("name").ok_or(FormError::MissingName)?);
        let filename = options.get("filename").map(|filename| self.charset.decode(filename));
        self.count(filename.is_some())?;
        let (end, delimiter) = self.find_delimiter(start);
        if filename.is_none() {
            self.text.add(end - start, FormError::PartTooLarge)?;
        }
        let Some(delimiter) = delimiter.transpose()? else { return Ok(Delimiter::End) };
        let content = self.body.slice(start..end);
        self.parts.push(match filename {
            Some(filename) => {
                let file =
                    FilePart { filename, content_type: headers.content_type, bytes: self.copy_if_small(content) };
                FormPart { name, file: Some(file), text: String::new() }
            }
            None => FormPart { name, file: None, text: self.charset.decode(&content) },
        });
        Ok(delimiter)
    }

    /// Counts a part against the limits of the framework.
    fn count(&mut self, is_file: bool) -> Result<(), FormError> {
        let fields = self.parts.len() - self.files;
        match is_file {
            true if self.files == MAX_FILES => return Err(FormError::TooManyFiles),
            false if fields == MAX_FIELDS => return Err(FormError::TooManyFields),
            _ => {}
        }
        self.files += usize::from(is_file);
        Ok(())
    }

    /// The content, copied if it is small or less than half of the body: a copy keeps neither the rest of the body nor
    /// a read buffer in memory.
    fn copy_if_small(&self, content: Bytes) -> Bytes {
        let is_small = content.len() < COPIED_BYTES || content.len() < self.body.len() / 2;
        if is_small { Bytes::copy_from_slice(&content) } else { content }
    }

    /// The end of a content that begins at `start`, and the delimiter behind it; `None` if the body ends before it is
    /// complete.
    fn find_delimiter(&self, start: usize) -> (usize, Option<Result<Delimiter, FormError>>) {
        let (body, length): (&[u8], usize) = (self.body, self.finder.needle().len());
        let mut from = start;
        while let Some(found) = self.finder.find(&body[from..]) {
            let (end, behind) = (from + found, from + found + length);
            match &body[behind..] {
                [b'\r', b'\n', ..] => return (end, Some(Ok(Delimiter::Part(behind + 2)))),
                [b'-', b'-', ..] => return (end, Some(Ok(Delimiter::End))),
                [] | [b'\r' | b'-'] => return (end, None),
                [b' ' | b'\t', ..] => return (end, delimiter_after_blanks(body, behind).transpose()),
                // The boundary is followed by something else, so it is content.
                _ => from = behind,
            }
        }
        // Bytes that may be the beginning of a delimiter are not content.
        let tail = body.len().saturating_sub(length - 1).max(start);
        let partial = body[tail..].iter().rposition(|byte| *byte == b'\r').map(|at| tail + at);
        let partial = partial.filter(|at| self.finder.needle().starts_with(&body[*at..]));
        (partial.unwrap_or(body.len()), None)
    }
}

/// A delimiter with blanks behind its boundary; `None` if the body ends within it.
fn delimiter_after_blanks(body: &[u8], blanks: usize) -> Result<Option<Delimiter>, FormError> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let end = body[blanks..].iter().position(|byte| !is_blank(byte)).map_or(body.len(), |at| blanks + at);
    match &body[end..] {
        [b'\r', b'\n', ..] => Ok(Some(Delimiter::Part(end + 2))),
        [] | [b'\r'] => Ok(None),
        _ => Err(FormError::Malformed),
    }
}

/// Reads the headers of a part, and the position behind them; `None` if the body ends within them.
fn read_headers(body: &[u8], mut at: usize) -> Result<Option<(PartHeaders, usize)>, FormError> {
    let mut headers = PartHeaders::default();
    let mut count = 0;
    loop {
        match &body[at..] {
            [b'\r', b'\n', ..] => return Ok(Some((headers, at + 2))),
            [] | [b'\r'] => return Ok(None),
            _ if count == MAX_HEADERS => return Err(FormError::Malformed),
            _ => {}
        }
        let Some(PartHeader { name, value, next }) = read_header(body, at)? else { return Ok(None) };
        if name.eq_ignore_ascii_case(b"content-disposition") {
            headers.disposition = value.to_vec();
        } else if name.eq_ignore_ascii_case(b"content-type") && headers.content_type.is_none() {
            headers.content_type = Some(latin1(value));
        }
        (at, count) = (next, count + 1);
    }
}

/// The header at this position; `None` if the body ends within it.
fn read_header(body: &[u8], at: usize) -> Result<Option<PartHeader<'_>>, FormError> {
    let line = &body[at..];
    let Some(colon) = memchr(b':', line) else {
        let is_valid = line.len() <= MAX_HEADER_BYTES && line.iter().copied().all(is_token);
        return if is_valid { Ok(None) } else { Err(FormError::Malformed) };
    };
    let name = &line[..colon];
    if name.is_empty() || name.len() >= MAX_HEADER_BYTES || !name.iter().copied().all(is_token) {
        return Err(FormError::Malformed);
    }
    let end = memchr(b'\r', &line[colon..]).map_or(line.len(), |found| colon + found);
    if end > MAX_HEADER_BYTES {
        return Err(FormError::Malformed);
    }
    let value = &line[colon + 1..end];
    let value = &value[value.iter().take_while(|byte| **byte == b' ').count()..];
    match &line[end..] {
        [] | [b'\r'] => Ok(None),
        [b'\r', b'\n', ..] => Ok(Some(PartHeader { name, value, next: at + end + 2 })),
        _ => Err(FormError::Malformed),
    }
}

/// Whether a byte may stand in the name of a header.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || TOKEN_PUNCTUATION.contains(&byte)
}
