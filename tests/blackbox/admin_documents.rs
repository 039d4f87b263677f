//! What the admin API shows of documents: the journal, the state, the litter, the counters, and what a reset leaves.

use serde_json::{Value, json};

use crate::support::{
    Client, DIRECTORIES, FILES, FIND, INDEXES, KEY, RETRIEVE, id_of, reading_server, server, text_of,
};

#[test]
fn the_journal_shows_an_upload_as_an_object() {
    let server = server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    client.upload(&directory, "small.txt", "alpha");
    client.upload(&directory, "large.txt", "beta ".repeat(20_000));
    client.upload(&directory, "binary.bin", [0u8, 255, 254, 128].repeat(3_000));
    let entries: Vec<Value> =
        client.journal().into_iter().filter(|entry| entry["operation"] == "directories.files.upload").collect();
    assert_eq!(entries.len(), 3);
    for (entry, (name, bytes)) in entries.iter().zip([("small.txt", 5), ("large.txt", 100_000), ("binary.bin", 12_000)])
    {
        let file = &entry["request_body"]["upload_file"];
        assert_eq!((&file["filename"], &file["size"]), (&json!(name), &json!(bytes)));
        let shown = ["status", "committed", "outcome"].map(|field| entry[field].clone());
        assert_eq!(shown, [json!(201), json!(true), json!("sent")]);
        assert_eq!(entry["reply_body"]["directory_id"], json!(directory));
    }
}

#[test]
fn the_state_lists_files_and_what_reading_them_gave() {
    let server = server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let file = client.upload(&directory, "a.txt", "ä😀\u{c}b");
    client.upload(&directory, "b.pdf", "%PDF-1.7");
    client.upload(&directory, "c.txt", "a\0b");
    client.upload_file("d.txt", "d");
    let state = client.state();
    let names = |kind: &str, field: &str| -> Vec<String> {
        state[kind].as_array().expect("a list").iter().map(|item| text_of(item, field)).collect()
    };
    assert_eq!(names("files", "name"), ["a.txt", "b.pdf", "c.txt", "d.txt"]);
    assert_eq!(names("directory_files", "display_name"), ["a.txt", "b.pdf", "c.txt"]);
    let shown = &state["directory_files"][0];
    assert_eq!((&shown["id"], &shown["file_id"]), (&file["id"], &file["file_id"]));
    let kept = ["characters", "pages", "stand_in"].map(|field| shown["kept"][field].clone());
    assert_eq!(kept, [json!(4), json!(2), json!(false)]);
    assert_eq!(state["directory_files"][1]["kept"]["stand_in"], true);
    assert_eq!(state["directory_files"][2]["kept"]["error"], "the text holds NUL bytes");
    let hash = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    client.upload(&directory, "e.txt", "a");
    let state = client.state();
    assert_eq!(state["directory_files"][3]["kept"]["sha256"], hash);
    assert_eq!(state["files"][4]["kept"], json!({ "sha256": hash }));
}

/// The kinds of what a tenant has created and not deleted.
#[track_caller]
fn litter(client: &Client) -> Vec<String> {
    let litter = client.show(&format!("/__admin/litter?tenant={}", client.key()));
    let mut kinds: Vec<String> =
        litter["litter"].as_array().expect("a list").iter().map(|one| text_of(one, "kind")).collect();
    kinds.sort();
    kinds
}

#[test]
fn what_is_not_deleted_is_litter() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let file = client.upload(&directory, "a.txt", "a");
    let own = client.upload_file("b.txt", "b");
    let path = format!("{DIRECTORIES}/{directory}/files");
    assert_eq!(client.post(&path, &json!({ "file_id": own["id"] })).status, 201);
    let index = client.index_over(&directory);
    assert_eq!(litter(&client), ["directory", "directory file", "directory file", "file", "file", "index"]);
    assert_eq!(client.delete(&format!("{path}/{}", id_of(&file))).status, 204);
    assert_eq!(client.delete(&format!("{FILES}/{}", id_of(&own))).status, 204);
    assert_eq!(litter(&client), ["directory", "directory file", "file", "index"]);
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{directory}")).status, 204);
    assert_eq!(litter(&client), ["file", "index"], "the files of the directory are deleted with it");
    assert_eq!(client.delete(&format!("{FILES}/{}", text_of(&file, "file_id"))).status, 204);
    assert_eq!(client.delete(&format!("{INDEXES}/{index}")).status, 204);
    assert_eq!(litter(&client), Vec::<String>::new());
}

#[test]
fn a_reset_removes_documents_and_gives_the_same_ids_again() {
    let server = server(&[("sync-duration", "0")]);
    let (client, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    let build = |client: &Client| {
        let directory = client.directory("d");
        let file = client.upload(&directory, "a.txt", "alpha");
        let index = client.index_over(&directory);
        [directory, id_of(&file), text_of(&file, "file_id"), client.found_id(&index, "a.txt"), index]
    };
    let before = build(&client);
    let kept = build(&other);
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": client.key() })).status, 204);
    let state = client.state();
    for kind in ["directories", "files", "directory_files", "indexes"] {
        assert_eq!(state[kind], json!([]), "{kind}");
    }
    for path in [DIRECTORIES, FILES, INDEXES] {
        assert_eq!(client.show(path)["items"], json!([]), "{path}");
    }
    assert_eq!(client.show(&format!("{DIRECTORIES}?include_deleted=true"))["items"], json!([]));
    assert_eq!(client.post(FIND, &json!({ "index_id": before[4] })).status, 404);
    assert_eq!(other.found(&kept[4]), ["a.txt"], "another tenant keeps its state");
    assert_eq!(build(&client), before);
}

#[test]
fn requests_are_counted_by_operation() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    client.upload(&directory, "a.txt", "alpha");
    let index = client.index_over(&directory);
    client.retrieved(&index, "alpha");
    client.found(&index);
    client.post(RETRIEVE, &json!({}));
    client.get(&format!("{FILES}/x"));
    let counted = client.show("/__admin/state")["requests"].clone();
    for (operation, class, count) in [
        ("directories.create", "2xx", 1),
        ("directories.files.upload", "2xx", 1),
        ("indexes.create", "2xx", 1),
        ("retrieval.retrieve", "2xx", 1),
        ("retrieval.retrieve", "4xx", 1),
        ("retrieval.find", "2xx", 1),
        ("files.retrieve", "4xx", 1),
    ] {
        assert_eq!(counted[operation][class], count, "{operation}: {counted}");
    }
}

#[test]
fn the_state_of_an_index_says_which_files_it_has_and_why_not_the_others() {
    let server = reading_server(&[("clock", "manual"), ("sync-duration", "10s")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    client.upload(&directory, "a.txt", "a");
    client.upload(&directory, "b.pdf", "no pdf");
    client.upload(&directory, "c.txt", "c");
    client.upload(&directory, "c.txt.md", "the text of c");
    let gone = client.upload(&directory, "gone.txt", "x")["id"].as_str().expect("an id").to_owned();
    client.index_over(&directory);
    let files = || -> Vec<(String, bool, String)> {
        let state = client.get(&format!("/__admin/state?tenant={KEY}")).json();
        let files = state["tenants"][0]["indexes"][0]["files"].as_array().expect("a list").clone();
        let why = |file: &Value| file["why"].as_str().unwrap_or_default().to_owned();
        let shown = files
            .iter()
            .map(|file| (file["name"].as_str().expect("a name").to_owned(), file["in_index"] == true, why(file)));
        shown.collect()
    };
    assert!(files().iter().all(|(_, is_in, why)| !is_in && why == "no sync has ended yet"), "{:?}", files());
    client.upload(&directory, "late.txt", "late");
    client.advance("10s");
    client.delete(&format!("/api/v1/beta/directories/{directory}/files/{gone}"));
    let shown = files();
    let of = |name: &str| shown.iter().find(|(known, ..)| known == name).cloned().expect("it is listed");
    assert_eq!(of("a.txt"), ("a.txt".to_owned(), true, String::new()));
    assert_eq!(of("late.txt").2, "it arrived after the last sync had begun");
    assert_eq!(of("c.txt.md").2, "it is the text of c.txt");
    assert_eq!(of("gone.txt"), ("gone.txt".to_owned(), true, "it is deleted; the next sync leaves it out".to_owned()));
    let (_, is_in, why) = of("b.pdf");
    assert!(!is_in && !why.is_empty(), "{why}");
}

#[test]
fn the_chunks_of_a_file_are_shown_in_parts() {
    let server = server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("texts");
    let parts: Vec<String> = (1..=60).map(|number| format!("# Part {number}\n\n{}", "words ".repeat(200))).collect();
    let text = parts.join("\n\n");
    let file = client.upload(&directory, "long.md", &text);
    let path = |id: &str, query: &str| format!("/__admin/state/files/{id}/chunks{query}");
    let id = file["id"].as_str().expect("an id");
    let all = client.get(&path(id, "?limit=100000")).json();
    let chunks = all["chunks"].as_array().expect("a list").clone();
    let state = client.state();
    let kept = &state["directory_files"][0]["kept"]["chunks"];
    assert_eq!((&all["name"], &all["count"], &json!(chunks.len())), (&json!("long.md"), kept, kept));
    assert!(chunks.len() > 3, "{}", chunks.len());
    assert!(chunks[0]["text"].as_str().expect("a text").starts_with("# Part 1"));
    let part: Value = client.get(&path(id, "?from=2&limit=2&tenant=llx-test")).json();
    assert_eq!(part["chunks"], json!(chunks[1..3]));
    let upload = file["file_id"].as_str().expect("an id");
    assert_eq!(client.get(&path(upload, "?from=100000")).json()["chunks"], json!([]));
    for (path, status) in [(path("none", ""), 404), (path(id, "?from=0"), 422), (path(id, "?tenant=llx-b"), 404)] {
        assert_eq!(client.get(&path).status, status, "{path}");
    }
    let binary = client.upload(&directory, "broken.txt", b"\0\x01\0");
    let unread = client.get(&path(binary["id"].as_str().expect("an id"), "")).json();
    assert_eq!((&unread["chunks"], &unread["why"]), (&json!([]), &json!("the text holds NUL bytes")));
}
