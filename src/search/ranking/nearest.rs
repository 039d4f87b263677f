//! The vector side of a query: the rows of all chunks propose candidates, which are then compared feature by feature.

use std::hint::black_box;

use super::full_text::{Occurrences, inverse_frequency};
use super::fusion::{ChunkRank, best, ranked};
use super::numbers::{count_as_f64, natural_logarithm};
use super::query::Query;
use super::selection::Selection;
use super::terms::Term;
use super::vector::{self, QueryVector, Sums, TRIGRAM_WEIGHT, Trigrams};

/// How much more the spelling of a word counts that no chunk contains: only a similar word can be found.
const UNKNOWN_SPELLING: f64 = 2.5;

/// Weights are rounded to a part of 1 with this denominator: sums of integers do not depend on their order.
const SCALE: f64 = 64.0;

/// The number of documents from which memory is loaded at once.
const BLOCK: usize = 32;

/// What a query is compared by.
pub(super) struct Meaning {
    features: Vec<Feature>,
    /// All features.
    whole: QueryVector,
    /// The spelling of the words that no chunk contains.
    spelling: QueryVector,
}

/// A word of the query that occurs in chunks.
struct Feature {
    term: Term,
    weight: f64,
}

impl Meaning {
    /// `occurrences` are those of the query's words.
    pub(super) fn new(query: &Query, occurrences: &[Occurrences], chunks: usize) -> Self {
        let mut features = Vec::new();
        let (mut whole, mut spelling) = (Sums::new(), Sums::new());
        for (word, found) in query.words.iter().zip(occurrences) {
            let weight = inverse_frequency(chunks, found.chunks());
            let is_known = found.chunks() > 0;
            if is_known {
                features.push(Feature { term: word.term, weight });
            }
            let mut trigrams = Trigrams::new();
            trigrams.add(&word.stem);
            if is_known {
                whole.add_trigrams(&trigrams, scaled(weight) * TRIGRAM_WEIGHT);
            } else {
                let unknown = scaled(weight * UNKNOWN_SPELLING) * TRIGRAM_WEIGHT;
                whole.add_trigrams(&trigrams, unknown);
                spelling.add_trigrams(&trigrams, unknown);
            }
        }
        for feature in &features {
            whole.add_term(feature.term, scaled(feature.weight) * vector::WORD_WEIGHT);
        }
        Self { features, whole: whole.query(), spelling: spelling.query() }
    }

    /// The similarity to a chunk without the chance of hashing, 0 if nothing is in common. `chance` is how many
    /// standard deviations a similarity of unrelated texts can be.
    fn similarity(&self, selection: &Selection<'_>, chunk: u32, chance: f64) -> f64 {
        let (place, number) = selection.place(chunk);
        let (document, _) = selection.document(place);
        // The weight says how rare the word is; that short words are common more often is for rows, which do not know
        // it.
        let in_chunk = |feature: &Feature| {
            let count = document.count(feature.term, number);
            feature.weight * f64::from(vector::LONG_WORD * vector::frequency(count))
        };
        let words: f64 = self.features.iter().map(in_chunk).sum();
        let spelling = self.spelling.similarities(document.vector(number)).next().unwrap_or(0);
        let spelling =
            if QueryVector::deviations(spelling) > chance { self.spelling.product(spelling) / SCALE } else { 0.0 };
        f64::from(vector::WORD_WEIGHT) * words / document.norm(number) + spelling
    }
}

/// The chunks of the vector side with their ranks.
///
/// Rows of unrelated chunks are similar by chance, and among many chunks the highest such similarity passes that of a
/// related one. So the nearest rows and the chunks of the full-text side are compared again without hashing. Chunks
/// that have nothing in common with the query rank behind all chunks of the full-text side.
pub(super) fn nearest(
    selection: &Selection<'_>,
    meaning: &Meaning,
    candidates: usize,
    text_list: &[ChunkRank],
) -> Vec<ChunkRank> {
    let proposed = best(similarities(selection, &meaning.whole).zip(0..), candidates);
    // The highest of so many independent deviations is about this.
    let chance = (2.0 * natural_logarithm(count_as_f64(selection.chunks()).max(1.0))).sqrt();
    let mut compared: Vec<u32> = proposed.iter().map(|(_, chunk)| *chunk).collect();
    compared.extend(text_list.iter().map(|ranked| ranked.chunk));
    compared.sort_unstable();
    compared.dedup();
    let compared = compared.into_iter().map(|chunk| (meaning.similarity(selection, chunk, chance), chunk));
    let related = best(compared.filter(|(similarity, _)| *similarity > 0.0), candidates);
    let mut listed: Vec<u32> = related.iter().map(|(_, chunk)| *chunk).collect();
    listed.extend(text_list.iter().map(|ranked| ranked.chunk));
    listed.sort_unstable();
    let unrelated = proposed.iter().filter(|(_, chunk)| listed.binary_search(chunk).is_err());
    let first_rank = related.len().max(text_list.len()) + 1;
    let unrelated = unrelated.zip(first_rank..).map(|((_, chunk), rank)| ChunkRank { chunk: *chunk, rank });
    let free = candidates.saturating_sub(related.len());
    ranked(&related).into_iter().chain(unrelated.take(free)).collect()
}

/// The similarity of each chunk, in order.
///
/// Where each document has few chunks, this waits for memory. A loop that only loads from each document of a block
/// makes the processor load from many at once, before they are compared one by one: with 100,000 documents of one chunk
/// that takes the comparison from 41 ms to 11.
fn similarities<'d>(selection: &Selection<'d>, query: &'d QueryVector) -> impl Iterator<Item = i32> + use<'d> {
    selection.blocks(BLOCK).flat_map(move |block| {
        black_box(block.iter().map(|(document, _)| document.load_vectors()).fold(0, i8::wrapping_add));
        block.iter().flat_map(|(document, _)| query.similarities(document.vectors()))
    })
}

/// A weight as an integer.
#[expect(clippy::cast_possible_truncation, reason = "a weight is far below the limit")]
fn scaled(weight: f64) -> i32 {
    (weight * SCALE).round() as i32
}
