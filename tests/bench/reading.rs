//! Files in binary formats: what reading them costs, and what hostile ones do to the requests of others.

use std::thread;
use std::time::{Duration, Instant};

use crate::documents::timed;
use crate::folder::Folder;
use crate::load::{request, send};
use crate::office::{docx, paragraph, xlsx, zlib_of_zeros};
use crate::pdf::Pdf;
use crate::report::{self, Target, float, median};
use crate::requests::{CREATE_BODY, id_in};
use crate::server::Server;
use crate::text::Writer;

/// The number of times that a file is uploaded.
const UPLOADS: u64 = 20;

/// The variable that names a PDF to measure in place of the one that is made here.
const OTHER_PDF: &str = "BENCH_PDF";

pub(crate) fn reading() {
    let server = Server::emulator(&[]);
    let folder = Folder::new(&server, "key");
    let pages: Vec<String> = (0..24).map(|_| Writer::new().paragraphs(4)).collect();
    let text = pages.join("\n");
    report::part(format!(
        "reading {:.0} KB of text in files of a kind, start of the child included",
        float(text.len() as u64) / 1e3
    ));
    let pdf = std::env::var(OTHER_PDF).map_or_else(|_| pdf_of(&pages), |path| std::fs::read(path).expect("a file"));
    let paragraphs: String = text.split('\n').map(paragraph).collect();
    let rows: String = text.split('\n').map(row).collect();
    for (name, content, maximum) in [
        ("a.txt", text.into_bytes(), None),
        ("a.pdf", pdf, Some(100.0)),
        ("a.docx", docx(&paragraphs), None),
        ("a.xlsx", xlsx(&[("Sheet", &rows)]), None),
    ] {
        let request = folder.upload_request(name, &content);
        let rounds: Vec<[f64; 2]> = (0..UPLOADS)
            .map(|_| timed(&server, || assert_eq!(send(server.address(), &request).status, 201, "{name} is uploaded")))
            .collect();
        report::figure(format!("{name}, wall"), median(rounds.iter().map(|[wall, _]| *wall).collect()), "ms");
        let cpu = rounds.iter().map(|[_, cpu]| *cpu).sum::<f64>() / float(UPLOADS);
        match maximum {
            Some(maximum) => report::figure_with_target(format!("{name}, CPU"), cpu, Target { maximum, unit: "ms" }),
            None => report::figure(format!("{name}, CPU"), cpu, "ms"),
        }
    }
}

/// A row of a spreadsheet with one cell.
fn row(text: &str) -> String {
    format!("<row><c t='inlineStr'><is><t>{text}</t></is></c></row>")
}

/// A PDF with a page for each of these texts, which are of ASCII letters and punctuation without parentheses.
fn pdf_of(pages: &[String]) -> Vec<u8> {
    let contents: Vec<String> = pages
        .iter()
        .map(|page| {
            let words: Vec<&str> = page.split_whitespace().collect();
            let lines: Vec<String> = words.chunks(12).map(|line| format!("({}) Tj T*", line.join(" "))).collect();
            format!("BT /F 9 Tf 11 TL 50 750 Td {} ET", lines.join("\n"))
        })
        .collect();
    Pdf::of_pages(&contents.iter().map(String::as_str).collect::<Vec<_>>()).bytes()
}

pub(crate) fn hostile() {
    let server = Server::emulator(&[]);
    let folder = Folder::new(&server, "hostile");
    let bomb = Pdf::of_stream("/Filter /FlateDecode", &zlib_of_zeros(1 << 10)).bytes();
    let forms = {
        let mut pdf = Pdf::of_pages(&["/X Do"]);
        for number in 20..32 {
            let entries = format!("/Subtype /Form /Resources << /XObject << /X {} 0 R >> >>", number + 1);
            pdf = pdf.stream(number, &entries, b"/X Do /X Do /X Do /X Do");
        }
        pdf.pages(&[10], "/XObject << /X 20 0 R >>").bytes()
    };
    let uploads: Vec<Vec<u8>> =
        [bomb, forms].iter().map(|content| folder.upload_request("hostile.pdf", content)).collect();
    report::part("creates of one tenant while another uploads hostile PDFs over four connections");
    let create = request("POST /api/v1/indexes", "other", CREATE_BODY);
    let before = server.resident_bytes();
    let alone = latencies(&server, &create, || false);
    let beside = thread::scope(|scope| {
        let uploads: Vec<_> = (0..4)
            .map(|number: usize| {
                scope.spawn({
                    let request = &uploads[number % 2];
                    let address = server.address();
                    move || (0..2).for_each(|_| assert_eq!(send(address, request).status, 201, "it is stored"))
                })
            })
            .collect();
        latencies(&server, &create, || uploads.iter().any(|upload| !upload.is_finished()))
    });
    for (what, mut latencies) in [("alone", alone), ("beside", beside)] {
        latencies.sort_unstable();
        for (name, percent) in [("median", 50), ("99th percentile", 99)] {
            let at = (latencies.len() * percent / 100).min(latencies.len() - 1);
            report::figure(format!("{what}, {name} of {}", latencies.len()), latencies[at].as_secs_f64() * 1e3, "ms");
        }
    }
    let grown = server.resident_bytes().saturating_sub(before);
    report::figure("growth of the server's memory", float(grown) / 1024.0 / 1024.0, "MiB");
}

/// The times of creates, one after the other: a thousand, and more as long as `goes_on` says so.
fn latencies(server: &Server, create: &[u8], goes_on: impl Fn() -> bool) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while latencies.len() < 1_000 || goes_on() {
        let started = Instant::now();
        let response = send(server.address(), create);
        latencies.push(started.elapsed());
        // Deleted, so that the memory does not grow by indexes.
        let delete = request(&format!("DELETE /api/v1/indexes/{}", id_in(&response)), "other", "");
        assert_eq!(send(server.address(), &delete).status, 204, "the index is deleted");
    }
    latencies
}
