//! Ranks the chunks of selected documents for a query: full text and vectors, fused by reciprocal rank, then reranked.
//!
//! Everything that a file contributes is built once, when the file is read; an index is a selection of documents, so
//! that a sync builds nothing. The same documents and query give the same hits on every machine: sums are made in a
//! fixed order from operations that IEEE 754 defines exactly, and no hash map is used.
//!
//! At most 64 different words of a query are used, from its first 16 KiB. The name and the first line of a file count
//! in reranking only.

mod document;
#[cfg(test)]
mod documents_for_tests;
mod full_text;
mod fusion;
mod letters;
mod nearest;
mod numbers;
#[cfg(test)]
mod property_tests;
mod query;
mod rerank;
mod selection;
mod term_table;
mod terms;
#[cfg(test)]
mod threshold_tests;
mod vector;
mod words;

pub(crate) use self::document::SearchableDocument;
use self::fusion::{WeightedList, best, ranked};
use self::nearest::Meaning;
use self::query::Query;
use self::rerank::{Passage, Reranker};
use self::selection::Selection;

/// What is asked, and how the hits are ranked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RankQuery<'a> {
    /// The question or the words.
    pub(crate) text: &'a str,
    /// The number of chunks that each side contributes at most.
    pub(crate) candidates: usize,
    /// The weight of the vector side; 0 switches it off.
    pub(crate) vector_weight: f64,
    /// The weight of the full-text side; 0 switches it off.
    pub(crate) full_text_weight: f64,
    /// Whether hits are reranked.
    pub(crate) rerank: bool,
    /// Maximum number of hits.
    pub(crate) limit: usize,
}

/// A chunk that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RankHit {
    /// The place of the document among those given.
    pub(crate) document: usize,
    /// The place of the chunk in its document.
    pub(crate) chunk: usize,
    /// The fused score: at most the sum of both weights divided by 61.
    pub(crate) score: f64,
    /// From 0 to 1; only while reranking is on.
    pub(crate) rerank_score: Option<f64>,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranking {
    /// The best chunks, at most as many as were asked for.
    pub(crate) hits: Vec<RankHit>,
    /// The number of chunks that one of the lists has.
    pub(crate) candidates: usize,
}

/// Ranks the chunks of documents, each given with its file's name. The best hit is first: by rerank score while
/// reranking is on, then by score; equal hits are in the order of documents and chunks.
pub(crate) fn rank(documents: &[(&SearchableDocument, &str)], query: &RankQuery<'_>) -> Ranking {
    let selection = Selection::new(documents);
    let words = Query::new(query.text);
    let occurrences = full_text::find(&selection, &words.terms());
    let scores = full_text::scores(&selection, &occurrences);
    let by_text = best(scores.iter().copied().zip(0..).filter(|(score, _)| *score > 0.0), query.candidates);
    let text_list = if query.full_text_weight > 0.0 { ranked(&by_text) } else { Vec::new() };
    let vector_list = if query.vector_weight > 0.0 {
        let meaning = Meaning::new(&words, &occurrences, selection.chunks());
        nearest::nearest(&selection, &meaning, query.candidates, &text_list)
    } else {
        Vec::new()
    };
    let fused = fusion::fuse(&[
        WeightedList { ranked: vector_list, weight: query.vector_weight },
        WeightedList { ranked: text_list, weight: query.full_text_weight },
    ]);
    let candidates = fused.len();
    if !query.rerank {
        let best = fused.iter().take(query.limit);
        let hits = best.map(|(chunk, score)| hit(&selection, *chunk, *score, None)).collect();
        return Ranking { hits, candidates };
    }
    let highest = by_text.first().map_or(1.0, |(score, _)| *score);
    let passage = |(chunk, _): &(u32, f64)| {
        let contains = occurrences.iter().map(|found| found.count(*chunk) > 0).collect();
        passage(&selection, *chunk, scores[*chunk as usize] / highest, contains)
    };
    let passages: Vec<Passage<'_>> = fused.iter().map(passage).collect();
    let known: Vec<bool> = occurrences.iter().map(|found| found.chunks() > 0).collect();
    let reranker = Reranker::new(&words, words.weights(&occurrences, selection.chunks()), &known);
    let best = reranker.best(&passages, query.limit).into_iter();
    let hit = |(place, rerank_score): (usize, f64)| {
        let (chunk, score) = fused[place];
        hit(&selection, chunk, score, Some(rerank_score))
    };
    Ranking { hits: best.map(hit).collect(), candidates }
}

fn hit(selection: &Selection<'_>, chunk: u32, score: f64, rerank_score: Option<f64>) -> RankHit {
    let (document, chunk) = selection.place(chunk);
    RankHit { document, chunk, score, rerank_score }
}

fn passage<'d>(selection: &Selection<'d>, chunk: u32, full_text: f64, contains: Vec<bool>) -> Passage<'d> {
    let (place, number) = selection.place(chunk);
    let (document, file_name) = selection.document(place);
    Passage { text: document.chunk_text(number), file_name, first_line: document.first_line(), full_text, contains }
}
