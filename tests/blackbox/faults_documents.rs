//! Faults on directories, files and retrieval: uploads that fail before or after they are stored, quotas, lagging and
//! broken lists, and resources that vanish.

use serde_json::{Value, json};

use crate::support::{
    Client, DIRECTORIES, FILES, FIND, GREP, INDEXES, READ, RETRIEVE, Upload, id_of, items, manual_clock_server, server,
    text_of, wait_until,
};

/// The request of an upload into a directory.
fn upload_request(client: &Client, directory: &str, name: &str) -> Vec<u8> {
    Upload::file("upload_file", name, "alpha").request(client, &format!("{DIRECTORIES}/{directory}/files/upload"))
}

/// Whether the last request of a client changed the state.
#[track_caller]
fn last_is_committed(client: &Client) -> Value {
    client.journal().last().expect("an entry")["committed"].clone()
}

#[test]
fn a_quota_counts_live_files_and_a_refused_upload_stores_nothing() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.add_rule("files.create quota=2 status=403");
    let upload = |name: &str| Upload::file("file", name, "x").text("purpose", "parse").send(&client, FILES);
    let first = upload("a.txt");
    assert_eq!((first.status, upload("b.txt").status), (201, 201));
    let refused = upload("c.txt");
    assert_eq!((refused.status, client.stored()), (403, (2, 0)), "{}", refused.text());
    assert_eq!(last_is_committed(&client), false);
    assert_eq!(client.delete(&format!("{FILES}/{}", id_of(&first.json()))).status, 204);
    assert_eq!(upload("c.txt").status, 201, "a deleted file does not count");

    let client = client.with_key("llx-directory");
    let directory = client.directory("d");
    client.add_rule("directories.files.* quota=1");
    let file = client.upload(&directory, "a.txt", "a");
    let path = format!("{DIRECTORIES}/{directory}/files");
    let refused = Upload::file("upload_file", "b.txt", "b").send(&client, &format!("{path}/upload"));
    assert_eq!((refused.status, client.stored()), (402, (1, 1)), "no file is left over: {}", refused.text());
    assert_eq!(client.post(&path, &json!({ "file_id": file["file_id"] })).status, 402);
    assert_eq!(client.delete(&format!("{path}/{}", id_of(&file))).status, 204);
    assert_eq!(client.post(&path, &json!({ "file_id": file["file_id"] })).status, 201);
}

#[test]
fn only_the_resource_that_a_request_names_vanishes() {
    let server = server(&[]);
    for (method, body) in [("GET", None), ("PATCH", Some(json!({ "display_name": "x" }))), ("DELETE", None)] {
        let client = Client::of(&server).for_case(method);
        let directory = client.directory("d");
        let file = id_of(&client.upload(&directory, "a.txt", "a"));
        client.upload(&directory, "b.txt", "b");
        client.add_rule("directories.files.* vanish first=1");
        let refused = client.send(method, &format!("{DIRECTORIES}/{directory}/files/{file}"), body.as_ref());
        assert_eq!((refused.status, refused.text().as_str()), (404, r#"{"detail":"Directory file not found"}"#));
        assert_eq!(client.names_in(&directory), ["b.txt"], "{method}: the directory and its other file stay");
    }
    let client = Client::of(&server).for_case("bulk");
    let directory = client.directory("d");
    let ids = ["a.txt", "b.txt"].map(|name| id_of(&client.upload(&directory, name, "a")));
    client.add_rule("directories.files.bulk_delete vanish");
    let path = format!("{DIRECTORIES}/{directory}/files/bulk-delete");
    assert_eq!(client.post(&path, &json!({ "directory_file_ids": ids })).status, 404);
    assert_eq!(client.names_in(&directory), ["b.txt"]);
    client.add_rule("directories.get vanish");
    assert_eq!(client.get(&format!("{DIRECTORIES}/{directory}")).status, 404);
    assert_eq!(client.get(&format!("{DIRECTORIES}/{directory}/files")).status, 404);
    let file = client.upload_file("c.txt", "c");
    client.add_rule("files.content vanish");
    assert_eq!(client.get(&format!("{FILES}/{}/content", id_of(&file))).status, 404);
    assert_eq!(client.get(&format!("{FILES}/{}", id_of(&file))).status, 404);
}

#[test]
fn a_project_cannot_vanish() {
    let server = server(&[]);
    let client = Client::of(&server);
    for operation in ["projects.get", "v2_projects.get"] {
        let rule = json!({ "rule": format!("{operation} vanish") });
        assert_eq!(client.post("/__admin/faults", &rule).status, 422, "{operation}");
    }
    client.add_rule("* vanish");
    let project = text_of(&client.show("/api/v1/projects")[0], "id");
    assert_eq!(client.get(&format!("/api/v1/projects/{project}")).status, 200);
    client.directory("d");
}

#[test]
fn lists_lag_behind_uploads_and_deletions() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("files.list,directories.files.list,directories.list lag=5s");
    let directory = client.directory("d");
    client.advance("10s");
    let file = client.upload(&directory, "a.txt", "a");
    let listed = || {
        let files = client.show(FILES)["items"].as_array().map(Vec::len);
        (files, client.names_in(&directory).len())
    };
    assert_eq!(listed(), (Some(0), 0));
    client.advance("4.999s");
    assert_eq!(listed(), (Some(0), 0));
    client.advance("1ms");
    assert_eq!(listed(), (Some(1), 1));
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{directory}/files/{}", id_of(&file))).status, 204);
    assert_eq!(client.delete(&format!("{FILES}/{}", text_of(&file, "file_id"))).status, 204);
    assert_eq!(listed(), (Some(1), 1), "the lists have not seen the deletion");
    assert_eq!(client.get(&format!("{FILES}/{}", text_of(&file, "file_id"))).status, 404, "other reads do not lag");
    client.advance("5s");
    assert_eq!(listed(), (Some(0), 0));
}

#[test]
fn retrieval_lags_behind_the_creation_and_the_deletion_of_an_index() {
    let server = manual_clock_server(&[("sync-duration", "0")]);
    for operation in ["retrieve", "find", "grep", "read"] {
        let client = Client::of(&server).for_case(operation);
        let directory = client.directory("d");
        let file = id_of(&client.upload(&directory, "a.txt", "alpha"));
        client.add_rule(&format!("retrieval.{operation} lag=5s"));
        let index = client.index_over(&directory);
        let status = |lagging: bool| {
            let of_operation = |(name, path): &(&str, &str)| {
                let body = json!({ "index_id": index, "query": "alpha", "file_id": file, "pattern": "a" });
                ((*name == operation) == lagging).then(|| client.post(path, &body).status)
            };
            let all = [("retrieve", RETRIEVE), ("find", FIND), ("grep", GREP), ("read", READ)];
            all.iter().filter_map(of_operation).collect::<Vec<u16>>()
        };
        assert_eq!((status(true), status(false)), (vec![404], vec![200; 3]), "{operation}: just created");
        client.advance("4.999s");
        assert_eq!(status(true), [404], "{operation}");
        client.advance("1ms");
        assert_eq!(status(true), [200], "{operation}");
        assert_eq!(client.delete(&format!("{INDEXES}/{index}")).status, 204);
        client.advance("4.999s");
        assert_eq!((status(true), status(false)), (vec![200], vec![404; 3]), "{operation}: just deleted");
        client.advance("1ms");
        assert_eq!(status(true), [404], "{operation}");
        let outcomes = client.fault_outcomes().into_iter().filter(|outcomes| outcomes.ends_with("struck")).count();
        assert_eq!(outcomes, 3, "{operation}: every request of it that missed a write");
    }
}

/// The items of the first five pages of a list, or the status of a refusal; `_` stands for an empty page.
#[track_caller]
fn pages(get: impl Fn(&Value) -> (u16, Value), field: &str) -> String {
    let (mut shown, mut token) = (Vec::new(), Value::Null);
    for _ in 0..5 {
        let (status, page) = get(&token);
        if status != 200 {
            shown.push(status.to_string());
            break;
        }
        let list = page["items"].as_array().expect("a list");
        let texts: Vec<String> = list.iter().map(|item| item[field].to_string().replace('"', "")).collect();
        shown.push(if texts.is_empty() { "_".to_owned() } else { texts.join("+") });
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    shown.join(" ")
}

#[test]
fn pages_of_files_are_broken_as_a_rule_says() {
    let server = server(&[]);
    for (rule, expected) in [
        ("page=repeat-token", "a b b b b"),
        ("page=empty-middle when=query:page_token", "a _ c"),
        ("page=expired-token", "a 422"),
    ] {
        let client = Client::of(&server).for_case(rule);
        for name in ["c", "a", "b"] {
            client.upload_file(name, "x");
        }
        client.add_rule(&format!("files.list {rule}"));
        let list = |token: &Value| {
            let token = token.as_str().map_or_else(String::new, |token| format!("&page_token={token}"));
            let response = client.get(&format!("{FILES}?order_by=name&page_size=1{token}"));
            (response.status, response.json())
        };
        assert_eq!(pages(list, "name"), expected, "{rule}");
    }
}

#[test]
fn pages_of_names_and_matches_are_broken_as_a_rule_says() {
    let server = server(&[("sync-duration", "0")]);
    for (rule, names, matches) in [
        ("page=repeat-token", "a b b b b", "0 1 1 1 1"),
        ("page=empty-middle", "_ _ c", "_ _ 2"),
        ("page=expired-token", "a 422", "0 422"),
    ] {
        let client = Client::of(&server).for_case(rule);
        let directory = client.directory("d");
        for name in ["c", "a", "b"] {
            client.upload(&directory, name, "xxx");
        }
        let index = client.index_over(&directory);
        let file = client.found_id(&index, "a");
        client.add_rule(&format!("retrieval.find,retrieval.grep {rule}"));
        for (path, field, expected) in [(FIND, "file_name", names), (GREP, "start_char", matches)] {
            let request = |token: &Value| {
                let body =
                    json!({ "index_id": index, "file_id": file, "pattern": "x", "page_size": 1, "page_token": token });
                let response = client.post(path, &body);
                (response.status, response.json())
            };
            assert_eq!(pages(request, field), expected, "{path} {rule}");
        }
    }
}

#[test]
fn an_upload_that_fails_before_it_acts_stores_nothing() {
    let server = server(&[]);
    for rule in
        ["@before status=503", " status=500", "@before reset", " reset=body", " reset=head", " empty status=502"]
    {
        let client = Client::of(&server).for_case(rule);
        let directory = client.directory("d");
        client.add_rule(&format!("directories.files.upload{rule} first=1"));
        let response = client.connect().send(upload_request(&client, &directory, "a.txt")).read_response();
        assert!(response.is_none_or(|response| response.status >= 500), "{rule}");
        client.wait_for_open_calls(0);
        assert_eq!((client.stored(), last_is_committed(&client)), ((0, 0), json!(false)), "{rule}");
        client.upload(&directory, "a.txt", "alpha");
        assert_eq!(client.stored(), (1, 1), "{rule}");
    }
}

#[test]
fn an_upload_whose_response_is_lost_is_stored_and_a_second_try_stores_another() {
    let server = server(&[]);
    for rule in [" reset=reply", "@after status=500", "@after reset", " truncate=5", "@after close"] {
        let client = Client::of(&server).for_case(rule);
        let directory = client.directory("d");
        client.add_rule(&format!("directories.files.upload{rule} first=1"));
        let response = client.connect().send(upload_request(&client, &directory, "a.txt")).read_response();
        assert!(response.is_none_or(|response| response.status == 500), "{rule}");
        client.wait_for_open_calls(0);
        assert_eq!((client.stored(), last_is_committed(&client)), ((1, 1), json!(true)), "{rule}");
        let again = client.upload(&directory, "a.txt", "alpha");
        let ids = items(&client.show(&format!("{DIRECTORIES}/{directory}/files")), "id");
        assert_eq!((ids.len(), &ids[0]), (2, &id_of(&again)), "{rule}: both are there");
        assert_ne!(ids[0], ids[1], "{rule}: with ids of their own");
    }
}

#[test]
fn a_delayed_upload_is_stored_although_its_client_has_gone() {
    let server = server(&[("fault", "directories.files.upload@before delay=30ms")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    for (count, way) in ["fin", "half-close", "reset"].into_iter().enumerate() {
        let mut connection = client.connect();
        connection.send(upload_request(&client, &directory, &format!("{way}.txt")));
        if way == "reset" {
            // A reset may discard bytes that the server has not read yet.
            wait_until("the request is read", || client.state()["open_calls"] == 1 || client.stored().1 > count);
            connection.reset();
            wait_until("the upload is stored", || client.stored().1 == count + 1);
        } else {
            let open = (way == "half-close").then(|| {
                connection.finish();
                connection
            });
            wait_until("the upload is stored", || client.stored().1 == count + 1);
            let response = open.and_then(|mut connection| connection.read_response());
            assert_eq!(response.map(|response| response.status), (way == "half-close").then_some(201));
        }
    }
    assert_eq!(client.names_in(&directory), ["reset.txt", "half-close.txt", "fin.txt"]);
}

#[test]
fn responses_of_retrieval_are_edited_and_replaced() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    client.upload(&directory, "a.txt", "alpha");
    let index = client.index_over(&directory);
    client.add_rule("retrieval.retrieve@after null=/results/0/rerank_score times=1");
    let results = client.ask(RETRIEVE, &index, json!({ "query": "alpha" }));
    assert_eq!(results["results"][0]["rerank_score"], Value::Null);
    client.add_rule("retrieval.* status=429 retry-after=2 when=body:/query=beta");
    let limited = client.post(RETRIEVE, &json!({ "index_id": index, "query": "beta" }));
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("2")));
    assert_eq!(client.retrieved(&index, "alpha").len(), 1);
    assert_eq!(client.delete(&format!("{INDEXES}/{index}")).status, 204);
    assert_eq!(client.post(FIND, &json!({ "index_id": index })).status, 404);
}
