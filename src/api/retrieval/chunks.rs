//! `retrieval.retrieve`: the chunks of an index that fit a query.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::filter::{CustomFilters, StaticFilters};
use crate::api::metadata;
use crate::api::page_attachment::{AttachmentKind, AttachmentRef, references};
use crate::config::ScoreThresholdOn;
use crate::documents::count_tokens;
use crate::error::ApiError;
use crate::operation::{Answer, Job, Pool};
use crate::response::Payload;
use crate::schema::{Integer, ValidRequest};
use crate::search::{self, ChunkCounts, RankHit, RankQuery, RemovedChunks};
use crate::store::{Id, Index, IndexContent, IndexedFile, Scope};
use crate::worker::Worker;

/// How many results a request gets that does not say. The service's own figure is not published.
const DEFAULT_TOP_K: usize = 10;

/// The most results of a request; a larger `top_k` counts as this (documented by the SDK since 2.19).
const MAX_TOP_K: usize = 500;

/// How many chunks each side of the search gives if the request does not say.
const DEFAULT_CANDIDATES: usize = 100;

/// The most chunks of each side of the search.
const MAX_CANDIDATES: usize = 10_000;

/// The weight of each side if the request does not say.
const DEFAULT_WEIGHT: f64 = 0.5;

/// The most passages of an index from which an answer is composed.
const MAX_PASSAGES: usize = 5;

/// The rerank score that separates passages which answer a question from others.
const ANSWERS: f64 = 0.5;

/// A query over an index.
#[derive(Deserialize)]
struct RetrieveRequest {
    index_id: String,
    query: String,
    top_k: Option<Integer>,
    num_candidates: Option<Integer>,
    vector_pipeline_weight: Option<f64>,
    full_text_pipeline_weight: Option<f64>,
    score_threshold: Option<f64>,
    static_filters: Option<StaticFilters>,
    custom_filters: Option<CustomFilters>,
    #[serde(default)]
    rerank: Rerank,
}

#[derive(Deserialize)]
#[serde(default)]
struct Rerank {
    enabled: bool,
    top_n: Option<Integer>,
}

/// What a query found, as the service prints it.
#[derive(Debug, Serialize)]
pub(in crate::api) struct RetrievalResults<'a> {
    /// The best is first.
    pub(in crate::api) results: Vec<ChunkBody<'a>>,
}

/// A chunk as the service prints it. The order of the fields is that of its contract.
#[derive(Debug, Serialize)]
pub(in crate::api) struct ChunkBody<'a> {
    #[serde(skip)]
    pub(in crate::api) file: &'a IndexedFile,
    pub(in crate::api) content: Cow<'a, str>,
    score: f64,
    pub(in crate::api) rerank_score: Option<f64>,
    metadata: &'a Map<String, Value>,
    static_fields: StaticFields<'a>,
}

#[derive(Debug, Serialize)]
struct StaticFields<'a> {
    parsed_directory_file_id: &'a Id,
    page_range_start: usize,
    page_range_end: usize,
    chunk_start_char: usize,
    chunk_end_char: usize,
    chunk_index: usize,
    chunk_token_count: u32,
    attachments: Vec<AttachmentRef<'a>>,
}

impl Default for Rerank {
    fn default() -> Self {
        Self { enabled: true, top_n: None }
    }
}

/// An index that is not ready has no results, as the official MCP server reports of the service; one without a vector
/// export has none either, which is a guess.
pub(super) fn retrieve(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Answer, ApiError> {
    let threshold_on = request.settings.score_threshold_on;
    let request: RetrieveRequest = request.body()?;
    let key = scope.resolve::<Index>(&request.index_id)?;
    let index = scope.store.get(key);
    let content = index.content.clone().filter(|_| index.exports_vectors());
    let Some(content) = content else {
        scope.note_chunks(ChunkCounts::default());
        return Ok(Answer::Payload(Payload::json(&RetrievalResults { results: Vec::new() })));
    };
    let kinds = AttachmentKind::of_index(index);
    let run = move |_: &Worker| {
        let (results, counts) = search(&content, &request, threshold_on, &kinds);
        Ok((Payload::json(&RetrievalResults { results }), counts))
    };
    let commit = |scope: &mut Scope<'_>, (payload, counts)| {
        scope.note_chunks(counts);
        Ok(payload)
    };
    Ok(Answer::Job(Job::new(Pool::Thread, run, commit)))
}

/// The passages of an index that answer a question, at most [`MAX_PASSAGES`].
pub(in crate::api) fn passages<'a>(content: &'a IndexContent, question: &str) -> Vec<ChunkBody<'a>> {
    let (mut found, _) = search(content, &RetrieveRequest::of_question(question), ScoreThresholdOn::Rerank, &[]);
    found.truncate(MAX_PASSAGES);
    found
}

/// The chunks of a query with references to the attachments of these kinds, and what became of the others.
fn search<'a>(
    content: &'a IndexContent,
    request: &RetrieveRequest,
    threshold_on: ScoreThresholdOn,
    kinds: &[AttachmentKind],
) -> (Vec<ChunkBody<'a>>, ChunkCounts) {
    let files: Vec<&IndexedFile> = content.files.iter().filter(|file| request.accepts(file)).collect();
    let documents: Vec<_> = files.iter().map(|file| (&*file.document, &*file.name)).collect();
    let search::Ranking { mut hits, candidates } = search::rank(&documents, &request.rank_query(threshold_on));
    let ranked = hits.len();
    hits.retain(|hit| request.reaches_threshold(hit, threshold_on));
    // Hits beyond the limit of the ranking come after the last of these, so they do not reach the threshold either.
    let threshold = if hits.len() < ranked { candidates - hits.len() } else { 0 };
    hits.truncate(request.length());
    let (chunks, accepted) = (count_chunks(content.files.iter()), count_chunks(files.iter().copied()));
    let removed = RemovedChunks {
        filter: chunks - accepted,
        candidates: accepted - candidates,
        threshold,
        top_k: candidates - threshold - hits.len(),
    };
    let results = hits.iter().map(|hit| ChunkBody::of(files[hit.document], hit, kinds)).collect();
    (results, ChunkCounts { chunks, removed })
}

fn count_chunks<'a>(files: impl Iterator<Item = &'a IndexedFile>) -> usize {
    files.map(|file| file.document.document().chunks().len()).sum()
}

impl RetrieveRequest {
    /// A search for the passages that answer a question.
    fn of_question(question: &str) -> Self {
        Self {
            index_id: String::new(),
            query: question.to_owned(),
            top_k: None,
            num_candidates: None,
            vector_pipeline_weight: None,
            full_text_pipeline_weight: None,
            score_threshold: Some(ANSWERS),
            static_filters: None,
            custom_filters: None,
            rerank: Rerank::default(),
        }
    }

    fn accepts(&self, file: &IndexedFile) -> bool {
        self.static_filters.as_ref().is_none_or(|filters| filters.accept(file))
            && self.custom_filters.as_ref().is_none_or(|filters| filters.accept(file.metadata.as_deref()))
    }

    fn rank_query(&self, threshold_on: ScoreThresholdOn) -> RankQuery<'_> {
        let least = self.top_k().max(1);
        let candidates =
            self.num_candidates.as_ref().and_then(Integer::positive).unwrap_or(DEFAULT_CANDIDATES.max(least));
        RankQuery {
            text: &self.query,
            candidates: candidates.min(MAX_CANDIDATES),
            vector_weight: self.vector_pipeline_weight.unwrap_or(DEFAULT_WEIGHT),
            full_text_weight: self.full_text_pipeline_weight.unwrap_or(DEFAULT_WEIGHT),
            rerank: self.rerank.enabled,
            limit: if self.drops_first_hits(threshold_on) { usize::MAX } else { self.length() },
        }
    }

    /// Whether the threshold can drop hits before others that reach it: it is compared with the score by which they are
    /// not sorted.
    fn drops_first_hits(&self, threshold_on: ScoreThresholdOn) -> bool {
        self.rerank.enabled && threshold_on == ScoreThresholdOn::Score && self.score_threshold.is_some()
    }

    fn reaches_threshold(&self, hit: &RankHit, threshold_on: ScoreThresholdOn) -> bool {
        let compared = match threshold_on {
            ScoreThresholdOn::Rerank => hit.rerank_score.unwrap_or(hit.score),
            ScoreThresholdOn::Score => hit.score,
        };
        self.score_threshold.is_none_or(|threshold| compared >= threshold)
    }

    fn top_k(&self) -> usize {
        self.top_k.as_ref().map_or(DEFAULT_TOP_K, |number| number.positive().unwrap_or(0)).min(MAX_TOP_K)
    }

    /// The most results: `top_k`, and `rerank.top_n` while reranking is on. There are none for numbers under 1, which
    /// is a guess.
    fn length(&self) -> usize {
        let top_n = self.rerank.top_n.as_ref().filter(|_| self.rerank.enabled);
        top_n.map_or(usize::MAX, |number| number.positive().unwrap_or(0)).min(self.top_k())
    }
}

impl<'a> ChunkBody<'a> {
    fn of(file: &'a IndexedFile, hit: &RankHit, kinds: &[AttachmentKind]) -> Self {
        let document = file.document.document();
        let chunk = &document.chunks()[hit.chunk];
        let content = document.content(chunk);
        let chunk_token_count = count_tokens(&content);
        let [first, end] = [chunk.start, chunk.end].map(|byte| document.text().char_of(byte as usize));
        let page = document.page_of(first);
        Self {
            file,
            content,
            score: hit.score,
            rerank_score: hit.rerank_score,
            metadata: file.metadata.as_deref().unwrap_or(&metadata::EMPTY),
            static_fields: StaticFields {
                parsed_directory_file_id: &file.id,
                page_range_start: page,
                page_range_end: page,
                chunk_start_char: first,
                chunk_end_char: end,
                chunk_index: hit.chunk,
                chunk_token_count,
                attachments: references(kinds, &file.id, page),
            },
        }
    }
}
