//! Properties that every ranking has, whatever the documents, the query and the weights are.

use std::borrow::Cow;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::documents_for_tests::document_of;
use super::term_table::COUNTS;
use super::*;

const WORDS: &[&str] =
    &["grape", "harvest", "orbit", "maxRetries", "satellite", "the", "28.4", "café", "東京", "buy", "purchase", "x"];

fn text() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(prop::sample::select(WORDS), 0..12).prop_map(|words| words.join(" "));
    prop_oneof![4 => words, 1 => "\\PC{0,40}"]
}

fn documents() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(prop::collection::vec(text(), 0..5), 0..8)
}

fn selected(documents: &[SearchableDocument]) -> Vec<(&SearchableDocument, &str)> {
    documents.iter().map(|document| (document, "grape-notes.md")).collect()
}

/// The text of each chunk; blank pages have none.
fn contents(document: &SearchableDocument) -> Vec<Cow<'_, str>> {
    document.document().chunks().iter().map(|chunk| document.document().content(chunk)).collect()
}

fn weight() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..1.0]
}

proptest! {
    #[test]
    fn hits_are_sorted_unique_limited_and_in_range(
        documents in documents(),
        text in text(),
        candidates in 0..12_usize,
        weights in (weight(), weight()),
        rerank: bool,
    ) {
        let documents: Vec<_> = documents.iter().map(|chunks| document_of(chunks)).collect();
        let selected = selected(&documents);
        let (vector_weight, full_text_weight) = weights;
        let query = RankQuery { text: &text, candidates, vector_weight, full_text_weight, rerank, limit: usize::MAX };
        let Ranking { hits, candidates: found } = rank(&selected, &query);
        prop_assert_eq!(found, hits.len());
        let sides = usize::from(vector_weight > 0.0) + usize::from(full_text_weight > 0.0);
        prop_assert!(hits.len() <= candidates * sides);
        let places: BTreeSet<_> = hits.iter().map(|hit| (hit.document, hit.chunk)).collect();
        prop_assert_eq!(places.len(), hits.len());
        for hit in &hits {
            prop_assert!(hit.chunk < documents[hit.document].document().chunks().len());
            prop_assert!(hit.score > 0.0 && hit.score <= (vector_weight + full_text_weight) / 61.0 + 1e-12);
            prop_assert_eq!(hit.rerank_score.is_some(), rerank);
            prop_assert!(hit.rerank_score.is_none_or(|score| (0.0..=1.0).contains(&score)));
        }
        let key = |hit: &RankHit| hit.rerank_score.unwrap_or(hit.score);
        prop_assert!(hits.is_sorted_by(|one, other| key(one) >= key(other)));
        prop_assert_eq!(rank(&selected, &query).hits, hits);
    }

    #[test]
    fn a_limit_leaves_out_the_last_hits_only(
        documents in documents(),
        text in text(),
        limit in 0..12_usize,
        weights in (weight(), weight()),
        rerank: bool,
    ) {
        let documents: Vec<_> = documents.iter().map(|chunks| document_of(chunks)).collect();
        let selected = selected(&documents);
        let (vector_weight, full_text_weight) = weights;
        let query = |limit| RankQuery { text: &text, candidates: 40, vector_weight, full_text_weight, rerank, limit };
        let mut hits = rank(&selected, &query(usize::MAX)).hits;
        prop_assert_eq!(rank(&selected, &query(limit)).candidates, hits.len());
        hits.truncate(limit);
        prop_assert_eq!(rank(&selected, &query(limit)).hits, hits);
    }

    #[test]
    fn the_vector_side_fills_up_to_the_candidates(documents in documents(), text in text(), candidates in 0..12_usize) {
        let documents: Vec<_> = documents.iter().map(|chunks| document_of(chunks)).collect();
        let chunks: usize = documents.iter().map(|document| document.document().chunks().len()).sum();
        let (vector_weight, full_text_weight, limit) = (1.0, 0.0, usize::MAX);
        let query = RankQuery { text: &text, candidates, vector_weight, full_text_weight, rerank: false, limit };
        prop_assert_eq!(rank(&selected(&documents), &query).hits.len(), candidates.min(chunks));
    }

    #[test]
    fn the_full_text_side_finds_only_chunks_that_share_a_word(pages in documents()) {
        let built: Vec<_> = pages.iter().map(|chunks| document_of(chunks)).collect();
        let (vector_weight, full_text_weight, limit) = (0.0, 1.0, usize::MAX);
        let query =
            RankQuery { text: "orbits", candidates: 40, vector_weight, full_text_weight, rerank: false, limit };
        let hits = rank(&selected(&built), &query).hits;
        let found: BTreeSet<_> = hits.iter().map(|hit| (hit.document, hit.chunk)).collect();
        for (document, built) in built.iter().enumerate() {
            for (chunk, text) in contents(built).into_iter().enumerate() {
                let has_word = text.split(' ').any(|word| word == "orbit");
                prop_assert!(!has_word || found.contains(&(document, chunk)));
                prop_assert!(found.contains(&(document, chunk)) == has_word || text.to_lowercase().contains("orbit"));
            }
        }
    }

    #[test]
    fn the_order_of_documents_decides_between_equal_hits_only(documents in documents(), text in text()) {
        let documents: Vec<_> = documents.iter().map(|chunks| document_of(chunks)).collect();
        let (vector_weight, full_text_weight, limit) = (0.0, 1.0, usize::MAX);
        let query = RankQuery { text: &text, candidates: 40, vector_weight, full_text_weight, rerank: true, limit };
        let forwards = selected(&documents);
        let backwards: Vec<_> = forwards.iter().rev().copied().collect();
        let scores = |selected: &[_]| {
            let mut scores: Vec<_> = rank(selected, &query).hits.iter().map(|hit| hit.rerank_score).collect();
            scores.sort_by(|one, other| one.partial_cmp(other).expect("no NaN"));
            scores
        };
        prop_assert_eq!(scores(&forwards), scores(&backwards));
    }

    #[test]
    fn every_term_of_a_document_is_found_and_no_other(pages in prop::collection::vec(text(), 0..5)) {
        let document = document_of(&pages);
        for word in WORDS.iter().filter(|word| **word != "the") {
            let mut term = None;
            words::each_token(word, |token| term = term.or(Some(terms::Terms::new().term(token.text))));
            let term = term.expect("one word");
            let expected = |chunk: &Cow<'_, str>| {
                let mut count = 0;
                words::each_token(chunk, |token| count += usize::from(terms::Terms::new().term(token.text) == term));
                COUNTS.into_iter().rfind(|kept| usize::from(*kept) <= count).unwrap_or(0)
            };
            let chunks = contents(&document);
            let mut counts = vec![0; chunks.len()];
            document.terms().each(term, |chunk, count| counts[chunk as usize] = count);
            prop_assert_eq!(counts, chunks.iter().map(expected).collect::<Vec<_>>());
        }
    }
}

#[test]
fn equal_documents_are_in_the_order_given() {
    let document = document_of(&["Grape harvest.", "Grape harvest."]);
    let selected = [(&document, "b.md"), (&document, "b.md"), (&document, "b.md")];
    for (vector_weight, full_text_weight) in [(0.0, 1.0), (1.0, 0.0), (0.5, 0.5)] {
        for rerank in [false, true] {
            let query =
                RankQuery { text: "grape", candidates: 40, vector_weight, full_text_weight, rerank, limit: usize::MAX };
            let places: Vec<_> = rank(&selected, &query).hits.iter().map(|hit| (hit.document, hit.chunk)).collect();
            assert_eq!(places, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
        }
    }
}

#[test]
fn the_best_hit_of_both_sides_has_a_score_in_the_range_of_the_service() {
    let documents = [document_of(&["Grape harvest in autumn."]), document_of(&["A satellite in orbit."])];
    let query = RankQuery {
        text: "grape",
        candidates: 5,
        vector_weight: 0.5,
        full_text_weight: 0.5,
        rerank: false,
        limit: usize::MAX,
    };
    let hits = rank(&selected(&documents), &query).hits;
    assert!((hits[0].score - 1.0 / 61.0).abs() < 1e-12);
    assert!((hits[1].score - 0.5 / 62.0).abs() < 1e-12);
}

#[test]
fn a_long_query_is_cut_and_an_empty_one_ranks_by_place() {
    let documents = [document_of(&["Grape harvest."]), document_of(&["An orbit."])];
    let text = format!("orbit {}", "word é ".repeat(200_000));
    for (text, first) in [(text.as_str(), 1), ("", 0), ("the of", 0)] {
        let query = RankQuery {
            text,
            candidates: 5,
            vector_weight: 0.5,
            full_text_weight: 0.5,
            rerank: true,
            limit: usize::MAX,
        };
        let hits = rank(&selected(&documents), &query).hits;
        assert_eq!(hits.len(), 2, "{text:.10}");
        assert_eq!(hits[0].document, first, "{text:.10}");
    }
    assert_eq!(
        rank(
            &[],
            &RankQuery {
                text: "a",
                candidates: 5,
                vector_weight: 1.0,
                full_text_weight: 1.0,
                rerank: true,
                limit: usize::MAX
            }
        ),
        Ranking { hits: Vec::new(), candidates: 0 }
    );
}

#[test]
fn memory_is_at_most_two_and_a_half_times_the_text() {
    // Prose of which about half the words are stop words, in chunks of the usual size.
    let sentence = |number: usize| {
        let mut parts = WORDS.iter().cycle().skip(number);
        let mut next = || parts.next().expect("endless");
        format!(
            "The {} of {number} and the {} in a {} were with {} at {}. ",
            next(),
            next(),
            next(),
            next(),
            number * 7
        )
    };
    let chunk = |first: usize| (first..).map(sentence).take(13).collect::<String>();
    let chunks: Vec<String> = (0..10).map(|number| chunk(number * 13)).collect();
    let bytes: usize = chunks.iter().map(String::len).sum();
    let document = document_of(&chunks);
    assert!(document.weight_bytes() * 2 <= bytes * 5, "{} for {bytes}", document.weight_bytes());
}
