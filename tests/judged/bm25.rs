//! Plain BM25 as textbooks have it, to compare the program with: words in lower case, k1 1.2, b 0.75; no stop words, no
//! stems, no parts of identifiers.

use std::collections::{HashMap, HashSet};

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Texts by which queries are answered.
pub(super) struct Bm25 {
    /// The words of each text.
    texts: Vec<Vec<String>>,
    /// In how many texts each word occurs.
    frequencies: HashMap<String, usize>,
    average_length: f64,
}

impl Bm25 {
    pub(super) fn new<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let texts: Vec<Vec<String>> = texts.map(words).collect();
        let mut frequencies = HashMap::new();
        for text in &texts {
            for word in text.iter().collect::<HashSet<_>>() {
                *frequencies.entry(word.clone()).or_insert(0) += 1;
            }
        }
        let average_length = float(texts.iter().map(Vec::len).sum()) / float(texts.len());
        Self { texts, frequencies, average_length }
    }

    /// The numbers of the texts with the highest scores above 0, the best first; equal ones in their order.
    pub(super) fn best(&self, query: &str, count: usize) -> Vec<usize> {
        let query = words(query);
        let mut scored: Vec<(f64, usize)> =
            (0..self.texts.len()).map(|text| (self.score(text, &query), text)).collect();
        scored.retain(|(score, _)| *score > 0.0);
        scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        scored.into_iter().take(count).map(|(_, text)| text).collect()
    }

    fn score(&self, text: usize, query: &[String]) -> f64 {
        let text = &self.texts[text];
        let slowness = K1 * (1.0 - B + B * float(text.len()) / self.average_length);
        let part = |word: &String| {
            let count = float(text.iter().filter(|other| *other == word).count());
            self.inverse_frequency(word) * count * (K1 + 1.0) / (count + slowness)
        };
        query.iter().map(part).sum()
    }

    fn inverse_frequency(&self, word: &str) -> f64 {
        let containing = float(self.frequencies.get(word).copied().unwrap_or(0));
        (1.0 + (float(self.texts.len()) - containing + 0.5) / (containing + 0.5)).ln()
    }
}

fn words(text: &str) -> Vec<String> {
    let is_separator = |c: char| !c.is_alphanumeric() && c != '_';
    text.split(is_separator).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a small number"))
}
