//! Attachments of the pages of a file, and the documents of an index without vectors.

use serde_json::{Value, json};

use crate::support::pdf::{self, Pdf};
use crate::support::{
    Client, DIRECTORIES, HttpResponse, INDEXES, RETRIEVE, id_of, items, manual_clock_server, reading_server, text_of,
};

const ATTACHMENTS: &str = "/api/v1/beta/attachments";

/// A file with three pages, of which the second holds Markdown.
const PAGES: &str =
    "first page\u{c}# Title\n\nSome text.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\u{c}third page";

/// An index with these options over a directory with one file, after its sync: the ids of the index, of its output
/// directory, of the source file, and of the parsed file.
struct Indexed {
    index: String,
    output: String,
    uploaded: Value,
    parsed: String,
}

fn indexed(client: &Client, options: &Value, name: &str, content: &str) -> Indexed {
    let directory = client.directory("d");
    let uploaded = client.upload(&directory, name, content);
    let mut body = json!({ "source_directory_id": directory });
    body.as_object_mut().expect("an object").extend(options.as_object().expect("an object").clone());
    let response = client.post(INDEXES, &body);
    assert_eq!(response.status, 201, "{}", response.text());
    client.advance("1s");
    let made = response.json();
    let index = id_of(&made);
    let parsed = client.found_id(&index, name);
    Indexed { index, output: text_of(&made, "output_directory_id"), uploaded, parsed }
}

fn list(client: &Client, source: &str) -> Value {
    client.show(&format!("{ATTACHMENTS}?source_id={source}"))
}

/// The content behind a presigned URL.
fn download(client: &Client, url: &Value) -> HttpResponse {
    let url = text_of(url, "url");
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).expect("a path");
    client.get(path)
}

fn attachment(client: &Client, name: &str, source: &str) -> HttpResponse {
    let url = client.show(&format!("{ATTACHMENTS}/{name}?source_id={source}"));
    let response = download(client, &url);
    assert_eq!(response.status, 200, "{name}: {}", response.text());
    response
}

#[test]
fn an_index_stores_the_kinds_that_it_names_for_each_page() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let both = ["items/page_1.json", "items/page_2.json", "items/page_3.json"].into_iter().chain([
        "screenshots/page_1.jpg",
        "screenshots/page_2.jpg",
        "screenshots/page_3.jpg",
    ]);
    let both: Vec<&str> = both.collect();
    let cases = [
        (json!(["screenshots", "items"]), &both[..]),
        (json!(["items"]), &both[..3]),
        (json!(["screenshots"]), &both[3..]),
        (json!([]), &[]),
        (Value::Null, &[]),
    ];
    for (stored, names) in cases {
        let client = client.for_case(&stored.to_string());
        let file = indexed(&client, &json!({ "store_attachments": stored }), "a.md", PAGES);
        let page = list(&client, &file.parsed);
        assert_eq!(items(&page, "name"), names, "{stored}");
        for item in page["items"].as_array().expect("a list") {
            let content = attachment(&client, &text_of(item, "name"), &file.parsed);
            assert_eq!(item["size"], content.body.len(), "{item}");
            assert_eq!(item["last_modified"], client.index(&file.index)["created_at"]);
        }
        // The other ids of the file name it too.
        for id in [id_of(&file.uploaded), text_of(&file.uploaded, "file_id")] {
            assert_eq!(list(&client, &id), page, "{id}");
        }
    }
}

#[test]
fn attachments_are_listed_by_page() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let file = indexed(&client, &json!({ "store_attachments": ["items"] }), "a.txt", &"page\u{c}".repeat(12));
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = client.show(&format!("{ATTACHMENTS}?source_id={}&page_size=5&page_token={token}", file.parsed));
        names.extend(items(&page, "name"));
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = next.to_owned();
    }
    let expected: Vec<_> = (1..=12).map(|page| format!("items/page_{page}.json")).collect();
    assert_eq!(names, expected);
}

#[test]
fn what_is_not_stored_is_not_there() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let file = indexed(&client, &json!({ "store_attachments": ["items"] }), "a.md", PAGES);
    assert_eq!(list(&client, "dfl-unknown")["items"], json!([]));
    let missing = [
        "items/page_0.json",
        "items/page_4.json",
        "items/page_01.json",
        "items/page_+1.json",
        "items/page_1.jpg",
        "items/page_1json",
        "screenshots/page_1.jpg",
        "items",
        "items/../items/page_1.json",
    ];
    for name in missing {
        let response = client.get(&format!("{ATTACHMENTS}/{name}?source_id={}", file.parsed));
        assert_eq!(
            (response.status, response.text()),
            (404, r#"{"detail":"Attachment not found"}"#.to_owned()),
            "{name}"
        );
    }
    assert_eq!(client.get(&format!("{ATTACHMENTS}/items/page_1.json?source_id=dfl-unknown")).status, 404);
    // Another tenant sees nothing.
    let other = client.with_key("llx-other");
    assert_eq!(list(&other, &file.parsed)["items"], json!([]));
}

#[test]
fn a_slash_in_a_name_may_be_escaped() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let file = indexed(&client, &json!({ "store_attachments": ["screenshots"] }), "a.md", PAGES);
    let pictures = ["screenshots/page_2.jpg", "screenshots%2Fpage_2.jpg", "screenshots%2fpage%5F2%2Ejpg"]
        .map(|name| attachment(&client, name, &file.parsed).body);
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
}

#[test]
fn a_url_is_for_one_attachment_and_ends() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let file = indexed(&client, &json!({ "store_attachments": ["items"] }), "a.md", PAGES);
    let url = client.show(&format!("{ATTACHMENTS}/items/page_1.json?source_id={}", file.parsed));
    let other = text_of(&url, "url").replace("~page_1", "~page_2");
    let refused = download(&client, &json!({ "url": other }));
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(download(&client, &url).status, 200);
    client.advance("1h");
    assert_eq!(download(&client, &url).text(), r#"{"detail":"The URL has expired"}"#);
    let url = client.show(&format!("{ATTACHMENTS}/items/page_1.json?source_id={}", file.parsed));
    assert_eq!(client.delete(&format!("{INDEXES}/{}", file.index)).status, 204);
    assert_eq!(download(&client, &url).status, 404);
}

#[test]
fn items_are_what_was_read_and_their_boxes_are_on_the_picture() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let file = indexed(&client, &json!({ "store_attachments": ["items", "screenshots"] }), "a.md", PAGES);
    let response = attachment(&client, "items/page_2.json", &file.parsed);
    assert_eq!(response.header("content-type"), Some("application/json"));
    let page = response.json();
    let head = [&page["page_number"], &page["page_width"], &page["page_height"], &page["success"]];
    assert_eq!(head, [&json!(2), &json!(612), &json!(792), &json!(true)]);
    let found = page["items"].as_array().expect("a list");
    let kinds: Vec<&Value> = found.iter().map(|item| &item["type"]).collect();
    assert_eq!(kinds, ["heading", "text", "list", "table"]);
    assert_eq!(
        (&found[0]["value"], &found[0]["level"], &found[0]["md"]),
        (&json!("Title"), &json!(1), &json!("# Title"))
    );
    assert_eq!(found[1]["value"], "Some text.");
    assert_eq!(items(&found[2], "value"), ["one", "two"]);
    assert_eq!((&found[3]["rows"], &found[3]["csv"]), (&json!([["a", "b"], ["1", "2"]]), &json!("a,b\n1,2")));
    assert_eq!(found[0]["bbox"], json!([{ "x": 36, "y": 90, "w": 49, "h": 18 }]));
    let tops: Vec<u64> = found.iter().map(|item| item["bbox"][0]["y"].as_u64().expect("is on the picture")).collect();
    assert!(tops.is_sorted(), "{tops:?}");
}

#[test]
fn an_item_beyond_the_picture_has_no_box() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let file = indexed(&client, &json!({ "store_attachments": ["items"] }), "a.md", &"word\n\n".repeat(100));
    let page = attachment(&client, "items/page_1.json", &file.parsed).json();
    let found = page["items"].as_array().expect("a list");
    assert_eq!(found.len(), 100);
    assert!(found[0]["bbox"].is_array() && found[99]["bbox"].is_null(), "{page}");
}

#[test]
fn a_long_page_is_cut_and_says_so() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let at_limit = "é".repeat((1 << 19) - 1) + "xy";
    for (content, is_cut) in [(at_limit.clone(), false), (at_limit + "z", true)] {
        let client = client.for_case(&is_cut.to_string());
        let file = indexed(&client, &json!({ "store_attachments": ["items"] }), "a.md", &content);
        let page = attachment(&client, "items/page_1.json", &file.parsed).json();
        let found = page["items"].as_array().expect("a list");
        assert_eq!(text_of(&found[found.len() - 1], "value").contains("the rest of the page is left out"), is_cut);
    }
}

#[test]
fn a_screenshot_is_a_picture_of_the_size_that_items_name() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let name = format!("{}Ä漢.md", "n".repeat(200));
    let hostile = format!("{}\t\u{301}漢 ", "wide ".repeat(1000));
    let file = indexed(&client, &json!({ "store_attachments": ["screenshots"] }), &name, &format!("{hostile}\u{c}b"));
    let pictures = [1, 2].map(|page| attachment(&client, &format!("screenshots/page_{page}.jpg"), &file.parsed));
    for picture in &pictures {
        assert_eq!(picture.header("content-type"), Some("image/jpeg"));
        assert_eq!(size_of_jpeg(&picture.body), (612, 792));
    }
    assert_ne!(pictures[0].body, pictures[1].body);
}

/// The width and the height in the frame header of a JPEG.
fn size_of_jpeg(bytes: &[u8]) -> (u16, u16) {
    assert_eq!(bytes[..2], [0xff, 0xd8], "it begins as a JPEG");
    assert_eq!(bytes[bytes.len() - 2..], [0xff, 0xd9], "it ends as a JPEG");
    let start = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame header");
    let number = |at: usize| u16::from_be_bytes([bytes[start + at], bytes[start + at + 1]]);
    (number(7), number(5))
}

#[test]
fn chunks_refer_to_the_attachments_of_their_page() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let file = indexed(&client, &json!({ "store_attachments": ["screenshots", "items"] }), "a.md", PAGES);
    let found = client.ask(RETRIEVE, &file.index, json!({ "query": "third", "top_k": 1 }));
    let references = &found["results"][0]["static_fields"]["attachments"];
    let reference = |kind: &str, name: &str| json!({ "type": kind, "attachment_name": name, "source_id": file.parsed });
    assert_eq!(
        *references,
        json!([reference("items", "items/page_3.json"), reference("screenshot", "screenshots/page_3.jpg")])
    );
    for reference in references.as_array().expect("a list") {
        attachment(&client, &text_of(reference, "attachment_name"), &text_of(reference, "source_id"));
    }
}

#[test]
fn equal_files_have_equal_attachments_in_every_run() {
    let contents = [(); 2].map(|()| {
        let server = manual_clock_server(&[]);
        let client = Client::of(&server);
        let file = indexed(&client, &json!({ "store_attachments": ["screenshots", "items"] }), "a.md", PAGES);
        ["screenshots/page_2.jpg", "items/page_2.json"].map(|name| attachment(&client, name, &file.parsed).body)
    });
    assert_eq!(contents[0], contents[1]);
}

#[test]
fn an_index_without_vectors_exports_a_document_of_each_file() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let options = json!({ "vector_target": "DISABLED", "store_attachments": ["items"] });
    let file = indexed(&client, &options, "a.md", PAGES);
    let files = format!("{DIRECTORIES}/{}/files", file.output);
    assert_eq!(client.show(&files)["items"][0]["download_url"], Value::Null);
    let listed = client.show(&format!("{files}?expand=download_url"))["items"][0].clone();
    assert_eq!(listed, client.show(&format!("{files}/{}?expand=download_url", file.parsed)));
    let response = download(&client, &listed["download_url"]);
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
    let document = response.json();
    assert_eq!(document["source_modified_at"], file.uploaded["updated_at"]);
    assert_eq!(text_of(&document, "content_fingerprint_hash").len(), 64);
    let provenance = &document["provenance"];
    assert_eq!(provenance["source_directory_file_id"], file.uploaded["id"]);
    assert_eq!(provenance["file_id"], file.uploaded["file_id"]);
    assert_eq!(document["attachments"][2]["attachment_name"], "items/page_3.json");
    let parse = &document["parse"];
    let third = json!({ "page_number": 3, "success": true, "markdown": "third page", "header": null, "footer": null });
    assert_eq!(parse["markdown"]["pages"][2], third);
    assert_eq!(parse["text"]["pages"][0], json!({ "page_number": 1, "text": "first page" }));
    assert_eq!(parse["items"]["pages"][1], attachment(&client, "items/page_2.json", &file.parsed).json());
}

#[test]
fn an_index_with_vectors_exports_no_documents() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let file = indexed(&client, &json!({ "vector_target": "DEFAULT" }), "a.md", PAGES);
    let listed = client.show(&format!("{DIRECTORIES}/{}/files?expand=download_url", file.output));
    assert_eq!(listed["items"][0]["download_url"], Value::Null);
}

#[test]
fn pages_of_a_pdf_have_attachments() {
    let server = reading_server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let pages = ["alpha", "beta"].map(pdf::line);
    let pdf = Pdf::of_pages(&pages.each_ref().map(String::as_str)).bytes();
    client.upload(&directory, "a.pdf", pdf);
    let made = client
        .post(INDEXES, &json!({ "source_directory_id": directory, "store_attachments": ["items", "screenshots"] }))
        .json();
    let parsed = client.found_id(&id_of(&made), "a.pdf");
    let page = attachment(&client, "items/page_2.json", &parsed).json();
    assert_eq!(items(&page, "value"), ["beta"]);
}
