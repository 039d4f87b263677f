//! The log on stderr: the fields of a line in both formats, what each level includes, and what happens to lines that
//! are written faster than they are read.

use std::fs;
use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use crate::support::{Client, Program, Upload, wait_until};

/// Runs the program with these arguments, makes a few typical requests, and returns the lines of its log.
fn lines(args: &[&str]) -> Vec<String> {
    let faults = ["--fault", "indexes.get status=503", "--fault", "indexes.delete reset"];
    let program = Program::start(&[args, &faults].concat(), &[]);
    let client = Client::at(program.address);
    client.create("dir-a");
    assert_eq!(client.get("/nowhere/a%0ab").status, 404);
    assert_eq!(client.get("/api/v1/indexes/idx-1").status, 503);
    assert!(client.try_send("DELETE", "/api/v1/indexes/idx-1", "", None).is_none(), "the connection is reset");
    let (code, stderr) = program.terminate();
    assert_eq!(code, Some(0));
    stderr.lines().map(str::to_owned).collect()
}

/// The value of a field, in a short form.
fn field(line: &Value, name: &str) -> String {
    line[name].as_str().map_or_else(|| line[name].to_string(), str::to_owned)
}

#[test]
fn a_json_line_has_these_fields_in_this_order() {
    let lines = lines(&["--log-format", "json"]);
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let names = |line: &Value| line.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ");
    let without_fault = "at tenant operation method path status micros";
    let with_fault = "at tenant operation method path status fault micros";
    let refused = "at tenant operation method path status reason micros";
    assert_eq!(lines.iter().map(names).collect::<Vec<_>>(), [without_fault, refused, with_fault, with_fault]);

    let shown =
        |line: &Value| ["tenant", "operation", "method", "path", "status"].map(|name| field(line, name)).join(" ");
    let tenant = field(&lines[0], "tenant");
    assert!(tenant.starts_with("t-") && tenant.len() == 14, "{tenant}");
    let expected = [
        format!("{tenant} indexes.create POST /api/v1/indexes 201"),
        "null null GET /nowhere/a%0ab 404".to_owned(),
        format!("{tenant} indexes.get GET /api/v1/indexes/idx-1 503"),
        format!("{tenant} indexes.delete DELETE /api/v1/indexes/idx-1 null"),
    ];
    assert_eq!(lines.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!([&lines[2], &lines[3]].map(|line| field(line, "fault")), ["rule-1", "rule-2"]);
    assert!(lines.iter().all(|line| line["micros"].is_u64()));
    assert!(lines.iter().all(|line| is_timestamp(&field(line, "at"))));
}

#[test]
fn a_text_line_has_the_same_fields_in_another_order() {
    let lines = lines(&["--log-format", "text"]);
    let parts: Vec<Vec<&str>> = lines.iter().map(|line| line.split(' ').collect()).collect();
    assert!(parts.iter().all(|parts| is_timestamp(parts[0])), "{lines:?}");
    let is_duration = |text: &str| text.strip_suffix("us").is_some_and(|number| number.parse::<u64>().is_ok());
    assert!(parts.iter().all(|parts| is_duration(parts[parts.len() - 1])), "{lines:?}");
    let tenant = parts[0][2];
    let expected = [
        format!("201 {tenant} indexes.create POST /api/v1/indexes"),
        "404 - - GET /nowhere/a%0ab (Not Found)".to_owned(),
        format!("503 {tenant} indexes.get GET /api/v1/indexes/idx-1 fault=rule-1"),
        format!("--- {tenant} indexes.delete DELETE /api/v1/indexes/idx-1 fault=rule-2"),
    ];
    let shown = parts.iter().map(|parts| parts[1..parts.len() - 1].join(" "));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

/// Whether a text looks like `2026-01-01T00:00:00.000000Z`.
fn is_timestamp(text: &str) -> bool {
    text.len() == 27 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}

#[test]
fn a_level_includes_those_above_it() {
    for (level, expected) in [("off", 0), ("error", 0), ("warn", 2), ("info", 4)] {
        assert_eq!(lines(&["--log-level", level]).len(), expected, "{level}");
    }
}

/// The value of a field of `/proc/PID/status`, in KiB.
fn memory(program: &Program, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).expect("it runs");
    let value = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux has this field");
    value.trim_matches([':', ' ', '\t', 'k', 'B']).parse().expect("a number")
}

/// Sends `count` requests that are refused with 404, many ahead of their responses.
fn send_requests(client: &Client, count: usize) {
    let batch = 100;
    let requests = "GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(batch);
    let mut connection = client.connect();
    for _ in 0..count / batch {
        connection.send(&requests);
        (0..batch).for_each(|_| assert_eq!(connection.read_response().expect("a response").status, 404));
    }
}

#[test]
fn lines_that_are_not_read_are_kept_up_to_a_limit_then_dropped_and_counted() {
    const REQUESTS: usize = 20_000;
    let mut program = Program::start(&["--log-format", "json"], &[]);
    let client = Client::at(program.address);
    send_requests(&client, 100);
    let before = memory(&program, "VmRSS");
    send_requests(&client, REQUESTS - 100);
    let grown = memory(&program, "VmRSS").saturating_sub(before);
    assert!(grown < 8 << 10, "the queue has grown by {grown} KiB");

    // Once stderr is read, everything that was queued is written, and then the warning.
    let mut stderr = BufReader::new(program.child().stderr.take().expect("is piped"));
    let (mut text, mut line) = (String::new(), String::new());
    while !line.contains("dropped") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).expect("stderr is text"), 0, "the program ended without a warning");
        text.push_str(&line);
    }
    program.signal("TERM");
    stderr.read_to_string(&mut text).expect("stderr is text");
    assert_eq!(program.child().wait().expect("it was started").code(), Some(0));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let written = lines.iter().filter(|line| line["path"] == "/nowhere").count();
    let warnings: Vec<&str> = lines.iter().filter_map(|line| line["warning"].as_str()).collect();
    let dropped = warnings[0].split_once(" lines were dropped").and_then(|(number, _)| number.parse().ok());
    let dropped: usize = dropped.expect("a number");
    assert_eq!(warnings.len(), 1);
    assert!(written > 5000 && dropped > 5000, "{written} written, {dropped} dropped");
    assert_eq!(written + dropped, REQUESTS);
}

#[test]
fn a_refusal_says_why_and_a_query_is_shown_without_its_secrets() {
    let program = Program::start(&["--log-format", "json", "--api-key", "llx-good"], &[]);
    let client = Client::at(program.address).with_key("llx-good");
    client.get("/api/v1/indexes?page_size=x&token=abc");
    client.with_key("llx-bad").get("/api/v1/indexes");
    client.get("/api/v1/indexes/idx-none");
    client.get("/health");
    let (_, stderr) = program.terminate();
    let lines: Vec<Value> = stderr.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let reasons: Vec<String> = lines.iter().map(|line| field(line, "reason")).collect();
    let expected = ["query.page_size: int_parsing", "Invalid authentication token", "Index not found"];
    assert_eq!(reasons, expected, "and /health is not logged: {stderr}");
    assert_eq!(field(&lines[0], "path"), "/api/v1/indexes?page_size=x&token=…");
}

#[test]
fn an_ignored_rule_is_warned_of_once() {
    let program = Program::start(&["--log-format", "json"], &[]);
    let client = Client::at(program.address);
    for _ in 0..3 {
        client.try_send("GET", "/api/v1/indexes", "x-mock-inject: status=500\r\n", None);
    }
    let (_, stderr) = program.terminate();
    assert_eq!(stderr.matches("x-mock-inject of a request is ignored").count(), 1, "{stderr}");
}

#[test]
fn connections_that_end_early_are_counted_and_warned_of_once_a_burst() {
    let args = ["--log-format", "json", "--max-connections", "3", "--header-timeout", "50ms"];
    let program = Program::start(&args, &[]);
    let client = Client::at(program.address);
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /hea"] {
        for _ in 0..2 {
            let (_, ended) = client.connect().send(bytes).read_to_end();
            assert!(ended.is_ok(), "{ended:?}");
        }
    }
    let closed = |name: &str| client.get("/__admin/state").json()["closed_connections"][name].as_u64();
    for (name, count) in [("tls", 2), ("http2", 2), ("head_timeout", 2)] {
        wait_until(name, || closed(name) == Some(count));
    }
    let (_, stderr) = program.terminate();
    for text in ["a client speaks TLS", "a client speaks HTTP/2", "--header-timeout"] {
        assert_eq!(stderr.matches(text).count(), 1, "{text}: {stderr}");
    }
}

#[test]
fn the_file_of_an_upload_is_named() {
    for (format, shown) in [("json", r#""file":"a b.txt","status":201"#), ("text", r#" file="a b.txt" "#)] {
        let program = Program::start(&["--log-format", format], &[]);
        let client = Client::at(program.address);
        let directory = client.directory("d");
        let path = format!("/api/v1/beta/directories/{directory}/files/upload");
        let form = Upload::file("upload_file", "a b.txt", "text");
        assert_eq!(form.send(&client, &path).status, 201);
        let nowhere = path.replace(&directory, "dir-none");
        assert_eq!(Upload::file("upload_file", "c.txt", "text").send(&client, &nowhere).status, 404);
        let (_, stderr) = program.terminate();
        let lines: Vec<&str> = stderr.lines().collect();
        assert!(lines[1].contains(shown), "{}", lines[1]);
        assert!(!lines[0].contains("file=") && lines[2].contains("c.txt"), "{stderr}");
    }
}

#[test]
fn a_client_that_left_is_said_to_be_gone() {
    let rules = ["indexes.create delay=200ms", "indexes.get@before delay=200ms"];
    let args = ["--log-format", "json", "--fault", rules[0], "--fault", rules[1]];
    let program = Program::start(&args, &[]);
    let client = Client::at(program.address);
    let create = client.request_bytes("POST", "/api/v1/indexes", "", Some(r#"{"source_directory_id":"dir-a"}"#));
    let get = client.request_bytes("GET", "/api/v1/indexes/idx-a", "", None);
    let mut expected = Vec::new();
    for (bytes, is_reset, status) in [
        (&create[..create.len() - 1], false, 400),
        (&create, false, 201),
        (&create, true, 201),
        (&get, false, 404),
        (&get, true, 404),
    ] {
        let mut connection = client.connect();
        connection.send(bytes);
        client.wait_for_open_calls(1);
        if is_reset {
            connection.reset();
        } else {
            drop(connection);
        }
        client.wait_for_open_calls(0);
        expected.push(format!("{status} client_gone null"));
    }
    let (_, stderr) = program.terminate();
    let lines: Vec<Value> = stderr.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let lines = lines.iter().filter(|line| line["operation"].as_str().is_some_and(|name| name.starts_with("indexes.")));
    let shown = |line: &Value| ["status", "outcome", "reason"].map(|name| field(line, name)).join(" ");
    assert_eq!(lines.map(shown).collect::<Vec<_>>(), expected, "{stderr}");
}
