//! Documents: uploads, the memory of their chunks, and searches in them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::folder::{CONNECTIONS, Folder, json_of};
use crate::load::{KeepAlive, Load, request, run_load, send};
use crate::report::{self, Target, float, median};
use crate::server::Server;
use crate::text::Writer;

/// Syncs take no time by the clock, so that what is measured is their work; the rest is for the largest parts.
const SETTINGS: &[&str] = &["--sync-duration", "0", "--max-items", "2000000", "--max-state-bytes", "8GiB"];

/// The number of turns; the median counts.
const ROUNDS: usize = 5;

const FILES: u64 = 1_000;

/// The chunks of a typical file.
const CHUNKS_OF_FILE: u64 = 10;

/// The different questions that are asked in turn.
const QUESTIONS: usize = 50;

const KIB: f64 = 1024.0;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn uploads() {
    let emulator = Server::emulator(SETTINGS);
    let mut writer = Writer::new();
    let texts: Vec<String> = (0..FILES).map(|_| writer.paragraphs(3)).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let example = Folder::new(&emulator, "example");
    let response = send(emulator.address(), &example.upload_request("paper.txt", &texts[0]));
    let bare = Server::bare(response.status, response.body.len());
    report::part(format!(
        "uploads of {FILES} files of {:.1} KiB over {CONNECTIONS} connections",
        float(bytes as u64) / KIB / float(FILES)
    ));
    let rounds: Vec<[f64; 5]> = (0..ROUNDS)
        .map(|round| {
            let folder = Folder::new(&emulator, &format!("key-{round}"));
            let name = |number| format!("paper-{number}.txt");
            let requests: Vec<Vec<u8>> =
                (0..).zip(&texts).map(|(number, text): (u32, _)| folder.upload_request(&name(number), text)).collect();
            let load = Load { requests: &requests, connections: CONNECTIONS, keep: KeepAlive::Yes };
            let [_, bare_cpu] = timed(&bare, || run_load(bare.address(), load, FILES));
            let [wall, cpu] = timed(&emulator, || run_load(emulator.address(), load, FILES));
            let [ready, ready_cpu] = timed(&emulator, || folder.index());
            [bare_cpu, cpu, wall, ready, ready_cpu]
        })
        .collect();
    let median_of = |at: usize| median(rounds.iter().map(|round| round[at]).collect());
    report::figure("bare, CPU per file", median_of(0) / float(FILES) * 1e3, "us");
    report::figure("emulator, CPU per file", median_of(1) / float(FILES) * 1e3, "us");
    report::figure("emulator, all files, wall", median_of(2), "ms");
    report::figure("from the create of an index until it is ready, wall", median_of(3), "ms");
    report::figure("from the create of an index until it is ready, CPU", median_of(4), "ms");
}

pub(crate) fn grep() {
    let server = Server::emulator(SETTINGS);
    let text = text_to_search();
    let folder = Folder::new(&server, "key");
    let response = send(server.address(), &folder.upload_request("papers.txt", &text));
    assert_eq!(response.status, 201, "the file is uploaded");
    let index = folder.index();
    let file = folder.only_file(&index);
    report::part(format!("grep over a file of {} MB, beside the same search in this program", text.len() / 1_000_000));
    let (simple, look_behind) = ("order-[0-9]+", "(?<=order-)[0-9]+");
    let simple_here = regex::Regex::new(simple).expect("a valid pattern");
    let look_behind_here = fancy_regex::Regex::new(look_behind).expect("a valid pattern");
    let here: [(&str, &str, &dyn Fn() -> usize); 2] = [
        ("simple pattern", simple, &|| simple_here.find_iter(&text).count()),
        ("look-behind", look_behind, &|| look_behind_here.find_iter(&text).count()),
    ];
    for (what, pattern, search) in here {
        let body = json!({ "index_id": index, "file_id": file, "pattern": pattern }).to_string();
        let rounds: Vec<[f64; 3]> = (0..ROUNDS)
            .map(|_| {
                let started = Instant::now();
                let matches = black_box(search());
                let own = millis(started.elapsed());
                let [wall, cpu] = timed(&server, || {
                    let found = json_of(&folder.send("POST /api/v1/retrieval/files/grep", &body));
                    assert_eq!(found["items"].as_array().map(Vec::len), Some(matches), "as many matches as here");
                });
                [own, wall, cpu]
            })
            .collect();
        let median_of = |at: usize| median(rounds.iter().map(|round| round[at]).collect());
        report::figure(format!("{what}: search alone, wall"), median_of(0), "ms");
        report::figure(format!("{what}: request, wall"), median_of(1), "ms");
        report::figure(format!("{what}: request, CPU of the server and its child"), median_of(2), "ms");
    }
}

/// A text of 10 MB with twenty places to find.
fn text_to_search() -> String {
    let mut writer = Writer::new();
    let part = |number| format!("{}\n\norder-{number}\n\n", writer.paragraphs(610));
    (4700..4720).map(part).collect()
}

pub(crate) fn chunks() {
    let server = Server::emulator(SETTINGS);
    let idle = server.resident_bytes();
    let mut writer = Writer::new();
    let folder = Folder::new(&server, "key");
    let bytes = folder.fill(&mut writer, FILES, CHUNKS_OF_FILE);
    let index = folder.index();
    let label = |files| format!("{} chunks in files of {CHUNKS_OF_FILE}, CPU per request", files * CHUNKS_OF_FILE);
    report::part("retrieve with a question of ten words");
    report::figure_with_target(label(FILES), retrieve(&folder, &index, 200, true), Target { maximum: 1.2, unit: "ms" });
    report::figure("the same without reranking", retrieve(&folder, &index, 200, false), "ms");
    let more = FILES * 9;
    let bytes = bytes + folder.fill(&mut writer, more, CHUNKS_OF_FILE);
    let index = folder.index();
    let filled = server.resident_bytes();
    let files = FILES + more;
    report::figure_with_target(label(files), retrieve(&folder, &index, 50, true), Target { maximum: 12.0, unit: "ms" });
    let small = Folder::new(&server, "small");
    small.fill(&mut writer, 10 * FILES, 1);
    let index = small.index();
    let label = format!("{} chunks in files of one, CPU per request", 10 * FILES);
    report::figure(label, retrieve(&small, &index, 200, true), "ms");

    let of_chunk = |bytes: u64| float(bytes) / float(files * CHUNKS_OF_FILE);
    let (text, memory) = (of_chunk(bytes), of_chunk(filled.saturating_sub(idle)));
    report::part(format!("memory of {} chunks", files * CHUNKS_OF_FILE));
    report::figure("text of a chunk", text, "B");
    report::figure("resident memory of a chunk", memory, "B");
    report::figure_with_target("memory to text", memory / text, Target { maximum: 2.2, unit: "x" });
}

/// The CPU time per request in milliseconds, in rounds of so many requests.
fn retrieve(folder: &Folder<'_>, index: &str, count: u64, rerank: bool) -> f64 {
    let mut writer = Writer::new();
    let line = "POST /api/v1/retrieval/retrieve";
    let mut body =
        || json!({ "index_id": index, "query": writer.question(), "rerank": { "enabled": rerank } }).to_string();
    let questions: Vec<Vec<u8>> = (0..QUESTIONS).map(|_| request(line, &folder.key, &body())).collect();
    for question in &questions {
        let response = json_of(&send(folder.server.address(), question));
        assert_eq!(response["results"].as_array().map(Vec::len), Some(10), "a page of results");
    }
    cpu_per_request(folder.server, &questions, count)
}

/// The CPU time per request in milliseconds, in rounds of so many requests; the median counts.
pub(crate) fn cpu_per_request(server: &Server, requests: &[Vec<u8>], count: u64) -> f64 {
    let load = Load { requests, connections: 1, keep: KeepAlive::Yes };
    let round = |_| timed(server, || run_load(server.address(), load, count))[1] / float(count);
    median((0..ROUNDS).map(round).collect())
}

pub(crate) fn released() {
    let server = Server::emulator(SETTINGS);
    let resident = || float(server.resident_bytes()) / MIB;
    report::part(format!("memory of {FILES} files of 100 KiB, resident"));
    report::figure("idle", resident(), "MiB");
    for round in ["first", "second", "third"] {
        let folder = Folder::new(&server, "key");
        let bytes = folder.fill(&mut Writer::new(), FILES, 122);
        folder.index();
        report::figure(format!("{round} time: {:.0} MiB of text uploaded", float(bytes) / MIB), resident(), "MiB");
        let reset = folder.send("POST /__admin/reset", "{}");
        assert_eq!(reset.status, 204, "the state is reset");
        report::figure(format!("{round} time: reset"), resident(), "MiB");
    }
}

/// What an action takes: time, and CPU time of the server and its child processes, in milliseconds.
pub(crate) fn timed<T>(server: &Server, act: impl FnOnce() -> T) -> [f64; 2] {
    let (started, before) = (Instant::now(), server.cpu_time_with_children());
    act();
    [started.elapsed(), server.cpu_time_with_children().saturating_sub(before)].map(millis)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
