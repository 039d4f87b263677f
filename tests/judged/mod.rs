//! Judged questions: the files and questions of `fixtures/ranking/`, asked through the API, and how good the order of
//! the results is. The black-box tests and the benchmarks share it.

mod bm25;
mod measures;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use self::measures::{Judged, Quality};

/// The number of results that are looked at.
const TOP: usize = 10;

/// The program returns no more results.
const MAX_RESULTS: usize = 500;

/// How a question is worded, beside the passage that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Words {
    Same,
    Other,
}

/// What kind of passage answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Passages {
    Prose,
    Table,
    Code,
}

/// The ranking may be improved by what the first half shows, and never by what the second shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Half {
    Development,
    HeldOut,
}

/// A question with its answers.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Question {
    #[serde(rename = "question")]
    pub(crate) text: String,
    pub(crate) words: Words,
    pub(crate) passages: Passages,
    pub(crate) half: Half,
    answers: Vec<Answer>,
}

/// The chunk of a file that contains a text.
#[derive(Debug, Clone, Deserialize)]
struct Answer {
    file: String,
    snippet: String,
}

/// How the results are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Plain BM25 of the textbook, in this module.
    Bm25,
    /// The full-text list of the program alone.
    FullText,
    /// Both lists of the program, fused.
    Fused,
    /// The default: fused and reranked.
    Reranked,
}

impl Way {
    /// The fields of a request that is ranked so.
    pub(crate) fn fields(self) -> Value {
        match self {
            Self::Bm25 | Self::FullText => json!({ "rerank": { "enabled": false }, "vector_pipeline_weight": 0 }),
            Self::Fused => json!({ "rerank": { "enabled": false } }),
            Self::Reranked => json!({}),
        }
    }
}

/// A chunk of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Chunk {
    file: String,
    number: u64,
    text: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/ranking")
}

/// Name and text of each file, by name.
pub(crate) fn files() -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder().join("documents")).expect("the folder exists");
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().expect("the name is UTF-8");
        (name, fs::read_to_string(entry.path()).expect("the file is UTF-8"))
    };
    entries.map(|entry| file(entry.expect("the folder can be read"))).collect()
}

/// All questions, in the order of the file.
pub(crate) fn questions() -> Vec<Question> {
    let text = fs::read_to_string(folder().join("questions.jsonl")).expect("the file exists");
    let question = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(question).collect()
}

/// An index over all files, and its chunks.
pub(crate) struct Library<'a> {
    /// Sends a request with these fields about the index to a path; its response.
    ask: &'a dyn Fn(&str, Value) -> Value,
    /// The name of each file by its id.
    names: BTreeMap<String, String>,
    chunks: Vec<Chunk>,
}

impl<'a> Library<'a> {
    pub(crate) fn new(ask: &'a dyn Fn(&str, Value) -> Value) -> Self {
        let found = ask("/api/v1/retrieval/files/find", json!({ "page_size": 1000 }));
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let files = found["items"].as_array().expect("a list of files").iter();
        let names = files.map(|file| (text(&file["file_id"]), text(&file["file_name"]))).collect();
        let mut library = Self { ask, names, chunks: Vec::new() };
        // The vector list alone contains every chunk.
        let all = json!({
            "top_k": MAX_RESULTS,
            "num_candidates": 10_000,
            "full_text_pipeline_weight": 0,
            "rerank": { "enabled": false },
        });
        library.chunks = library.results("all", &all);
        assert!(library.chunks.len() < MAX_RESULTS, "the program returns all chunks");
        library.chunks.sort();
        library
    }

    /// The number of chunks.
    pub(crate) fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Asks the questions and finds the places of their answers.
    pub(crate) fn judge(&self, questions: &[Question], way: Way) -> Vec<Judged> {
        let plain = bm25::Bm25::new(self.chunks.iter().map(|chunk| chunk.text.as_str()));
        let judge = |question: &Question| {
            let found: Vec<Chunk> = if way == Way::Bm25 {
                plain.best(&question.text, TOP).into_iter().map(|number| self.chunks[number].clone()).collect()
            } else {
                self.results(&question.text, &way.fields())
            };
            let is_answer = |chunk: &Chunk| question.answers.iter().any(|answer| answer.is_in(chunk));
            let answers = self.chunks.iter().filter(|chunk| is_answer(chunk)).count();
            assert!(answers > 0, "no chunk answers {question:?}");
            let places = (0..TOP).zip(&found).filter(|(_, chunk)| is_answer(chunk)).map(|(place, _)| place).collect();
            Judged { question: question.clone(), places, answers }
        };
        questions.iter().map(judge).collect()
    }

    fn results(&self, query: &str, fields: &Value) -> Vec<Chunk> {
        let mut body = fields.clone();
        body["query"] = query.into();
        let response = (self.ask)("/api/v1/retrieval/retrieve", body);
        response["results"].as_array().expect("a list of results").iter().map(|result| self.chunk(result)).collect()
    }

    fn chunk(&self, result: &Value) -> Chunk {
        let place = &result["static_fields"];
        let id = place["parsed_directory_file_id"].as_str().expect("the id of a file");
        Chunk {
            file: self.names[id].clone(),
            number: place["chunk_index"].as_u64().expect("the number of a chunk"),
            text: result["content"].as_str().expect("a text").to_owned(),
        }
    }
}

impl Answer {
    fn is_in(&self, chunk: &Chunk) -> bool {
        chunk.file == self.file && chunk.text.contains(&self.snippet)
    }
}
