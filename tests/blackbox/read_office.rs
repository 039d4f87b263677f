//! Text that is read from office files, as Markdown.

use serde_json::json;

use crate::support::office::{archive, docx, paragraph, pptx, xlsx};
use crate::support::{Client, RETRIEVE, reading_server};

/// The text of a file in an index.
#[track_caller]
fn text_of_file(name: &str, content: &[u8]) -> String {
    let server = reading_server(&[]);
    Client::of(&server).read_alone(name, content).0
}

#[test]
fn a_text_document_has_headings_lists_and_tables() {
    let heading =
        "<w:p><w:pPr><w:pStyle w:val='berschrift1'/></w:pPr><w:r><w:t>Reve</w:t></w:r><w:r><w:t>nue</w:t></w:r></w:p>";
    let item = "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>One</w:t></w:r></w:p>";
    let styled = "<w:p><w:pPr><w:pStyle w:val='Liste'/></w:pPr><w:r><w:t>Two</w:t><w:tab/><w:t>x</w:t><w:br/><w:t>y</w:t></w:r></w:p>";
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph(text));
    let inner = format!("<w:tc><w:tbl><w:tr>{}{}</w:tr></w:tbl></w:tc>", cell("a"), cell("b"));
    let table =
        format!("<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{inner}</w:tr></w:tbl>", cell("Region"), cell("Units"), cell("N|W"));
    let body =
        format!("{heading}{}{item}{styled}{table}{}", paragraph("Caf\u{e9} &amp; &lt;tags&gt; "), paragraph("End"));
    assert_eq!(
        text_of_file("a.docx", &docx(&body)),
        "# Revenue\n\nCaf\u{e9} & <tags>\n\n- One\n- Two\tx\ny\n\n| Region | Units |\n|---|---|\n| N\\|W | a b |\n\nEnd"
    );
}

#[test]
fn text_that_is_deleted_or_stands_twice_is_read_once() {
    let text_box = |text: &str| format!("<w:txbxContent>{}</w:txbxContent>", paragraph(text));
    let body = format!(
        "<w:p><w:r><mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback>{}</mc:Fallback></mc:AlternateContent></w:r>\
         <w:r><w:t>Body</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>moved</w:t>\
         </w:r></w:moveFrom></w:p>",
        text_box("Box"),
        text_box("Box")
    );
    assert_eq!(text_of_file("a.docx", &docx(&body)), "Box\n\nBody");
}

#[test]
fn pages_of_a_text_document_are_those_of_its_last_layout_or_of_its_author() {
    let author = "<w:r><w:br w:type='page'/></w:r>";
    let rendered = "<w:r><w:lastRenderedPageBreak/></w:r>";
    let paragraph = |inner: &str, text: &str| format!("<w:p>{inner}<w:r><w:t>{text}</w:t></w:r></w:p>");
    let body = paragraph("", "One") + &paragraph(author, "Two");
    assert_eq!(text_of_file("a.docx", &docx(&body)), "One\u{c}Two");
    let body =
        paragraph("", "One") + &paragraph("", author) + &paragraph(rendered, "Two") + &paragraph(rendered, "Three");
    assert_eq!(text_of_file("a.docx", &docx(&body)).matches('\u{c}').count(), 2);
}

#[test]
fn a_presentation_has_a_page_a_slide_in_the_order_in_which_they_are_shown() {
    let shape = |kind: &str, text: &str| {
        format!(
            "<p:sp><p:nvSpPr><p:nvPr><p:ph type='{kind}'/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r>\
             </a:p></p:txBody></p:sp>"
        )
    };
    let table = "<a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>a</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl>";
    let slides = [shape("ctrTitle", "Roadmap") + &shape("body", "Ship it"), shape("title", "Numbers") + table];
    let text = text_of_file("a.pptx", &pptx(&slides.each_ref().map(String::as_str)));
    assert_eq!(text, "# Roadmap\n\nShip it\u{c}# Numbers\n\n| a |\n|---|");
}

#[test]
fn a_spreadsheet_has_a_page_a_sheet_with_what_its_cells_show() {
    let rows = "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='C1' t='s'><v>1</v></c></row>\
                <row r='5'><c r='A5' s='1'><v>45352</v></c><c r='C5'><v>0.30000000000000004</v></c></row>\
                <row><c t='b'><v>1</v></c><c t='inlineStr'><is><t>in|line</t></is></c><c t='str'><f>A1</f><v>formula</v></c></row>\
                <row><c t='e'><v>#DIV/0!</v></c></row>";
    let text = text_of_file("a.xlsx", &xlsx(&[("Sales", rows), ("Empty", "")]));
    assert_eq!(
        text,
        "# Sales\n\n| shared | | rich text |\n|---|---|---|\n| 2024-03-01 | | 0.3 |\n| TRUE | in\\|line | formula |\n\
         | #DIV/0! | | |\u{c}# Empty"
    );
}

#[test]
fn an_office_file_is_recognised_by_its_entries_if_its_name_says_nothing() {
    assert_eq!(text_of_file("upload", &docx(&paragraph("Hello"))), "Hello");
    let text = text_of_file("upload", &archive([("a.txt", &b"not an office file"[..])]));
    assert!(text.starts_with("[llamacloud-mock stand-in: upload is application/zip"), "{text}");
}

#[test]
fn an_office_file_without_text_has_a_stand_in_that_says_so() {
    let text = text_of_file("a.docx", &docx(&paragraph(" ")));
    assert!(text.lines().next().is_some_and(|line| line.ends_with(", which holds no text]")), "{text}");
}

#[test]
fn headings_of_office_files_belong_to_their_chunks() {
    let server = reading_server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    client.upload(
        &directory,
        "sheet.xlsx",
        xlsx(&[("Penguins", "<row><c><v>42</v></c></row>"), ("Whales", "<row><c><v>7</v></c></row>")]),
    );
    let index = client.index_over(&directory);
    let results = client.ask(RETRIEVE, &index, json!({ "query": "whales" }));
    assert_eq!(results["results"][0]["static_fields"]["page_range_start"], 2, "{results}");
}
