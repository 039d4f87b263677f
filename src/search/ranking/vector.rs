//! The vector side: each chunk is one row of small numbers, made of its words and their groups of three letters, and a
//! query is compared with every row.

use super::terms::Term;

/// The number of dimensions of a row.
pub(super) const DIMENSIONS: usize = 256;

/// Bytes of a row: an entry takes four bits. With eight, no measure of the judged questions is better.
pub(super) const ROW_BYTES: usize = DIMENSIONS / 2;

/// The length of a row as a vector. It makes a typical entry about 3, so that few are cut at [`MAX_ENTRY`].
const ROW_LENGTH: f64 = 48.0;

/// The largest entry of a row. Entries are stored above 0, so this is added to each.
const MAX_ENTRY: i32 = 7;

/// A feature is added to that many dimensions: with one, two features that share it could not be told apart.
const DIMENSIONS_OF_FEATURE: usize = 4;

/// The root of that number: how much longer the vector of a feature is than its weight.
const DIMENSIONS_PER_FEATURE_ROOT: f64 = 2.0;

/// Groups of three letters are numbered by hash up to this; each counts once a chunk.
const TRIGRAMS: usize = 4_096;

/// The weight of a long word that occurs once.
pub(super) const WORD_WEIGHT: i32 = 16;

/// The weight of a group of three letters.
pub(super) const TRIGRAM_WEIGHT: i32 = 3;

/// The sums of the features of a text.
pub(super) struct Sums([i32; DIMENSIONS]);

impl Sums {
    pub(super) fn new() -> Self {
        Self([0; DIMENSIONS])
    }

    pub(super) fn add_term(&mut self, term: Term, weight: i32) {
        self.add(u64::from(term.0), weight);
    }

    /// Adds the feature to its dimensions, with a sign for each.
    fn add(&mut self, feature: u64, weight: i32) {
        let mut bits = mix(feature);
        for _ in 0..DIMENSIONS_OF_FEATURE {
            let sum = &mut self.0[usize::from(bits.to_le_bytes()[0])];
            *sum += if bits & 0x100 == 0 { weight } else { -weight };
            bits >>= 9;
        }
    }

    pub(super) fn add_trigrams(&mut self, trigrams: &Trigrams, weight: i32) {
        for (block, bits) in trigrams.0.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let number = block * 64 + bits.trailing_zeros() as usize;
                self.add(0x1_0000_0000 | number as u64, weight);
                bits &= bits - 1;
            }
        }
    }

    fn length(&self) -> f64 {
        self.0.iter().map(|sum| f64::from(*sum) * f64::from(*sum)).sum::<f64>().sqrt()
    }

    /// The row of a chunk. All rows have about the same length. A byte holds an entry of the first half of the
    /// dimensions in its low bits, and one of the second half in its high bits.
    pub(super) fn row(&self) -> [u8; ROW_BYTES] {
        let length = self.length().max(1.0);
        let (low, high) = self.0.split_at(ROW_BYTES);
        std::array::from_fn(|place| stored(low[place], length) | stored(high[place], length) << 4)
    }

    /// What a query's rows are compared with.
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
    pub(super) fn query(&self) -> QueryVector {
        let length = self.length().max(1.0);
        // Small enough that the sum over all dimensions fits 32 bits, large enough that rounding does not matter.
        let entries = self.0.map(|sum| (f64::from(sum) * 4_096.0 / length).round().clamp(-4_096.0, 4_096.0) as i16);
        let excess = MAX_ENTRY * entries.iter().map(|entry| i32::from(*entry)).sum::<i32>();
        QueryVector { entries, excess, norm: length / DIMENSIONS_PER_FEATURE_ROOT }
    }

    /// The root of the sum of the squares of the features' weights, at least 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
    pub(super) fn norm(&self) -> u16 {
        (self.length() / DIMENSIONS_PER_FEATURE_ROOT).round().clamp(1.0, f64::from(u16::MAX)) as u16
    }
}

/// The vector of a query.
pub(super) struct QueryVector {
    entries: [i16; DIMENSIONS],
    /// What the product with a row is too large by, since its entries are stored above 0.
    excess: i32,
    /// The root of the sum of the squares of the features' weights.
    norm: f64,
}

impl QueryVector {
    /// The similarity to each row of a document, in order.
    pub(super) fn similarities<'r>(&'r self, rows: &'r [u8]) -> impl Iterator<Item = i32> + 'r {
        rows.as_chunks().0.iter().map(|row| product(&self.entries, row) - self.excess)
    }

    /// The product of the query with a chunk of length 1 that has this similarity.
    pub(super) fn product(&self, similarity: i32) -> f64 {
        f64::from(similarity) * self.norm / (4_096.0 * ROW_LENGTH)
    }

    /// How often a similarity is the standard deviation of the similarity of unrelated texts.
    pub(super) fn deviations(similarity: i32) -> f64 {
        // Unrelated features meet by chance in one of all dimensions, with either sign: the root of their number.
        f64::from(similarity) * 16.0 / (4_096.0 * ROW_LENGTH)
    }
}

/// An entry of a row as it is stored, of a vector with this length.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
fn stored(sum: i32, length: f64) -> u8 {
    let max = f64::from(MAX_ENTRY);
    ((f64::from(sum) * ROW_LENGTH / length).round().clamp(-max, max) + max) as u8
}

/// The sum of the products of the entries. With sixteen sums the compiler multiplies eight entries at once; with one,
/// which takes three times the instructions on x86-64, only four. Where the entries are not an array, or where this is
/// inlined, it may use no vectors at all.
#[inline(never)]
#[expect(clippy::needless_range_loop, reason = "the profile `release` does not inline iterators over two arrays")]
fn product(query: &[i16; DIMENSIONS], row: &[u8; ROW_BYTES]) -> i32 {
    let mut entries = [0; DIMENSIONS];
    for place in 0..ROW_BYTES {
        (entries[place], entries[ROW_BYTES + place]) = (row[place] & 15, row[place] >> 4);
    }
    let mut sums = [0; 16];
    for block in 0..DIMENSIONS / 16 {
        for lane in 0..16 {
            let place = 16 * block + lane;
            sums[lane] += i32::from(query[place]) * i32::from(entries[place]);
        }
    }
    sums.iter().sum()
}

/// The groups of three letters in the words of a text.
pub(super) struct Trigrams([u64; TRIGRAMS / 64]);

impl Trigrams {
    pub(super) fn new() -> Self {
        Self([0; TRIGRAMS / 64])
    }

    /// Adds those of a word, its start and its end marked.
    pub(super) fn add(&mut self, word: &str) {
        for number in numbers(word) {
            self.0[number / 64] |= 1 << (number % 64);
        }
    }
}

/// The numbers of the groups of three bytes of a word, its start and its end marked.
pub(super) fn numbers(word: &str) -> impl Iterator<Item = usize> + '_ {
    let bytes = word.as_bytes();
    let at = move |index: usize| if index == 0 { b'^' } else { bytes.get(index - 1).copied().unwrap_or(b'$') };
    (0..bytes.len()).map(move |start| {
        let group = u64::from_le_bytes([at(start), at(start + 1), at(start + 2), 0, 0, 0, 0, 1]);
        usize::from(u16::from_le_bytes([mix(group).to_le_bytes()[0], mix(group).to_le_bytes()[1]])) % TRIGRAMS
    })
}

/// The features of a chunk: its terms with their weights, and its groups of three letters.
pub(super) fn sums(terms: impl Iterator<Item = (Term, i32)>, trigrams: &Trigrams) -> Sums {
    let mut sums = Sums::new();
    for (term, weight) in terms {
        sums.add_term(term, weight);
    }
    sums.add_trigrams(trigrams, TRIGRAM_WEIGHT);
    sums
}

/// The rarity of a long word.
pub(super) const LONG_WORD: i32 = 4;

/// The part of a word's weight that long words have: short words are common ones more often.
pub(super) fn rarity(word: &str) -> i32 {
    match word.chars().count() {
        0..=3 => 2,
        4..=5 => 3,
        _ => LONG_WORD,
    }
}

/// How much a word counts that occurs so often in a chunk.
pub(super) fn frequency(count: u8) -> i32 {
    match count {
        0 => 0,
        1 => 4,
        2 => 5,
        3..=4 => 6,
        5..=8 => 7,
        _ => 8,
    }
}

fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::terms::hash;
    use super::*;

    fn sums_of(words: &[&str]) -> Sums {
        let mut sums = Sums::new();
        for word in words {
            sums.add_term(hash(word), 16);
        }
        sums
    }

    fn deviations(query: &[&str], chunk: &[&str]) -> f64 {
        let similarity = sums_of(query).query().similarities(&sums_of(chunk).row()).next().expect("one row");
        QueryVector::deviations(similarity)
    }

    #[test]
    fn shared_words_give_a_similarity_that_chance_does_not() {
        let chunk = ["grape", "harvest", "autumn", "cellar", "barrel", "vine", "slope", "estate"];
        assert!(deviations(&["grape", "harvest"], &chunk) > 5.0);
        assert!(deviations(&["satellite", "orbit"], &chunk).abs() < 3.0);
        assert!(deviations(&chunk, &chunk) > 10.0);
    }

    #[test]
    fn texts_without_features_are_similar_to_nothing() {
        assert_eq!(Sums::new().query().similarities(&Sums::new().row()).next(), Some(0));
        assert!(deviations(&[], &["grape"]).abs() < f64::EPSILON);
    }

    #[test]
    fn misspelled_words_share_groups_of_letters() {
        let shared =
            |one: &str, other: &str| numbers(one).filter(|number| numbers(other).any(|n| n == *number)).count();
        assert!(shared("attention", "atention") >= 6);
        assert!(shared("attention", "convolution") <= 4);
        assert_eq!(numbers("a").count(), 1);
    }
}
