//! A document as it is searched: which term occurs in which chunk, and a vector a chunk, built once when a file is
//! read.

use std::borrow::Cow;
use std::mem::size_of;

use super::terms::{Term, Terms, is_stop_word};
use super::vector::{self, DIMENSIONS, Sums, Trigrams};
use super::words::each_token;
use crate::documents::Document;

/// The unit in which processors load memory.
const CACHE_LINE_BYTES: usize = 64;

/// How many entries before and after the expected one are searched first.
const MIN_REACH: usize = 8;

/// A chunk in which a term occurs, and how often. Packed: of what a chunk takes beside its text, postings are the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(Rust, packed)]
pub(super) struct Posting {
    pub(super) chunk: u16,
    pub(super) count: u8,
}

/// A document that was read, and what ranking needs of it. It never changes: an index is a selection of such documents.
///
/// Beside its document it takes 7 bytes for each different word of a chunk, and 260 bytes a chunk.
#[derive(Debug)]
pub(crate) struct SearchableDocument {
    document: Document,
    /// The term of each posting, in order.
    terms: Box<[Term]>,
    /// By term, then chunk.
    postings: Box<[Posting]>,
    /// A row of `DIMENSIONS` entries a chunk.
    vectors: Box<[i8]>,
    /// The number of words of each chunk.
    lengths: Box<[u16]>,
    /// The length of each chunk's vector before it was made a row.
    norms: Box<[u16]>,
    /// The number of words of all chunks.
    words: u64,
}

impl SearchableDocument {
    /// Reads the words of each chunk. Documents have at most 65,535 chunks.
    pub(crate) fn new(document: Document) -> Self {
        let reader = ChunkReader::new();
        let mut found = Vec::new();
        let chunks = document.chunks().len();
        let mut vectors = Vec::with_capacity(chunks * DIMENSIONS);
        let (mut lengths, mut norms) = (Vec::with_capacity(chunks), Vec::with_capacity(chunks));
        for (chunk, number) in document.chunks().iter().zip(0..=u16::MAX) {
            let content = reader.read(&document.content(chunk));
            found.extend(content.terms.iter().map(|ChunkTerm { term, count, .. }| (*term, number, *count)));
            let sums = content.sums();
            vectors.extend(sums.row());
            norms.push(sums.norm());
            lengths.push(content.length);
        }
        found.sort_unstable();
        let words = lengths.iter().map(|length| u64::from(*length)).sum();
        Self {
            document,
            // Collected, because a vector that is shrunk by less than half keeps its memory.
            terms: found.iter().map(|(term, ..)| *term).collect(),
            postings: found.iter().map(|(_, chunk, count)| Posting { chunk: *chunk, count: *count }).collect(),
            vectors: vectors.into(),
            lengths: lengths.into(),
            norms: norms.into(),
            words,
        }
    }

    /// The document that was read.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// The memory that it takes, its text included.
    pub(crate) fn weight_bytes(&self) -> usize {
        let own = size_of::<Self>() - size_of::<Document>();
        own + self.document.weight_bytes()
            + self.postings.len() * (size_of::<Term>() + size_of::<Posting>())
            + self.vectors.len()
            + 2 * self.lengths.len() * size_of::<u16>()
    }

    /// The text of a chunk.
    pub(super) fn chunk_text(&self, chunk: usize) -> Cow<'_, str> {
        self.document.chunks().get(chunk).map_or(Cow::Borrowed(""), |chunk| self.document.content(chunk))
    }

    /// The first line of the text: the title of a document, the header of a table, the comment that opens a source
    /// file.
    pub(super) fn first_line(&self) -> &str {
        let first = self.document.chunks().first().map_or("", |chunk| self.document.part(chunk));
        first.lines().next().unwrap_or("")
    }

    /// The number of words of each chunk.
    pub(super) fn lengths(&self) -> &[u16] {
        &self.lengths
    }

    /// The number of words of all chunks.
    pub(super) fn words(&self) -> u64 {
        self.words
    }

    /// The rows of all chunks.
    pub(super) fn vectors(&self) -> &[i8] {
        &self.vectors
    }

    /// The row of a chunk.
    pub(super) fn vector(&self, chunk: usize) -> &[i8] {
        &self.vectors[chunk * DIMENSIONS..(chunk + 1) * DIMENSIONS]
    }

    /// The length of a chunk's vector before it was made a row, at least 1.
    pub(super) fn norm(&self, chunk: usize) -> f64 {
        f64::from(self.norms[chunk])
    }

    /// The chunks in which a term occurs, in order.
    pub(super) fn postings(&self, term: Term) -> &[Posting] {
        let start = self.start(term);
        let count = self.terms[start..].iter().take_while(|other| **other == term).count();
        &self.postings[start..start + count]
    }

    /// The number of postings of terms below this one.
    fn start(&self, term: Term) -> usize {
        let is_below = |other: &Term| *other < term;
        let expected = self.expected_place(term);
        let mut reach = MIN_REACH;
        loop {
            let (low, high) = (expected.saturating_sub(reach), (expected + reach).min(self.terms.len()));
            let starts_below = low == 0 || is_below(&self.terms[low]);
            if starts_below && !self.terms.get(high).is_some_and(is_below) {
                return low + self.terms[low..high].partition_point(is_below);
            }
            reach *= 4;
        }
    }

    /// The place of a term but for a few entries: terms are evenly distributed. To look there reads much less memory
    /// than a binary search, which counts where many small documents are searched.
    fn expected_place(&self, term: Term) -> usize {
        let expected = (u64::from(term.0) * self.terms.len() as u64) >> 32;
        usize::try_from(expected).unwrap_or(usize::MAX)
    }

    /// Loads the memory in which a term is expected. The number means nothing.
    pub(super) fn load_postings(&self, term: Term) -> u64 {
        self.terms.get(self.expected_place(term)).map_or(0, |term| u64::from(term.0))
    }

    /// Loads the memory of the first row. The number means nothing.
    pub(super) fn load_vectors(&self) -> u64 {
        let lines = self.vectors.iter().take(DIMENSIONS).step_by(CACHE_LINE_BYTES);
        lines.map(|entry| u64::from(entry.unsigned_abs())).sum()
    }
}

/// Reads the words of chunks.
struct ChunkReader {
    terms: Terms,
}

/// A term of a chunk.
struct ChunkTerm {
    term: Term,
    rarity: i32,
    /// At most 255: only a chunk of one short word again and again has more.
    count: u8,
}

/// What a chunk contains.
struct ChunkWords {
    terms: Vec<ChunkTerm>,
    trigrams: Trigrams,
    length: u16,
}

impl ChunkReader {
    fn new() -> Self {
        Self { terms: Terms::new() }
    }

    fn read(&self, text: &str) -> ChunkWords {
        let mut found: Vec<(Term, i32)> = Vec::new();
        let mut trigrams = Trigrams::new();
        let length = each_token(text, |token| {
            if !is_stop_word(token.text) {
                let stem = self.terms.stem(token.text);
                trigrams.add(&stem);
                found.push((super::terms::hash(&stem), vector::rarity(&stem)));
            }
        });
        found.sort_unstable();
        let terms = found.chunk_by(|one, other| one.0 == other.0).map(|same| ChunkTerm {
            term: same[0].0,
            rarity: same[0].1,
            count: u8::try_from(same.len()).unwrap_or(u8::MAX),
        });
        ChunkWords { terms: terms.collect(), trigrams, length: u16::try_from(length).unwrap_or(u16::MAX) }
    }
}

impl ChunkWords {
    fn sums(&self) -> Sums {
        let weighted = self.terms.iter().map(|found| (found.term, found.rarity * vector::frequency(found.count)));
        vector::sums(weighted, &self.trigrams)
    }
}

#[cfg(test)]
mod tests {
    use super::super::documents_for_tests::document_of;
    use super::super::terms::hash;

    #[test]
    fn each_term_is_found_where_it_occurs() {
        for words in [1, 2, 10, 300, 5_000] {
            let text = (0..words).map(|number| format!("word{number} common")).collect::<Vec<_>>().join(" ");
            let document = document_of(&[text]);
            for number in 0..words {
                let found = document.postings(hash(&format!("word{number}")));
                assert_eq!(found.iter().map(|posting| posting.count).collect::<Vec<_>>(), [1]);
                assert_eq!(document.postings(hash(&format!("other{number}"))), []);
            }
            let common: usize = document.postings(hash("common")).iter().map(|found| usize::from(found.count)).sum();
            assert_eq!(common, words);
        }
    }

    #[test]
    fn a_document_without_chunks_has_no_terms() {
        let document = document_of(&[""]);
        assert_eq!(document.postings(hash("word")), []);
        assert_eq!((document.lengths().len(), document.words()), (0, 0));
    }
}
