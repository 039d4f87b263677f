//! A query as it is searched: its different words, and what each weighs.

use super::full_text::{Occurrences, inverse_frequency};
use super::terms::{Term, Terms, hash, is_generic, is_stop_word};
use super::words::each_token;

/// The part of a query that is read, in bytes.
const MAX_QUERY_BYTES: usize = 16 * 1024;

/// The number of different words of a query that are used; a question has about ten.
const MAX_QUERY_WORDS: usize = 64;

/// The weight of a word that says little about the subject, beside 1.
const GENERIC_WEIGHT: f64 = 0.35;

/// The weight of a word that no chunk contains: less than that of a rare one, because other words may say the same.
const UNKNOWN_WEIGHT: f64 = 1.5;

/// A word of a query.
#[derive(Debug)]
pub(super) struct QueryWord {
    pub(super) stem: Box<str>,
    pub(super) term: Term,
    /// The number of words before it in the query.
    pub(super) position: usize,
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

    /// What part of the question each word is: from 1 for words that most chunks contain to 2 for those that few do;
    /// less for generic ones, and nothing for generic ones that no chunk contains.
    pub(super) fn weights(&self, occurrences: &[Occurrences], chunks: usize) -> Vec<f64> {
        let highest = inverse_frequency(chunks, 1).max(inverse_frequency(10, 1));
        let weight = |(word, found): (&QueryWord, &Occurrences)| {
            let known = found.chunks() > 0;
            let specific =
                if known { 1.0 + inverse_frequency(chunks, found.chunks()) / highest } else { UNKNOWN_WEIGHT };
            match (word.has_parts, known, word.is_generic) {
                // Its parts are words too; or it hardly asks for anything.
                (true, false, _) | (_, false, true) => 0.0,
                (_, _, true) => specific * GENERIC_WEIGHT,
                _ => specific,
            }
        };
        self.words.iter().zip(occurrences).map(weight).collect()
    }
}
