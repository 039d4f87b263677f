//! A query as it is searched: its different words, what each weighs, and the vector made of them.

use super::full_text::{Occurrences, inverse_frequency};
use super::synonyms::{self, Synonym};
use super::terms::{Term, Terms, hash, is_generic, is_stop_word};
use super::vector::{QueryVector, Sums, TRIGRAM_WEIGHT, Trigrams};
use super::words::each_token;

/// The part of a query that is read, in bytes.
const MAX_QUERY_BYTES: usize = 16 * 1024;

/// The number of different words of a query that are used; a question has about ten.
const MAX_QUERY_WORDS: usize = 64;

/// The weight of a word that says little about the subject, beside 1.
const GENERIC_WEIGHT: f64 = 0.35;

/// How much of a word's vector its synonyms have.
const SYNONYM_SHARE: f64 = 0.6;

/// How much more the spelling of a word counts that no chunk contains: only a similar word can be found.
const UNKNOWN_SPELLING: f64 = 2.5;

/// A word of a query.
#[derive(Debug)]
pub(super) struct QueryWord {
    pub(super) stem: Box<str>,
    pub(super) term: Term,
    /// The number of words before it in the query.
    pub(super) position: usize,
    /// Words that mean about the same.
    pub(super) synonyms: Vec<Synonym>,
    is_generic: bool,
    /// It is an identifier of several parts, each of which is a word of the query too.
    has_parts: bool,
}

/// The different words of a query, without stop words, in order.
pub(super) struct Query {
    pub(super) words: Vec<QueryWord>,
}

impl Query {
    pub(super) fn new(text: &str) -> Self {
        let terms = Terms::new();
        let mut words: Vec<QueryWord> = Vec::new();
        let read = &text[..text.floor_char_boundary(MAX_QUERY_BYTES)];
        each_token(read, |token| {
            let stem = terms.stem(token.text);
            let term = hash(&stem);
            if words.len() == MAX_QUERY_WORDS || is_stop_word(token.text) {
                return;
            }
            if let Some(last) = words.last_mut() {
                last.has_parts |= last.position == token.position;
            }
            if words.iter().all(|word| word.term != term) {
                words.push(QueryWord {
                    term,
                    position: token.position,
                    synonyms: synonyms::of(term),
                    is_generic: is_generic(token.text),
                    has_parts: false,
                    stem: stem.into(),
                });
            }
        });
        Self { words }
    }

    pub(super) fn terms(&self) -> Vec<Term> {
        self.words.iter().map(|word| word.term).collect()
    }

    /// The vector that is compared with those of chunks.
    pub(super) fn vector(&self, occurrences: &[Occurrences], chunks: usize) -> QueryVector {
        let mut sums = Sums::new();
        for (word, found) in self.words.iter().zip(occurrences) {
            let weight = inverse_frequency(chunks, found.chunks());
            if found.chunks() > 0 {
                sums.add_term(word.term, scaled(16.0 * weight));
            }
            for synonym in &word.synonyms {
                sums.add_term(synonym.term, scaled(16.0 * SYNONYM_SHARE * weight));
            }
            let spelling = if found.chunks() > 0 { weight } else { weight * UNKNOWN_SPELLING };
            let mut trigrams = Trigrams::new();
            trigrams.add(&word.stem);
            sums.add_trigrams(&trigrams, scaled(f64::from(TRIGRAM_WEIGHT) * spelling));
        }
        sums.query()
    }

    /// What part of the question each word is: from 1 for words that most chunks contain to 2 for those that few do, less
    /// for generic ones.
    pub(super) fn weights(&self, occurrences: &[Occurrences], chunks: usize) -> Vec<f64> {
        let highest = inverse_frequency(chunks, 1).max(inverse_frequency(10, 1));
        let weight = |(word, found): (&QueryWord, &Occurrences)| {
            let known = found.chunks() > 0;
            let specific = if known { 1.0 + inverse_frequency(chunks, found.chunks()) / highest } else { 1.0 };
            match (word.has_parts, known, word.is_generic) {
                (true, false, _) => 0.0,
                (_, _, true) => specific * GENERIC_WEIGHT,
                _ => specific,
            }
        };
        self.words.iter().zip(occurrences).map(weight).collect()
    }
}

/// A weight as an integer, so that sums of them do not depend on their order.
#[allow(clippy::cast_possible_truncation)] // far below the limit
fn scaled(weight: f64) -> i32 {
    (weight * 64.0).round() as i32
}
