//! A document as it is searched: which term occurs in which chunk, and a vector a chunk, built once when a file is
//! read.

use std::borrow::Cow;
use std::mem::size_of;

use super::term_table::{TermTable, TermTableBuilder};
use super::terms::{Term, Terms, is_stop_word};
use super::vector::{self, ROW_BYTES, Sums, Trigrams};
use super::words::each_token;
use crate::documents::Document;

/// The unit in which processors load memory.
const CACHE_LINE_BYTES: usize = 64;

/// A document that was read, and what ranking needs of it. It never changes: an index is a selection of such documents.
///
/// Beside its document it takes 5 bytes for each different word of a chunk, and 132 bytes a chunk.
#[derive(Debug)]
pub(crate) struct SearchableDocument {
    document: Document,
    terms: TermTable,
    /// A row a chunk.
    vectors: Box<[u8]>,
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
        let mut terms = TermTableBuilder::default();
        let chunks = document.chunks().len();
        let mut vectors = Vec::with_capacity(chunks * ROW_BYTES);
        let (mut lengths, mut norms) = (Vec::with_capacity(chunks), Vec::with_capacity(chunks));
        for chunk in document.chunks() {
            let content = reader.read(&document.content(chunk));
            terms.add_chunk(content.terms.iter().map(|ChunkTerm { term, count, .. }| (*term, *count)));
            let sums = content.sums();
            vectors.extend(sums.row());
            norms.push(sums.norm());
            lengths.push(content.length);
        }
        let words = lengths.iter().map(|length| u64::from(*length)).sum();
        Self {
            document,
            terms: terms.finish(),
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
            + self.terms.weight_bytes()
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
    pub(super) fn vectors(&self) -> &[u8] {
        &self.vectors
    }

    /// The row of a chunk.
    pub(super) fn vector(&self, chunk: usize) -> &[u8] {
        &self.vectors[chunk * ROW_BYTES..(chunk + 1) * ROW_BYTES]
    }

    /// The length of a chunk's vector before it was made a row, at least 1.
    pub(super) fn norm(&self, chunk: usize) -> f64 {
        f64::from(self.norms[chunk])
    }

    /// Which terms occur in which chunks.
    pub(super) fn terms(&self) -> &TermTable {
        &self.terms
    }

    /// Loads the memory of the first row. The number means nothing.
    pub(super) fn load_vectors(&self) -> u64 {
        let lines = self.vectors.iter().take(ROW_BYTES).step_by(CACHE_LINE_BYTES);
        lines.map(|entry| u64::from(*entry)).sum()
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
    use super::super::term_table::COUNTS;
    use super::super::terms::hash;
    use super::SearchableDocument;

    fn found(document: &SearchableDocument, word: &str) -> Vec<(u32, u8)> {
        let mut found = Vec::new();
        document.terms().each(hash(word), |chunk, count| found.push((chunk, count)));
        found
    }

    #[test]
    fn each_term_is_found_where_it_occurs() {
        for words in [1, 2, 10, 300, 5_000, 40_000] {
            let text = (0..words).map(|number| format!("word{number} common")).collect::<Vec<_>>().join(" ");
            let document = document_of(&[text]);
            let chunks = u32::try_from(document.lengths().len()).expect("few");
            let mut last_chunk = 0;
            for number in 0..words {
                let [(chunk, 1)] = *found(&document, &format!("word{number}")) else { panic!("word{number}") };
                assert!((last_chunk..chunks).contains(&chunk), "{chunk}");
                last_chunk = chunk;
                assert_eq!(found(&document, &format!("other{number}")), []);
            }
            assert_eq!(last_chunk, chunks - 1);
            let common = found(&document, "common");
            assert!(common.iter().map(|(chunk, _)| *chunk).eq(0..chunks));
            for (chunk, count) in common {
                let occurrences = document.chunk_text(chunk as usize).matches("common").count();
                let kept = COUNTS.into_iter().rfind(|kept| usize::from(*kept) <= occurrences);
                assert_eq!(Some(count), kept, "chunk {chunk} of {words} words");
            }
        }
    }

    #[test]
    fn counts_are_kept_as_1_2_4_or_8() {
        let kept = |count| found(&document_of(&[vec!["word"; count].join(" ")]), "word");
        for (count, expected) in (1..=10).zip([1, 2, 2, 4, 4, 4, 4, 8, 8, 8]) {
            assert_eq!(kept(count), [(0, expected)], "{count}");
        }
    }

    /// docs/security.md says so, with the place of the chunk in its document.
    #[test]
    fn a_chunk_takes_132_bytes_and_5_for_each_different_word() {
        let text = |words| (0..words).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
        let weight = |texts: &[String]| {
            let document = document_of(texts);
            assert_eq!(document.lengths().len(), texts.len());
            document.weight_bytes() - document.document().weight_bytes()
        };
        let (one, two) = (weight(&[text(10)]), weight(&[text(10), text(20)]));
        assert_eq!(two - one, 132 + 20 * 5);
    }

    #[test]
    fn a_document_without_chunks_has_no_terms() {
        let document = document_of(&[""]);
        assert_eq!(found(&document, "word"), []);
        assert_eq!((document.lengths().len(), document.words()), (0, 0));
    }
}
