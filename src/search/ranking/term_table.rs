//! Which terms occur in which chunks of a document, and how often.

use super::terms::Term;

/// The number of chunks of a segment: six bits tell them apart.
const SEGMENT_CHUNKS: u8 = 64;

/// The counts that are told apart; others are taken for the next lower one.
pub(super) const COUNTS: [u8; 4] = [1, 2, 4, 8];

/// How many postings before and after the expected one are searched first.
const MIN_REACH: usize = 8;

/// The terms of a document, and where each occurs. It is divided into segments, so that a posting is small: of what a
/// chunk takes beside its text, postings are the most.
#[derive(Debug)]
pub(super) struct TermTable {
    /// By segment, then term, then chunk.
    postings: Box<[Posting]>,
    /// Where the segments after the first begin.
    later_segments: Box<[usize]>,
}

/// A term in a chunk.
#[derive(Debug, Clone, Copy)]
struct Posting {
    /// The term in bytes, because a posting with a number would take eight and not five.
    term: [u8; 4],
    /// The place of the chunk in the segment in the low six bits, above them the place of the count in [`COUNTS`].
    chunk_and_count: u8,
}

impl Posting {
    fn new(term: Term, chunk: u8, count: u8) -> Self {
        let level = COUNTS[1..].iter().filter(|least| **least <= count).map(|_| SEGMENT_CHUNKS).sum::<u8>();
        Self { term: term.0.to_le_bytes(), chunk_and_count: chunk | level }
    }

    fn term(self) -> Term {
        Term(u32::from_le_bytes(self.term))
    }

    fn chunk(self) -> u8 {
        self.chunk_and_count % SEGMENT_CHUNKS
    }

    fn count(self) -> u8 {
        COUNTS[usize::from(self.chunk_and_count / SEGMENT_CHUNKS)]
    }
}

/// The table of a document while its chunks are read, in their order.
#[derive(Debug, Default)]
pub(super) struct TermTableBuilder {
    /// Those of the segments that are complete, and of the last one, which is not sorted.
    postings: Vec<Posting>,
    /// The number of chunks of the last one.
    chunks: u8,
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
        let chunk = self.chunks;
        self.postings.extend(terms.map(|(term, count)| Posting::new(term, chunk, count)));
        self.chunks += 1;
    }

    fn end_segment(&mut self) {
        self.postings[self.segment..].sort_unstable_by_key(|posting| (posting.term(), posting.chunk()));
        self.segment = self.postings.len();
    }

    pub(super) fn finish(mut self) -> TermTable {
        self.end_segment();
        // Copied, because a vector that is shrunk by less than half keeps its memory.
        TermTable { postings: self.postings.as_slice().into(), later_segments: self.later_segments.into() }
    }
}

impl TermTable {
    /// The memory that it takes, without the size of its own type.
    pub(super) fn weight_bytes(&self) -> usize {
        size_of_val(&*self.postings) + size_of_val(&*self.later_segments)
    }

    /// Calls `visit` with each chunk in which a term occurs, in order, and with the number of its occurrences.
    pub(super) fn each(&self, term: Term, mut visit: impl FnMut(u32, u8)) {
        let (mut start, mut first_chunk) = (0, 0);
        for end in self.later_segments.iter().copied().chain([self.postings.len()]) {
            let postings = &self.postings[start..end];
            for posting in postings[below(postings, term)..].iter().take_while(|posting| posting.term() == term) {
                visit(first_chunk + u32::from(posting.chunk()), posting.count());
            }
            start = end;
            first_chunk += u32::from(SEGMENT_CHUNKS);
        }
    }

    /// Loads the memory in which a term of the first segment is expected. The number means nothing.
    pub(super) fn load(&self, term: Term) -> u64 {
        let end = self.later_segments.first().map_or(self.postings.len(), |end| *end);
        self.postings.get(expected_place(end, term)).map_or(0, |posting| u64::from(posting.term().0))
    }
}

/// The number of postings whose terms are below this one.
fn below(postings: &[Posting], term: Term) -> usize {
    let is_below = |posting: &Posting| posting.term() < term;
    let expected = expected_place(postings.len(), term);
    let mut reach = MIN_REACH;
    loop {
        let (low, high) = (expected.saturating_sub(reach), (expected + reach).min(postings.len()));
        let starts_below = low == 0 || is_below(&postings[low]);
        if starts_below && !postings.get(high).is_some_and(is_below) {
            return low + postings[low..high].partition_point(is_below);
        }
        reach *= 4;
    }
}

/// The place of a term among so many postings, but for a few: terms are evenly distributed. To look there reads much
/// less memory than a binary search, which counts where many small documents are searched.
fn expected_place(postings: usize, term: Term) -> usize {
    let expected = (u64::from(term.0) * postings as u64) >> 32;
    usize::try_from(expected).unwrap_or(usize::MAX)
}
