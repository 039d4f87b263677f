//! The reranker: how well a passage answers a question, from 0 to 1, by the words that they share.

use std::borrow::Cow;

use super::numbers::count_as_f64;
use super::query::Query;
use super::terms::{Term, Terms, is_stop_word};
use super::vector;
use super::words::each_token;

/// The highest credit for a word that is spelled similarly.
const SPELLING_CREDIT: f64 = 0.8;

/// How similar a spelling must be: the share of groups of three letters in common.
const SIMILAR_SPELLING: f64 = 0.6;

/// The credit for a word that only the file's name contains, or its first line.
const NAME_CREDIT: f64 = 0.6;

/// The score of every passage for a query that gives nothing to judge by.
const NEUTRAL: f64 = 0.5;

/// What each part of the score is worth; together 1.
const COVERAGE: f64 = 0.78;
const ADJACENCY: f64 = 0.08;
const HEADING: f64 = 0.05;
const FREQUENCY: f64 = 0.09;

/// Bends the score: half of a question's words give 0.6, so that a passage that answers it usually passes 0.5.
const BEND: f64 = 1.5;

/// Words of a question may be that far apart in a passage to count as adjacent.
const MAX_DISTANCE: usize = 3;

/// The longest line that can be a heading without a mark, in bytes.
const MAX_HEADING_BYTES: usize = 80;

/// More than what rounding can change a score by.
const ROUNDING: f64 = 1e-9;

/// The number of pairs of letters that are told apart.
const INITIALS: usize = 32 * 32;

/// A passage that is to be scored.
pub(super) struct Passage<'p> {
    pub(super) text: Cow<'p, str>,
    pub(super) file_name: &'p str,
    /// The first line of the file.
    pub(super) first_line: &'p str,
    /// Its full-text score as a part of the highest one.
    pub(super) full_text: f64,
    /// For each word of the query, whether the text contains it.
    pub(super) contains: Vec<bool>,
}

/// Scores passages for one question.
pub(super) struct Reranker<'q> {
    query: &'q Query,
    /// The weight of each word.
    weights: Vec<f64>,
    total_weight: f64,
    /// The place of each word in the query; by term.
    places: Vec<(Term, usize)>,
    /// By the first two letters of a word, whether it may count: others need not be stemmed.
    initials: Box<[bool; INITIALS]>,
    /// The words that no chunk contains, with the groups of three letters of each.
    unknown: Vec<(usize, Vec<usize>)>,
    terms: Terms,
}

/// What was found in a passage.
struct PassageWords {
    /// The credit of each word of the query.
    credits: Vec<f64>,
    in_heading: Vec<bool>,
    /// For each word of the query, the position at which it was met last.
    last: Vec<Option<usize>>,
    /// For each word but the first, whether it was met soon after the one before it.
    adjacent: Vec<bool>,
}

impl<'q> Reranker<'q> {
    /// `weights` has a weight for each word of the query, `known` whether any chunk contains it.
    pub(super) fn new(query: &'q Query, weights: Vec<f64>, known: &[bool]) -> Self {
        let mut places = Vec::new();
        let mut initials = Box::new([false; INITIALS]);
        let mut unknown = Vec::new();
        for (index, word) in query.words.iter().enumerate() {
            places.push((word.term, index));
            initials[initial(word.stem.as_bytes())] = true;
            if known.get(index) == Some(&false) {
                unknown.push((index, groups(&word.stem)));
            }
        }
        places.sort_unstable();
        let total_weight = weights.iter().sum();
        Self { query, weights, total_weight, places, initials, unknown, terms: Terms::new() }
    }

    /// The places and scores of the best passages, at most so many; equal ones in the order given.
    ///
    /// To read a passage takes long, so those are read first that can have the highest scores. The others are left out
    /// as soon as none of them can be among the best, which is known before most are read.
    pub(super) fn best(&self, passages: &[Passage<'_>], limit: usize) -> Vec<(usize, f64)> {
        let highest = |(place, passage)| (place, self.highest_score(passage));
        let mut candidates: Vec<(usize, f64)> = passages.iter().enumerate().map(highest).collect();
        let by_score = |one: &(usize, f64), other: &(usize, f64)| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0));
        candidates.sort_unstable_by(by_score);
        let mut best: Vec<(usize, f64)> = Vec::new();
        for block in candidates.chunks(limit.max(1)) {
            if best.len() >= limit && best.last().is_none_or(|(_, last)| block[0].1 + ROUNDING < *last) {
                break;
            }
            best.extend(block.iter().map(|(place, _)| (*place, self.score(&passages[*place]))));
            best.sort_unstable_by(by_score);
            best.truncate(limit);
        }
        best
    }

    /// The highest score that a passage with these words can have.
    fn highest_score(&self, passage: &Passage<'_>) -> f64 {
        let mut findings = PassageWords::new(passage.contains.len());
        for index in (0..passage.contains.len()).filter(|index| passage.contains[*index]) {
            findings.credits[index] = 1.0;
            findings.in_heading[index] = true;
            findings.adjacent[index] = index > 0 && passage.contains[index - 1];
        }
        for (index, _) in &self.unknown {
            findings.credits[*index] = SPELLING_CREDIT;
        }
        self.judge(findings, passage)
    }

    /// From 0, no word in common, to 1. A query that asks for nothing in particular, such as one of generic words that
    /// occur in no document, gives nothing to judge by: every passage gets [`NEUTRAL`].
    fn score(&self, passage: &Passage<'_>) -> f64 {
        self.judge(self.read(&passage.text), passage)
    }

    /// The score of a passage in which this was found.
    fn judge(&self, mut findings: PassageWords, passage: &Passage<'_>) -> f64 {
        if self.total_weight <= 0.0 {
            return NEUTRAL;
        }
        self.add_name(&mut findings, passage.file_name);
        if is_heading(passage.first_line) {
            self.add_name(&mut findings, passage.first_line);
        }
        let coverage = self.share(|index| findings.credits[index]);
        let heading = self.share(|index| if findings.in_heading[index] { 1.0 } else { 0.0 });
        let adjacency = self.adjacency(&findings).unwrap_or(coverage);
        let sum =
            COVERAGE * coverage + ADJACENCY * adjacency + HEADING * heading + FREQUENCY * coverage * passage.full_text;
        (sum * (1.0 + BEND) / (sum + BEND)).clamp(0.0, 1.0)
    }

    /// The sum of what words have, weighted, as a part of what it can be.
    fn share(&self, value: impl Fn(usize) -> f64) -> f64 {
        let sum: f64 = self.weights.iter().enumerate().map(|(index, weight)| weight * value(index)).sum();
        sum / self.total_weight
    }

    fn read(&self, text: &str) -> PassageWords {
        let mut findings = PassageWords::new(self.weights.len());
        let mut position = 0;
        for (number, line) in text.lines().enumerate() {
            let is_heading = line.starts_with('#') || (number == 0 && is_heading(line));
            position += each_token(line, |token| {
                if let Some(index) = self.place(token.text) {
                    findings.meet(index, position + token.position);
                    findings.in_heading[index] |= is_heading;
                } else {
                    self.add_similar(&mut findings, token.text);
                }
            });
        }
        findings
    }

    /// The place of a word of a text in the query.
    fn place(&self, word: &str) -> Option<usize> {
        if !self.initials[initial(word.as_bytes())] || !self.has_stem_like(word) || is_stop_word(word) {
            return None;
        }
        let term = self.terms.term(word);
        let found = self.places.binary_search_by_key(&term, |(other, _)| *other).ok()?;
        Some(self.places[found].1)
    }

    /// Whether a word starts like a stem of the query. An ending changes the last letter of a stem at most, but for a
    /// few words such as `dying`, and to find the stem of a word takes much longer than this.
    fn has_stem_like(&self, word: &str) -> bool {
        self.query.words.iter().any(|query| {
            let stem = query.stem.as_bytes();
            word.as_bytes().starts_with(&stem[..stem.len().saturating_sub(1)])
        })
    }

    /// Gives credit to words of the query that no chunk contains, if this word is spelled similarly.
    fn add_similar(&self, findings: &mut PassageWords, word: &str) {
        for (index, unknown) in &self.unknown {
            let stem = &self.query.words[*index].stem;
            // The word still has its ending.
            let has_similar_length = word.len() + 2 >= stem.len() && word.len() <= stem.len() + 7;
            if stem.as_bytes().first() != word.as_bytes().first() || !has_similar_length || stem.len() < 4 {
                continue;
            }
            let similarity = dice(unknown, &groups(&self.terms.stem(word)));
            if similarity >= SIMILAR_SPELLING {
                let credit = &mut findings.credits[*index];
                *credit = credit.max(SPELLING_CREDIT * similarity);
            }
        }
    }

    /// Gives credit for the words of the name or the first line of the file.
    fn add_name(&self, findings: &mut PassageWords, name: &str) {
        each_token(name, |token| {
            if let Some(index) = self.place(token.text) {
                let credit = &mut findings.credits[index];
                *credit = credit.max(NAME_CREDIT);
            }
        });
    }

    /// The share of neighbours in the query that are neighbours in the passage too; none if the query has no
    /// neighbours.
    fn adjacency(&self, findings: &PassageWords) -> Option<f64> {
        let neighbours = |pair: &[super::query::QueryWord]| pair[1].position - pair[0].position <= 2;
        let pairs = self.query.words.windows(2).zip(&findings.adjacent[1.min(findings.adjacent.len())..]);
        let met: Vec<bool> = pairs.filter(|(pair, _)| neighbours(pair)).map(|(_, adjacent)| *adjacent).collect();
        let count = met.iter().filter(|adjacent| **adjacent).count();
        (!met.is_empty()).then(|| count_as_f64(count) / count_as_f64(met.len()))
    }
}

impl PassageWords {
    /// Nothing was found of so many words.
    fn new(words: usize) -> Self {
        Self {
            credits: vec![0.0; words],
            in_heading: vec![false; words],
            last: vec![None; words],
            adjacent: vec![false; words],
        }
    }

    fn meet(&mut self, index: usize, position: usize) {
        self.credits[index] = 1.0;
        self.last[index] = Some(position);
        let before = index.checked_sub(1).and_then(|before| self.last[before]);
        if before.is_some_and(|before| before < position && position - before <= MAX_DISTANCE) {
            self.adjacent[index] = true;
        }
    }
}

fn is_heading(line: &str) -> bool {
    line.len() <= MAX_HEADING_BYTES && !line.trim_end().ends_with(['.', ',', ';'])
}

/// A number from the first two letters of a word, which its endings do not change.
fn initial(word: &[u8]) -> usize {
    let letter = |index: usize| word.get(index).map_or(0, |byte| usize::from(*byte) % 32);
    letter(0) * 32 + letter(1)
}

/// The groups of three letters of a word, sorted.
fn groups(word: &str) -> Vec<usize> {
    let mut groups: Vec<usize> = vector::numbers(word).collect();
    groups.sort_unstable();
    groups
}

/// The share of groups in common.
fn dice(one: &[usize], other: &[usize]) -> f64 {
    let shared = one.iter().filter(|group| other.binary_search(group).is_ok()).count();
    2.0 * count_as_f64(shared) / count_as_f64(one.len() + other.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(question: &str, text: &str, file_name: &str) -> f64 {
        score_of(
            question,
            &Passage { text: text.into(), file_name, first_line: "", full_text: 0.0, contains: Vec::new() },
        )
    }

    /// The score of a passage of a file with this first line.
    fn score_below(question: &str, text: &str, first_line: &str) -> f64 {
        score_of(
            question,
            &Passage { text: text.into(), file_name: "a.txt", first_line, full_text: 0.0, contains: Vec::new() },
        )
    }

    fn score_of(question: &str, passage: &Passage<'_>) -> f64 {
        let query = Query::new(question);
        let weights = vec![1.0; query.words.len()];
        let known = vec![false; query.words.len()];
        Reranker::new(&query, weights, &known).score(passage)
    }

    #[test]
    fn more_words_of_the_question_score_higher() {
        let question = "When was the stone bridge of Avignon built?";
        let all = score(question, "The stone bridge of Avignon was built between 1177 and 1185.", "a.txt");
        let some = score(question, "The bridge is made of steel and closes in winter.", "a.txt");
        let none = score(question, "Cheese is made of milk.", "a.txt");
        assert!(all > 0.8 && all <= 1.0, "{all}");
        assert!(some < 0.5 && some > none, "{some}");
        assert!(none < 0.2, "{none}");
    }

    #[test]
    fn a_query_that_asks_for_nothing_in_particular_is_neutral() {
        let query = Query::new("What information is available?");
        let weights = vec![0.0; query.words.len()];
        let passage = Passage {
            text: "Cheese is made of milk.".into(),
            file_name: "a.txt",
            first_line: "",
            full_text: 0.0,
            contains: Vec::new(),
        };
        let neutral = Reranker::new(&query, weights, &[]).score(&passage);
        assert!((neutral - NEUTRAL).abs() < f64::EPSILON, "{neutral}");
        assert!((score("what is it", "what is it", "name") - NEUTRAL).abs() < f64::EPSILON);
    }

    #[test]
    fn neighbours_headings_and_the_name_of_the_file_add_to_the_score() {
        let plain = score("grid storage", "Storage of power for a later grid.", "a.txt");
        assert!(score("grid storage", "Power for grid storage, later.", "a.txt") > plain);
        assert!(score("grid storage", "# Storage\nof power for a later grid.", "a.txt") > plain);
        let without = score("grid storage", "Storage of power.", "a.txt");
        assert!(score("grid storage", "Storage of power.", "grid-notes.txt") > without);
        assert!(score_below("grid storage", "Storage of power.", "# Notes on the grid") > without);
        let sentence = "The grid is a long story, which this sentence tells from its beginning to its end.";
        let unchanged = score_below("grid storage", "Storage of power.", sentence);
        assert!((unchanged - without).abs() < f64::EPSILON, "a first line that is no heading");
    }

    #[test]
    fn forms_of_a_word_are_the_same_word() {
        let exact = score("relate", "Relate.", "");
        for (one, other) in [
            ("using", "uses"),
            ("relate", "relational"),
            ("sensible", "sensibilities"),
            ("cry", "cries"),
            ("hope", "hoping"),
            ("hop", "hopping"),
            ("early", "early"),
            ("city", "cities"),
            ("go", "going"),
        ] {
            for (question, text) in [(one, other), (other, one)] {
                let found = score(question, &format!("{text}."), "");
                assert!((found - exact).abs() < f64::EPSILON, "{question}, {text}: {found}, not {exact}");
            }
        }
    }

    #[test]
    fn a_similar_spelling_gets_part_of_the_credit() {
        let exact = score("attention heads", "Eight attention heads.", "");
        let misspelled = score("atention heads", "Eight attention heads.", "");
        let unrelated = score("convolution heads", "Eight attention heads.", "");
        assert!(exact > misspelled && misspelled > unrelated, "{exact} {misspelled} {unrelated}");
    }
}
