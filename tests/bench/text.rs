//! Texts for documents: words of a made-up language with the proportions of English. Word number n of the list is used about
//! in proportion to 1/n, and the most frequent ones are the function words of English. Equal calls give equal texts.

use std::collections::HashSet;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// The number of different words.
const WORDS: usize = 20_000;

/// The most frequent words. They make up about two fifths of a text.
const FUNCTION_WORDS: &str = "the of and to in a is that for it as was with be by on not he his but at are this have from or \
     had an they which one you were all her she there would their we him been has when who will no more if out so";

const CONSONANTS: &[&str] =
    &["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl", "cr", "gr", "sh", "th"];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ea", "ai", "ou"];
const ENDINGS: &[&str] = &["", "", "n", "l", "r", "ing", "ed", "s", "tion", "er", "ly", "ment"];

/// The length of a paragraph in bytes. Each is one chunk: two are longer than a chunk can be, and a chunk ends with a
/// paragraph if it can.
const PARAGRAPH_BYTES: usize = 800;

/// Writes texts.
pub(crate) struct Writer {
    words: Vec<String>,
    random: ChaCha8Rng,
}

impl Writer {
    pub(crate) fn new() -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut words: Vec<String> = FUNCTION_WORDS.split_whitespace().map(str::to_owned).collect();
        let mut known: HashSet<String> = words.iter().cloned().collect();
        while words.len() < WORDS {
            // Frequent words are shorter.
            let syllables = 1 + below(&mut random, 2) + usize::from(words.len() > 1000);
            let mut word = String::new();
            for _ in 0..syllables {
                word.push_str(CONSONANTS[below(&mut random, CONSONANTS.len())]);
                word.push_str(VOWELS[below(&mut random, VOWELS.len())]);
            }
            word.push_str(ENDINGS[below(&mut random, ENDINGS.len())]);
            if known.insert(word.clone()) {
                words.push(word);
            }
        }
        Self { words, random }
    }

    /// So many paragraphs, each of which is one chunk of about 830 bytes.
    pub(crate) fn paragraphs(&mut self, count: usize) -> String {
        (0..count).map(|_| self.paragraph()).collect::<Vec<_>>().join("\n\n")
    }

    /// A question of about ten words, of which five ask for something.
    pub(crate) fn question(&mut self) -> String {
        let function_words = FUNCTION_WORDS.split_whitespace().count();
        let numbers: [usize; 5] = std::array::from_fn(|_| self.number(function_words));
        let [one, two, three, four, five] = numbers.map(|at| &self.words[at]);
        format!("How does the {one} of {two} {three} with {four} and {five}?")
    }

    fn paragraph(&mut self) -> String {
        let mut text = String::new();
        while text.len() < PARAGRAPH_BYTES {
            let length = 8 + below(&mut self.random, 8);
            let numbers: Vec<usize> = (0..length).map(|_| self.number(0)).collect();
            let words: Vec<&str> = numbers.iter().map(|at| &*self.words[*at]).collect();
            let sentence = words.join(" ");
            let separator = if text.is_empty() { "" } else { " " };
            text.extend([separator, &sentence[..1].to_uppercase(), &sentence[1..], "."]);
        }
        text
    }

    /// The number of a word, from `first` on: the logarithm of the number is evenly distributed.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    #[expect(clippy::cast_precision_loss, reason = "far below the limit of exact floats")]
    fn number(&mut self, first: usize) -> usize {
        let (least, most) = (first as f64 + 1.0, WORDS as f64);
        let fraction = f64::from(self.random.next_u32()) / (f64::from(u32::MAX) + 1.0);
        (least * (most / least).powf(fraction)) as usize - 1
    }
}

fn below(random: &mut ChaCha8Rng, limit: usize) -> usize {
    usize::try_from(random.next_u32()).expect("32 bits") % limit
}
