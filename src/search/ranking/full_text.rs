//! The full-text side: BM25 over the chunks of the selected documents.

use super::document::SearchableDocument;
use super::selection::Selection;
use super::terms::Term;

/// How fast further occurrences of a term stop to count.
const SATURATION: f64 = 1.2;

/// How much longer chunks are held to be less about each of their words.
const LENGTH_NORMALISATION: f64 = 0.75;

/// The occurrences of one term in all selected chunks.
pub(super) struct Occurrences {
    /// In the order of chunks.
    matches: Vec<Match>,
}

struct Match {
    /// The number of the chunk within the selection.
    chunk: u32,
    count: u16,
    /// The number of words of the chunk.
    length: u16,
}

impl Occurrences {
    /// The number of chunks that contain the term.
    pub(super) fn chunks(&self) -> usize {
        self.matches.len()
    }
}

/// Finds each term in the selected documents.
pub(super) fn find(selection: &Selection<'_>, terms: &[Term]) -> Vec<Occurrences> {
    let mut found: Vec<Occurrences> = terms.iter().map(|_| Occurrences { matches: Vec::new() }).collect();
    for (first_chunk, document) in selection.documents() {
        for (term, occurrences) in terms.iter().zip(&mut found) {
            occurrences.matches.extend(matches(document, first_chunk, *term));
        }
    }
    found
}

fn matches(document: &SearchableDocument, first_chunk: u32, term: Term) -> impl Iterator<Item = Match> + '_ {
    document.postings(term).iter().map(move |posting| Match {
        chunk: first_chunk + u32::from(posting.chunk),
        count: posting.count,
        length: document.lengths()[usize::from(posting.chunk)],
    })
}

/// The weight of a term that occurs in so many of all chunks: rare terms say more.
pub(super) fn inverse_frequency(all_chunks: usize, chunks: usize) -> f64 {
    let (all, containing) = (float(all_chunks), float(chunks));
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

/// A count as a float. Counts of chunks are far below the limit of exact floats.
pub(super) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The natural logarithm of a positive normal number, made of operations that give the same on every machine; `f64::ln`
/// does not promise that.
pub(super) fn natural_logarithm(number: f64) -> f64 {
    let mut mantissa = number;
    let mut halvings = 0.0;
    while mantissa > 1.5 {
        mantissa /= 2.0;
        halvings += 1.0;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)); the quotient is at most 0.2.
    let quotient = (mantissa - 1.0) / (mantissa + 1.0);
    let square = quotient * quotient;
    let series = (0..12).rev().fold(0.0, |sum, index| sum * square + 1.0 / f64::from(2 * index + 1));
    2.0 * quotient * series + halvings * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_exact_enough() {
        for number in [1.0, 1.000_1, 1.5, 1.500_1, 2.0, 10.0, 12_345.678, 4e9] {
            assert!((natural_logarithm(number) - f64::ln(number)).abs() < 1e-12, "{number}");
        }
    }

    #[test]
    fn rare_terms_weigh_more() {
        assert!(inverse_frequency(100, 1) > inverse_frequency(100, 2));
        assert!(inverse_frequency(100, 100) > 0.0);
        assert!(inverse_frequency(0, 0) > 0.0);
    }
}
