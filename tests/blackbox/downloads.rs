//! Presigned URLs: they give the content of a file without a key, until they end by the clock, and nothing else.

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, FILES, HttpResponse, Upload, id_of, manual_clock_server, server, text_of};

/// The path of a URL of this server.
#[track_caller]
fn path_of(client: &Client, url: &Value) -> String {
    let url = url["url"].as_str().expect("a URL");
    let base = format!("http://{}", client.address());
    url.strip_prefix(&base).unwrap_or_else(|| panic!("{url} does not begin with {base}")).to_owned()
}

/// Requests a path without a key.
#[track_caller]
fn download(client: &Client, path: &str) -> HttpResponse {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", client.address());
    client.connect().send(request).read_response().expect("a response")
}

#[track_caller]
fn assert_refused(response: &HttpResponse, status: u16, part: &str) {
    assert_eq!(response.status, status, "{}", response.text());
    assert!(response.json()["detail"].as_str().is_some_and(|detail| detail.contains(part)), "{}", response.text());
}

#[test]
fn a_url_gives_the_content_without_a_key_and_is_journaled() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let file = client.upload_file("data.bin", &content);
    let path = format!("{FILES}/{}", id_of(&file));
    let url = client.show(&format!("{path}/content"));
    assert_eq!(url["expires_at"], "2026-01-01T01:00:00Z");
    assert_eq!(url["form_fields"], Value::Null);
    let response = download(&client, &path_of(&client, &url));
    assert_eq!((response.status, &response.body), (200, &content));
    for (header, value) in [
        ("content-length", "100000"),
        ("content-type", "application/octet-stream"),
        ("content-disposition", "attachment; filename*=UTF-8''data%2Ebin"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(response.header(header), Some(value));
    }
    let entry = client.journal().pop().expect("an entry");
    let shown = ["operation", "status", "method"].map(|field| entry[field].clone());
    assert_eq!(shown, [json!("files.download"), json!(200), json!("GET")]);
    for url in [
        client.show(&format!("{path}?expand=download_url"))["download_url"].clone(),
        client.show(&format!("{FILES}?expand=download_url"))["items"][0]["download_url"].clone(),
    ] {
        assert_eq!(download(&client, &path_of(&client, &url)).body, content);
    }
    assert_eq!(client.show(&path)["download_url"], Value::Null);
}

#[test]
fn a_directory_file_has_a_url_of_its_own() {
    let server = server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let file = Upload::file("upload_file", "a.txt", "alpha")
        .text("display_name", "b.txt")
        .send(&client, &format!("{DIRECTORIES}/{directory}/files/upload"))
        .json();
    let path = format!("{DIRECTORIES}/{directory}/files");
    let own = format!("{path}/{}", id_of(&file));
    for url in [
        client.show(&format!("{own}?expand=download_url"))["download_url"].clone(),
        client.show(&format!("{path}?expand=download_url"))["items"][0]["download_url"].clone(),
    ] {
        let response = download(&client, &path_of(&client, &url));
        assert_eq!((response.status, response.text().as_str()), (200, "alpha"));
        assert_eq!(response.header("content-disposition"), Some("attachment; filename*=UTF-8''b%2Etxt"));
    }
    let url = client.show(&format!("{own}?expand=download_url"))["download_url"].clone();
    assert_eq!(client.delete(&format!("{FILES}/{}", text_of(&file, "file_id"))).status, 204);
    assert_eq!(download(&client, &path_of(&client, &url)).status, 200, "its content is its own");
    assert_eq!(client.delete(&own).status, 204);
    assert_refused(&download(&client, &path_of(&client, &url)), 404, "deleted");
    let listed = client.show(&format!("{path}?include_deleted=true&expand=download_url"))["items"][0].clone();
    assert_refused(&download(&client, &path_of(&client, &listed["download_url"])), 404, "deleted");
}

#[test]
fn a_url_ends_by_the_clock_of_its_tenant() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let path = format!("{FILES}/{}/content", id_of(&client.upload_file("a.txt", "a")));
    let url = |seconds: &str| {
        let url = client.show(&format!("{path}?expires_at_seconds={seconds}"));
        (path_of(&client, &url), text_of(&url, "expires_at"))
    };
    let (minute, expires_at) = url("60");
    assert_eq!(expires_at, "2026-01-01T00:01:00Z");
    assert_eq!(url("99999999999999999999").1, "2026-01-08T00:00:00Z", "a week at most");
    assert_refused(&download(&client, &url("0").0), 403, "expired");
    assert_refused(&download(&client, &url("-5").0), 403, "expired");
    client.advance("59.999s");
    assert_eq!(download(&client, &minute).status, 200);
    client.advance("1ms");
    assert_refused(&download(&client, &minute), 403, "expired");
    assert_eq!(download(&client, &url("60").0).status, 200, "a new one is valid");
}

#[test]
fn a_url_that_was_not_handed_out_is_refused() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (one, other) = (client.upload_file("a.txt", "a"), client.upload_file("b.txt", "b"));
    let path = path_of(&client, &client.show(&format!("{FILES}/{}/content", id_of(&one))));
    assert_eq!(download(&client, &path).status, 200);
    let (start, signature) = path.split_once("signature=").expect("a signature");
    let expires = start.split("expires=").nth(1).expect("a time").trim_end_matches('&');
    let label = path.split('/').nth(2).expect("a label");
    let last = if signature.ends_with('0') { "1" } else { "0" };
    let flipped = format!("{start}signature={}{last}", &signature[..signature.len() - 1]);
    for changed in [
        flipped,
        path.replace(&id_of(&one), &id_of(&other)),
        path.replace(expires, &format!("{}", expires.parse::<i64>().expect("a number") + 1)),
        path.replace(expires, "99999999999999999999999999"),
        path.replace(expires, "x"),
        path.replace(label, "t-000000000000"),
        path.replace(label, ".."),
        format!("{start}signature="),
        start.trim_end_matches('&').to_owned(),
        path.split('?').next().expect("a path").to_owned(),
        path.replace(signature, &signature.to_uppercase()),
    ] {
        let response = download(&client, &changed);
        if changed == path {
            continue;
        }
        assert_refused(&response, 403, "not valid");
    }
    let other_tenant = client.with_key("llx-other");
    other_tenant.get(FILES);
    let state = client.show("/__admin/state");
    let labels: Vec<String> =
        state["tenants"].as_array().expect("a list").iter().map(|tenant| text_of(tenant, "tenant")).collect();
    let others = labels.iter().find(|other| *other != label).expect("two tenants");
    assert_refused(&download(&client, &path.replace(label, others)), 403, "not valid");
    assert_eq!(client.delete(&format!("{FILES}/{}", id_of(&one))).status, 204);
    assert_refused(&download(&client, &path), 404, "deleted");
    client.upload_file("a.txt", "a");
    assert_refused(&download(&client, &path), 404, "deleted");
}

#[test]
fn the_name_in_the_path_is_not_read() {
    let server = server(&[]);
    let client = Client::of(&server);
    let path = path_of(&client, &client.show(&format!("{FILES}/{}/content", id_of(&client.upload_file("a.txt", "a")))));
    for name in ["other.txt", "..%2F..%2Fetc%2Fpasswd", "a/b/c", ".."] {
        assert_eq!(download(&client, &path.replace("a.txt", name)).text(), "a", "{name}");
    }
}

#[test]
fn a_url_obeys_fault_rules() {
    let server = server(&[]);
    let client = Client::of(&server);
    let path =
        path_of(&client, &client.show(&format!("{FILES}/{}/content", id_of(&client.upload_file("a.txt", "alpha")))));
    client.add_rule("files.download status=503 first=1 name=down");
    let refused = download(&client, &path);
    assert_eq!((refused.status, refused.header("x-mock-fault")), (503, Some("down")));
    assert_eq!(download(&client, &path).text(), "alpha");
    client.add_rule("files.download truncate=2 times=1");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", client.address());
    assert_eq!(client.connect().send(request).read_response(), None, "its body is cut");
    client.add_rule("files.content drop=/url times=1");
    let dropped = client.show(&format!("{FILES}/{}/content", text_of(&client.show(FILES)["items"][0], "id")));
    assert_eq!(dropped.get("url"), None);
}

#[test]
fn names_of_any_kind_are_data() {
    let server = server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    for (written, name) in [
        ("..", ".."),
        (".", "."),
        ("../../etc/passwd", "../../etc/passwd"),
        ("/etc/passwd", "/etc/passwd"),
        ("a\u{0}b.txt", "a\u{0}b.txt"),
        ("a\u{1b}[31mb\u{7}.txt", "a\u{1b}[31mb\u{7}.txt"),
        ("say \\\"hi\\\".txt", "say \"hi\".txt"),
        ("a%0D%0Ax-evil: 1.txt", "a%0D%0Ax-evil: 1.txt"),
        ("a;b=c&d?e#f.txt", "a;b=c&d?e#f.txt"),
        ("ключ 日本 😀.txt", "ключ 日本 😀.txt"),
        ("a\u{202e}txt.exe", "a\u{202e}txt.exe"),
        (" ", " "),
    ] {
        let file = client.upload(&directory, written, "alpha");
        assert_eq!(file["display_name"], name, "{file}");
        let path = format!("{DIRECTORIES}/{directory}/files/{}?expand=download_url", id_of(&file));
        let url = client.show(&path)["download_url"].clone();
        let path = path_of(&client, &url);
        let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"/?=&%._-".contains(&letter);
        assert!(path.bytes().all(plain), "{path}");
        assert!(path.split(['/', '?']).all(|segment| segment != ".." && segment != "."), "{path}");
        let response = download(&client, &path);
        assert_eq!((response.status, response.text().as_str()), (200, "alpha"), "{name:?} {path}");
        let disposition = response.header("content-disposition").expect("a header");
        let encoded = disposition.strip_prefix("attachment; filename*=UTF-8''").expect("an encoded name");
        assert_eq!(percent_decoded(encoded), name);
        assert_eq!(response.header("x-evil"), None);
    }
    let many = client.show(&format!("{DIRECTORIES}/{directory}/files?page_size=1000"));
    assert_eq!(many["items"].as_array().map(Vec::len), Some(12));
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).expect("digits"), 16).expect("digits"));
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn the_content_type_of_the_upload_is_repeated() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (line, shown) in [("Content-Type: text/html\r\n", "text/html"), ("", "application/octet-stream")] {
        let body = format!(
            "--B\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nparse\r\n\
             --B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n{line}\r\n<b>\r\n--B--\r\n"
        );
        let lines = format!("content-type: multipart/form-data; boundary=B\r\ncontent-length: {}\r\n", body.len());
        let request = [client.request_bytes("POST", FILES, &lines, None), body.into_bytes()].concat();
        let file = client.connect().send(request).read_response().expect("a response").json();
        let response = download(&client, &path_of(&client, &client.show(&format!("{FILES}/{}/content", id_of(&file)))));
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some(shown));
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn urls_begin_with_the_public_url_if_there_is_one() {
    let server = server(&[("public-url", "https://mock.example:8443/base")]);
    let client = Client::of(&server);
    let file = client.upload_file("a.txt", "a");
    let url = text_of(&client.show(&format!("{FILES}/{}/content", id_of(&file))), "url");
    let path = url.strip_prefix("https://mock.example:8443/base").unwrap_or_else(|| panic!("{url}"));
    assert_eq!(download(&client, path).text(), "a");
}

#[test]
fn urls_name_the_host_of_the_request() {
    let server = server(&[("allowed-host", "mock.test")]);
    let client = Client::of(&server);
    let path = format!("{FILES}/{}/content", id_of(&client.upload_file("a.txt", "a")));
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: mock.test:99\r\nauthorization: Bearer {}\r\n\r\n", client.key());
    let shown = client.connect().send(request).read_response().expect("a response").json();
    assert!(text_of(&shown, "url").starts_with("http://mock.test:99/__blobs/"), "{shown}");
}

#[test]
fn the_contract_says_that_a_download_needs_no_key_and_gives_bytes() {
    let server = server(&[]);
    let contract = Client::of(&server).get("/openapi.json").json();
    let download = &contract["paths"]["/__blobs/{tenant}/{id}/{name}"]["get"];
    assert_eq!(download["security"], json!([]));
    let content = json!({ "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } });
    assert_eq!(download["responses"]["200"]["content"], content);
    assert_eq!(download["responses"].get("401"), None, "no key is asked for");
    let others = contract["paths"].as_object().expect("an object").values().filter_map(Value::as_object);
    let with_key = others.flat_map(|path| path.values()).filter(|row| row["security"] == json!([{ "HTTPBearer": [] }]));
    let operations = Client::of(&server).get("/__admin/operations").json()["operations"].clone();
    let emulated = operations.as_array().expect("a list").iter().filter(|row| row["emulated"] == json!(true)).count();
    assert_eq!(with_key.count(), emulated - 1, "every operation of the API needs a key; a download is none");
}
