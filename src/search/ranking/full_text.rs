//! The full-text side: BM25 over the chunks of the selected documents.

use super::document::SearchableDocument;
use super::numbers::{count_as_f64, natural_logarithm};
use super::selection::Selection;
use super::terms::Term;

/// How fast further occurrences of a term stop to count.
const SATURATION: f64 = 1.2;

/// How much longer chunks are held to be less about each of their words.
const LENGTH_NORMALISATION: f64 = 0.75;

/// The occurrences of one term in all selected chunks.
pub(super) struct Occurrences {
    /// In the order of chunks.
    matches: Vec<TermMatch>,
}

struct TermMatch {
    /// The number of the chunk within the selection.
    chunk: u32,
    count: u8,
    /// The number of words of the chunk.
    length: u16,
}

impl Occurrences {
    /// The number of chunks that contain the term.
    pub(super) fn chunks(&self) -> usize {
        self.matches.len()
    }

    /// How often the term occurs in a chunk.
    pub(super) fn count(&self, chunk: u32) -> u8 {
        self.matches.binary_search_by_key(&chunk, |found| found.chunk).map_or(0, |place| self.matches[place].count)
    }
}

/// Finds each term in the selected documents.
pub(super) fn find(selection: &Selection<'_>, terms: &[Term]) -> Vec<Occurrences> {
    let mut found: Vec<Occurrences> = terms.iter().map(|_| Occurrences { matches: Vec::new() }).collect();
    let load = |document: &SearchableDocument| terms.iter().map(|term| document.terms().load(*term)).sum();
    for (first_chunk, document) in selection.loaded(load) {
        let lengths = document.lengths();
        for (term, occurrences) in terms.iter().zip(&mut found) {
            document.terms().each(*term, |chunk, count| {
                let length = lengths[chunk as usize];
                occurrences.matches.push(TermMatch { chunk: first_chunk + chunk, count, length });
            });
        }
    }
    found
}

/// The weight of a term that occurs in so many of all chunks: rare terms say more.
pub(super) fn inverse_frequency(all_chunks: usize, chunks: usize) -> f64 {
    let (all, containing) = (count_as_f64(all_chunks), count_as_f64(chunks));
    natural_logarithm(1.0 + (all - containing + 0.5) / (containing + 0.5))
}

/// The score of each chunk, 0 without any of the terms. The sums are made in the order of the terms.
pub(super) fn scores(selection: &Selection<'_>, found: &[Occurrences]) -> Vec<f64> {
    let mut scores = vec![0.0; selection.chunks()];
    let average = selection.average_length();
    for occurrences in found {
        let weight = inverse_frequency(selection.chunks(), occurrences.chunks());
        for found in &occurrences.matches {
            let length = f64::from(found.length) / average;
            let slowness = SATURATION * (1.0 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * length);
            let count = f64::from(found.count);
            scores[found.chunk as usize] += weight * count * (SATURATION + 1.0) / (count + slowness);
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_terms_weigh_more() {
        assert!(inverse_frequency(100, 1) > inverse_frequency(100, 2));
        assert!(inverse_frequency(100, 100) > 0.0);
        assert!(inverse_frequency(0, 0) > 0.0);
    }
}
