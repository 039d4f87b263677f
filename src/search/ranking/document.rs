//! A document as it is searched: which term occurs in which chunk, and a vector a chunk, built once when a file is
//! read.

use std::mem::size_of;

use super::terms::{Term, Terms, is_stop_word};
use super::vector::{self, DIMENSIONS, Sums, Trigrams};
use super::words::each_token;
use crate::documents::Document;

/// The unit in which processors load memory.
const CACHE_LINE_BYTES: usize = 64;

/// How often a term occurs in a chunk. Packed: of what a chunk takes beside its text, postings are the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(Rust, packed)]
pub(super) struct Posting {
    pub(super) term: Term,
    pub(super) chunk: u16,
    pub(super) count: u8,
}

/// A document that was read, and what ranking needs of it. It never changes: an index is a selection of such documents.
///
/// Beside its document it takes 7 bytes for each different word of a chunk, and 260 bytes a chunk.
#[derive(Debug)]
pub(crate) struct SearchableDocument {
    document: Document,
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
        let builder = ChunkReader::new();
        let mut postings = Vec::new();
        let chunks = document.chunks().len();
        let mut vectors = Vec::with_capacity(chunks * DIMENSIONS);
        let (mut lengths, mut norms) = (Vec::with_capacity(chunks), Vec::with_capacity(chunks));
        for (chunk, number) in document.chunks().iter().zip(0..=u16::MAX) {
            let content = builder.read(document.content(chunk));
            postings.extend(content.terms.iter().map(|found| Posting {
                term: found.term,
                chunk: number,
                count: found.count,
            }));
            let sums = content.sums();
            vectors.extend(sums.row());
            norms.push(sums.norm());
            lengths.push(content.length);
        }
        postings.sort_unstable();
        let words = lengths.iter().map(|length| u64::from(*length)).sum();
        Self {
            document,
            postings: postings.into(),
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
            + self.postings.len() * size_of::<Posting>()
            + self.vectors.len()
            + 2 * self.lengths.len() * size_of::<u16>()
    }

    /// The text of a chunk.
    pub(super) fn chunk_text(&self, chunk: usize) -> &str {
        self.document.chunks().get(chunk).map_or("", |chunk| self.document.content(chunk))
    }

    /// The first line of the text: the title of a document, the header of a table, the comment that opens a source
    /// file.
    pub(super) fn first_line(&self) -> &str {
        self.chunk_text(0).lines().next().unwrap_or("")
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

    /// How often a term occurs in a chunk.
    pub(super) fn count(&self, term: Term, chunk: usize) -> u8 {
        let in_document = self.postings(term);
        let found = in_document.binary_search_by_key(&chunk, |posting| usize::from(posting.chunk));
        found.map_or(0, |place| in_document[place].count)
    }

    /// The chunks in which a term occurs, in order.
    ///
    /// Terms are evenly distributed, so that the place of one is known but for a few entries: much less than a binary
    /// search reads, which counts where many small documents are searched.
    pub(super) fn postings(&self, term: Term) -> &[Posting] {
        let all = &self.postings;
        let expected = (u64::from(term.0) * all.len() as u64) >> 32;
        let expected = usize::try_from(expected).unwrap_or(usize::MAX);
        let start = if all.get(expected).is_some_and(|posting| { posting.term } < term) {
            start_after(all, expected, term)
        } else {
            start_before(all, expected.min(all.len()), term)
        };
        let found = &all[start..];
        let count = found.iter().take_while(|posting| { posting.term } == term).count();
        &found[..count]
    }

    /// Loads the memory of the first row. The number means nothing.
    pub(super) fn load_vectors(&self) -> i8 {
        self.vectors.iter().take(DIMENSIONS).step_by(CACHE_LINE_BYTES).fold(0, |sum, entry| sum.wrapping_add(*entry))
    }
}

/// The first entry that is not below the term, which comes after `low`.
fn start_after(all: &[Posting], mut low: usize, term: Term) -> usize {
    let mut step = 4;
    while all.get(low + step).is_some_and(|posting| { posting.term } < term) {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(all.len());
    low + all[low..high].partition_point(|posting| { posting.term } < term)
}

/// The first entry that is not below the term, which is at most `high`.
fn start_before(all: &[Posting], mut high: usize, term: Term) -> usize {
    let mut step = 4;
    while high >= step && { all[high - step].term } >= term {
        high -= step;
        step *= 2;
    }
    let low = high.saturating_sub(step);
    low + all[low..high].partition_point(|posting| { posting.term } < term)
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
            let chunks = 0..document.lengths().len();
            let common: usize = chunks.map(|chunk| usize::from(document.count(hash("common"), chunk))).sum();
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
