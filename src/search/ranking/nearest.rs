//! The vector side of a query: the rows of all chunks propose candidates, which are then compared feature by feature.

use super::document::SearchableDocument;
use super::full_text::{Occurrences, inverse_frequency};
use super::fusion::{ChunkRank, best, ranked};
use super::numbers::{count_as_f64, natural_logarithm};
use super::query::Query;
use super::selection::Selection;
use super::vector::{self, QueryVector, Sums, TRIGRAM_WEIGHT, Trigrams};

/// How much more the spelling of a word counts that no chunk contains: only a similar word can be found.
const UNKNOWN_SPELLING: f64 = 2.5;

/// Weights are rounded to a part of 1 with this denominator: sums of integers do not depend on their order.
const SCALE: f64 = 64.0;

/// What a query is compared by.
pub(super) struct Meaning<'o> {
    features: Vec<Feature<'o>>,
    /// All features.
    whole: QueryVector,
    /// The spelling of the words that no chunk contains.
    spelling: QueryVector,
}

/// A word of the query that occurs in chunks.
struct Feature<'o> {
    occurrences: &'o Occurrences,
    weight: f64,
}

impl<'o> Meaning<'o> {
    /// `occurrences` are those of the query's words.
    pub(super) fn new(query: &Query, occurrences: &'o [Occurrences], chunks: usize) -> Self {
        let mut features = Vec::new();
        let (mut whole, mut spelling) = (Sums::new(), Sums::new());
        for (word, found) in query.words.iter().zip(occurrences) {
            let weight = inverse_frequency(chunks, found.chunks());
            let mut trigrams = Trigrams::new();
            trigrams.add(&word.stem);
            if found.chunks() > 0 {
                features.push(Feature { occurrences: found, weight });
                whole.add_term(word.term, scaled(weight) * vector::WORD_WEIGHT);
                whole.add_trigrams(&trigrams, scaled(weight) * TRIGRAM_WEIGHT);
            } else {
                let unknown = scaled(weight * UNKNOWN_SPELLING) * TRIGRAM_WEIGHT;
                whole.add_trigrams(&trigrams, unknown);
                spelling.add_trigrams(&trigrams, unknown);
            }
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
            let count = feature.occurrences.count(chunk);
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
    meaning: &Meaning<'_>,
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
fn similarities<'q>(selection: &'q Selection<'_>, query: &'q QueryVector) -> impl Iterator<Item = i32> + 'q {
    let documents = selection.loaded(SearchableDocument::load_vectors);
    documents.flat_map(|(_, document)| query.similarities(document.vectors()))
}

/// A weight as an integer.
#[expect(clippy::cast_possible_truncation, reason = "a weight is far below the limit")]
fn scaled(weight: f64) -> i32 {
    (weight * SCALE).round() as i32
}
