//! stub
use crate::documents::Document;
#[derive(Debug)]
pub(crate) struct SearchableDocument(Document);
impl SearchableDocument {
    pub(crate) fn new(d: Document) -> Self {
        Self(d)
    }
    pub(crate) fn document(&self) -> &Document {
        &self.0
    }
    pub(crate) fn weight_bytes(&self) -> usize {
        self.0.weight_bytes()
    }
}
pub(crate) struct RankQuery<'a> {
    pub(crate) text: &'a str,
    pub(crate) candidates: usize,
    pub(crate) vector_weight: f64,
    pub(crate) full_text_weight: f64,
    pub(crate) rerank: bool,
}
pub(crate) struct Hit {
    pub(crate) document: usize,
    pub(crate) chunk: usize,
    pub(crate) score: f64,
    pub(crate) rerank_score: Option<f64>,
}
pub(crate) fn rank(documents: &[(&SearchableDocument, &str)], query: &RankQuery<'_>) -> Vec<Hit> {
    let _ = (query.text, query.candidates, query.vector_weight, query.full_text_weight);
    documents
        .iter()
        .enumerate()
        .map(|(i, _)| Hit { document: i, chunk: 0, score: 0.01, rerank_score: query.rerank.then_some(0.9) })
        .collect()
}
pub(crate) mod grep {
    use std::ops::Range;
    #[derive(Debug)]
    pub(crate) struct GrepError(String);
    impl std::fmt::Display for GrepError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }
    pub(crate) struct Limits {
        pub(crate) matches: usize,
    }
    pub(crate) fn find_all(p: &str, t: &str, l: Limits) -> Result<Vec<Range<usize>>, GrepError> {
        let r = regex::Regex::new(p).map_err(|e| GrepError(e.to_string()))?;
        Ok(r.find_iter(t).take(l.matches).map(|m| m.range()).collect())
    }
}
