//! Files that are made to stall, exhaust or crash whoever reads them: each fails alone and says why, while other
//! tenants go on.

use std::fs;
use std::thread;

use serde_json::Value;

use crate::support::office::{archive, archive_of_deflated, deflated_zeros, docx, paragraph, xlsx, zlib_of_zeros};
use crate::support::pdf::{Pdf, line};
use crate::support::{Client, Program};

/// What becomes of a file.
enum Outcome {
    /// It fails with a reason that has these words.
    Failed(&'static str),
    /// It fails with a reason that has these words, or because it takes too long: which limit acts first depends on the
    /// machine and its load.
    FailedOrLate(&'static str),
    /// It is read, and its text has these words.
    Read(&'static str),
}

use Outcome::{Failed, FailedOrLate, Read};

struct Hostile {
    name: &'static str,
    content: Vec<u8>,
    outcome: Outcome,
}

fn hostile(name: &'static str, content: Vec<u8>, outcome: Outcome) -> Hostile {
    Hostile { name, content, outcome }
}

/// Words of the reason for a file whose reader needs too much memory. Only Linux limits it.
const MEMORY: &str = "too much memory";

const FORM: &str = "/Type /XObject /Subtype /Form /BBox [0 0 1 1]";

fn pdfs() -> Vec<Hostile> {
    let deflated = "/Filter /FlateDecode";
    let operators = zlib_of("0 0 m ".repeat(3_000_000).as_bytes());
    let twice = zlib_of(&zlib_of_zeros(1 << 10));
    let whole = Pdf::of_pages(&[&line("Whole")]).bytes();
    let pages = Pdf::of_pages(&[&line("Page")]).pages(&vec![10; 10_000], "");
    let loops =
        Pdf::default().object(1, "<< /Pages 2 0 R >>").object(2, "<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R] >>");
    let nested = "[".repeat(500_000) + &line("After the nesting");
    let dictionaries = "<< /A ".repeat(20_000) + "1" + &">>".repeat(20_000);
    vec![
        hostile("bomb.pdf", Pdf::of_stream(deflated, &zlib_of_zeros(1 << 10)).bytes(), FailedOrLate(MEMORY)),
        hostile(
            "bomb in bomb.pdf",
            Pdf::of_stream("/Filter [/FlateDecode /FlateDecode]", &twice).bytes(),
            Failed(MEMORY),
        ),
        hostile(
            "operators.pdf",
            Pdf::of_stream(deflated, &operators).bytes(),
            FailedOrLate("drawing operators, the limit"),
        ),
        hostile("forms.pdf", exponential_forms().bytes(), FailedOrLate("drawing operators, the limit")),
        hostile("loop.pdf", loops.bytes(), Failed("no page was found")),
        hostile("pages.pdf", pages.bytes(), Read("Page\u{c}Page\u{c}Page")),
        hostile("arrays.pdf", Pdf::of_pages(&[&nested]).bytes(), Read("whose pages hold no text")),
        hostile("dictionaries.pdf", Pdf::default().object(1, &dictionaries).bytes(), Failed("no PDF")),
        hostile("truncated.pdf", whole[..60].to_vec(), Failed("no PDF")),
        hostile("no.pdf", b"no PDF at all".to_vec(), Failed("no PDF")),
        hostile("password.pdf", encrypted().bytes(), Failed("encrypted with a password")),
    ]
}

fn zlib_of(content: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(content, 6)
}

/// A page of forms, each of which draws the next one four times.
fn exponential_forms() -> Pdf {
    const DEPTH: usize = 12;
    let mut pdf = Pdf::of_pages(&["/X Do"]);
    for number in 20..20 + DEPTH {
        let next = format!("/Resources << /XObject << /X {} 0 R >> >>", number + 1);
        pdf = pdf.stream(number, &format!("{FORM} {next}"), b"/X Do /X Do /X Do /X Do");
    }
    pdf.pages(&[10], "/XObject << /X 20 0 R >>")
}

fn encrypted() -> Pdf {
    let (owner, user) = ("ab".repeat(32), "cd".repeat(32));
    let dictionary = format!("<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{owner}> /U <{user}> >>");
    Pdf::of_pages(&[&line("Secret")]).object(40, dictionary).trailer("/Encrypt 40 0 R /ID [<00> <00>]")
}

fn office_files() -> Vec<Hostile> {
    let entities = "<!DOCTYPE a [<!ENTITY x 'yyyyyyyyyy'><!ENTITY z '&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;'>]>";
    let with_entities = format!("{entities}<w:document>{}</w:document>", paragraph("a &z; b"));
    let names: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    let whole = docx(&paragraph("Whole"));
    let (first, last) =
        ("<row r='1'><c r='A1'><v>1</v></c></row>", "<row r='1048576'><c r='XFD1048576'><v>2</v></c></row>");
    let mut locked = whole.clone();
    set_encrypted(&mut locked);
    vec![
        hostile(
            "bomb.docx",
            archive_of_deflated([("word/document.xml", deflated_zeros(1 << 10))]),
            Failed("inflate to more than 64 MiB"),
        ),
        hostile("nested.docx", docx(&"<w:p>".repeat(500_000)), Failed("nested deeper than 1000")),
        hostile("entities.docx", archive([("word/document.xml", with_entities.as_bytes())]), Read("a  b")),
        hostile(
            "entries.docx",
            archive(names.iter().map(|name| (name.as_str(), &b""[..]))),
            Failed("more than 10000 entries"),
        ),
        hostile("truncated.docx", whole[..whole.len() - 30].to_vec(), Failed("no ZIP archive")),
        hostile("no document.docx", archive([("a", &b"b"[..])]), Failed("no part word/document.xml")),
        hostile("no xml.docx", archive([("word/document.xml", &b"<w:p></w:q>"[..])]), Failed("not well-formed")),
        hostile("damaged.docx", archive_of_deflated([("word/document.xml", vec![0xff; 50])]), Failed("damaged")),
        hostile("locked.docx", locked, Failed("encrypted")),
        hostile("old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on".to_vec(), Failed("before 2007")),
        hostile("sparse.xlsx", xlsx(&[("S", &[first, last].concat())]), Read("| 1 | |")),
        hostile("diagonal.xlsx", xlsx(&[("S", &diagonal())]), Failed("longer than 64 MiB")),
    ]
}

/// Sets the flag of encryption in the central directory of an archive.
fn set_encrypted(archive: &mut [u8]) {
    const ENTRY: &[u8] = b"PK\x01\x02";
    const FLAGS: usize = 8;
    let entry = archive.windows(4).position(|bytes| bytes == ENTRY).expect("an entry");
    archive[entry + FLAGS] |= 1;
}

/// Cells each of which is alone in its row and in its column.
fn diagonal() -> String {
    let letter = |number: usize| char::from(b'A' + u8::try_from(number % 26).expect("is below 26"));
    let column = |number: usize| [letter(number / 676), letter(number / 26), letter(number)].iter().collect::<String>();
    let cell = |row: usize| format!("<row r='{row}'><c r='{}{row}'><v>1</v></c></row>", column(row));
    (1..10_000).map(cell).collect()
}

/// The highest amount of memory that a process has used, in MiB.
fn peak_memory(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn every_hostile_file_fails_alone_and_says_why_while_others_are_served() {
    let program = Program::start(&["--sync-duration", "0"], &[]);
    let client = Client::at(program.address);
    let directory = client.directory("d");
    let files: Vec<Hostile> = pdfs().into_iter().chain(office_files()).collect();
    thread::scope(|scope| {
        // As many at a time as are read at a time, so that none waits long for its turn.
        let uploads = [0, 1].map(|first| {
            let share = files.iter().skip(first).step_by(2);
            scope.spawn(|| share.for_each(|file| _ = client.upload(&directory, file.name, &file.content)))
        });
        let other = client.with_key("llx-other");
        while uploads.iter().any(|upload| !upload.is_finished()) {
            other.create("dir-other");
        }
    });
    let peak = peak_memory(&program);
    assert!(peak < 200, "the server used {peak} MiB");
    client.upload(&directory, "good.pdf", Pdf::of_pages(&[&line("Still here")]).bytes());
    let index = client.index_over(&directory);
    assert_eq!(client.index(&index)["metadata"]["status"], "ready");
    let kept = client.state()["directory_files"].clone();
    for file in &files {
        check(&client, &index, &kept, file);
    }
    assert_eq!(client.retrieved(&index, "still here")[0], "Still here");
}

#[track_caller]
fn check(client: &Client, index: &str, kept: &Value, file: &Hostile) {
    let row = kept.as_array().and_then(|rows| rows.iter().find(|row| row["display_name"] == file.name));
    let kept = &row.unwrap_or_else(|| panic!("{} is not stored: {kept}", file.name))["kept"];
    let fails_with = |words: &str| kept["error"].as_str().is_some_and(|error| error.contains(words));
    match file.outcome {
        Failed(words) => assert!(fails_with(words), "{}: {kept}", file.name),
        FailedOrLate(words) => assert!(fails_with(words) || fails_with("takes too long"), "{}: {kept}", file.name),
        Read(words) => {
            assert!(kept["error"].is_null(), "{}: {kept}", file.name);
            let text = client.text_in(index, &client.found_id(index, file.name));
            assert!(text.contains(words), "{}: {text:.200}", file.name);
        }
    }
}
