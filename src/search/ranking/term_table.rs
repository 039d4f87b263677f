//! Which terms occur in which chunks of a document, and how often.

use std::mem::size_of;

use super::terms::Term;

/// The number of chunks of a segment: one byte tells them apart.
const SEGMENT_CHUNKS: u32 = 256;

/// How many entries before and after the expected one are searched first.
const MIN_REACH: usize = 8;

/// The terms of a document, and where each occurs. It is divided into segments, so that a posting is small: of what a
/// chunk takes beside its text, postings are the most.
#[derive(Debug)]
pub(super) struct TermTable {
    /// The term of each posting: in order in each segment.
    terms: Box<[Term]>,
    /// By segment, then term, then chunk.
    postings: Box<[Posting]>,
    /// Where the segments after the first begin.
    later_segments: Box<[usize]>,
}

/// A chunk in which a term occurs.
#[derive(Debug, Clone, Copy)]
struct Posting {
    /// Its place in the segment.
    chunk: u8,
    count: u8,
}

/// The table of a document while its chunks are read, in their order.
#[derive(Debug, Default)]
pub(super) struct TermTableBuilder {
    /// Those of the segments that are complete, and of the last one, which is not sorted.
    found: Vec<(Term, u8, u8)>,
    /// The number of chunks of the last one.
    chunks: u32,
    /// Where the last segment begins.
    segment: usize,
    later_segments: Vec<usize>,
}

impl TermTableBuilder {
    /// Adds the terms of the next chunk, each with its count.
    pub(super) fn add_chunk(&mut self, terms: impl Iterator<Item = (Term, u8)>) {
        if self.chunks == SEGMENT_CHUNKS {
            self.end_segment();
            self.later_segments.push(self.segment);
            self.chunks = 0;
        }
        let chunk = self.chunks.to_le_bytes()[0];
        self.found.extend(terms.map(|(term, count)| (term, chunk, count)));
        self.chunks += 1;
    }

    fn end_segment(&mut self) {
        self.found[self.segment..].sort_unstable();
        self.segment = self.found.len();
    }

    pub(super) fn finish(mut self) -> TermTable {
        self.end_segment();
        TermTable {
            // Collected, because a vector that is shrunk by less than half keeps its memory.
            terms: self.found.iter().map(|(term, ..)| *term).collect(),
            postings: self.found.iter().map(|(_, chunk, count)| Posting { chunk: *chunk, count: *count }).collect(),
            later_segments: self.later_segments.into(),
        }
    }
}

impl TermTable {
    /// The memory that it takes, without the size of its own type.
    pub(super) fn weight_bytes(&self) -> usize {
        self.terms.len() * (size_of::<Term>() + size_of::<Posting>()) + size_of_val(&*self.later_segments)
    }

    /// Calls `visit` with each chunk in which a term occurs, in order, and with the number of its occurrences.
    pub(super) fn each(&self, term: Term, mut visit: impl FnMut(u32, u8)) {
        let (mut start, mut first_chunk) = (0, 0);
        for end in self.later_segments.iter().copied().chain([self.terms.len()]) {
            let terms = &self.terms[start..end];
            let below = below(terms, term);
            let same = terms[below..].iter().take_while(|other| **other == term);
            for (_, posting) in same.zip(&self.postings[start + below..]) {
                visit(first_chunk + u32::from(posting.chunk), posting.count);
            }
            start = end;
            first_chunk += SEGMENT_CHUNKS;
        }
    }

    /// Loads the memory in which a term of the first segment is expected. The number means nothing.
    pub(super) fn load(&self, term: Term) -> u64 {
        let end = self.later_segments.first().map_or(self.terms.len(), |end| *end);
        self.terms.get(expected_place(&self.terms[..end], term)).map_or(0, |term| u64::from(term.0))
    }
}

/// The number of terms below this one.
fn below(terms: &[Term], term: Term) -> usize {
    let is_below = |other: &Term| *other < term;
    let expected = expected_place(terms, term);
    let mut reach = MIN_REACH;
    loop {
        let (low, high) = (expected.saturating_sub(reach), (expected + reach).min(terms.len()));
        let starts_below = low == 0 || is_below(&terms[low]);
        if starts_below && !terms.get(high).is_some_and(is_below) {
            return low + terms[low..high].partition_point(is_below);
        }
        reach *= 4;
    }
}

/// The place of a term but for a few entries: terms are evenly distributed. To look there reads much less memory than a
/// binary search, which counts where many small documents are searched.
fn expected_place(terms: &[Term], term: Term) -> usize {
    let expected = (u64::from(term.0) * terms.len() as u64) >> 32;
    usize::try_from(expected).unwrap_or(usize::MAX)
}
