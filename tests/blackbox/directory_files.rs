//! Files in directories: listed by every filter, added by id, changed, moved, deleted one by one and many at once.

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, FILES, Upload, id_of, items, manual_clock_server, server, text_of};

fn files_of(directory: &str) -> String {
    format!("{DIRECTORIES}/{directory}/files")
}

/// Uploads a file with further text fields.
#[track_caller]
fn upload_with(client: &Client, directory: &str, name: &str, fields: &[(&str, &str)]) -> Value {
    let form = Upload::file("upload_file", name, name);
    let form = fields.iter().fold(form, |form, (field, text)| form.text(field, text));
    let response = form.send(client, &format!("{}/upload", files_of(directory)));
    assert_eq!(response.status, 201, "{}", response.text());
    response.json()
}

#[test]
fn every_filter_of_the_list_selects_and_filters_are_joined() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let mut files = Vec::new();
    for (name, unique_id) in [("Report.txt", "u1"), ("report.txt", "u2"), ("Ärger 50%.txt", "u3"), ("gone.txt", "u4")]
    {
        files.push(upload_with(&client, &directory, name, &[("unique_id", unique_id)]));
        client.advance("1s");
    }
    let path = files_of(&directory);
    assert_eq!(client.delete(&format!("{path}/{}", id_of(&files[3]))).status, 204);
    let file_id = text_of(&files[1], "file_id");
    for (query, unique_ids) in [
        ("", &["u3", "u2", "u1"][..]),
        ("display_name=Report.txt", &["u1"]),
        ("display_name=Report", &[]),
        ("display_name_contains=REPORT", &["u2", "u1"]),
        ("display_name_contains=%C3%84RGER", &["u3"]),
        ("display_name_contains=%C3%A4rger%2050%25", &["u3"]),
        ("display_name_contains=", &["u3", "u2", "u1"]),
        ("unique_id=u2", &["u2"]),
        ("unique_id=U2", &[]),
        (&format!("file_id={file_id}"), &["u2"]),
        ("file_id=nothing", &[]),
        ("include_deleted=true", &["u4", "u3", "u2", "u1"]),
        ("include_deleted=true&unique_id=u4", &["u4"]),
        ("updated_at_on_or_after=2026-01-01T00:00:01Z", &["u3", "u2"]),
        ("updated_at_on_or_after=2026-01-01T00:00:01.000001Z", &["u3"]),
        ("updated_at_on_or_before=2026-01-01T00:00:01Z", &["u2", "u1"]),
        ("updated_at_on_or_before=2026-01-01T01:00:01%2B01:00", &["u2", "u1"]),
        ("updated_at_on_or_after=2026-01-01T00:00:01Z&updated_at_on_or_before=2026-01-01T00:00:01Z", &["u2"]),
        ("updated_at_on_or_after=2026-01-01T00:00:01Z&display_name_contains=report", &["u2"]),
    ] {
        assert_eq!(items(&client.show(&format!("{path}?{query}")), "unique_id"), unique_ids, "{query}");
    }
}

#[test]
fn an_uploaded_file_is_added_by_its_id_and_lends_its_names() {
    let server = server(&[]);
    let client = Client::of(&server);
    let (directory, other) = (client.directory("d"), client.directory("other"));
    let path = files_of(&directory);
    let plain = client.upload_file("plain.txt", "p");
    let external = Upload::file("file", "external.txt", "e")
        .text("purpose", "user_data")
        .text("external_file_id", "ext-1")
        .send(&client, FILES)
        .json();
    let names = |file: &Value| (text_of(file, "unique_id"), text_of(file, "display_name"), text_of(file, "file_id"));
    let expected = |unique_id: &str, name: &str, file: &Value| (unique_id.to_owned(), name.to_owned(), id_of(file));
    let added = client.post(&path, &json!({ "file_id": plain["id"] })).json();
    assert_eq!(names(&added), expected("plain.txt", "plain.txt", &plain));
    assert_eq!(added["metadata"], json!({}));
    let added = client.post(&path, &json!({ "file_id": external["id"] })).json();
    assert_eq!(names(&added), expected("ext-1", "external.txt", &external));
    let own = json!({ "file_id": plain["id"], "unique_id": "u", "display_name": "n.txt",
        "metadata": { "a": 1, "b": ["x"], "c": null } });
    let added = client.post(&files_of(&other), &own).json();
    assert_eq!(names(&added), expected("u", "n.txt", &plain));
    assert_eq!(added["metadata"], own["metadata"]);
    for unknown in [json!("0b6a1d8e-52f5-4d43-9c0a-2d9c8a1f1a01"), added["id"].clone(), json!("")] {
        let refused = client.post(&path, &json!({ "file_id": unknown }));
        assert_eq!((refused.status, refused.text().as_str()), (404, r#"{"detail":"File not found"}"#), "{unknown}");
    }
    assert_eq!(client.post(&files_of("dir-none"), &json!({ "file_id": plain["id"] })).status, 404);
    assert_eq!(client.delete(&format!("{FILES}/{}", id_of(&plain))).status, 204);
    assert_eq!(client.post(&path, &json!({ "file_id": plain["id"] })).status, 404, "it is deleted");
    assert_eq!(client.names_in(&directory), ["external.txt", "plain.txt"], "its copy in the directory stays");
}

#[test]
fn a_change_replaces_metadata_and_keeps_what_it_does_not_name() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let file = upload_with(&client, &directory, "a.txt", &[("metadata", r#"{"a":1,"b":2}"#)]);
    let path = format!("{}/{}", files_of(&directory), id_of(&file));
    let steps = [
        (json!({}), "a.txt", "a.txt", json!({ "a": 1, "b": 2 }), "2026-01-01T00:00:00Z"),
        (
            json!({ "unique_id": null, "display_name": null, "target_directory_id": null }),
            "a.txt",
            "a.txt",
            json!({ "a": 1, "b": 2 }),
            "2026-01-01T00:00:00Z",
        ),
        (json!({ "metadata": { "b": 3 } }), "a.txt", "a.txt", json!({ "b": 3 }), "2026-01-01T00:00:03Z"),
        (json!({ "display_name": "b.txt" }), "a.txt", "b.txt", json!({ "b": 3 }), "2026-01-01T00:00:04Z"),
        (json!({ "unique_id": "u" }), "u", "b.txt", json!({ "b": 3 }), "2026-01-01T00:00:05Z"),
        (json!({ "metadata": null }), "u", "b.txt", json!({}), "2026-01-01T00:00:06Z"),
    ];
    for (change, unique_id, name, metadata, updated_at) in steps {
        client.advance("1s");
        let changed = client.patch(&path, &change);
        assert_eq!(changed.status, 200, "{change}: {}", changed.text());
        let changed = changed.json();
        let shown = ["unique_id", "display_name", "metadata", "updated_at"].map(|field| &changed[field]);
        assert_eq!(shown, [&json!(unique_id), &json!(name), &metadata, &json!(updated_at)], "{change}");
        assert_eq!(client.show(&path), changed, "{change}");
    }
    for refused in [json!({ "unique_id": "" }), json!({ "metadata": [] }), json!({ "metadata": { "a": {} } })] {
        assert_eq!(client.patch(&path, &refused).status, 422, "{refused}");
    }
}

#[test]
fn a_moved_file_keeps_its_id_and_answers_in_its_new_directory_only() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (from, to) = (client.directory("from"), client.directory("to"));
    let file = id_of(&client.upload(&from, "a.txt", "a"));
    client.upload(&to, "b.txt", "b");
    let at = |directory: &str| format!("{}/{file}", files_of(directory));
    client.advance("1s");
    let moved = client.patch(&at(&from), &json!({ "target_directory_id": to }));
    assert_eq!(moved.status, 200, "{}", moved.text());
    let moved = moved.json();
    let shown = ["id", "directory_id", "updated_at"].map(|field| text_of(&moved, field));
    assert_eq!(shown, [file.clone(), to.clone(), "2026-01-01T00:00:01Z".to_owned()]);
    for (method, body) in [("GET", None), ("PATCH", Some(json!({}))), ("DELETE", None)] {
        assert_eq!(client.send(method, &at(&from), body.as_ref()).status, 404, "{method}");
    }
    assert_eq!(client.show(&at(&to)), moved);
    assert_eq!(client.names_in(&from), Vec::<String>::new());
    assert_eq!(client.names_in(&to), ["b.txt", "a.txt"]);
    let refused = client.patch(&at(&to), &json!({ "target_directory_id": "dir-none", "display_name": "x" }));
    assert_eq!(refused.status, 404);
    assert_eq!(client.show(&at(&to)), moved, "a refused change changes nothing");
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{from}")).status, 204);
    assert_eq!(client.get(&at(&to)).status, 200, "its old directory no longer owns it");
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{to}")).status, 204);
    assert_eq!(client.state()["directory_files"], json!([]), "its new one does");
}

#[test]
fn a_bulk_delete_deletes_all_or_nothing() {
    let server = server(&[]);
    let client = Client::of(&server);
    let (directory, other) = (client.directory("d"), client.directory("other"));
    let ids: Vec<String> = (0..4).map(|at| id_of(&client.upload(&directory, &format!("{at}.txt"), "x"))).collect();
    let foreign = id_of(&client.upload(&other, "foreign.txt", "x"));
    let path = format!("{}/bulk-delete", files_of(&directory));
    let delete = |ids: &[&str]| client.post(&path, &json!({ "directory_file_ids": ids })).status;
    assert_eq!(delete(&[&ids[0], &foreign, &ids[1]]), 404);
    assert_eq!(delete(&[&ids[0], "dfl-none"]), 404);
    assert_eq!(delete(&[]), 422);
    assert_eq!(delete(&["dfl-none"; 101]), 422);
    assert_eq!(client.names_in(&directory).len(), 4, "nothing is deleted");
    assert_eq!(delete(&[&ids[0], &ids[1], &ids[0], &ids[0]]), 204);
    assert_eq!(client.names_in(&directory), ["3.txt", "2.txt"]);
    assert_eq!(delete(&[&ids[0], &ids[2]]), 404, "one of them is already deleted");
    assert_eq!(client.names_in(&directory).len(), 2);
    assert_eq!(client.names_in(&other), ["foreign.txt"]);
    assert_eq!(client.with_key("llx-other").post(&path, &json!({ "directory_file_ids": [ids[2]] })).status, 404);
}

#[test]
fn a_deleted_file_is_shown_by_lists_with_deleted_files_only() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let file = client.upload(&directory, "a.txt", "a");
    let path = format!("{}/{}", files_of(&directory), id_of(&file));
    client.advance("1s");
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!((client.get(&path).status, client.delete(&path).status), (404, 404));
    let listed = client.show(&format!("{}?include_deleted=true", files_of(&directory)));
    let mut expected = file;
    expected["deleted_at"] = json!("2026-01-01T00:00:01Z");
    assert_eq!(listed["items"], json!([expected]));
    let again = client.upload(&directory, "a.txt", "a");
    assert_ne!((&again["id"], &again["file_id"]), (&expected["id"], &expected["file_id"]), "ids are not used again");
}

#[test]
fn an_id_is_not_used_again_after_its_file_is_deleted() {
    let server = server(&[]);
    let client = Client::of(&server);
    let first = client.upload_file("a.txt", "a");
    assert_eq!(client.delete(&format!("{FILES}/{}", id_of(&first))).status, 204);
    let second = client.upload_file("a.txt", "a");
    assert_ne!(id_of(&first), id_of(&second));
    assert_eq!(client.get(&format!("{FILES}/{}", id_of(&first))).status, 404);
    assert_eq!(items(&client.show(FILES), "id"), [id_of(&second)]);
}

#[test]
fn a_unique_id_may_be_used_twice_unless_the_settings_refuse_it() {
    let allowing = server(&[]);
    let client = Client::of(&allowing);
    let directory = client.directory("d");
    let ids = [(); 2].map(|()| id_of(&client.upload(&directory, "a.txt", "a")));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(client.names_in(&directory).len(), 2);

    let refusing = server(&[("duplicate-unique-id", "409")]);
    let client = Client::of(&refusing);
    let (directory, other) = (client.directory("d"), client.directory("other"));
    let path = files_of(&directory);
    let first = client.upload(&directory, "a.txt", "a");
    let second = client.upload(&directory, "b.txt", "b");
    let elsewhere = client.upload(&other, "a.txt", "a");
    let refused = Upload::file("upload_file", "a.txt", "other").send(&client, &format!("{path}/upload"));
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(client.post(&path, &json!({ "file_id": first["file_id"] })).status, 409);
    let second_path = format!("{path}/{}", id_of(&second));
    assert_eq!(client.patch(&second_path, &json!({ "unique_id": "a.txt" })).status, 409);
    assert_eq!(client.patch(&second_path, &json!({ "unique_id": "b.txt" })).status, 200, "its own");
    let move_here = json!({ "target_directory_id": directory });
    let elsewhere_path = format!("{}/{}", files_of(&other), id_of(&elsewhere));
    assert_eq!(client.patch(&elsewhere_path, &move_here).status, 409);
    assert_eq!(client.state()["files"].as_array().map(Vec::len), Some(3), "a refused upload leaves no file");
    assert_eq!(client.delete(&format!("{path}/{}", id_of(&first))).status, 204);
    assert_eq!(client.patch(&elsewhere_path, &move_here).status, 200);
    client.upload(&other, "a.txt", "a");
}

#[test]
fn metadata_that_is_no_json_object_of_plain_values_is_refused() {
    for status in ["422", "400"] {
        let server = server(&[("unknown-value-status", status)]);
        let client = Client::of(&server);
        let directory = client.directory("d");
        let path = format!("{}/upload", files_of(&directory));
        for text in ["[]", "1", "null", "\"a\"", "{", "{\"a\":{}}", "{\"a\":[1]}", "{\"a\":NaN}", "{\"a\":1}x"] {
            let refused = Upload::file("upload_file", "a.txt", "a").text("metadata", text).send(&client, &path);
            assert_eq!(refused.status.to_string(), status, "{text}: {}", refused.text());
            let violation = refused.json()["detail"][0].clone();
            assert_eq!(
                (&violation["type"], &violation["loc"], &violation["input"]),
                (&json!("value_error"), &json!(["body", "metadata"]), &json!(text))
            );
        }
        assert_eq!(client.state()["files"], json!([]));
        for (text, shown) in [
            ("", json!({})),
            ("{}", json!({})),
            (
                r#"{"a":"x","b":1.5,"c":true,"d":null,"e":["y"],"f":1,"f":2}"#,
                json!({ "a": "x", "b": 1.5, "c": true, "d": null, "e": ["y"], "f": 2 }),
            ),
        ] {
            assert_eq!(upload_with(&client, &directory, "a.txt", &[("metadata", text)])["metadata"], shown, "{text}");
        }
    }
}

#[test]
fn an_output_directory_lists_the_parsed_copies() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    for name in ["b.txt", "c.txt", "a.txt"] {
        upload_with(&client, &directory, name, &[("metadata", r#"{"k":"v"}"#), ("unique_id", &format!("u-{name}"))]);
    }
    let index = client.create(&directory);
    let output = text_of(&index, "output_directory_id");
    let path = files_of(&output);
    let listed = client.show(&path);
    let found = client.ask(crate::support::FIND, &id_of(&index), json!({}));
    assert_eq!(items(&listed, "id"), items(&found, "file_id"));
    assert_eq!(items(&listed, "display_name"), ["a.txt", "b.txt", "c.txt"]);
    let first = client.show(&format!("{path}?page_size=2"));
    let token = text_of(&first, "next_page_token");
    let second = client.show(&format!("{path}?page_size=2&page_token={token}"));
    assert_eq!([items(&first, "id"), items(&second, "id")].concat(), items(&listed, "id"));
    assert_eq!(second["next_page_token"], Value::Null);
    assert_eq!(items(&client.show(&format!("{path}?unique_id=u-b.txt")), "display_name"), ["b.txt"]);
    assert_eq!(items(&client.show(&format!("{path}?display_name_contains=C.T")), "display_name"), ["c.txt"]);
    let copy = &listed["items"][0];
    assert_eq!(&client.show(&format!("{path}/{}", id_of(copy))), copy);
    assert_eq!((&copy["directory_id"], &copy["metadata"]), (&json!(output), &json!({ "k": "v" })));
    let sources = items(&client.show(&files_of(&directory)), "id");
    assert!(items(&listed, "id").iter().all(|id| !sources.contains(id)), "copies have ids of their own");
    assert_eq!(client.get(&format!("{path}/{}", sources[0])).status, 404);
}
