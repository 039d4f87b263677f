//! Invalid lengths and chunks at every kind of endpoint that reads a body: no request smuggling, nothing stored, no
//! open request left. Raw bytes only; the heads are otherwise valid.

use crate::threats_mixed_load::{BODY, MalformedRequest, RejectionChecker, malformed, responses};

/// Endpoints that read bodies: an operation, an unknown path, an operation without a body, and `/__admin/`.
const ENDPOINTS: &[(&str, &str)] = &[
    ("POST", "/api/v1/indexes"),
    ("POST", "/api/v1/beta/directories"),
    ("DELETE", "/api/v1/indexes/idx-00000000-0000-0000-0000-000000000000"),
    ("PUT", "/__admin/nothing"),
];

const LENGTHS: &[&str] = &[
    "+33",
    "-33",
    "-1",
    "-0",
    "--33",
    "0x21",
    "3.3e1",
    "33.0",
    "33;",
    "33 33",
    "33, 34",
    "33,",
    "3_3",
    "thirty-three",
    "\u{663}\u{663}",
    "\"33\"",
    "18446744073709551616",
    "99999999999999999999999999",
    "18446744073709551615",
    "9223372036854775807",
    "1048577",
    "34",
    "33\r\nContent-Length: 32",
    "33\r\nContent-Length: 0",
    "0\r\nContent-Length: 33",
    "33\r\nContent-Length: +33",
    "33\r\ncontent-length: x",
];

const CODINGS: &[&str] = &[
    "gzip",
    "identity",
    "deflate, chunked",
    "gzip, chunked",
    "identity, chunked",
    "chunked, gzip",
    "chunked, identity",
    "chunked, chunked",
    "chunked,",
    ",chunked",
    "chunked;q=1",
    "xchunked",
    "chunkedx",
    "chun ked",
    "\"chunked\"",
    "chunked\u{b}",
    "\u{b}chunked",
    "chunked\u{a0}",
    "cow",
    "cow, chunked",
    "chunked\r\nTransfer-Encoding: chunked",
    "chunked\r\nTransfer-Encoding: identity",
    "identity\r\nTransfer-Encoding: chunked",
    "gzip\r\nTransfer-Encoding: chunked",
];

/// Invalid replacements for the chunked body `21\r\n{…}\r\n0\r\n\r\n`.
fn chunkings() -> Vec<String> {
    let sizes = [
        "",
        "g",
        "-21",
        "+21",
        "0x21",
        "0X21",
        " 21",
        "\t21",
        "21 21",
        "2 1",
        "2\u{b}1",
        "zz",
        "21.",
        "21,",
        "21\"",
        "ffffffffffffffff",
        "10000000000000000",
        "fffffffffffffffffffffffffffffffff",
        "7fffffffffffffff",
        "100001",
        "\u{662}\u{661}",
        "20",
        "22",
        "1",
        "0021g",
    ];
    let mut chunkings: Vec<String> = sizes.iter().map(|size| format!("{size}\r\n{BODY}\r\n0\r\n\r\n")).collect();
    let long = "x".repeat(20_000);
    let many = "x: y\r\n".repeat(200);
    chunkings.extend([
        format!("21\n{BODY}\r\n0\r\n\r\n"),
        format!("21\r{BODY}\r\n0\r\n\r\n"),
        format!("21\r\r\n{BODY}\r\n0\r\n\r\n"),
        format!("21;a\nb\r\n{BODY}\r\n0\r\n\r\n"),
        format!("21;{long}\r\n{BODY}\r\n0\r\n\r\n"),
        format!("21\r\n{BODY}\n0\r\n\r\n"),
        format!("21\r\n{BODY}0\r\n\r\n"),
        format!("21\r\n{BODY}\rx0\r\n\r\n"),
        format!("21\r\n{BODY}x\r\n0\r\n\r\n"),
        format!("21\r\n{BODY}\r\n"),
        format!("21\r\n{BODY}\r\n0"),
        format!("21\r\n{BODY}\r\n0\r\n"),
        format!("21\r\n{BODY}\r\n0\r\n\rx"),
        format!("21\r\n{BODY}\r\n0\r\nx: y\r\n"),
        format!("21\r\n{BODY}\r\n0\r\nx: {}\r\n\r\n", long.repeat(4)),
        format!("21\r\n{BODY}\r\n0\r\n{many}\r\n"),
        format!("21\r\n{BODY}\r\n-0\r\n\r\n"),
        "0".repeat(100),
        "\r\n\r\n".to_owned(),
        BODY.to_owned(),
    ]);
    chunkings
}

fn at_every_endpoint(checker: &RejectionChecker, headers: &str, body: &str) -> Vec<MalformedRequest> {
    let at = |(method, path): &(&str, &str)| {
        let name = format!("{method} {path} {headers:?} {body:?}");
        malformed(name, checker.request_bytes(method, path, headers, body))
    };
    ENDPOINTS.iter().map(at).collect()
}

#[test]
fn invalid_or_wrong_content_lengths_are_rejected() {
    let checker = RejectionChecker::new();
    let requests: Vec<MalformedRequest> = LENGTHS
        .iter()
        .flat_map(|length| at_every_endpoint(&checker, &format!("Content-Length: {length}\r\n"), BODY))
        .collect();
    checker.assert_all_rejected(100, &requests);
}

#[test]
fn transfer_codings_other_than_chunked_are_rejected() {
    let checker = RejectionChecker::new();
    let chunked = format!("21\r\n{BODY}\r\n0\r\n\r\n");
    let requests: Vec<MalformedRequest> = CODINGS
        .iter()
        .flat_map(|coding| {
            let header = format!("Transfer-Encoding: {coding}\r\n");
            let both = format!("Content-Length: {}\r\n{header}", chunked.len());
            [at_every_endpoint(&checker, &header, &chunked), at_every_endpoint(&checker, &both, &chunked)].concat()
        })
        .collect();
    checker.assert_all_rejected(190, &requests);
}

#[test]
fn malformed_chunks_are_rejected() {
    let checker = RejectionChecker::new();
    let requests: Vec<MalformedRequest> = chunkings()
        .iter()
        .flat_map(|body| at_every_endpoint(&checker, "Transfer-Encoding: chunked\r\n", body))
        .collect();
    checker.assert_all_rejected(170, &requests);
}

#[test]
fn valid_chunks_are_accepted_in_every_notation() {
    for (body, coding) in [
        (format!("21\r\n{BODY}\r\n0\r\n\r\n"), "chunked"),
        (format!("0021;name=value\r\n{BODY}\r\n000\r\n\r\n"), "Chunked"),
        (format!("1\r\n{{\r\n20\r\n{}\r\n0\r\nx: y\r\n\r\n", &BODY[1..]), "CHUNKED"),
    ] {
        let checker = RejectionChecker::new();
        let received = checker.send(&checker.create(&format!("Transfer-Encoding: {coding}\r\n"), &body));
        assert_eq!(responses(&received)[0].status, 201, "{body:?}");
    }
}

/// hyper uses the chunks and closes the connection; a second response would mean that the length was used as well.
#[test]
fn a_content_length_beside_chunks_gets_one_response_and_a_close() {
    let checker = RejectionChecker::new();
    for length in ["4", "0", "46", "1000"] {
        let smuggled = "GET /__admin/state HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let headers = format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n");
        let bytes = checker.create(&headers, &format!("21\r\n{BODY}\r\n0\r\n\r\n{smuggled}"));
        let received = responses(&checker.send(&bytes));
        assert_eq!(received.len(), 1, "length {length}");
        assert_eq!((received[0].status, received[0].header("connection")), (201, Some("close")), "length {length}");
    }
}

#[test]
fn the_body_of_an_operation_without_one_is_not_read_as_a_request() {
    let checker = RejectionChecker::new();
    let inner = String::from_utf8(checker.create("Content-Length: 33\r\n", BODY)).expect("UTF-8");
    for path in ["/api/v1/indexes", "/health", "/nowhere", "/__admin/state"] {
        let bytes = checker.request_bytes("GET", path, &format!("Content-Length: {}\r\n", inner.len()), &inner);
        assert_eq!(responses(&checker.send(&bytes)).len(), 1, "{path}");
        checker.assert_nothing_stored(path);
    }
}

#[test]
fn a_too_large_announced_body_is_rejected_before_100_continue() {
    let checker = RejectionChecker::new();
    let head = checker.create("Content-Length: 1048577\r\nExpect: 100-continue\r\n", "");
    let received = checker.send(&head);
    assert!(received.starts_with(b"HTTP/1.1 413 "), "{:?}", String::from_utf8_lossy(&received));
    checker.assert_nothing_stored("expect");
}

#[test]
fn expect_100_continue_is_answered_with_100() {
    let checker = RejectionChecker::new();
    let received = checker.send(&checker.create("Content-Length: 33\r\nExpect: 100-continue\r\n", BODY));
    let received = String::from_utf8_lossy(&received);
    let rest = received.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").expect("100 Continue comes first");
    assert!(rest.starts_with("HTTP/1.1 201 "), "{rest}");
}

#[test]
fn malformed_bytes_after_a_valid_request_are_rejected_separately() {
    for garbage in ["\0\0\0\0", "}{\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01"] {
        let checker = RejectionChecker::new();
        let mut bytes = checker.create("Content-Length: 33\r\n", BODY);
        bytes.extend_from_slice(garbage.as_bytes());
        let statuses: Vec<u16> = responses(&checker.send(&bytes)).iter().map(|response| response.status).collect();
        assert_eq!(statuses[0], 201, "{garbage:?}");
        assert!(statuses[1..].iter().all(|status| (400..500).contains(status)), "{garbage:?}: {statuses:?}");
    }
}
