//! The answer to a message, composed from what retrieval finds. The same question about the same files has the same
//! answer.

use std::sync::Arc;
use std::time::Duration;

use super::event::{ChatEvent, SearchArguments, UsageBody};
use super::transcript::Transcript;
use crate::api::retrieval::{RetrievalResults, passages};
use crate::documents::count_tokens;
use crate::store::{ChatTurn, Id, IndexContent, Usage};

/// The name of the tool that searches an index.
const SEARCH: &str = "retrieve";

/// A message with all that its answer depends on.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) prompt: String,
    pub(super) sources: NamedIndexes,
    /// Whether the turn fails if an index cannot be queried.
    pub(super) requires_all: bool,
    /// The text of the answer, if a fault sets it.
    pub(super) reply: Option<Arc<str>>,
    /// The number of the turn in its session.
    pub(super) turn: u64,
    /// The pause between two events.
    pub(super) pace: Duration,
}

/// The indexes that a message names.
#[derive(Debug, Default)]
pub(super) struct NamedIndexes {
    /// Those that are queried.
    pub(super) queried: Vec<QueriedIndex>,
    /// Those that cannot be queried.
    pub(super) skipped: Vec<SkippedIndex>,
}

/// An index that is queried.
#[derive(Debug)]
pub(super) struct QueriedIndex {
    /// Its id, as the message names it.
    pub(super) index_id: String,
    pub(super) export_config_id: Id,
    /// Its files; `None` if it exports no vectors, so that nothing is found in it.
    pub(super) content: Option<Arc<IndexContent>>,
}

/// An index that cannot be queried.
#[derive(Debug)]
pub(super) struct SkippedIndex {
    /// Its id, as the message names it.
    pub(super) index_id: String,
    pub(super) reason: &'static str,
}

/// An answer: the events of its stream, and the turn that the history keeps.
#[derive(Debug)]
pub(super) struct ChatAnswer {
    pub(super) events: Vec<bytes::Bytes>,
    pub(super) turn: ChatTurn,
}

impl Question {
    /// Answers the message.
    pub(super) fn answer(&self) -> ChatAnswer {
        let mut transcript = Transcript::of_prompt(&self.prompt);
        let thought = format!("Searching {} for passages about the message.", self.sources.count());
        transcript.think(&thought);
        if let Some(first) = self.sources.skipped.first().filter(|_| self.requires_all) {
            let error = format!("Index {} cannot be queried: {}", first.index_id, first.reason);
            return self.finish(transcript, [count_tokens(&self.prompt), count_tokens(&thought)], Some(error));
        }
        let found = self.sources.queried.iter().map(|source| self.search(source)).collect::<Vec<_>>();
        for (position, (source, results)) in self.sources.queried.iter().zip(&found).enumerate() {
            self.add_search(&mut transcript, position, (source, results));
        }
        let text = self.reply.as_deref().map_or_else(|| text_of(&found), str::to_owned);
        transcript.say(&text);
        let read: u32 = found.iter().flat_map(|results| &results.results).map(|one| count_tokens(&one.content)).sum();
        let tokens = [count_tokens(&self.prompt) + read, count_tokens(&thought) + count_tokens(&text)];
        self.finish(transcript, tokens, None)
    }

    fn search<'a>(&self, source: &'a QueriedIndex) -> RetrievalResults<'a> {
        let results = source.content.as_ref().map(|content| passages(content, &self.prompt));
        RetrievalResults { results: results.unwrap_or_default() }
    }

    fn add_search(
        &self,
        transcript: &mut Transcript,
        position: usize,
        (source, result): (&QueriedIndex, &RetrievalResults<'_>),
    ) {
        let call_id = &*format!("call_{}_{}", self.turn, position + 1);
        let arguments = SearchArguments { index_id: &source.index_id, query: &self.prompt };
        transcript.add(&ChatEvent::ToolCall { arguments, name: SEARCH, call_id });
        transcript.add(&ChatEvent::ToolResult { name: SEARCH, call_id, result, image_attachment: None });
    }

    /// Ends the turn, with an error if it failed.
    fn finish(&self, mut transcript: Transcript, tokens: [u32; 2], error: Option<String>) -> ChatAnswer {
        let pauses = u32::try_from(transcript.sent.len()).unwrap_or(u32::MAX);
        let [input_tokens, output_tokens] = tokens;
        let usage = Usage { input_tokens, output_tokens, duration: self.pace.saturating_mul(pauses) };
        let NamedIndexes { queried, skipped } = &self.sources;
        transcript.add(&ChatEvent::Stop {
            usage: UsageBody::of(&usage),
            is_error: error.is_some(),
            error: error.as_deref(),
            skipped_index_ids: (!skipped.is_empty()).then(|| skipped.iter().map(|one| &*one.index_id).collect()),
        });
        let export_config_ids = queried.iter().map(|source| source.export_config_id.clone()).collect();
        let turn = ChatTurn { events: transcript.kept, usage, error: error.map(Into::into), export_config_ids };
        ChatAnswer { events: transcript.sent, turn }
    }
}

impl NamedIndexes {
    /// Their number in words.
    fn count(&self) -> String {
        match self.queried.len() {
            1 => "1 index".to_owned(),
            many => format!("{many} indexes"),
        }
    }
}

/// The text of an answer: the best passage with the name of its file, and the names of the other files; or that there
/// is no passage.
fn text_of(found: &[RetrievalResults<'_>]) -> String {
    let mut passages: Vec<_> = found.iter().flat_map(|results| &results.results).collect();
    passages.sort_by(|one, other| other.rerank_score.unwrap_or(0.0).total_cmp(&one.rerank_score.unwrap_or(0.0)));
    let Some(best) = passages.first() else {
        let nowhere = if found.is_empty() { "no index could be searched" } else { "the indexes say nothing about it" };
        return format!("There is no answer: {nowhere}.");
    };
    let mut others: Vec<&str> = Vec::new();
    for name in passages.iter().map(|passage| &*passage.file.name) {
        if *name != *best.file.name && !others.contains(&name) {
            others.push(name);
        }
    }
    let more = if others.is_empty() { String::new() } else { format!(" See also {}.", others.join(", ")) };
    format!("{} says: \"{}\"{more}", best.file.name, best.content)
}
