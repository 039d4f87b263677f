//! From a word to the term by which it is found: stop words are left out, English endings removed, the rest hashed.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};

/// The hash of a stem. Two stems with one hash are taken for one word; among a million stems about a hundred are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Term(pub(super) u32);

/// The longest word from which endings are removed; longer ones are not English.
const MAX_STEMMED_BYTES: usize = 30;

/// Words that carry no meaning of their own. Sorted.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "being", "between", "both", "but", "by", "can", "could", "d", "did", "do", "does", "doing", "don",
    "during", "each", "for", "from", "had", "has", "have", "having", "he", "her", "here", "him", "his", "how", "i",
    "if", "in", "into", "is", "it", "its", "just", "ll", "m", "may", "me", "might", "more", "most", "must", "my", "no",
    "nor", "not", "of", "on", "once", "only", "or", "other", "our", "out", "over", "own", "please", "re", "s", "same",
    "shall", "she", "should", "so", "some", "such", "t", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "those", "through", "to", "too", "under", "until", "up", "ve", "very", "was", "we",
    "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you",
    "your",
];

/// Words that say little about the subject of a question, separated by spaces. Sorted.
const GENERIC_WORDS: &str = "\
    available call called contain contains describe described details document documents does example explain file \
    files find get give given gives happen happens help include includes info information kind kinds know list \
    long look made make makes many mean means mention mentioned much name named need needed needs one page provide \
    provided retrieval retrieve retrieved say says section show shown shows tell text thing things type types use \
    used uses using want way well work works";

/// Makes terms of words.
pub(super) struct Terms {
    stemmer: Stemmer,
}

impl Terms {
    pub(super) fn new() -> Self {
        Self { stemmer: Stemmer::new(Algorithm::English) }
    }

    /// The word without its English ending, or the word itself if it is not English or not a word.
    pub(super) fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        let is_english =
            (3..=MAX_STEMMED_BYTES).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
        if is_english { self.stemmer.stem(word) } else { Cow::Borrowed(word) }
    }

    /// The term of a word in lower case.
    pub(super) fn term(&self, word: &str) -> Term {
        hash(&self.stem(word))
    }
}

pub(super) fn is_stop_word(word: &str) -> bool {
    word.len() <= 7 && STOP_WORDS.binary_search(&word).is_ok()
}

pub(super) fn is_generic(word: &str) -> bool {
    GENERIC_WORDS.split(' ').any(|generic| generic == word)
}

/// FNV-1a, mixed so that all bits are evenly distributed: the search in postings relies on it.
pub(super) fn hash(text: &str) -> Term {
    let folded = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    Term(mix(folded))
}

fn mix(mut hash: u32) -> u32 {
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_lists_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
        assert!(GENERIC_WORDS.split(' ').is_sorted());
        assert!(STOP_WORDS.iter().all(|word| is_stop_word(word)));
    }

    #[test]
    fn forms_of_a_word_are_one_term() {
        let terms = Terms::new();
        for (one, other) in
            [("retrieve", "retrieval"), ("connection", "connected"), ("city", "cities"), ("28.4", "28.4")]
        {
            assert_eq!(terms.term(one), terms.term(other), "{one}, {other}");
        }
        assert_ne!(terms.term("attention"), terms.term("convolution"));
        assert_eq!(terms.stem("straße"), "straße");
    }
}
