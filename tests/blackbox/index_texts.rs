//! Where the text of a file in an index comes from: reading it, a sidecar beside it, or a folder of parse results; and
//! files that cannot be read.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, FIND, GREP, Program, READ, RETRIEVE, id_of, items, server, text_of};

/// A client of a server on which syncs take no time.
fn embedded() -> (llamacloud_mock::embedded::MockServer, Client) {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    (server, client)
}

/// The text of the file with this name in an index.
#[track_caller]
fn text(client: &Client, index: &str, name: &str) -> String {
    client.text_in(index, &client.found_id(index, name))
}

#[test]
fn a_sidecar_replaces_the_text_of_the_file_beside_it() {
    let (_server, client) = embedded();
    let directory = client.directory("d");
    for (name, content) in [
        ("report.pdf", "%PDF-1.4 nothing that can be read"),
        ("report.pdf.md", "# Report\n\nRevenue rose."),
        ("notes.txt", "plain"),
        ("notes.txt.md", "replaced"),
        ("README", "readme text"),
        ("README.md", "# Read me"),
        ("alone.pdf.md", "# Nothing beside it"),
        ("other.md", "# Other"),
    ] {
        client.upload(&directory, name, content);
    }
    let index = client.index_over(&directory);
    assert_eq!(client.found(&index), ["README", "README.md", "alone.pdf.md", "notes.txt", "other.md", "report.pdf"]);
    assert_eq!(text(&client, &index, "report.pdf"), "# Report\n\nRevenue rose.");
    assert_eq!(text(&client, &index, "notes.txt"), "replaced");
    assert_eq!(text(&client, &index, "README"), "readme text");
    let best = client.retrieved(&index, "Revenue rose");
    assert!(best[0].contains("Revenue rose"), "{best:?}");
    assert_eq!(client.names_in(&directory).len(), 8, "sidecars stay listed");
}

#[test]
fn a_sidecar_counts_in_its_own_directory_and_from_the_next_sync_on() {
    let (_server, client) = embedded();
    let (directory, other) = (client.directory("d"), client.directory("other"));
    client.upload(&directory, "notes.txt", "plain");
    let sidecar = client.upload(&other, "notes.txt.md", "replaced");
    let index = client.index_over(&directory);
    assert_eq!(text(&client, &index, "notes.txt"), "plain");
    let moved = client.patch(
        &format!("{DIRECTORIES}/{other}/files/{}", id_of(&sidecar)),
        &json!({ "target_directory_id": directory }),
    );
    assert_eq!(moved.status, 200);
    assert_eq!(text(&client, &index, "notes.txt"), "plain");
    client.sync(&index);
    assert_eq!(
        (text(&client, &index, "notes.txt").as_str(), client.found(&index)),
        ("replaced", vec!["notes.txt".to_owned()])
    );
    let path = format!("{DIRECTORIES}/{directory}/files/{}", id_of(&sidecar));
    assert_eq!(client.delete(&path).status, 204);
    client.sync(&index);
    assert_eq!(text(&client, &index, "notes.txt"), "plain");
}

#[test]
fn sidecars_of_one_name_that_differ_are_refused_in_whatever_order_they_arrive() {
    let (_server, client) = embedded();
    for (texts, deleted) in [(["one", "two"], 0), (["one", "two"], 1), (["two", "one"], 0), (["two", "one"], 1)] {
        let client = client.for_case(&format!("{texts:?} {deleted}"));
        let directory = client.directory("d");
        let file = client.upload(&directory, "a.pdf", "%PDF-1.4 nothing");
        let sidecars = texts.map(|text| id_of(&client.upload(&directory, "a.pdf.md", text)));
        let index = client.index_over(&directory);
        assert_eq!(client.found(&index), Vec::<String>::new());
        let reason = "2 files called a.pdf.md differ: delete all but one";
        let failed = json!([{ "directory_file_id": file["id"], "name": "a.pdf", "error": reason }]);
        assert_eq!(client.index(&index)["metadata"]["failed_files"], failed);
        let path = format!("{DIRECTORIES}/{directory}/files/{}", sidecars[deleted]);
        assert_eq!(client.delete(&path).status, 204);
        client.sync(&index);
        assert_eq!(text(&client, &index, "a.pdf"), texts[1 - deleted]);
        assert_eq!(client.index(&index)["metadata"], json!({ "status": "ready" }));
    }
}

#[test]
fn sidecars_of_one_name_that_are_equal_count_as_one() {
    let (_server, client) = embedded();
    let directory = client.directory("d");
    for name in ["a.pdf.md", "a.pdf", "a.pdf.md", "a.pdf"] {
        client.upload(&directory, name, "equal");
    }
    let index = client.index_over(&directory);
    assert_eq!(client.found(&index), ["a.pdf", "a.pdf"]);
    for file in items(&client.ask(FIND, &index, json!({})), "file_id") {
        assert_eq!(client.text_in(&index, &file), "equal");
    }
}

#[test]
fn a_folder_of_parse_results_replaces_texts_by_name() {
    let folder = temp_dir::TempDir::new().expect("a folder");
    fs::write(folder.path().join("report.pdf.md"), "# From the folder\n\nä😀").expect("a new file");
    let program = Program::start(
        &["--sync-duration", "0", "--parse-results", folder.path().to_str().expect("a UTF-8 path")],
        &[],
    );
    let client = Client::at(program.address);
    let directory = client.directory("d");
    client.upload(&directory, "report.pdf", "%PDF-1.4 nothing");
    client.upload(&directory, "other.txt", "other");
    let index = client.index_over(&directory);
    assert_eq!(text(&client, &index, "report.pdf"), "# From the folder\n\nä😀");
    assert_eq!(text(&client, &index, "other.txt"), "other");
    client.upload(&directory, "report.pdf.md", "# Beside it");
    client.sync(&index);
    assert_eq!(text(&client, &index, "report.pdf"), "# Beside it", "the sidecar in the directory is nearer");
}

#[test]
fn a_file_that_cannot_be_read_fails_alone_and_is_named() {
    let (_server, client) = embedded();
    let directory = client.directory("d");
    client.upload(&directory, "good.txt", "alpha");
    let broken = client.upload(&directory, "broken.txt", "a\0b");
    client.upload(&directory, "mended.txt", "a\0b");
    client.upload(&directory, "mended.txt.md", "mended");
    let reason = "the text holds NUL bytes";
    assert_eq!(client.state()["directory_files"][1]["kept"]["error"], reason);
    let index = id_of(&client.create(&directory));
    let metadata = client.index(&index)["metadata"].clone();
    assert_eq!(metadata["status"], "ready");
    let failed = json!([{ "directory_file_id": broken["id"], "name": "broken.txt", "error": reason }]);
    assert_eq!(metadata["failed_files"], failed);
    assert!(text_of(&metadata, "error_message").contains("broken.txt"), "{metadata}");
    assert_eq!(client.found(&index), ["good.txt", "mended.txt"]);
    let path = format!("{DIRECTORIES}/{directory}/files/{}", id_of(&broken));
    let read = json!({ "index_id": index, "file_id": broken["id"] });
    assert_eq!(client.post(READ, &read).status, 404);
    assert_eq!(client.delete(&path).status, 204);
    client.sync(&index);
    assert_eq!(client.index(&index)["metadata"], json!({ "status": "ready" }));
    assert_eq!(client.retrieved(&index, "alpha")[0], "alpha");
}

#[test]
fn a_stray_character_and_hidden_text_are_left_out() {
    let (_server, client) = embedded();
    let cases: [(&str, &[u8], &str); 6] = [
        ("nul.html", b"<p>one\0 two</p>", "one two"),
        ("delete.txt", b"Caf\xe9\x7f au lait", "Caf\u{e9} au lait"),
        ("joined.csv", b"\xef\xbb\xbfa,b\n\xef\xbb\xbf1,2\n", "a,b\n1,2\n"),
        ("surrogate.txt", b"\xff\xfea\0\0\xd8b\0c\0", "a\u{fffd}bc"),
        (
            "hidden.html",
            b"shown<p hidden>one<p>and<div style='display: none'>two</div><template>three</template>",
            "shown\n\nand",
        ),
        ("empty.txt", b"", ""),
    ];
    for (name, content, text) in cases {
        assert_eq!(client.read_alone(name, content).0, text, "{name}");
    }
}

#[test]
fn an_empty_file_of_a_binary_kind_cannot_be_read() {
    let (_server, client) = embedded();
    let directory = client.directory("d");
    for name in ["a.pdf", "b.docx", "c.zip", "d.png"] {
        client.upload(&directory, name, "");
    }
    client.upload(&directory, "e.bin", [0, 1, 2, 3].repeat(100));
    let metadata = client.index(&client.index_over(&directory))["metadata"].clone();
    let failed = metadata["failed_files"].as_array().expect("a list");
    let failed: Vec<_> = failed.iter().map(|file| (text_of(file, "name"), text_of(file, "error"))).collect();
    assert_eq!(
        failed,
        ["a.pdf", "b.docx", "c.zip", "d.png"].map(|name| (name.to_owned(), "the file is empty".to_owned()))
    );
    assert_eq!(client.state()["directory_files"][4]["kept"]["stand_in"], true, "a binary file is no text");
}

#[test]
fn a_file_of_a_kind_that_is_not_read_has_a_marked_stand_in() {
    let (_server, client) = embedded();
    let directory = client.directory("d");
    client.upload(&directory, "a.pdf", "%PDF-1.7");
    let index = client.index_over(&directory);
    let shown = text(&client, &index, "a.pdf");
    assert!(shown.starts_with("[llamacloud-mock stand-in: a.pdf is application/pdf"), "{shown}");
    assert_eq!(client.state()["directory_files"][0]["kept"]["stand_in"], true);
}

#[test]
fn a_file_is_named_by_any_of_its_ids_and_an_index_by_both_of_its() {
    let (_server, client) = embedded();
    let directory = client.directory("d");
    let source = client.upload(&directory, "a.txt", "alpha");
    client.upload(&directory, "b.txt", "beta");
    let index = client.create(&directory);
    let parsed = client.found_id(&id_of(&index), "a.txt");
    for index in [id_of(&index), text_of(&index, "export_config_id")] {
        for file in [parsed.clone(), id_of(&source), text_of(&source, "file_id")] {
            assert_eq!(client.text_in(&index, &file), "alpha", "{index} {file}");
            let matches = client.ask(GREP, &index, json!({ "file_id": file, "pattern": "alpha" }));
            assert_eq!(matches["items"].as_array().map(Vec::len), Some(1));
            let filter = json!({ "parsed_directory_file_id": { "operator": "eq", "value": file } });
            let results = client.ask(RETRIEVE, &index, json!({ "query": "alpha beta", "static_filters": filter }));
            let ids: Vec<&Value> = results["results"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|result| &result["static_fields"]["parsed_directory_file_id"])
                .collect();
            assert_eq!(ids, [&json!(parsed)], "{file}");
            let count = |operator: &str, value: Value| {
                let filter = json!({ "parsed_directory_file_id": { "operator": operator, "value": value } });
                let fields = json!({ "query": "alpha beta", "static_filters": filter });
                client.ask(RETRIEVE, &index, fields)["results"].as_array().map(Vec::len)
            };
            assert_eq!(count("in", json!([file, "dfl-none"])), Some(1), "{file}");
            assert_eq!(count("nin", json!([file, "dfl-none"])), Some(1), "{file}: the other file");
            assert_eq!(count("ne", json!(file)), Some(1), "{file}: the other file");
            assert_eq!(count("in", json!([])), Some(0), "{file}");
        }
        assert_eq!(items(&client.ask(FIND, &index, json!({ "file_name": "a.txt" })), "file_id"), [parsed.as_str()]);
        for unknown in ["dfl-none", "", &id_of(&index_json(&client, &index))] {
            let refused = client.post(READ, &json!({ "index_id": index, "file_id": unknown }));
            assert_eq!((refused.status, refused.text().as_str()), (404, r#"{"detail":"Directory file not found"}"#));
            let grep = json!({ "index_id": index, "file_id": unknown, "pattern": "a" });
            assert_eq!(client.post(GREP, &grep).status, 404);
        }
    }
    for path in [RETRIEVE, FIND, GREP, READ] {
        let body = json!({ "index_id": "idx-none", "query": "a", "file_id": parsed, "pattern": "a" });
        let refused = client.post(path, &body);
        assert_eq!((refused.status, refused.text().as_str()), (404, r#"{"detail":"Index not found"}"#), "{path}");
        let other = client.with_key("llx-other");
        let body = json!({ "index_id": index["id"], "query": "a", "file_id": parsed, "pattern": "a" });
        assert_eq!(other.post(path, &body).status, 404, "{path}");
    }
}

#[track_caller]
fn index_json(client: &Client, index: &str) -> Value {
    client.show(&format!("/api/v1/indexes/{index}"))
}

#[test]
fn the_id_setting_decides_which_id_names_an_index() {
    for (setting, good, bad) in [("id", "id", "export_config_id"), ("export", "export_config_id", "id")] {
        let server = server(&[("sync-duration", "0"), ("index-id", setting)]);
        let client = Client::of(&server);
        let directory = client.directory("d");
        client.upload(&directory, "a.txt", "alpha");
        let index = client.create(&directory);
        assert_eq!(client.found(&text_of(&index, good)), ["a.txt"]);
        let refused = client.post(FIND, &json!({ "index_id": index[bad] }));
        assert_eq!(refused.status, 404, "{setting}");
    }
}
