//! Text that is read from PDF files, by page.

use serde_json::json;

use crate::support::pdf::{Pdf, UNKNOWN_FONT, line};
use crate::support::reading::{Reading, text_of_content};
use crate::support::{Client, reading_server, server, text_of};

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

#[test]
fn words_are_apart_from_a_tenth_of_an_em_on() {
    for (content, text) in [
        ("BT /F 10 Tf 50 700 Td [(crude) -150 (oil)] TJ ET", "crude oil"),
        ("BT /F 10 Tf 50 700 Td [(kern) -95 (ed)] TJ ET", "kerned"),
        ("BT /F 10 Tf 50 Tz 50 700 Td [(crude) -300 (oil)] TJ ET", "crude oil"),
        ("BT /F 10 Tf 50 Tz 50 700 Td [(kern) -95 (ed)] TJ ET", "kerned"),
        ("BT /F 10 Tf 200 Tz 50 700 Td [(kern) -80 (ed)] TJ ET", "kerned"),
        ("BT /F 10 Tf 2 0 0 1 50 700 Tm [(kern) -80 (ed)] TJ ET", "kerned"),
        ("BT /F -10 Tf -1 0 0 -1 50 700 Tm [(crude) -150 (oil) -50 (s)] TJ ET", "crude oils"),
        ("BT /F 10 Tf 4 Tc 50 700 Td (spaced out) Tj ET", "spaced out"),
    ] {
        assert_eq!(text_of_content(content), text, "{content}");
    }
}

#[test]
fn spaces_that_are_drawn_over_a_word_do_not_tear_it() {
    let spaces = "BT 3 Tr /F 10 Tf 1 0 0 1 55 700 Tm ( ) Tj 1 0 0 1 65 700 Tm ( ) Tj ET";
    let drawn_after = format!("BT /F 10 Tf 50 700 Td (loans and) Tj ET {spaces} BT /F 10 Tf 110 700 Td (rates) Tj ET");
    assert_eq!(text_of_content(&drawn_after), "loans and rates");
    // `lo` is 7.78 wide.
    let between = "BT /F 10 Tf 50 700 Td (lo) Tj 1 0 0 1 54 700 Tm ( ) Tj 1 0 0 1 57.78 700 Tm (ans) Tj ET";
    assert_eq!(text_of_content(between), "loans");
    let wide = "BT /F 10 Tf 50 700 Td (lo) Tj ( ) Tj 1 0 0 1 57.78 700 Tm (ans) Tj ET";
    assert_eq!(text_of_content(wide), "loans");
}

#[test]
fn text_outside_the_page_is_not_on_it() {
    let show = |x: i32, y: i32| format!("BT /F 12 Tf {x} {y} Td (X) Tj ET ");
    let content = format!("{}{}{}", line("Inside"), show(900, 0), show(72, 2000));
    assert_eq!(text_of_content(&content), "Inside");
    let scaled = "q 2 0 0 2 0 0 cm BT /F 12 Tf 400 100 Td (out) Tj -300 0 Td (in) Tj ET Q";
    assert_eq!(text_of_content(scaled), "in");
    let content = format!("{}{}{}", show(-50, 50), show(150, 50), show(350, 50));
    for (entries, count) in [
        ("/MediaBox [-100 0 500 100]", 3),
        ("/MediaBox [500 100 -100 0] /CropBox [100 0 200 100]", 1),
        ("/MediaBox [100 0 200 100] /CropBox [-900 -900 900 900]", 1),
        ("/MediaBox [100 0 400 100] /Rotate 90", 2),
        ("/MediaBox [0 0 0 0]", 3),
    ] {
        let pdf = Pdf::of_pages(&[&content]).page(entries);
        assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text.matches('X').count(), count, "{entries}");
    }
    let inherited = "<< /Type /Pages /Count 1 /Kids [1000000 0 R] /MediaBox [0 0 900 100] /CropBox [100 0 200 100] >>";
    let pdf = Pdf::of_pages(&[&content]).page("").object(2, inherited);
    assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text, "X");
}

/// A font whose codes from `a` on are the letters of the Hebrew alphabet, all half an em wide, and the codes before it
/// those of Helvetica.
fn hebrew() -> String {
    let letters: Vec<String> = (0..26).map(|letter| format!("/uni{:04X}", 0x5d0 + letter)).collect();
    let letters = letters.join(" ");
    let widths = "500 ".repeat(95);
    format!(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 32 /LastChar 126 /Widths [{widths}] /Encoding \
         << /BaseEncoding /WinAnsiEncoding /Differences [97 {letters}] >> >>"
    )
}

#[test]
fn text_from_right_to_left_is_in_the_order_of_reading() {
    let read = |content: &str| Reading::of("a.pdf", &Pdf::of_pages(&[content]).font(&hebrew()).bytes());
    // The eye sees from the left what is read from the right.
    let reading = read("BT /F 10 Tf 50 700 Td (.123 cba \\(HTTP\\) fed) Tj 0 -12 Td (ihg) Tj ET");
    assert_eq!(reading.text, "דהו (HTTP) אבג 123.\nזחט");
    assert_eq!(reading.pages_of_best("אבג"), (json!(1), json!(1)));
    let from_the_right = "BT /F 10 Tf 1 0 0 1 60 700 Tm (a) Tj 1 0 0 1 55 700 Tm (b) Tj 1 0 0 1 50 700 Tm (c) Tj \
                          1 0 0 1 42 700 Tm (d) Tj 1 0 0 1 37 700 Tm (e) Tj ET";
    assert_eq!(read(from_the_right).text, "אבג דה");
    assert_eq!(read("BT /F 10 Tf 0 1 -1 0 300 300 Tm (cba fed) Tj ET").text, "דהו אבג", "turned");
    assert_eq!(read("BT /F 10 Tf 50 700 Td (THE WORD cba IS HEBREW) Tj ET").text, "THE WORD אבג IS HEBREW");
}

#[test]
fn words_that_a_line_end_divides_are_found() {
    let content =
        "BT /F 12 Tf 14 TL 72 700 Td (Figures have cap-) Tj T* (tions in a state-of-the-) Tj T* (art book) Tj ET";
    let reading = Reading::of("a.pdf", &Pdf::of_pages(&[content]).bytes());
    assert_eq!(reading.text, "Figures have captions in a state-of-the-art book");
    assert_eq!(reading.pages_of_best("captions"), (json!(1), json!(1)));
    let pages = [line("A page ends with cap-"), line("tions begins another")];
    let reading = Reading::of("a.pdf", &Pdf::of_pages(&pages.each_ref().map(String::as_str)).bytes());
    assert_eq!(reading.text, "A page ends with cap-\u{c}tions begins another");
}

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
