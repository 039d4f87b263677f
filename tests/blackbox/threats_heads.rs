//! Malformed heads: request lines, targets and headers as scanners, other protocols and broken clients send them.
//! Raw bytes only.

use std::io::Write;

use crate::support::RawConnection;
use crate::threats_mixed_load::{BODY, MalformedRequest, RejectionChecker, malformed, responses};

fn line(checker: &RejectionChecker, line: &str) -> MalformedRequest {
    let host = checker.server.address();
    malformed(
        format!("{line:?}"),
        format!("{line}\r\nHost: {host}\r\nAuthorization: Bearer llx-test\r\nContent-Length: 33\r\n\r\n{BODY}"),
    )
}

#[test]
fn invalid_request_lines_are_rejected() {
    let checker = RejectionChecker::new();
    let path = "/api/v1/indexes";
    let lines = [
        format!("POST  {path} HTTP/1.1"),
        format!("POST {path}  HTTP/1.1"),
        format!(" POST {path} HTTP/1.1"),
        format!("POST\t{path}\tHTTP/1.1"),
        format!("POST {path}"),
        format!("POST {path} "),
        "POST".to_owned(),
        path.to_owned(),
        format!("POST {path} HTTP/1.1 more"),
        format!("POST {path} http/1.1"),
        format!("POST {path} HTTP/1"),
        format!("POST {path} HTTP/1.9"),
        format!("POST {path} HTTP/0.9"),
        format!("POST {path} HTTP/2.0"),
        format!("POST {path} HTTP/3"),
        format!("POST {path} HTTP/11"),
        format!("POST {path} HTTPS/1.1"),
        format!("POST {path} RTSP/1.0"),
        format!("POST {path} SIP/2.0"),
        format!("PO ST {path} HTTP/1.1"),
        format!("PO\0ST {path} HTTP/1.1"),
        format!("PÖST {path} HTTP/1.1"),
        format!("post {path} HTTP/1.1"),
        format!("{} {path} HTTP/1.1", "POST".repeat(5000)),
        format!("{{}} {path} HTTP/1.1"),
        format!("CONNECT {path} HTTP/1.1"),
        format!("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nPOST {path} HTTP/1.1"),
    ];
    let mut requests: Vec<MalformedRequest> = lines.iter().map(|text| line(&checker, text)).collect();
    requests.extend([
        malformed("nothing", Vec::new()),
        malformed("one line end", "\r\n"),
        malformed("HTTP/0.9", "GET /\r\n"),
        malformed("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        malformed("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        malformed("SSH", "SSH-2.0-OpenSSH_9.9\r\n"),
        malformed("SOCKS", b"\x05\x01\x00".to_vec()),
        malformed("redis", "*1\r\n$4\r\nPING\r\n"),
        malformed("zeros", vec![0; 100_000]),
        malformed("ones", vec![0xff; 100_000]),
        malformed("line ends", "\r\n".repeat(50_000)),
        malformed("letters", vec![b'A'; 1_000_000]),
    ]);
    checker.assert_all_rejected(35, &requests);
}

#[test]
fn invalid_targets_are_rejected() {
    let checker = RejectionChecker::new();
    let segments = [
        "%",
        "%z",
        "%zz",
        "%00",
        "%0d%0aX:%20y",
        "%c2%9b31m",
        "%ff",
        "%ed%a0%80",
        "%2e%2e%2f%2e%2e",
        "%252e",
        "\0",
        "\u{1}",
        "\t",
        "\u{b}",
        "\u{7f}",
        "\u{9b}31m",
        "é",
        "\u{202e}",
        "\u{2028}",
        "..",
        "../../../etc/passwd",
        "\\",
        "a b",
        "\"",
        "<script>",
        "{}",
        "|",
        "^",
        "`",
        ";",
        ":",
        "@",
        "//",
        "%20",
        "+",
        "$(id)",
        "${jndi:ldap://x}",
    ];
    let authority = checker.server.address();
    let targets_with =
        |segment: &&str| [format!("/api/v1/indexes/{segment}"), format!("/{segment}/x"), segment.to_string()];
    let mut targets: Vec<String> = segments.iter().flat_map(targets_with).collect();
    targets.extend([
        "*".to_owned(),
        authority.to_string(),
        format!("//{authority}/api/v1/indexes"),
        format!("http://{authority}"),
        format!("http:/{authority}/api/v1/indexes"),
        format!("ftp://{authority}/nothing"),
        "http://".to_owned(),
        "http:///api/v1/indexes".to_owned(),
        format!("http://{authority}/../api"),
        "javascript:alert(1)".to_owned(),
        "?".to_owned(),
        "#".to_owned(),
        "api/v1/indexes".to_owned(),
        format!("/{}", "a".repeat(60_000)),
        format!("/{}", "a".repeat(70_000)),
        format!("/{}", "a/".repeat(30_000)),
        format!("/api/v1/indexes/{}", "%2f".repeat(20_000)),
        format!("/api/v1/indexes?{}", "&".repeat(70_000)),
    ]);
    let methods = ["GET", "POST", "OPTIONS"];
    let requests: Vec<MalformedRequest> = targets
        .iter()
        .flat_map(|target| methods.map(|method| line(&checker, &format!("{method} {target} HTTP/1.1"))))
        .collect();
    checker.assert_all_rejected(350, &requests);
}

#[test]
fn invalid_headers_are_rejected() {
    let checker = RejectionChecker::new();
    let lines = [
        "no colon".to_owned(),
        ": no name".to_owned(),
        "name : value".to_owned(),
        "na me: value".to_owned(),
        "name\0: value".to_owned(),
        "n\u{e4}me: value".to_owned(),
        "(name): value".to_owned(),
        "name: a\0b".to_owned(),
        "name: a\u{1}b".to_owned(),
        "name: a\u{7f}b".to_owned(),
        "name: a\rb: c".to_owned(),
        "name: value\r\n folded".to_owned(),
        "name: value\r\n\tfolded".to_owned(),
        " name: value".to_owned(),
        "Host: localhost".to_owned(),
        "Host: evil.example".to_owned(),
        "Transfer-Encoding : chunked".to_owned(),
        "Content-Length : 33".to_owned(),
        "Content-Length: 33\r\n Content-Length: 32".to_owned(),
        format!("name: {}", "v".repeat(70_000)),
        format!("{}: value", "n".repeat(70_000)),
        "a: b\r\n".repeat(97).trim_end().to_owned(),
        "a: b\r\n".repeat(10_000).trim_end().to_owned(),
        format!("x: {}\r\n", "v".repeat(1000)).repeat(90).trim_end().to_owned(),
        format!("Cookie: {}", "session=; ".repeat(8000)),
    ];
    let requests: Vec<MalformedRequest> = lines
        .iter()
        .map(|line| {
            let bytes = checker.create(&format!("{line}\r\nContent-Length: 33\r\n"), BODY);
            malformed(format!("{line:?}"), bytes)
        })
        .collect();
    checker.assert_all_rejected(25, &requests);
}

#[test]
fn a_request_has_exactly_one_host_header() {
    let checker = RejectionChecker::new();
    let head = |version: &str, hosts: &str| {
        let key = "Authorization: Bearer llx-test\r\nContent-Type: application/json";
        format!("POST /api/v1/indexes HTTP/{version}\r\n{hosts}{key}\r\nContent-Length: 33\r\n\r\n{BODY}").into_bytes()
    };
    let same = "Host: localhost\r\nHost: localhost\r\n";
    for (version, hosts) in [("1.1", ""), ("1.0", ""), ("1.1", same), ("1.0", same), ("1.1", "Host:\r\n")] {
        let received = responses(&checker.send(&head(version, hosts)));
        assert_eq!(received.len(), 1, "{version} {hosts:?}");
        assert_eq!(received[0].status, 400, "{version} {hosts:?}");
        checker.assert_nothing_stored(hosts);
    }
    let received = responses(&checker.send(&head("1.0", "Host: localhost\r\n")));
    assert_eq!((received.len(), received[0].status), (1, 201), "HTTP/1.0 with a host is served");
}

#[test]
fn a_head_has_at_most_100_headers_and_64_kib() {
    let checker = RejectionChecker::new();
    for (name, headers, status) in [
        ("a hundred headers", "a: b\r\n".repeat(96), 201),
        ("one more", "a: b\r\n".repeat(97), 431),
        ("a large head", format!("a: {}\r\n", "b".repeat(60_000)), 201),
        ("a head over the limit", format!("a: {}\r\n", "b".repeat(66_000)), 431),
    ] {
        let bytes = checker.create(&format!("{headers}Content-Length: 33\r\n"), BODY);
        let received = responses(&checker.send(&bytes));
        assert_eq!(received.iter().map(|response| response.status).collect::<Vec<_>>(), [status], "{name}");
    }
}

#[test]
fn an_endless_head_is_cut_off() {
    let checker = RejectionChecker::new();
    let mut connection = RawConnection::connect(checker.server.address());
    connection.send("GET /health HTTP/1.1\r\nx: ");
    let portion = vec![b'x'; 64 * 1024];
    let written = (0..1024).take_while(|_| connection.stream().write_all(&portion).is_ok()).count();
    assert!(written < 256, "{written} portions of 64 KiB were accepted");
    checker.assert_nothing_stored("an endless head");
}

#[test]
fn an_upgrade_request_is_answered_with_http_1() {
    let checker = RejectionChecker::new();
    let offers = [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n",
    ];
    for offer in offers {
        let received = responses(&checker.send(&checker.request_bytes("GET", "/api/v1/indexes", offer, "")));
        assert_eq!((received.len(), received[0].status), (1, 200), "{offer}");
    }
}
