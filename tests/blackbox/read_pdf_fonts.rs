//! Which characters the fonts of a PDF show, and what is said if they do not say it.

use serde_json::json;

use crate::support::pdf::{Pdf, UNKNOWN_FONT, line};
use crate::support::reading::Reading;
use crate::support::{Client, Program, text_of};

/// The text of a page that shows a string in this font.
#[track_caller]
fn text_in(font: &str, string: &str) -> String {
    let content = format!("BT /F 12 Tf 72 700 Td {string} Tj ET");
    Reading::of("a.pdf", &Pdf::of_pages(&[&content]).font(font).bytes()).text
}

/// A composite font with these entries, whose glyphs are those of a list of Adobe.
fn composite(entries: &str, ordering: &str) -> String {
    format!(
        "<< /Type /Font /Subtype /Type0 /BaseFont /ABC {entries} /DescendantFonts [<< /Type /Font /Subtype \
         /CIDFontType0 /BaseFont /ABC /CIDSystemInfo << /Registry (Adobe) /Ordering ({ordering}) /Supplement 4 >> \
         >>] >>"
    )
}

#[test]
fn character_maps_that_files_name_are_known() {
    for (encoding, ordering, string, text) in [
        ("/UniGB-UCS2-H", "GB1", "<4f60597d>", "你好"),
        ("/GBK-EUC-H", "GB1", "<c4e3bac3>", "你好"),
        ("/90ms-RKSJ-H", "Japan1", "<93fa967b8cea>", "日本語"),
        ("/UniJIS-UTF16-H", "Japan1", "<65e5672c>", "日本"),
        ("/ETen-B5-H", "CNS1", "<a7da>", "我"),
        ("/KSCms-UHC-H", "Korea1", "<c7d1b1db>", "한글"),
        ("/Identity-H", "Japan1", "<0465>", "亜"),
    ] {
        let font = composite(&format!("/Encoding {encoding}"), ordering);
        assert_eq!(text_in(&font, string), text, "{encoding}");
        // As in a font that the file holds, of which only the numbers of the glyphs are known.
        let font = composite(&format!("/Encoding {encoding} /ToUnicode /Identity-H"), ordering);
        assert_eq!(text_in(&font, string), text, "{encoding} with a map of characters that does not say them");
    }
    // Upright characters follow each other downwards.
    assert_eq!(text_in(&composite("/Encoding /UniGB-UCS2-V", "GB1"), "<4f60597d>"), "你好");
}

#[test]
fn a_map_of_characters_that_is_one_of_glyphs_is_believed() {
    for name in ["/Identity-H", "/Identity-V"] {
        let font = composite(&format!("/Encoding /Identity-H /ToUnicode {name}"), "Identity");
        assert_eq!(text_in(&font, "<00480069042f>"), "HiЯ", "{name}");
    }
    let map = "begincmap /CMapName /Identity-H def 1 begincodespacerange <0000> <ffff> endcodespacerange \
               1 begincidrange <0000> <ffff> 0 endcidrange endcmap";
    let font = composite("/Encoding /Identity-H /ToUnicode 30 0 R", "Identity");
    let pdf = Pdf::of_pages(&["BT /F 12 Tf 72 700 Td <00480069> Tj ET"]).font(&font).stream(30, "", map.as_bytes());
    assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text, "Hi");
}

#[test]
fn numbers_in_the_names_of_drawn_glyphs_are_characters() {
    for (names, text) in [("/a72 /a105", "Hi"), ("/72 /105", "Hi"), ("/uni0048 /uni0069", "Hi"), ("/x48 /x6A", "Hj")] {
        let font = format!(
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 65 \
             /LastChar 66 /Widths [500 500] /CharProcs << >> /Encoding << /Differences [65 {names}] >> >>"
        );
        assert_eq!(text_in(&font, "(AB)"), text, "{names}");
    }
    let font =
        "<< /Type /Font /Subtype /TrueType /BaseFont /Helvetica /Encoding << /Differences [65 /G48 /g0069] >> >>";
    assert_eq!(text_in(font, "(AB)"), "Hi");
}

#[test]
fn a_font_that_numbers_its_glyphs_has_only_the_characters_of_its_map() {
    let font = "<< /Type /Font /Subtype /TrueType /BaseFont /AAAAAB+Calibri /FontDescriptor << /Type /FontDescriptor \
                /Flags 4 >> /ToUnicode 30 0 R >>";
    let map = "begincmap 1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <41> <0069> endbfchar endcmap";
    let pdf = Pdf::of_pages(&[&line("A BA")]).font(font).stream(30, "", map.as_bytes());
    assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text, "i \u{fffd}i");
}

/// A TrueType font without shapes, which has these glyphs for characters, in the order of the characters.
fn true_type(glyphs: &[(char, u32)]) -> Vec<u8> {
    let count = u16::try_from(glyphs.len()).expect("is small");
    let group = |(character, glyph): &(char, u32)| [u32::from(*character), u32::from(*character), *glyph];
    let groups: Vec<u8> = glyphs.iter().flat_map(group).flat_map(u32::to_be_bytes).collect();
    let length = 16 + u32::try_from(groups.len()).expect("is small");
    // One table, for Windows and all of Unicode, in format 12.
    let cmap = [1, 3 << 16 | 0x0a, 12, 12 << 16, length, 0, u32::from(count)].map(u32::to_be_bytes).concat();
    let mut head = vec![0; 54];
    head[12..20].copy_from_slice(&[0x5f, 0x0f, 0x3c, 0xf5, 0, 0, 0x03, 0xe8]);
    let mut hhea = vec![0; 36];
    hhea[35] = 1;
    let maxp = [&[0, 0, 0x50, 0][..], &(count + 1).to_be_bytes()].concat();
    let tables: [(&[u8], Vec<u8>); 7] = [
        (b"cmap", [cmap, groups].concat()),
        (b"glyf", vec![0; 4]),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", vec![0x02; 4 + 2 * glyphs.len()]),
        (b"loca", vec![0; 2 * (glyphs.len() + 2)]),
        (b"maxp", maxp),
    ];
    let mut font = [&[0, 1, 0, 0, 0, 7][..], &[0; 6]].concat();
    let mut place = font.len() + 16 * tables.len();
    for (tag, table) in &tables {
        let numbers = [0, place, table.len()].map(|number| u32::try_from(number).expect("is small").to_be_bytes());
        font.extend([tag, &*numbers.concat()].concat());
        place += table.len();
    }
    font.extend(tables.into_iter().flat_map(|(_, table)| table));
    font
}

#[test]
fn a_font_in_the_file_knows_the_characters_of_its_glyphs() {
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /ABC /Encoding /Identity-H /DescendantFonts [<< /Type /Font \
                /Subtype /CIDFontType2 /BaseFont /ABC /CIDToGIDMap /Identity /CIDSystemInfo << /Registry (Adobe) \
                /Ordering (Identity) /Supplement 0 >> /FontDescriptor << /Type /FontDescriptor /FontFile2 \
                31 0 R >> >>] >>";
    let program = true_type(&[('H', 4), ('i', 3), ('\u{416}', 1), ('\u{e000}', 2)]);
    let content = "BT /F 12 Tf 72 700 Td <0004000300010002> Tj ET";
    let pdf = Pdf::of_pages(&[content]).font(font).stream(31, "", &program);
    assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text, "HiЖ\u{fffd}");
}

#[test]
fn a_text_in_the_place_of_glyphs_is_read() {
    let show =
        |properties: &str| format!("BT /F 12 Tf 72 700 Td (a ) Tj /Span {properties} BDC (b) Tj (c) Tj EMC (d) Tj ET");
    for (properties, text) in [
        ("<< /ActualText (xyz) >>", "a xyzd"),
        ("<< /ActualText <FEFF00E9> >>", "a éd"),
        ("<< /ActualText () >>", "a bcd"),
        ("<< /MCID 0 >>", "a bcd"),
        ("/P", "a uvd"),
    ] {
        let pdf = Pdf::of_pages(&[&show(properties)]).pages(&[10], "/Properties << /P << /ActualText (uv) >> >>");
        assert_eq!(Reading::of("a.pdf", &pdf.bytes()).text, text, "{properties}");
    }
    let open = "/Span << /ActualText (x) >> BDC /Span << /ActualText (y) >> BDC BT /F 12 Tf 72 700 Td (a) Tj ET EMC";
    assert_eq!(Reading::of("a.pdf", &Pdf::of_pages(&[open]).bytes()).text, "x");
}

#[test]
fn what_can_be_read_of_a_page_is_kept_and_the_rest_is_named() {
    let content =
        format!("{} BT /U 12 Tf 72 680 Td <004100420043004400450046> Tj ET", line("Twenty-four known letters"));
    let pdf = Pdf::of_pages(&[&content]).object(30, UNKNOWN_FONT).pages(&[10], "/Font << /F 3 0 R /U 30 0 R >>");
    let program = Program::start(&["--sync-duration", "0"], &[]);
    let client = Client::at(program.address);
    let directory = client.directory("d");
    let file = client.upload(&directory, "a.pdf", pdf.bytes());
    client.upload(&directory, "b.txt", "complete");
    let index = client.index_over(&directory);
    assert_eq!(
        client.text_in(&index, &client.found_id(&index, "a.pdf")),
        format!("Twenty-four known letters\n{}", "\u{fffd}".repeat(6))
    );
    let remark =
        "6 of 29 characters cannot be read, because their fonts do not say which they are: U+FFFD stands for them";
    let incomplete = json!([{ "directory_file_id": file["id"], "name": "a.pdf", "remark": remark }]);
    let metadata = client.index(&index)["metadata"].clone();
    assert_eq!(metadata, json!({ "status": "ready", "incomplete_files": incomplete }));
    assert_eq!(text_of(&client.state()["directory_files"][0]["kept"], "remark"), remark);
    let best = client.retrieved(&index, "known letters");
    assert!(best[0].contains("Twenty-four"), "{best:?}");
}

#[test]
fn a_font_that_cannot_be_loaded_leaves_unknown_characters() {
    let content = format!("{} BT /Missing 12 Tf 72 680 Td (AB) Tj ET", line("Known"));
    assert_eq!(Reading::of("a.pdf", &Pdf::of_pages(&[&content]).bytes()).text, "Known\n\u{fffd}\u{fffd}");
}
