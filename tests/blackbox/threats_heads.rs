//! Heads that are no heads: request lines, targets and headers as scanners, other protocols and broken clients send them.
//! Raw bytes only.

use std::io::Write;

use crate::support::Wire;
use crate::threats_mixed_load::{BODY, Gauntlet, SchemaNode, answers, node};

fn line(gauntlet: &Gauntlet, line: &str) -> SchemaNode {
    let host = gauntlet.server.address();
    node(
        format!("{line:?}"),
        format!("{line}\r\nHost: {host}\r\nAuthorization: Bearer llx-test\r\nContent-Length: 33\r\n\r\n{BODY}"),
    )
}

#[test]
fn request_lines_that_are_none_are_refused() {
    let gauntlet = Gauntlet::new();
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
    let mut shapes: Vec<SchemaNode> = lines.iter().map(|text| line(&gauntlet, text)).collect();
    shapes.extend([
        node("nothing", Vec::new()),
        node("one line end", "\r\n"),
        node("HTTP/0.9", "GET /\r\n"),
        node("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        node("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        node("SSH", "SSH-2.0-OpenSSH_9.9\r\n"),
        node("SOCKS", b"\x05\x01\x00".to_vec()),
        node("redis", "*1\r\n$4\r\nPING\r\n"),
        node("zeros", vec![0; 100_000]),
        node("ones", vec![0xff; 100_000]),
        node("line ends", "\r\n".repeat(50_000)),
        node("letters", vec![b'A'; 1_000_000]),
    ]);
    gauntlet.run(35, &shapes);
}

#[test]
fn targets_that_name_nothing_are_refused() {
    let gauntlet = Gauntlet::new();
    let odd = [
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
    let authority = gauntlet.server.address();
    let mut targets: Vec<String> =
        odd.iter().flat_map(|odd| [format!("/api/v1/indexes/{odd}"), format!("/{odd}/x"), odd.to_string()]).collect();
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
    let shapes: Vec<SchemaNode> = targets
        .iter()
        .flat_map(|target| methods.map(|method| line(&gauntlet, &format!("{method} {target} HTTP/1.1"))))
        .collect();
    gauntlet.run(350, &shapes);
}

#[test]
fn headers_that_are_none_are_refused() {
    let gauntlet = Gauntlet::new();
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
    let shapes: Vec<SchemaNode> = lines
        .iter()
        .map(|line| {
            let bytes = gauntlet.create(&format!("{line}\r\nContent-Length: 33\r\n"), BODY);
            node(format!("{line:?}"), bytes)
        })
        .collect();
    gauntlet.run(25, &shapes);
}

#[test]
fn a_call_names_its_host_once() {
    let gauntlet = Gauntlet::new();
    let head = |version: &str, hosts: &str| {
        let key = "Authorization: Bearer llx-test\r\nContent-Type: application/json";
        format!("POST /api/v1/indexes HTTP/{version}\r\n{hosts}{key}\r\nContent-Length: 33\r\n\r\n{BODY}").into_bytes()
    };
    let same = "Host: localhost\r\nHost: localhost\r\n";
    for (version, hosts) in [("1.1", ""), ("1.0", ""), ("1.1", same), ("1.0", same), ("1.1", "Host:\r\n")] {
        let came = answers(&gauntlet.send(&head(version, hosts)));
        assert_eq!(came.len(), 1, "{version} {hosts:?}");
        assert_eq!(came[0].status, 400, "{version} {hosts:?}");
        gauntlet.is_untouched(hosts);
    }
    let came = answers(&gauntlet.send(&head("1.0", "Host: localhost\r\n")));
    assert_eq!((came.len(), came[0].status), (1, 201), "HTTP/1.0 with a host is served");
}

#[test]
fn a_hundred_headers_and_sixty_four_kilobytes_are_the_most_that_a_head_has() {
    let gauntlet = Gauntlet::new();
    for (name, headers, status) in [
        ("a hundred headers", "a: b\r\n".repeat(96), 201),
        ("one more", "a: b\r\n".repeat(97), 431),
        ("a large head", format!("a: {}\r\n", "b".repeat(60_000)), 201),
        ("one too large", format!("a: {}\r\n", "b".repeat(66_000)), 431),
    ] {
        let bytes = gauntlet.create(&format!("{headers}Content-Length: 33\r\n"), BODY);
        let came = answers(&gauntlet.send(&bytes));
        assert_eq!(came.iter().map(|answer| answer.status).collect::<Vec<_>>(), [status], "{name}");
    }
}

#[test]
fn a_head_without_end_is_cut_off() {
    let gauntlet = Gauntlet::new();
    let mut wire = Wire::connect(gauntlet.server.address());
    wire.send("GET /health HTTP/1.1\r\nx: ");
    let portion = vec![b'x'; 64 * 1024];
    let taken = (0..1024).take_while(|_| wire.stream().write_all(&portion).is_ok()).count();
    assert!(taken < 256, "{taken} portions of 64 KiB were taken");
    gauntlet.is_untouched("an endless head");
}

#[test]
fn an_offer_to_speak_another_protocol_is_answered_in_this_one() {
    let gauntlet = Gauntlet::new();
    let offers = [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n",
    ];
    for offer in offers {
        let came = answers(&gauntlet.send(&gauntlet.request("GET", "/api/v1/indexes", offer, "")));
        assert_eq!((came.len(), came[0].status), (1, 200), "{offer}");
    }
}
