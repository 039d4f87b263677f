//! Connections that stay open for other requests, and the header that says for how long.

use crate::support::{Client, HttpResponse, server};

const LIST: &str = "/api/v1/indexes";

/// The response to a GET request in this version of HTTP, with these header lines.
fn get(client: &Client, path: &str, version: &str, headers: &str) -> HttpResponse {
    let request = format!("GET {path} {version}\r\nhost: localhost\r\nauthorization: Bearer k\r\n{headers}\r\n");
    client.connect().send(request).read_response().expect("a response")
}

#[test]
fn a_response_says_how_long_its_connection_stays_open() {
    let server = server(&[("fault", "directories.list dribble=10/1ms")]);
    let client = Client::of(&server);
    for (path, status) in [
        (LIST, 200),
        ("/api/v1/indexes/idx-none", 404),
        ("/api/v1/beta/directories", 200),
        ("/nowhere", 404),
        ("/health", 200),
        ("/__admin/state", 200),
    ] {
        let response = get(&client, path, "HTTP/1.1", "");
        assert_eq!((response.status, response.header("keep-alive")), (status, Some("timeout=100")), "{path}");
        assert_eq!(response.header("connection"), None, "{path}");
    }
}

#[test]
fn a_response_on_a_connection_that_is_closed_does_not_say_so() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (version, headers, hint) in [
        ("HTTP/1.1", "connection: close\r\n", None),
        ("HTTP/1.1", "connection: x, Close\r\n", None),
        ("HTTP/1.0", "", None),
        ("HTTP/1.0", "connection: keep-alive\r\n", Some("timeout=100")),
        ("HTTP/1.1", "connection: keep-alive\r\n", Some("timeout=100")),
    ] {
        let response = get(&client, LIST, version, headers);
        assert_eq!((response.status, response.header("keep-alive")), (200, hint), "{version} {headers:?}");
    }
    let unread =
        client.connect().send(client.request_bytes("GET", "/nowhere", "content-length: 5\r\n", None)).read_head();
    let unread = unread.expect("a response");
    assert_eq!(
        (unread.header("connection"), unread.header("keep-alive")),
        (Some("close"), None),
        "its body is not read"
    );
}
