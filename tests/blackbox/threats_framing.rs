//! Lengths and chunks that lie, in every place where a body is read: nothing is smuggled, stored or left hanging. Raw bytes
//! only; the heads are otherwise good.

use crate::threats_mixed_load::{BODY, Gauntlet, SchemaNode, answers, node};

/// Where bodies are read: by an operation, of a stranger, of an operation that takes none, and under `/__admin/`.
const PLACES: &[(&str, &str)] = &[
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

/// What stands where `21\r\n{…}\r\n0\r\n\r\n` should.
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

fn at_every_place(gauntlet: &Gauntlet, headers: &str, body: &str) -> Vec<SchemaNode> {
    let at = |(method, path): &(&str, &str)| {
        let name = format!("{method} {path} {headers:?} {body:?}");
        node(name, gauntlet.request(method, path, headers, body))
    };
    PLACES.iter().map(at).collect()
}

#[test]
fn lengths_that_are_none_or_lie_are_refused() {
    let gauntlet = Gauntlet::new();
    let shapes: Vec<SchemaNode> = LENGTHS
        .iter()
        .flat_map(|length| at_every_place(&gauntlet, &format!("Content-Length: {length}\r\n"), BODY))
        .collect();
    gauntlet.run(100, &shapes);
}

#[test]
fn codings_other_than_chunked_alone_are_refused() {
    let gauntlet = Gauntlet::new();
    let chunked = format!("21\r\n{BODY}\r\n0\r\n\r\n");
    let shapes: Vec<SchemaNode> = CODINGS
        .iter()
        .flat_map(|coding| {
            let header = format!("Transfer-Encoding: {coding}\r\n");
            let both = format!("Content-Length: {}\r\n{header}", chunked.len());
            [at_every_place(&gauntlet, &header, &chunked), at_every_place(&gauntlet, &both, &chunked)].concat()
        })
        .collect();
    gauntlet.run(190, &shapes);
}

#[test]
fn chunks_that_are_malformed_are_refused() {
    let gauntlet = Gauntlet::new();
    let shapes: Vec<SchemaNode> =
        chunkings().iter().flat_map(|body| at_every_place(&gauntlet, "Transfer-Encoding: chunked\r\n", body)).collect();
    gauntlet.run(170, &shapes);
}

#[test]
fn good_chunks_are_taken_however_they_are_written() {
    for (body, coding) in [
        (format!("21\r\n{BODY}\r\n0\r\n\r\n"), "chunked"),
        (format!("0021;name=value\r\n{BODY}\r\n000\r\n\r\n"), "Chunked"),
        (format!("1\r\n{{\r\n20\r\n{}\r\n0\r\nx: y\r\n\r\n", &BODY[1..]), "CHUNKED"),
    ] {
        let gauntlet = Gauntlet::new();
        let came = gauntlet.send(&gauntlet.create(&format!("Transfer-Encoding: {coding}\r\n"), &body));
        assert_eq!(answers(&came)[0].status, 201, "{body:?}");
    }
}

/// hyper takes the chunks and closes; a second answer would mean that the length was believed as well.
#[test]
fn a_length_beside_chunks_brings_one_answer_and_a_close() {
    let gauntlet = Gauntlet::new();
    for length in ["4", "0", "46", "1000"] {
        let smuggled = "GET /__admin/state HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let headers = format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n");
        let bytes = gauntlet.create(&headers, &format!("21\r\n{BODY}\r\n0\r\n\r\n{smuggled}"));
        let came = answers(&gauntlet.send(&bytes));
        assert_eq!(came.len(), 1, "length {length}");
        assert_eq!((came[0].status, came[0].header("connection")), (201, Some("close")), "length {length}");
    }
}

#[test]
fn the_body_of_a_call_that_takes_none_is_no_call() {
    let gauntlet = Gauntlet::new();
    let inner = String::from_utf8(gauntlet.create("Content-Length: 33\r\n", BODY)).expect("text");
    for path in ["/api/v1/indexes", "/health", "/nowhere", "/__admin/state"] {
        let bytes = gauntlet.request("GET", path, &format!("Content-Length: {}\r\n", inner.len()), &inner);
        assert_eq!(answers(&gauntlet.send(&bytes)).len(), 1, "{path}");
        gauntlet.is_untouched(path);
    }
}

#[test]
fn a_body_that_is_announced_too_large_is_refused_before_the_client_is_told_to_go_on() {
    let gauntlet = Gauntlet::new();
    let head = gauntlet.create("Content-Length: 1048577\r\nExpect: 100-continue\r\n", "");
    let came = gauntlet.send(&head);
    assert!(came.starts_with(b"HTTP/1.1 413 "), "{:?}", String::from_utf8_lossy(&came));
    gauntlet.is_untouched("expect");
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let gauntlet = Gauntlet::new();
    let came = gauntlet.send(&gauntlet.create("Content-Length: 33\r\nExpect: 100-continue\r\n", BODY));
    let came = String::from_utf8_lossy(&came);
    let rest = came.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").expect("the word to go on comes first");
    assert!(rest.starts_with("HTTP/1.1 201 "), "{rest}");
}

#[test]
fn what_follows_a_good_call_does_not_harm_it_and_is_refused() {
    for garbage in ["\0\0\0\0", "}{\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01"] {
        let gauntlet = Gauntlet::new();
        let mut bytes = gauntlet.create("Content-Length: 33\r\n", BODY);
        bytes.extend_from_slice(garbage.as_bytes());
        let statuses: Vec<u16> = answers(&gauntlet.send(&bytes)).iter().map(|answer| answer.status).collect();
        assert_eq!(statuses[0], 201, "{garbage:?}");
        assert!(statuses[1..].iter().all(|status| (400..500).contains(status)), "{garbage:?}: {statuses:?}");
    }
}
