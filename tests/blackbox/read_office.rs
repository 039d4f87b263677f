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
    let slides = [shape("ctrTitle", "Roadmap") + &shape("body", "Ship it"), shape("title", "Numbers") + table]
        .map(|shapes| format!("<p:sld xmlns:p='p' xmlns:a='a'>{shapes}</p:sld>"));
    let text = text_of_file("a.pptx", &pptx(&slides.each_ref().map(String::as_str)));
    assert_eq!(text, "# Roadmap\n\nShip it\u{c}# Numbers\n\n| a |\n|---|");
}

#[test]
fn a_spreadsheet_has_a_page_a_sheet_with_what_its_cells_show() {
    let rows = "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='C1' t='s'><v>1</v></c></row>\
                <row r='5'><c r='A5' s='1'><v>45352</v></c><c r='C5'><v>0.30000000000000004</v></c></row>\
                <row><c t='b'><v>1</v></c><c t='inlineStr'><is><t>in|line</t></is></c><c t='str'><f>A1</f><v>formula</v></c></row>\
                <row><c t='e'><v>#DIV/0!</v></c><c t='s'/></row>";
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

const TRANSITIONAL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const STRICT: &str = "http://purl.oclc.org/ooxml/officeDocument/relationships";

/// A part of relationships: the type without its beginning, and the target of each.
fn relationships(types: &str, targets: &[(&str, &str)]) -> String {
    let one = |(number, (kind, target)): (usize, &(&str, &str))| {
        format!("<Relationship Id='rId{number}' Type='{types}/{kind}' Target='{target}'/>")
    };
    format!("<Relationships>{}</Relationships>", targets.iter().enumerate().map(one).collect::<String>())
}

#[track_caller]
fn text_of_parts(name: &str, parts: &[(&str, &str)]) -> String {
    text_of_file(name, &archive(parts.iter().map(|(name, content)| (*name, content.as_bytes()))))
}

#[test]
fn the_parts_of_a_text_document_are_found_by_relationships_in_any_spelling() {
    let document = "<x:document xmlns:x='http://purl.oclc.org/ooxml/wordprocessingml/main'><x:body><x:p><x:pPr>\
                    <x:pStyle x:val='T'/></x:pPr><x:r><x:t>Plan</x:t></x:r></x:p></x:body></x:document>";
    let styles = "<x:styles xmlns:x='x'><x:style x:styleId='T'><x:name x:val='Title'/></x:style></x:styles>";
    for (main, style) in [
        ("word/document2.xml", "formats.xml"),
        ("/Word/Document2.xml", "/word/formats.xml"),
        ("word\\document2.xml", "..\\word\\Formats.xml"),
        ("./word/document2.xml", "./formats.xml"),
    ] {
        let parts = [
            (
                "_rels/.rels",
                &*relationships(STRICT, &[("metadata/core-properties", "x.xml"), ("officeDocument", main)]),
            ),
            ("word\\Document2.xml", document),
            ("word/_rels/document2.xml.rels", &relationships(TRANSITIONAL, &[("styles", style)])),
            ("/word/formats.xml", styles),
        ];
        assert_eq!(text_of_parts("a.dotm", &parts), "# Plan", "{main}, {style}");
    }
}

#[test]
fn the_parts_of_a_spreadsheet_and_of_a_presentation_are_found_by_relationships() {
    let workbook = "<workbook xmlns:q='r'><sheets><sheet name='S' sheetId='1' q:id='rId0'/></sheets></workbook>";
    let sheet =
        "<worksheet><sheetData><row><c t='s'><v>0</v></c><c s='1'><v>45352</v></c></row></sheetData></worksheet>";
    let targets = [("worksheet", "/data/one.xml"), ("sharedStrings", "texts.xml"), ("styles", "/looks.xml")];
    let parts = [
        ("_rels/.rels", &*relationships(TRANSITIONAL, &[("officeDocument", "book/main.xml")])),
        ("book/main.xml", workbook),
        ("book/_rels/main.xml.rels", &relationships(STRICT, &targets)),
        ("data/one.xml", sheet),
        ("book/texts.xml", "<sst><si><t>shared</t></si></sst>"),
        ("looks.xml", "<styleSheet><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/></cellXfs></styleSheet>"),
    ];
    assert_eq!(text_of_parts("a.xltx", &parts), "# S\n\n| shared | 2024-03-01 |\n|---|---|");
    let slide = "<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:r><a:t>Slide</a:t></a:r></a:p></p:sld>";
    let parts = [
        ("_rels/.rels", &*relationships(STRICT, &[("officeDocument", "/deck.xml")])),
        ("deck.xml", "<presentation xmlns:r='r'><sldIdLst><sldId r:id='rId0' id='256'/></sldIdLst></presentation>"),
        ("_rels/deck.xml.rels", &relationships(TRANSITIONAL, &[("slide", "Slides/One.xml")])),
        ("slides/one.xml", slide),
    ];
    assert_eq!(text_of_parts("a.potx", &parts), "Slide");
}

#[test]
fn hidden_text_of_a_text_document_is_left_out() {
    let run = |properties: &str, text: &str| format!("<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>");
    let row = |properties: &str, text: &str| {
        format!("<w:tr><w:trPr>{properties}</w:trPr><w:tc>{}</w:tc></w:tr>", paragraph(text))
    };
    let body = [
        "<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>",
        &run("", "a"),
        &run("<w:vanish/>", "b<w:tab/><w:br w:type='page'/>"),
        &run("<w:vanish w:val='0'/>", "c"),
        &run("<w:rStyle w:val='Run'/>", "d"),
        &run("<w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange>", "x"),
        "</w:p><w:p><w:pPr><w:pStyle w:val='Secret'/></w:pPr>",
        &run("", "e"),
        &run("<w:vanish w:val='false'/>", "f"),
        "</w:p><w:tbl>",
        &row("", "g"),
        &row("<w:hidden/>", "h"),
        &row("<w:hidden w:val='off'/>", "i"),
        "</w:tbl><w:p><w:r><w:drawing><wp:anchor><wp:docPr id='1' hidden='1'/><w:txbxContent>",
        &paragraph("j"),
        "</w:txbxContent></wp:anchor></w:drawing></w:r>",
        &run("", "k"),
        "</w:p>",
    ];
    let document = format!("<w:document>{}</w:document>", body.concat());
    let styles = "<w:styles><w:style w:styleId='Run'><w:basedOn w:val='Base'/></w:style><w:style w:styleId='Base'>\
                  <w:basedOn w:val='Run'/><w:rPr><w:vanish/></w:rPr></w:style><w:style w:styleId='Secret'>\
                  <w:name w:val='heading 1'/><w:rPr><w:vanish/></w:rPr></w:style></w:styles>";
    let text = text_of_parts("a.docx", &[("word/document.xml", &document), ("word/styles.xml", styles)]);
    assert_eq!(text, "acx\n\n# f\n\n| g |\n|---|\n| i |\n\nk");
}

#[test]
fn hidden_sheets_rows_and_columns_are_left_out() {
    let cells = "<c r='A1'><v>1</v></c><c r='B1'><v>2</v></c><c r='C1'><v>3</v></c><c r='D1'><v>4</v></c>";
    let sheet = format!(
        "<worksheet><cols><col min='1' max='1' width='9'/><col min='2' max='2' hidden='1'/>\
         <col min='4' max='9' width='0' customWidth='1'/></cols><sheetData><row r='1'>{cells}</row>\
         <row r='2' hidden='true'><c r='A2'><v>5</v></c></row><row r='3' ht='0'><c r='A3'><v>6</v></c></row>\
         <row r='4' hidden='0'><c r='A4'><v>7</v></c><c r='C4' s='1' t='str'><v>8</v></c></row></sheetData></worksheet>"
    );
    let styles = "<styleSheet><numFmts><numFmt numFmtId='170' formatCode=';;;'/></numFmts><cellXfs><xf/>\
                  <xf numFmtId='170'/></cellXfs></styleSheet>";
    let sheets =
        ["hidden", "visible", "veryHidden"].map(|state| format!("<sheet name='{state}' state='{state}' r:id='rId0'/>"));
    let parts = [
        ("xl/workbook.xml", &*format!("<workbook xmlns:r='r'><sheets>{}</sheets></workbook>", sheets.concat())),
        ("xl/_rels/workbook.xml.rels", &relationships(STRICT, &[("worksheet", "sheet.xml")])),
        ("xl/styles.xml", styles),
        ("xl/sheet.xml", &sheet),
    ];
    assert_eq!(text_of_parts("a.xlsx", &parts), "# visible\n\n| 1 | 3 |\n|---|---|\n| 7 | |");
}

#[test]
fn hidden_slides_and_shapes_are_left_out() {
    let shape = |attributes: &str, text: &str| {
        format!(
            "<p:sp><p:nvSpPr><p:cNvPr id='2' {attributes}/></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p>\
             </p:txBody></p:sp>"
        )
    };
    let slide = |attributes: &str, shapes: &str| format!("<p:sld {attributes}><p:spTree>{shapes}</p:spTree></p:sld>");
    let group = format!("<p:grpSp><p:nvGrpSpPr><p:cNvPr hidden='true'/></p:nvGrpSpPr>{}</p:grpSp>", shape("", "c"));
    let slides = [
        slide("show='0'", &shape("", "a")),
        slide("show='1'", &[shape("hidden='1'", "b"), group, shape("hidden='0'", "d")].concat()),
        slide("show='false'", &shape("hidden='1'", "e")),
        slide("", &shape("", "f")),
    ];
    assert_eq!(text_of_file("a.pptx", &pptx(&slides.each_ref().map(String::as_str))), "d\u{c}f");
}
