//! The order of results, judged by questions with known answers, beside plain BM25; and what reranking costs.

use serde_json::Value;

use crate::documents::cpu_per_request;
use crate::folder::{Folder, json_of};
use crate::judged::{self, Half, Judged, Library, Passages, Quality, Way, Words};
use crate::load::{request, send};
use crate::report;
use crate::server::Server;

const WAYS: [(&str, Way); 4] = [
    ("plain BM25", Way::Bm25),
    ("full text alone", Way::FullText),
    ("fused, not reranked", Way::Fused),
    ("fused and reranked, the default", Way::Reranked),
];

/// Requests per round of the measurement of CPU time.
const REQUESTS: u64 = 1_000;

pub(crate) fn quality() {
    let server = Server::emulator(&["--sync-duration", "0"]);
    let folder = Folder::new(&server, "judged");
    let files = judged::files();
    for (name, text) in &files {
        let response = send(server.address(), &folder.upload_request(name, text));
        assert_eq!(response.status, 201, "{name} is uploaded");
    }
    let index = folder.index();
    let ask = |path: &str, mut fields: Value| {
        fields["index_id"] = index.as_str().into();
        json_of(&folder.send(&format!("POST {path}"), &fields.to_string()))
    };
    let library = Library::new(&ask);
    let questions = judged::questions();
    let judged = WAYS.map(|(name, way)| (name, library.judge(&questions, way)));
    report::part(format!(
        "ranking: {} questions about {} chunks of {} files",
        questions.len(),
        library.chunks(),
        files.len()
    ));
    for (name, words) in [("same words", Words::Same), ("other words", Words::Other)] {
        print(name, &judged, |found| found.question.words == words);
        for (half_name, half) in [("development half", Half::Development), ("held-out half", Half::HeldOut)] {
            let label = format!("{name}, {half_name}");
            print(&label, &judged, |found| found.question.words == words && found.question.half == half);
        }
        for (kind, passages) in [("prose", Passages::Prose), ("tables", Passages::Table), ("code", Passages::Code)] {
            let label = format!("{name}, {kind}");
            print(&label, &judged, |found| found.question.words == words && found.question.passages == passages);
        }
    }
    report::part("the same questions, CPU per request");
    for (name, way) in &WAYS[1..] {
        let body = |question: &judged::Question| {
            let mut body = way.fields();
            body["index_id"] = index.as_str().into();
            body["query"] = question.text.as_str().into();
            request("POST /api/v1/retrieval/retrieve", &folder.key, &body.to_string())
        };
        let requests: Vec<Vec<u8>> = questions.iter().map(body).collect();
        report::figure(name, cpu_per_request(&server, &requests, REQUESTS), "ms");
    }
}

/// Prints the measures of the questions that `is_counted` selects, a row for each way.
fn print(label: &str, judged: &[(&str, Vec<Judged>)], is_counted: impl Fn(&Judged) -> bool) {
    for (number, (name, found)) in judged.iter().enumerate() {
        let counted: Vec<&Judged> = found.iter().filter(|found| is_counted(found)).collect();
        let measures = Quality::of(counted.iter().copied()).measures();
        if number == 0 {
            report::columns(format!("{label}: {} questions", counted.len()), measures.map(|(name, _)| name));
        }
        report::row(name, measures.map(|(_, value)| value));
    }
}
