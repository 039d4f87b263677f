//! Text that is read from PDF files, by page.

use serde_json::{Value, json};

use crate::support::pdf::{Pdf, line};
use crate::support::{Client, RETRIEVE, reading_server, server, text_of};

/// An index over one file, and the text of the file in it.
struct Reading {
    client: Client,
    index: String,
    text: String,
    _server: llamacloud_mock::embedded::MockServer,
}

impl Reading {
    #[track_caller]
    fn of(name: &str, content: &[u8]) -> Self {
        let server = reading_server(&[]);
        let client = Client::of(&server);
        let (text, index) = client.read_alone(name, content);
        Self { client, index, text, _server: server }
    }

    /// The first and the last page of the best result.
    #[track_caller]
    fn pages_of_best(&self, query: &str) -> (Value, Value) {
        let results = self.client.ask(RETRIEVE, &self.index, json!({ "query": query }));
        let fields = &results["results"][0]["static_fields"];
        (fields["page_range_start"].clone(), fields["page_range_end"].clone())
    }
}

/// The text of a PDF with one page of this content.
#[track_caller]
fn text_of_content(content: &str) -> String {
    Reading::of("a.pdf", &Pdf::of_pages(&[content]).bytes()).text
}

#[test]
fn pages_are_separated_and_results_name_them() {
    let pages = [line("The opening chapter"), line(""), line("Penguins live in the south")];
    let reading = Reading::of("a.pdf", &Pdf::of_pages(&pages.each_ref().map(String::as_str)).bytes());
    assert_eq!(reading.text, "The opening chapter\u{c}\u{c}Penguins live in the south");
    assert_eq!(reading.pages_of_best("penguins"), (json!(3), json!(3)));
    assert_eq!(reading.pages_of_best("opening"), (json!(1), json!(1)));
}

#[test]
fn a_pdf_is_recognised_by_its_first_bytes_if_its_name_says_nothing() {
    assert_eq!(Reading::of("upload", &Pdf::of_pages(&[&line("Hello")]).bytes()).text, "Hello");
}

#[test]
fn the_operators_for_text_place_words_and_lines() {
    for (content, text) in [
        ("BT /F 10 Tf 50 700 Td (one) Tj 0 -12 Td (two) Tj ET", "one\ntwo"),
        ("BT /F 10 Tf 12 TL 50 700 Td (one) Tj T* (two) Tj (three) ' 1 2 (four) \" ET", "one\ntwo\nthree\nfour"),
        ("BT /F 10 Tf 50 700 TD (one) Tj 0 -40 TD (two) Tj ET", "one\n\ntwo"),
        ("BT /F 10 Tf 50 700 Td [(W) 80 (ord) -400 (next)] TJ ET", "Word next"),
        ("BT /F 10 Tf 1 0 0 1 50 700 Tm (one) Tj 1 0 0 1 200 700 Tm (two) Tj ET", "one two"),
        ("BT /F 10 Tf 5 Tw 50 700 Td (one two) Tj ET", "one two"),
        ("q 2 0 0 2 0 0 cm BT /F 5 Tf 25 350 Td (one) Tj ET Q BT /F 10 Tf 50 688 Td (two) Tj ET", "one\ntwo"),
        ("BT /F 10 Tf 0 1 -1 0 300 300 Tm (turned) Tj 12 -12 Td (line) Tj ET", "turned\nline"),
        ("BT /F 10 Tf 50 700 Td (x) Tj 5 Ts (2) Tj ET", "x2"),
    ] {
        assert_eq!(text_of_content(content), text, "{content}");
    }
}

#[test]
fn text_in_forms_is_read_where_they_are_drawn() {
    let form = format!("{} /X Do", line("In a form"));
    let entries = "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Matrix [1 0 0 1 0 -50] /Resources << /Font << /F 3 0 R >> \
                   /XObject << /X 20 0 R >> >>";
    let page = format!("{} /X Do {}", line("Before"), "BT /F 12 Tf 72 600 Td (After) Tj ET");
    let pdf = Pdf::of_pages(&[&page]).stream(20, entries, form.as_bytes()).pages(&[10], "/XObject << /X 20 0 R >>");
    // The form draws itself, which has no end and is not done.
    assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text, "Before\n\nIn a form\n\nAfter");
}

#[test]
fn fonts_map_codes_to_characters() {
    let map = "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange \
               2 beginbfchar <41> <FB01> <42> <0416> endbfchar endcmap";
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 30 0 R >>";
    let pdf = Pdf::of_pages(&[&line("A B")]).font(font).stream(30, "", map.as_bytes());
    assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text, "fi Ж", "a ligature is two letters");
    let differences =
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [65 /Euro /uni0416] >> >>";
    let pdf = Pdf::of_pages(&[&line("AB")]).font(differences);
    assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text, "€Ж");
}

/// A font without any relation between its codes and characters.
const UNKNOWN_FONT: &str = "<< /Type /Font /Subtype /Type0 /BaseFont /ABC /Encoding /Identity-H /DescendantFonts [<< /Type \
                            /Font /Subtype /CIDFontType2 /BaseFont /ABC /CIDSystemInfo << /Registry (Adobe) /Ordering \
                            (Identity) /Supplement 0 >> >>] >>";

/// A font with a map of characters that is part of PDF, and not of this program.
const PREDEFINED_MAP: &str = "<< /Type /Font /Subtype /Type0 /BaseFont /ABC /Encoding /UniGB-UCS2-H /DescendantFonts [<< /Type \
                              /Font /Subtype /CIDFontType0 /BaseFont /ABC /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) \
                              /Supplement 4 >> >>] >>";

#[test]
fn a_page_whose_characters_are_unknown_is_not_searched() {
    let unknown = "BT /U 12 Tf 72 700 Td <004100420043> Tj ET";
    let pdf = Pdf::of_pages(&[&line("Known words"), unknown]).object(30, UNKNOWN_FONT);
    let pdf = pdf.pages(&[10, 11], "/Font << /F 3 0 R /U 30 0 R >>");
    let reading = Reading::of("a.pdf", &pdf.bytes());
    let (first, second) = reading.text.split_once('\u{c}').expect("two pages");
    assert_eq!(first, "Known words");
    assert!(second.starts_with("[llamacloud-mock: the text of this page cannot be read"), "{second}");
    assert!(!reading.text.contains('\u{fffd}'));
}

#[test]
fn a_pdf_without_text_has_a_stand_in_that_says_why() {
    for (pdf, reason) in [
        (Pdf::of_pages(&["0 0 100 100 re f"]), "whose pages hold no text; text in images is not read"),
        (Pdf::of_pages(&[&line("AB")]).font(UNKNOWN_FONT), "whose fonts do not say which characters they show"),
        (Pdf::of_pages(&[&line("AB")]).font(PREDEFINED_MAP), "whose fonts do not say which characters they show"),
    ] {
        let reading = Reading::of("scan.pdf", &pdf.bytes());
        let first = format!("[llamacloud-mock stand-in: scan.pdf is application/pdf, {reason}]");
        assert_eq!(reading.text.lines().next(), Some(first.as_str()));
        assert_eq!(reading.client.state()["directory_files"][0]["kept"]["stand_in"], true);
    }
}

#[test]
fn an_embedded_server_without_the_program_gives_a_stand_in_that_says_what_to_set() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let (text, _) = client.read_alone("a.pdf", Pdf::of_pages(&[&line("Hello")]).bytes());
    assert!(text.lines().next().is_some_and(|line| line.contains("LLAMACLOUD_MOCK_BINARY")), "{text}");
}

#[test]
fn uploads_on_their_own_are_read_too_and_equal_files_have_equal_chunks() {
    let server = reading_server(&[]);
    let client = Client::of(&server);
    let content = Pdf::of_pages(&[&line("Hello")]).bytes();
    let file = client.upload_file("a.pdf", &content);
    let mut texts = Vec::new();
    for directory in ["one", "two"] {
        let directory = client.directory(directory);
        let path = format!("{}/{directory}/files", crate::support::DIRECTORIES);
        assert_eq!(client.post(&path, &json!({ "file_id": text_of(&file, "id") })).status, 201);
        client.upload(&directory, "b.pdf", &content);
        let index = client.index_over(&directory);
        texts.extend(["a.pdf", "b.pdf"].map(|name| client.text_in(&index, &client.found_id(&index, name))));
    }
    assert_eq!(texts, ["Hello"; 4]);
}
