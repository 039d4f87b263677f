//! The files of the page in the browser, from a raw socket: who gets them, with which headers, and from where.

use crate::support::{Client, HttpResponse, server};

const HTML: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
const CROSS_SITE: &str = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
const FILES: [(&str, &str); 4] = [
    ("/", "text/html; charset=utf-8"),
    ("/__admin/", "text/html; charset=utf-8"),
    ("/__admin/page.css", "text/css; charset=utf-8"),
    ("/__admin/page.js", "text/javascript; charset=utf-8"),
];

/// The response to a request with these header lines beside `Host`.
#[track_caller]
fn send(client: &Client, method: &str, path: &str, lines: &str) -> HttpResponse {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{lines}\r\n", client.address());
    client.connect().send(request).read_response_to(method).expect("a response")
}

#[track_caller]
fn status(client: &Client, method: &str, path: &str, lines: &str) -> u16 {
    send(client, method, path, lines).status
}

#[test]
fn the_files_are_sent_with_their_types_and_a_strict_policy() {
    let server = server(&[]);
    let client = Client::of(&server);
    let mut bytes = 0;
    for (path, content_type) in FILES {
        let response = send(&client, "GET", path, HTML);
        assert_eq!((response.status, response.header("content-type")), (200, Some(content_type)), "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-cache"),
            ("cross-origin-resource-policy", "same-origin"),
            ("vary", "accept"),
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(response.header(name), Some(value), "{path}");
        }
        let head = send(&client, "HEAD", path, HTML);
        let length = response.body.len().to_string();
        assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some(&*length), 0), "{path}");
        bytes += if path == "/" { 0 } else { response.body.len() };
    }
    assert!(bytes <= 100 * 1024, "the page has {bytes} bytes");
    assert_eq!(client.journal(), Vec::<serde_json::Value>::new());
}

#[test]
fn no_file_refers_to_another_host_or_writes_markup_from_text() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (path, _) in FILES {
        let text = send(&client, "GET", path, HTML).text();
        let words = [
            "https://",
            "//cdn",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            " style=\"",
        ];
        let found: Vec<_> = words.iter().filter(|word| text.contains(**word)).collect();
        assert!(found.is_empty(), "{path}: {found:?}");
        let hosts = text.matches("http://").count() - text.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(hosts, 0, "{path}");
    }
}

#[test]
fn only_browsers_get_the_page_where_programs_get_something_else() {
    let server = server(&[]);
    let client = Client::of(&server);
    let is_page = |path, lines: &str| {
        let response = send(&client, "GET", path, lines);
        (response.status, response.header("content-type").is_some_and(|name| name.starts_with("text/html")))
    };
    for (accept, is_html) in [
        ("", false),
        ("Accept: */*\r\n", false),
        ("Accept: application/json\r\n", false),
        ("Accept: text/*\r\n", false),
        ("Accept: text/html;q=0\r\n", false),
        ("Accept: text/htmlx\r\n", false),
        ("Accept: Text/HTML\r\n", true),
        ("Accept: application/json;q=0.5, text/html;q=0.1\r\n", true),
        ("Accept: application/json\r\nAccept: text/html\r\n", true),
    ] {
        assert_eq!(is_page("/__admin/", accept), (200, is_html), "{accept:?}");
        assert_eq!(is_page("/__admin", accept), (200, is_html), "{accept:?}");
        assert_eq!(is_page("/", accept), (if is_html { 200 } else { 404 }, is_html), "{accept:?}");
    }
    assert_eq!(is_page("/api/v1/indexes", HTML), (401, false));
    assert_eq!(is_page("/__admin/state", HTML), (200, false));
    for path in
        ["/page.js", "/page.css", "/__admin/page.html", "/__admin/page", "/__admin/page.js/", "/__admin/page/page.js"]
    {
        assert_eq!(is_page(path, HTML), (404, false), "{path}");
    }
}

#[test]
fn the_files_take_no_other_method() {
    let server = server(&[]);
    let client = Client::of(&server);
    let lines = format!("{HTML}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}");
    for (path, expected, allow) in [
        ("/", 404, None),
        ("/__admin/", 405, Some("GET")),
        ("/__admin/page.css", 405, Some("GET, HEAD")),
        ("/__admin/page.js", 405, Some("GET, HEAD")),
    ] {
        for method in ["POST", "PUT", "DELETE"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{lines}", client.address());
            let response = client.connect().send(request).read_response().expect("a response");
            assert_eq!((response.status, response.header("allow")), (expected, allow), "{method} {path}");
        }
    }
}

#[test]
fn the_files_need_no_token_and_the_rest_does() {
    let server = server(&[("admin-token", "secret")]);
    let client = Client::of(&server);
    for (path, _) in FILES {
        assert_eq!(status(&client, "GET", path, HTML), 200, "{path}");
        assert_eq!(status(&client, "GET", path, &format!("{HTML}Authorization: Bearer wrong\r\n")), 200, "{path}");
    }
    for (path, lines, expected) in [
        ("/__admin/", "", 401),
        ("/__admin/state", HTML, 401),
        ("/__admin/journal/stream", HTML, 401),
        ("/__admin/page.txt", HTML, 401),
        ("/__admin/page.txt", "Authorization: Bearer secret\r\n", 404),
        ("/__admin/state", "Authorization: Bearer secret\r\n", 200),
    ] {
        assert_eq!(status(&client, "GET", path, lines), expected, "{path} {lines:?}");
    }
}

#[test]
fn without_an_admin_api_there_is_no_page() {
    for (settings, expected) in [
        (&[("admin", "off")][..], 404),
        (&[("host", "0.0.0.0")], 403),
        (&[("host", "0.0.0.0"), ("admin", "open")], 200),
    ] {
        let server = server(settings);
        let client = Client::of(&server);
        for (path, _) in FILES {
            assert_eq!(status(&client, "GET", path, HTML), expected, "{path} {settings:?}");
        }
        assert_eq!(status(&client, "GET", "/", ""), 404, "{settings:?}");
    }
}

#[test]
fn a_link_on_another_page_opens_the_page_and_nothing_else() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (path, lines, expected) in [
        ("/", CROSS_SITE, 200),
        ("/__admin/", CROSS_SITE, 200),
        ("/__admin/page.js", CROSS_SITE, 403),
        ("/__admin/state", CROSS_SITE, 403),
        ("/__admin/", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403),
        ("/__admin/page.js", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403),
        ("/__admin/page.js", "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n", 200),
    ] {
        assert_eq!(status(&client, "GET", path, &format!("{HTML}{lines}")), expected, "{path} {lines:?}");
    }
    let json = format!("Accept: application/json\r\n{CROSS_SITE}");
    assert_eq!(status(&client, "GET", "/__admin/", &json), 403);
}

#[test]
fn the_own_origin_may_use_the_admin_api_and_no_other() {
    let server = server(&[]);
    let client = Client::of(&server);
    let (address, port) = (client.address(), client.address().port());
    for (origin, expected) in [
        (format!("http://{address}"), 204),
        (format!("HTTP://{address}"), 204),
        (format!("https://{address}"), 403),
        (format!("http://localhost:{port}"), 403),
        ("http://127.0.0.1".to_owned(), 403),
        (format!("http://{address}.evil.example"), 403),
        (format!("http://evil.example/http://{address}"), 403),
        (format!("http://{address}\r\nOrigin: http://evil.example"), 403),
        ("null".to_owned(), 403),
        (String::new(), 403),
    ] {
        let lines = format!(
            "Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
        );
        assert_eq!(status(&client, "POST", "/__admin/reset", &lines), expected, "{origin:?}");
        let get = send(&client, "GET", "/api/v1/indexes", &format!("Authorization: Bearer a\r\nOrigin: {origin}\r\n"));
        assert_eq!(get.status, 403, "the service has no page: {origin:?}");
    }
    let named = format!(
        "POST /__admin/reset HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(client.connect().send(named).read_response().expect("a response").status, 204);
    let absolute = format!(
        "POST https://localhost:{port}/__admin/reset HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: https://localhost:{port}\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(client.connect().send(absolute).read_response().expect("a response").status, 204);
    let other = format!(
        "POST /__admin/reset HTTP/1.1\r\nHost: evil.example:{port}\r\nOrigin: http://evil.example:{port}\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(client.connect().send(other).read_response().expect("a response").status, 403, "DNS rebinding");
}
