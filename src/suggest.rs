//! Finds the valid word that is most similar to an invalid one, for error messages.

use std::cmp::Reverse;

/// The word of `known` that is most similar to `word`, if the distance is small enough.
///
/// The distance is the number of letters to insert, remove, replace or swap with the next one. At equal distance, a
/// word that begins with `word` comes first, then one that contains it.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let max_distance = word.chars().count() / 3 + 1;
    known
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= max_distance)
        .min_by_key(|(distance, candidate)| {
            (*distance, Reverse(candidate.starts_with(word)), Reverse(candidate.contains(word)))
        })
        .map(|(_, candidate)| candidate)
}

/// How different two texts are: the distance of their first 100 letters.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let start = |text: &str| text.chars().take(100).collect::<String>();
    strsim::damerau_levenshtein(&start(one), &start(other))
}

/// `; did you mean …?` if a word of `known` is similar, for the end of an error.
pub(crate) fn hint<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggestion(word: &str, known: &[&'static str]) -> Option<&'static str> {
        nearest(word, known.iter().copied())
    }

    #[test]
    fn the_most_similar_word_is_suggested_and_a_different_one_is_not() {
        let known = ["port", "host", "seed"];
        assert_eq!(suggestion("prot", &known), Some("port"));
        assert_eq!(suggestion("seeed", &known), Some("seed"));
        assert_eq!(suggestion("nothing-like-it", &known), None);
    }

    #[test]
    fn at_equal_distance_the_beginning_and_then_a_part_of_a_word_comes_first() {
        assert_eq!(suggestion("stat", &["slat", "xstat", "state"]), Some("state"));
        assert_eq!(suggestion("stat", &["slat", "xstat"]), Some("xstat"));
        assert_eq!(suggestion("stat", &["slat", "spat"]), Some("slat"));
    }
}
