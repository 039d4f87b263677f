//! stub
use bytes::Bytes;
#[derive(Debug)]
pub(crate) struct Text(Bytes);
impl Text {
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("text")
    }
    pub(crate) fn len_chars(&self) -> usize {
        self.as_str().chars().count()
    }
    pub(crate) fn slice_chars(&self, s: usize, e: usize) -> &str {
        let t = self.as_str();
        let b = |n: usize| t.char_indices().nth(n).map_or(t.len(), |(i, _)| i);
        let (s, e) = (b(s), b(e));
        &t[s..e.max(s)]
    }
    pub(crate) fn char_of(&self, byte: usize) -> usize {
        self.as_str()[..byte].chars().count()
    }
}
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) chars: std::ops::Range<u32>,
    pub(crate) bytes: std::ops::Range<u32>,
    pub(crate) pages: (u32, u32),
    pub(crate) tokens: u32,
}
#[derive(Debug)]
pub(crate) struct Document {
    text: Text,
    chunks: Vec<Chunk>,
}
impl Document {
    pub(crate) fn content(&self, c: &Chunk) -> &str {
        &self.text.as_str()[c.bytes.start as usize..c.bytes.end as usize]
    }
    pub(crate) fn text(&self) -> &Text {
        &self.text
    }
    pub(crate) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }
    pub(crate) fn weight_bytes(&self) -> usize {
        self.text.0.len()
    }
}
pub(crate) fn read(_name: &str, bytes: &Bytes) -> Result<Document, String> {
    String::from_utf8(bytes.to_vec()).map_err(|e| e.to_string()).map(|t| d(t.into()))
}
pub(crate) fn read_text(text: &str) -> Result<Document, String> {
    Ok(d(Bytes::copy_from_slice(text.as_bytes())))
}
fn d(b: Bytes) -> Document {
    let n = b.len() as u32;
    let chars = std::str::from_utf8(&b).expect("x").chars().count() as u32;
    Document { text: Text(b), chunks: vec![Chunk { chars: 0..chars, bytes: 0..n, pages: (1, 1), tokens: n / 4 }] }
}
