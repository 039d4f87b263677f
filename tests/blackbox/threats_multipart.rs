//! Hostile and broken uploads: each gets a clear error in the format of the service, stores nothing, and leaves other
//! requests alone.

use crate::support::{Client, HttpResponse, KEY, RawConnection, server, wait_until};
use llamacloud_mock::embedded::MockServer;
use serde_json::Value;

const FILES: &str = "/api/v1/beta/files";

/// Every operation that takes a form.
const UPLOADS: &[&str] = &[FILES, "/api/v1/beta/directories/dir-a/files/upload"];

const MULTIPART: &str = "multipart/form-data; boundary=B";

/// The default of `--max-upload-bytes`.
const MAX_UPLOAD: usize = 100 << 20;

/// A form of parts, each with its headers, an empty line and its content.
fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<u8> = parts.iter().flat_map(|part| [b"--B\r\n", part.as_slice(), b"\r\n"].concat()).collect();
    [parts.as_slice(), b"--B--\r\n"].concat()
}

/// A part with these parameters of its disposition and this content.
fn part(parameters: &str, content: &[u8]) -> Vec<u8> {
    [format!("Content-Disposition: form-data; {parameters}\r\n\r\n").as_bytes(), content].concat()
}

/// A valid form for either upload, with this file.
fn upload(filename: &str, content: &[u8]) -> Vec<u8> {
    let file = |name: &str| part(&format!("name={name}; filename=\"{filename}\""), content);
    form(&[part("name=purpose", b"user_data"), file("file"), file("upload_file")])
}

/// The head of an upload with further header lines, each with its line end.
fn head(path: &str, lines: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {MULTIPART}\r\n{lines}\r\n")
}

fn authorized(lines: &str) -> String {
    format!("authorization: Bearer {KEY}\r\n{lines}")
}

/// A whole upload with a length.
fn request(path: &str, body: &[u8]) -> Vec<u8> {
    let head = head(path, &authorized(&format!("content-length: {}\r\n", body.len())));
    [head.as_bytes(), body].concat()
}

/// A whole upload in chunks of this many bytes.
fn chunked(path: &str, body: &[u8], chunk_bytes: usize) -> Vec<u8> {
    let mut request = head(path, &authorized("transfer-encoding: chunked\r\n")).into_bytes();
    for chunk in body.chunks(chunk_bytes) {
        request.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    request.extend_from_slice(b"0\r\n\r\n");
    request
}

fn send(client: &Client, request: impl AsRef<[u8]>) -> HttpResponse {
    client.connect().send(request).read_response().expect("a response")
}

#[track_caller]
fn assert_refused(response: &HttpResponse, status: u16, detail: &str) {
    assert_eq!((response.status, response.json()["detail"].as_str()), (status, Some(detail)), "{}", response.text());
}

/// Asserts that a form was read and its fields are valid. The directory of an upload into one does not exist.
#[track_caller]
fn assert_read(path: &str, response: &HttpResponse) {
    let expected = if path == FILES { 201 } else { 404 };
    assert_eq!(response.status, expected, "{path}: {}", response.text());
}

/// The number of stored files of the usual key.
fn stored(client: &Client) -> usize {
    let state = client.get("/__admin/state").json();
    let tenants = state["tenants"].as_array().expect("a list");
    let of_kind = |tenant: &Value, kind: &str| tenant[kind].as_array().map_or(0, Vec::len);
    tenants.iter().map(|tenant| of_kind(tenant, "files") + of_kind(tenant, "directory_files")).sum()
}

#[test]
fn uploads_without_credentials_are_refused_before_their_body() {
    let server = server(&[]);
    let client = Client::of(&server);
    for path in UPLOADS {
        for framing in [format!("content-length: {MAX_UPLOAD}\r\n"), "transfer-encoding: chunked\r\n".to_owned()] {
            let lines = format!("{framing}expect: 100-continue\r\n");
            let mut connection = client.connect();
            let response = connection.send(head(path, &lines)).read_response().expect("a response before the body");
            assert_refused(&response, 401, "Not authenticated");
            assert_eq!(response.header("connection"), Some("close"));

            let head = head(path, &lines).replace("; boundary=B", "");
            let response = send(&client, head);
            assert_refused(&response, 400, "Missing boundary in multipart.");
            assert_eq!(response.header("connection"), Some("close"));
        }
    }
    let journal = client.get("/__admin/journal").json();
    let entries = journal["entries"].as_array().expect("a list");
    let mut seen = entries.iter().map(|entry| (entry["operation"].as_str(), entry["status"].as_u64()));
    assert_eq!(seen.next(), Some((Some("files.create"), Some(401))), "refused requests are journaled");
    assert_eq!(entries.len(), 4 * UPLOADS.len());
}

#[test]
fn a_client_that_sends_its_whole_upload_without_credentials_can_read_the_response() {
    let server = server(&[]);
    let body = upload("a.txt", &vec![b'x'; 1 << 20]);
    for path in UPLOADS {
        let head = head(path, &format!("content-length: {}\r\n", body.len()));
        let response = send(&Client::of(&server), [head.as_bytes(), &body].concat());
        assert_refused(&response, 401, "Not authenticated");
    }
}

#[test]
fn a_rejected_key_is_refused_before_the_body_too() {
    let server = server(&[("api-key", "good")]);
    let head = head(FILES, &authorized("content-length: 1000000\r\n"));
    assert_refused(&send(&Client::of(&server), head), 401, "Invalid authentication token");
}

#[test]
fn no_boundary_is_refused_with_credentials() {
    let server = server(&[]);
    for path in UPLOADS {
        let request = String::from_utf8(request(path, &upload("a.txt", b"x"))).expect("text");
        let response = send(&Client::of(&server), request.replacen("; boundary=B", "", 1));
        assert_refused(&response, 400, "Missing boundary in multipart.");
    }
}

#[test]
fn an_upload_at_its_limit_is_read_and_one_byte_more_is_refused_before_it_is_sent() {
    let server = server(&[("max-upload-bytes", "1000"), ("max-body-bytes", "10")]);
    let client = Client::of(&server);
    let empty = upload("a.txt", b"").len();
    let body = |length: usize| upload("a.txt", &vec![b'x'; (length - empty) / 2]);
    let detail = "Request body is larger than 1000 bytes (--max-upload-bytes)";
    let (largest, larger) = (body(1000), body(1002));
    assert!(largest.len() > 998 && larger.len() > 1000);
    for path in UPLOADS {
        assert_read(path, &send(&client, request(path, &largest)));
        assert_read(path, &send(&client, chunked(path, &largest, 7)));
        assert_refused(&send(&client, chunked(path, &larger, 7)), 413, detail);

        let lines = format!("content-length: {}\r\nexpect: 100-continue\r\n", larger.len());
        let response = send(&client, head(path, &authorized(&lines)));
        assert_refused(&response, 413, detail);
        assert_eq!(response.header("connection"), Some("close"));
    }
    let json = client.post("/api/v1/indexes", &serde_json::json!({ "source_directory_id": "dir-a" }));
    assert_refused(&json, 413, "Request body is larger than 10 bytes (--max-body-bytes)");
}

#[test]
fn a_client_that_expects_100_continue_gets_it_when_its_upload_is_accepted() {
    let server = server(&[]);
    let client = Client::of(&server);
    let body = upload("a.txt", b"x");
    let lines = format!("content-length: {}\r\nexpect: 100-continue\r\n", body.len());
    let mut connection = client.connect();
    let interim = connection.send(head(FILES, &authorized(&lines))).read_response().expect("a response");
    assert_eq!(interim.status, 100);
    assert_read(FILES, &connection.send(body).read_response().expect("a response"));
}

#[test]
fn ten_thousand_parts_are_refused() {
    let server = server(&[]);
    let client = Client::of(&server);
    for path in UPLOADS {
        let fields = form(&vec![part("name=a", b""); 10_000]);
        let detail = "Too many fields. Maximum number of fields is 1000.";
        assert_refused(&send(&client, request(path, &fields)), 400, detail);
        let files = form(&vec![part("name=file; filename=a", b"x"); 10_000]);
        let detail = "Too many files. Maximum number of files is 1000.";
        assert_refused(&send(&client, request(path, &files)), 400, detail);
    }
    assert_eq!(stored(&client), 0);
}

#[test]
fn large_text_fields_are_refused() {
    let server = server(&[]);
    let client = Client::of(&server);
    let field = |bytes: usize| part("name=metadata", &vec![b'x'; bytes]);
    let larger = form(&[field((1 << 20) + 1)]);
    assert_refused(&send(&client, request(UPLOADS[1], &larger)), 400, "Part exceeded maximum size of 1024KB.");
    let many = form(&vec![field(1 << 20); 9]);
    let detail = "The text fields are together larger than 8388608 bytes";
    assert_refused(&send(&client, request(UPLOADS[1], &many)), 413, detail);
}

#[test]
fn unusual_names_types_and_contents_are_data() {
    let server = server(&[]);
    let client = Client::of(&server);
    let names =
        ["../../../../tmp/x", "/etc/passwd", "..", ".", "a\0b", "\u{1b}[31m\u{7f}", "a\nb", "ä日本語😀", "%2e%2e%2f"];
    for path in UPLOADS {
        for name in names {
            assert_read(path, &send(&client, request(path, &upload(name, b"x"))));
            assert_read(path, &send(&client, chunked(path, &upload(name, b"x"), 1)));
        }
        let inner = form(&[part("name=purpose", b"x")]);
        let nested = b"--C\r\nContent-Disposition: file; filename=y\r\n\r\ninner\r\n--C--\r\n";
        for content in [nested.as_slice(), &inner[..inner.len() - 9], b"", b"\r\n\r\n", b"--B", b"\r\n--", b"\0\xff"] {
            assert_read(path, &send(&client, request(path, &upload("a.txt", content))));
        }
    }
    assert_eq!(client.get("/health").status, 200);
}

/// How each request of the usual key ended.
fn outcomes(client: &Client) -> Vec<String> {
    client.journal().iter().map(|entry| entry["outcome"].as_str().expect("a string").to_owned()).collect()
}

#[test]
fn an_upload_that_its_client_cuts_stores_nothing_and_releases_its_memory() {
    let body = upload("a.txt", &vec![b'x'; 100_000]);
    let limit = body.len().to_string();
    let server = server(&[("max-inflight-bytes", &limit)]);
    let client = Client::of(&server);
    let disconnect: [fn(RawConnection) -> Option<RawConnection>; 3] = [
        |connection| {
            connection.reset();
            None
        },
        |connection| {
            drop(connection);
            None
        },
        |mut connection| {
            connection.finish();
            Some(connection)
        },
    ];
    let mut cut = 0;
    for request in [request(FILES, &body), chunked(FILES, &body, 5000)] {
        for (disconnect, missing) in
            disconnect.iter().flat_map(|how| [1, 50_000, 150_000].map(|missing| (how, missing)))
        {
            let mut connection = client.connect();
            connection.send(&request[..request.len() - missing]);
            let _half_closed = disconnect(connection);
            cut += 1;
            wait_until("it is recorded", || outcomes(&client).len() == cut);
        }
    }
    assert_eq!(stored(&client), 0);
    assert!(outcomes(&client).iter().all(|outcome| outcome == "client_gone"), "{:?}", outcomes(&client));
    wait_until("the memory is released", || send(&client, request(FILES, &body)).status != 413);
}

/// A server with an upload that is sent but for its last byte.
fn unfinished(server: &MockServer, body: &[u8]) -> RawConnection {
    let mut connection = Client::of(server).connect();
    let request = request(FILES, body);
    connection.send(&request[..request.len() - 1]);
    connection
}

#[test]
fn other_requests_are_answered_while_large_garbage_arrives_and_is_refused() {
    let server = server(&[]);
    let client = Client::of(&server);
    // Most of a boundary again and again, without an end: all of it is searched.
    let unended =
        [b"--B\r\n".as_slice(), &part("name=file; filename=a", b""), &b"\r\n--B-".repeat(17 << 20)[..99 << 20]];
    let unended = unended.concat();
    let garbage = vec![b'-'; 100 << 20];
    for (body, status) in [(unended, 422), (garbage, 400)] {
        let mut connection = unfinished(&server, &body);
        for number in 0..20 {
            client.create(&format!("dir-{number}"));
        }
        assert!(connection.is_silent(), "the others were first");
        let response = connection.send(&body[body.len() - 1..]).read_response().expect("a response");
        assert_eq!(response.status, status, "{}", response.text());
    }
    assert_eq!(stored(&client), 0);
}
