//! Presigned URLs: they give the content of a file without a key, until they end by the clock of their tenant.

use serde_json::json;

use crate::support::{Client, HttpResponse, Upload, manual_clock_server};

const FILES: &str = "/api/v1/beta/files";

/// The path of a presigned URL of a file with this name and content, for 60 seconds, and the id of the file.
fn presigned(client: &Client, name: &str, content: &str) -> (String, String) {
    let upload = Upload::file("file", name, content).text("purpose", "user_data").send(client, FILES);
    let id = upload.json()["id"].as_str().expect("a string").to_owned();
    let response = client.get(&format!("{FILES}/{id}/content?expires_at_seconds=60"));
    let url = response.json()["url"].as_str().expect("a string").to_owned();
    let path = url.strip_prefix(&format!("http://{}", client.address())).expect("the URL has the host of the request");
    (path.to_owned(), id)
}

/// The response to a request without a key.
fn get_without_key(client: &Client, path: &str) -> HttpResponse {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    client.connect().send(request).read_response().expect("a response")
}

#[test]
fn the_content_is_returned_without_a_key_to_be_saved_under_the_name_of_the_file() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (path, _) = presigned(&client, "r\u{e9}sum\u{e9} 1.txt", "text");
    let response = get_without_key(&client, &path);
    assert_eq!((response.status, response.text()), (200, "text".to_owned()));
    let disposition = response.header("content-disposition").expect("it has a disposition");
    assert_eq!(disposition, "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9%201%2Etxt");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    let entry = client.journal().pop().expect("it is recorded");
    assert_eq!((entry["operation"].as_str(), entry["status"].as_u64()), (Some("files.download"), Some(200)));
}

#[test]
fn a_url_ends_by_the_clock_of_its_tenant() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (path, _) = presigned(&client, "a.txt", "text");
    client.advance("59s");
    assert_eq!(get_without_key(&client, &path).status, 200);
    client.advance("1s");
    let response = get_without_key(&client, &path);
    assert_eq!((response.status, response.json()["detail"].as_str()), (403, Some("The URL has expired")));
}

#[test]
fn a_url_that_was_changed_is_refused() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (path, id) = presigned(&client, "a.txt", "text");
    let (_, other_id) = presigned(&client, "b.txt", "other");
    let (before, signature) = path.split_once("signature=").expect("it is signed");
    let expires = before.split_once("expires=").expect("it has an end").1.trim_end_matches('&');
    let tenant = path.split('/').nth(2).expect("it names its tenant");
    let first_digit = if signature.starts_with('0') { "1" } else { "0" };
    for changed in [
        path.replace(&id, &other_id),
        path.replace(expires, &format!("{expires}0")),
        path.replace(expires, "99999999999999999999"),
        path.replace(tenant, "t-000000000000"),
        format!("{before}signature={first_digit}{}", &signature[1..]),
        format!("{before}signature="),
        before.trim_end_matches('&').to_owned(),
        format!("/__blobs/{tenant}/{id}/a.txt"),
        format!("/__blobs/{tenant}/../a.txt"),
    ] {
        let response = get_without_key(&client, &changed);
        assert_eq!(response.status, 403, "{changed}: {}", response.text());
    }
    assert_eq!(get_without_key(&client, &path).text(), "text");
}

#[test]
fn a_deleted_file_is_not_found() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (path, id) = presigned(&client, "a.txt", "text");
    assert_eq!(client.delete(&format!("{FILES}/{id}")).status, 204);
    assert_eq!(get_without_key(&client, &path).status, 404);
}

#[test]
fn a_lifetime_beyond_every_clock_ends_after_a_week_and_a_negative_one_at_once() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let upload = Upload::file("file", "a.txt", "text").text("purpose", "user_data").send(&client, FILES);
    let id = upload.json()["id"].as_str().expect("a string").to_owned();
    let end = |seconds: &str| {
        let response = client.get(&format!("{FILES}/{id}/content?expires_at_seconds={seconds}"));
        response.json()["expires_at"].as_str().expect("a string").to_owned()
    };
    let now = upload.json()["last_modified_at"].as_str().expect("a string").to_owned();
    let day = |time: &str| time.split_once('T').expect("a time").0.to_owned();
    assert_eq!((end("-5"), end("0")), (now.clone(), now.clone()));
    assert_eq!(end("99999999999999999999"), end("604800"));
    assert_ne!(day(&end("604800")), day(&now));
}

#[test]
fn fault_rules_apply_to_downloads() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (path, _) = presigned(&client, "a.txt", "text");
    client.add_rule("files.download status=503 first=1");
    assert_eq!(get_without_key(&client, &path).status, 503);
    assert_eq!(get_without_key(&client, &path).status, 200);
}

#[test]
fn the_public_url_is_the_base_of_urls() {
    let server = manual_clock_server(&[("public-url", "https://mock.test:8443")]);
    let client = Client::of(&server);
    let upload = Upload::file("upload_file", "a.txt", "text");
    let directory = client.post("/api/v1/beta/directories", &json!({ "name": "d" })).json();
    let files = format!("/api/v1/beta/directories/{}/files", directory["id"].as_str().expect("a string"));
    assert_eq!(upload.send(&client, &format!("{files}/upload")).status, 201);
    let listed = client.get(&format!("{files}?expand=download_url")).json();
    let url = listed["items"][0]["download_url"]["url"].as_str().expect("a URL");
    assert!(url.starts_with("https://mock.test:8443/__blobs/"), "{url}");
    let path = url.strip_prefix("https://mock.test:8443").expect("it was checked");
    assert_eq!(get_without_key(&client, path).text(), "text");
}
