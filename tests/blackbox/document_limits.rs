//! Limits on documents: each refusal names its flag and leaves nothing half stored.

use serde_json::json;

use crate::support::{
    Client, DIRECTORIES, FILES, HttpResponse, INDEXES, RawConnection, Upload, id_of, server, text_of,
};

/// The response to an upload into a directory.
#[track_caller]
fn upload(client: &Client, directory: &str, name: &str, text: &str) -> HttpResponse {
    Upload::file("upload_file", name, text).send(client, &format!("{DIRECTORIES}/{directory}/files/upload"))
}

#[track_caller]
fn assert_names(response: &HttpResponse, status: u16, flag: &str) {
    assert_eq!(response.status, status, "{}", response.text());
    assert!(response.json()["detail"].as_str().is_some_and(|detail| detail.contains(flag)), "{}", response.text());
}

#[test]
fn the_number_of_files_is_limited_for_each_kind_and_tenant() {
    let server = server(&[("max-items", "3")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let path = format!("{DIRECTORIES}/{directory}/files");
    let first = client.upload(&directory, "0.txt", "0");
    client.upload(&directory, "1.txt", "1");
    client.upload_file("2.txt", "2");
    assert_names(&upload(&client, &directory, "3.txt", "3"), 403, "--max-items");
    assert_eq!(client.stored(), (3, 2));
    assert_eq!(client.post(&path, &json!({ "file_id": first["file_id"] })).status, 201);
    assert_names(&client.post(&path, &json!({ "file_id": first["file_id"] })), 403, "--max-items");
    assert_eq!(client.delete(&format!("{FILES}/{}", text_of(&first, "file_id"))).status, 204);
    assert_names(&upload(&client, &directory, "3.txt", "3"), 403, "--max-items");
    assert_eq!(client.stored(), (2, 3), "the file of the refused upload is removed with it");
    let other = client.with_key("llx-other");
    let directory = other.directory("d");
    other.upload(&directory, "a.txt", "a");
}

#[test]
fn the_state_of_all_tenants_is_limited_in_bytes_and_deleting_makes_room() {
    let server = server(&[("max-state-bytes", "1MB")]);
    let client = Client::of(&server);
    let (directory, other) = (client.directory("d"), client.with_key("llx-other"));
    let text = "lorem ipsum dolor ".repeat(5_000);
    let too_large = upload(&client, &directory, "large.txt", &text.repeat(12));
    assert_names(&too_large, 403, "--max-state-bytes");
    assert_eq!(client.stored(), (0, 0));
    let mut files = Vec::new();
    let refused = loop {
        let response = upload(&client, &directory, &format!("{}.txt", files.len()), &text);
        if response.status != 201 {
            break response;
        }
        files.push(response.json());
        assert!(files.len() < 100);
    };
    assert_names(&refused, 403, "--max-state-bytes");
    assert!(files.len() > 1, "the upload that was too large took no room");
    assert_eq!(client.stored(), (files.len(), files.len()));
    let entry = client.journal().pop().expect("an entry");
    assert_eq!((&entry["status"], &entry["committed"]), (&json!(403), &json!(false)));
    let elsewhere = Upload::file("file", "a.txt", &text).text("purpose", "parse").send(&other, FILES);
    assert_eq!(elsewhere.status, 201, "another key may use its share: {}", elsewhere.text());
    assert_eq!(other.delete(&format!("{FILES}/{}", id_of(&elsewhere.json()))).status, 204);
    let first = &files[0];
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{directory}/files/{}", id_of(first))).status, 204);
    assert_eq!(client.delete(&format!("{FILES}/{}", text_of(first, "file_id"))).status, 204);
    client.upload(&directory, "again.txt", &text);
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    let directory = client.directory("d");
    for at in 0..files.len() {
        client.upload(&directory, &format!("{at}.txt"), &text);
    }
}

#[test]
fn an_index_keeps_the_content_of_deleted_files_and_its_deletion_makes_room() {
    let server = server(&[("max-state-bytes", "1MB"), ("sync-duration", "0")]);
    let client = Client::of(&server);
    let text = "lorem ipsum dolor ".repeat(8_000);
    for round in 0..12 {
        let directory = client.directory("d");
        let file = client.upload(&directory, "a.txt", &text);
        let index = client.index_over(&directory);
        assert_eq!(client.delete(&format!("{DIRECTORIES}/{directory}")).status, 204);
        assert_eq!(client.delete(&format!("{FILES}/{}", text_of(&file, "file_id"))).status, 204);
        assert_eq!(client.found(&index), ["a.txt"], "{round}");
        assert_eq!(client.delete(&format!("{INDEXES}/{index}")).status, 204);
    }
}

#[test]
fn an_index_counts_the_names_and_the_reasons_of_files_that_cannot_be_read() {
    let name = format!("{}.pdf", "n".repeat(300_000));
    for (limit, status) in [("1700KB", 201), ("1300KB", 403)] {
        let server = server(&[("max-state-bytes", limit)]);
        let client = Client::of(&server);
        let directory = client.directory("d");
        let path = format!("{DIRECTORIES}/{directory}/files/upload");
        for (name, text) in [(name.clone(), "x"), (format!("{name}.md"), "one"), (format!("{name}.md"), "two")] {
            let file = Upload::file("upload_file", "a.pdf", text).text("display_name", &name);
            assert_eq!(file.send(&client, &path).status, 201);
        }
        // Three names are in the directory. The index adds one, and a reason with the name of the sidecars.
        let index = client.post(INDEXES, &json!({ "source_directory_id": directory }));
        assert_eq!(index.status, status, "{limit}: {}", index.text());
    }
}

#[test]
fn an_upload_over_its_limit_is_refused_and_names_the_flag() {
    let server = server(&[("max-upload-bytes", "1000")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    assert_names(&upload(&client, &directory, "a.txt", &"x".repeat(2000)), 413, "--max-upload-bytes");
    assert_eq!(client.stored(), (0, 0));
    client.upload(&directory, "a.txt", "x".repeat(500));
}

/// The bytes of an upload into a directory.
fn upload_request(client: &Client, directory: &str, name: &str, text: &str) -> Vec<u8> {
    Upload::file("upload_file", name, text).request(client, &format!("{DIRECTORIES}/{directory}/files/upload"))
}

#[test]
fn work_over_the_limit_of_the_queue_is_refused_and_not_committed() {
    const UPLOADS: usize = 24;
    let server = server(&[("max-queued-work", "1")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let text = "lorem ipsum dolor sit amet. ".repeat(4_000);
    let (mut refused, mut round) = (0, 0);
    // Work may end as fast as it arrives.
    while refused == 0 {
        round += 1;
        assert!(round < 100, "the queue was never full");
        let mut connections: Vec<RawConnection> = (0..UPLOADS).map(|_| client.connect()).collect();
        for (at, connection) in connections.iter_mut().enumerate() {
            connection.send(upload_request(&client, &directory, &format!("{round}-{at}.txt"), &text));
        }
        for connection in &mut connections {
            let response = connection.read_response().expect("a response");
            if response.status != 201 {
                assert_names(&response, 503, "--max-queued-work");
                refused += 1;
            }
        }
    }
    let entries = client.show(&format!("/__admin/journal?tenant={}&operation=directories.files.upload", client.key()));
    let entries = entries["entries"].as_array().expect("a list");
    let count = |status: u64, committed: bool| {
        entries.iter().filter(|entry| entry["status"] == status && entry["committed"] == committed).count()
    };
    assert_eq!((count(503, false), count(503, true), count(201, false)), (refused, 0, 0));
    assert_eq!(count(201, true) + refused, UPLOADS * round);
    assert_eq!(client.stored(), (count(201, true), count(201, true)));
}

#[test]
fn another_tenant_works_while_many_uploads_of_one_arrive() {
    const UPLOADS: usize = 40;
    let server = server(&[("sync-duration", "0")]);
    let (busy, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    let text = "lorem ipsum dolor sit amet. ".repeat(10_000);
    let directory = busy.directory("d");
    let mut connections: Vec<RawConnection> = (0..UPLOADS).map(|_| busy.connect()).collect();
    for (at, connection) in connections.iter_mut().enumerate() {
        connection.send(upload_request(&busy, &directory, &format!("{at}.txt"), &text));
        if at == UPLOADS / 2 {
            let own = other.directory("d");
            other.upload(&own, "a.txt", "alpha");
            assert_eq!(other.retrieved(&other.index_over(&own), "alpha"), ["alpha"]);
        }
    }
    for connection in &mut connections {
        assert_eq!(connection.read_response().map(|response| response.status), Some(201));
    }
    assert_eq!((busy.stored(), other.stored()), ((UPLOADS, UPLOADS), (1, 1)));
    assert_eq!(busy.names_in(&directory).len(), UPLOADS);
    let requests = busy.show("/__admin/state")["requests"]["directories.files.upload"].clone();
    assert_eq!(requests["2xx"], UPLOADS + 1, "{requests}");
}
