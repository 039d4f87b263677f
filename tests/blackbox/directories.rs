//! Directories: changed, deleted with their files, expired by the clock, and the output directories of indexes.

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, INDEXES, START, Upload, id_of, items, manual_clock_server, server};

const PROJECT: &str = "0b6a1d8e-52f5-4d43-9c0a-2d9c8a1f1a01";

#[test]
fn a_field_that_is_absent_stays_and_null_clears_the_description() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let made = client.post(DIRECTORIES, &json!({ "name": "a", "description": "d", "system_metadata": { "k": 1 } }));
    let path = format!("{DIRECTORIES}/{}", id_of(&made.json()));
    let steps = [
        (json!({}), "a", json!("d"), "2026-01-01T00:00:00Z"),
        (json!({ "unknown": 1 }), "a", json!("d"), "2026-01-01T00:00:00Z"),
        (json!({ "name": "b" }), "b", json!("d"), "2026-01-01T00:00:03Z"),
        (json!({ "description": "e" }), "b", json!("e"), "2026-01-01T00:00:04Z"),
        (json!({ "description": null }), "b", Value::Null, "2026-01-01T00:00:05Z"),
        (json!({ "description": "" }), "b", json!(""), "2026-01-01T00:00:06Z"),
    ];
    for (change, name, description, updated_at) in steps {
        client.advance("1s");
        let changed = client.patch(&path, &change).json();
        let shown = [&changed["name"], &changed["description"], &changed["updated_at"]];
        assert_eq!(shown, [&json!(name), &description, &json!(updated_at)], "{change}");
        assert_eq!(changed, client.show(&path), "{change}");
        assert_eq!(changed["created_at"], "2026-01-01T00:00:00Z", "{change}");
        assert_eq!(changed["system_metadata"], json!({ "k": 1 }), "{change}");
    }
    for refused in [json!({ "name": "" }), json!({ "description": 1 })] {
        assert_eq!(client.patch(&path, &refused).status, 422, "{refused}");
    }
    assert_eq!(client.patch(&format!("{DIRECTORIES}/dir-none"), &json!({})).status, 404);
}

#[test]
fn a_deleted_directory_is_listed_only_with_deleted_ones_and_its_files_are_deleted_too() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (kept, gone) = (client.directory("kept"), client.directory("gone"));
    let file = client.upload(&gone, "a.txt", "a");
    let path = format!("{DIRECTORIES}/{gone}");
    client.advance("1s");
    assert_eq!(client.delete(&path).status, 204);
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/files")),
        ("GET", format!("{path}/files/{}", id_of(&file))),
        ("DELETE", format!("{path}/files/{}", id_of(&file))),
    ] {
        let body = (method == "PATCH").then(|| json!({ "name": "x" }));
        let response = client.send(method, &path, body.as_ref());
        assert_eq!(
            (response.status, response.text()),
            (404, r#"{"detail":"Directory not found"}"#.to_owned()),
            "{path}"
        );
    }
    let upload = Upload::file("upload_file", "b.txt", "b").send(&client, &format!("{path}/files/upload"));
    assert_eq!(upload.status, 404);
    assert_eq!(items(&client.show(DIRECTORIES), "id"), [kept.as_str()]);
    let all = client.show(&format!("{DIRECTORIES}?include_deleted=true"));
    assert_eq!(items(&all, "id"), [gone, kept]);
    let deleted_at: Vec<&Value> =
        all["items"].as_array().expect("a list").iter().map(|item| &item["deleted_at"]).collect();
    assert_eq!(deleted_at, [&json!("2026-01-01T00:00:01Z"), &Value::Null]);
    let state = client.state();
    assert_eq!(
        (state["directories"].as_array().map(Vec::len), state["directory_files"].as_array().map(Vec::len)),
        (Some(1), Some(0))
    );
    assert_eq!(state["files"].as_array().map(Vec::len), Some(1), "the uploaded file itself stays");
}

#[test]
fn deleted_directories_are_listed_for_thirty_days() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let path = format!("{DIRECTORIES}/{}", client.directory("d"));
    assert_eq!(client.delete(&path).status, 204);
    let listed = || client.show(&format!("{DIRECTORIES}?include_deleted=true"))["items"].as_array().map(Vec::len);
    client.advance("719h59m59s");
    assert_eq!(listed(), Some(1));
    client.advance("1s");
    assert_eq!(listed(), Some(0));
}

#[test]
fn deleted_directories_page_with_the_others() {
    let server = server(&[]);
    let client = Client::of(&server);
    let ids: Vec<String> = (0..7).map(|at| client.directory(&format!("d{at}"))).collect();
    for id in ids.iter().step_by(2) {
        client.delete(&format!("{DIRECTORIES}/{id}"));
    }
    let mut seen = Vec::new();
    let mut page = client.show(&format!("{DIRECTORIES}?include_deleted=true&page_size=2"));
    loop {
        seen.extend(items(&page, "id"));
        let Some(token) = page["next_page_token"].as_str() else { break };
        page = client.show(&format!("{DIRECTORIES}?include_deleted=true&page_size=2&page_token={token}"));
    }
    assert_eq!(seen, ids.into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn an_ephemeral_directory_is_deleted_by_the_clock() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let made = client.post(DIRECTORIES, &json!({ "name": "e", "type": "ephemeral" })).json();
    assert_eq!(made["expires_at"], "2026-01-02T00:00:00Z");
    let id = id_of(&made);
    let path = format!("{DIRECTORIES}/{id}");
    client.upload(&id, "a.txt", "alpha");
    let index = client.index_over(&id);
    client.advance("23h59m59s");
    assert_eq!(client.get(&path).status, 200);
    client.advance("1s");
    let state = client.state();
    assert_eq!(state["directories"].as_array().map(Vec::len), Some(1), "only the output directory: {state}");
    assert_eq!(state["directory_files"], json!([]));
    let litter = client.show(&format!("/__admin/litter?tenant={}", client.key()));
    let kinds: Vec<&str> =
        litter["litter"].as_array().expect("a list").iter().filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(kinds, ["file", "index"], "{litter}");
    assert_eq!(client.get(&path).status, 404);
    client.advance("5s");
    let all = client.show(&format!("{DIRECTORIES}?include_deleted=true&type=ephemeral"));
    assert_eq!(all["items"][0]["deleted_at"], "2026-01-02T00:00:00Z", "as of the time at which it expired");
    assert_eq!(client.found(&index), ["a.txt"], "an index keeps its content");
    client.sync(&index);
    client.advance("1s");
    let index = client.index(&index);
    assert_eq!(index["metadata"]["status"], "failed");
    assert!(index["metadata"]["error_message"].as_str().is_some_and(|text| text.contains("deleted")), "{index}");
}

#[test]
fn an_auto_clock_does_not_jump_to_the_end_of_an_ephemeral_directory() {
    let server = server(&[("clock", "auto"), ("start-time", START), ("sync-duration", "1h")]);
    let client = Client::of(&server);
    let made = client.post(DIRECTORIES, &json!({ "name": "e", "type": "ephemeral" })).json();
    let id = id_of(&made);
    client.upload(&id, "a.txt", "alpha");
    let index = client.index_over(&id);
    assert_eq!(client.index(&index)["metadata"]["status"], "ready");
    for _ in 0..3 {
        assert_eq!(client.names_in(&id), ["a.txt"]);
    }
    assert_eq!(client.index(&index)["last_synced_at"], "2026-01-01T01:00:00Z");

    // The clock jumps to the end of a sync that takes longer: the directory expires on the way.
    let slow = json!({ "source_directory_id": id, "name": "mock:slow=24h" });
    let slow = id_of(&client.post(INDEXES, &slow).json());
    assert_eq!(client.get(&format!("{DIRECTORIES}/{id}")).status, 404);
    let deleted = client.show(&format!("{DIRECTORIES}?include_deleted=true&type=ephemeral"));
    assert_eq!(deleted["items"][0]["deleted_at"], made["expires_at"]);
    assert_eq!(client.index(&slow)["metadata"], json!({ "status": "ready" }), "it selected the files when it started");
    assert_eq!(client.found(&slow), ["a.txt"]);
    client.sync(&index);
    assert_eq!(client.index(&index)["metadata"]["error_message"], "The source directory is deleted");
    assert_eq!(client.found(&index), ["a.txt"]);

    let made = client.post(DIRECTORIES, &json!({ "name": "f", "type": "ephemeral" })).json();
    let path = format!("{DIRECTORIES}/{}", id_of(&made));
    client.advance("23h59m59s");
    assert_eq!(client.get(&path).status, 200);
    client.advance("1s");
    assert_eq!(client.get(&path).status, 404, "it is advanced by hand too");
}

#[test]
fn an_output_directory_is_listed_and_changed_by_its_index_only() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let source = client.directory("source");
    let index = client.create(&source);
    let output = index["output_directory_id"].as_str().expect("an id");
    assert_eq!(items(&client.show(&format!("{DIRECTORIES}?type=index")), "id"), [output]);
    assert_eq!(items(&client.show(&format!("{DIRECTORIES}?types=index&types=user")), "id"), [output, &source]);
    assert_eq!(items(&client.show(&format!("{DIRECTORIES}?type=user")), "id"), [source.as_str()]);
    let path = format!("{DIRECTORIES}/{output}");
    assert_eq!(client.show(&path)["type"], "index");
    let file = client.upload_file("a.txt", "a");
    let own = client.upload(&source, "b.txt", "b");
    for response in [
        client.delete(&path),
        Upload::file("upload_file", "b.txt", "b").send(&client, &format!("{path}/files/upload")),
        client.post(&format!("{path}/files"), &json!({ "file_id": file["id"] })),
        client.post(&format!("{path}/files/bulk-delete"), &json!({ "directory_file_ids": ["dfl-1"] })),
        client
            .patch(&format!("{DIRECTORIES}/{source}/files/{}", id_of(&own)), &json!({ "target_directory_id": output })),
    ] {
        assert_eq!(response.status, 403, "{}", response.text());
    }
    assert_eq!(client.names_in(output), Vec::<String>::new());
    assert_eq!(client.names_in(&source), ["b.txt"]);
    assert_eq!(client.post(INDEXES, &json!({ "source_directory_id": output })).status, 422);
    assert_eq!(client.delete(&format!("{INDEXES}/{}", id_of(&index))).status, 204);
    assert_eq!(client.get(&path).status, 404);
    assert_eq!(
        items(&client.show(&format!("{DIRECTORIES}?include_deleted=true&type=index")), "id"),
        Vec::<String>::new()
    );
}

#[test]
fn a_connector_subscription_has_one_directory_in_a_project() {
    let server = server(&[]);
    let client = Client::of(&server);
    let new = json!({ "name": "c", "connector_subscription_id": "csub-1" });
    let first = id_of(&client.post(DIRECTORIES, &new).json());
    let refused = client.post(DIRECTORIES, &new);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["detail"]["directory_id"], json!(first), "{}", refused.text());
    let other = json!({ "name": "c", "connector_subscription_id": "csub-2" });
    assert_eq!(client.post(DIRECTORIES, &other).status, 201);
    assert_eq!(client.post(&format!("{DIRECTORIES}?project_id={PROJECT}"), &new).status, 201);
    assert_eq!(client.with_key("llx-other").post(DIRECTORIES, &new).status, 201);
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{first}")).status, 204);
    assert_eq!(client.post(DIRECTORIES, &new).status, 201, "the other one is deleted");
}

#[test]
fn a_file_belongs_to_the_project_of_its_directory() {
    let server = server(&[]);
    let client = Client::of(&server);
    let made = client.post(&format!("{DIRECTORIES}?project_id={PROJECT}"), &json!({ "name": "p" })).json();
    let uploaded = client.upload(&id_of(&made), "a.txt", "a");
    assert_eq!(uploaded["project_id"], PROJECT);
    let file = uploaded["file_id"].as_str().expect("an id");
    assert_eq!(client.show(&format!("/api/v1/beta/files/{file}"))["project_id"], PROJECT);
    assert_eq!(items(&client.show(&format!("/api/v1/beta/files?project_id={PROJECT}")), "id"), [file]);
    assert_eq!(client.show("/api/v1/beta/files")["items"], json!([]));
}
