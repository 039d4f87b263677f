//! Secrets and terminal control characters in requests do not appear in the program's output.

use serde_json::json;

use crate::support::{Client, FILES, Program, id_of};

const ADMIN: &str = "adm-9f3b7c1d5e";
const KEY: &str = "llx-key-7d20e4ab91";
const COOKIE: &str = "cookie-51c9d8f2aa";
const REAL: &str = "llx-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ99";
const QUERY: &str = "query-c0ffee1234";

/// All output of the program except the responses of operations.
fn all_output(program: Program) -> String {
    let admin = Client::at(program.address).with_key(ADMIN);
    let mut shown = String::new();
    for path in ["state", "journal", "config", "retries", "faults", "clock"] {
        let response = admin.get(&format!("/__admin/{path}"));
        assert_eq!(response.status, 200, "{path}");
        shown.push_str(&response.text());
    }
    shown + &program.terminate().1
}

#[test]
fn secrets_in_requests_are_never_shown() {
    for format in ["text", "json"] {
        let args = ["--log-format", format, "--admin-token", ADMIN, "--api-key", KEY, "--api-key", REAL];
        let program = Program::start(&args, &[("LLAMACLOUD_MOCK_API_KEY", "environment-key")]);
        let client = Client::at(program.address).with_key(KEY);
        client.create("dir-a");
        client.with_key(REAL).create("dir-b");
        client.with_key("wrong-key-8231").get("/api/v1/indexes");
        let headers = format!("cookie: session={COOKIE}; other={COOKIE}\r\nx-api-key: {COOKIE}\r\n");
        for path in ["/api/v1/indexes", "/nowhere", "/__admin/state", "/api/v1/indexes/"] {
            for method in ["GET", "PUT", "POST"] {
                client.try_send(method, path, &headers, Some(r#"{"source_directory_id":1}"#)).expect("a response");
            }
        }
        let anonymous = "GET /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\n";
        for line in [format!("Cookie: session={COOKIE}"), format!("Authorization: Basic {COOKIE}")] {
            client.connect().send(format!("{anonymous}{line}\r\n\r\n")).read_response().expect("a response");
        }
        client.get(&format!("/api/v1/indexes?api_key={QUERY}&page_size=7"));
        client.get(&format!("/nowhere/{REAL}?token={QUERY}"));
        client.post("/api/v1/indexes", &json!({ "source_directory_id": "dir-a", "description": REAL }));
        let shown = all_output(program);
        for secret in [ADMIN, KEY, COOKIE, REAL, QUERY, "wrong-key-8231"] {
            assert!(!shown.contains(secret), "{secret} is shown ({format})");
        }
        for kept in ["page_size=7", "dir-a", "llx-…IJ99", "/nowhere"] {
            assert!(shown.contains(kept), "{kept} is missing ({format})");
        }
    }
}

#[test]
fn signatures_of_presigned_urls_are_not_shown_in_paths() {
    for format in ["text", "json"] {
        let program = Program::start(&["--log-format", format], &[]);
        let client = Client::at(program.address);
        let file = client.upload_file("a.txt", "alpha");
        let url = client.show(&format!("{FILES}/{}/content", id_of(&file)))["url"].as_str().expect("a URL").to_owned();
        let (start, signature) = url.split_once("signature=").expect("a signature");
        let path = &url[url.find("/__blobs/").expect("its path")..];
        let invalid = path.replace(signature, &signature.chars().rev().collect::<String>());
        for (path, attempt) in [(path, 0), (path, 1), (&invalid, 0)] {
            // The second is a retry: it is shown in the report about retries too.
            let headers = format!("x-stainless-retry-count: {attempt}\r\nreferer: {url}\r\n");
            client.try_send("GET", path, &headers, None).expect("a response");
        }
        let entries: Vec<_> =
            client.journal().into_iter().filter(|entry| entry["operation"] == "files.download").collect();
        assert_eq!(entries.len(), 3);
        let journal: String = entries.iter().map(|entry| entry["path"].to_string()).collect();
        let headers: String = entries.iter().map(|entry| entry["request_headers"].to_string()).collect();
        let retries = client.get(&format!("/__admin/retries?tenant={}", client.key())).text();
        let log = program.terminate().1;
        for shown in [journal, headers, retries, log] {
            assert!(shown.contains("&signature=…"), "{shown}");
            for secret in [signature, invalid.split_once("signature=").expect("a signature").1] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert!(start.contains("?expires="), "{start}");
    }
}

#[test]
fn the_report_about_retries_shows_no_secrets_of_queries() {
    let program = Program::start(&[], &[]);
    let client = Client::at(program.address);
    for attempt in 0..2 {
        let path = format!("/api/v1/indexes?api_key={QUERY}&name={REAL}");
        client.try_send("GET", &path, &format!("x-stainless-retry-count: {attempt}\r\n"), None).expect("a response");
    }
    let retries = client.get(&format!("/__admin/retries?tenant={}", client.key())).text();
    assert!(retries.contains("/api/v1/indexes?api_key=…&name=llx-…IJ99"), "{retries}");
    assert!(!retries.contains(QUERY) && !retries.contains(REAL), "{retries}");
}

#[test]
fn a_key_that_looks_real_logs_one_warning() {
    let program = Program::start(&["--log-format", "text"], &[]);
    let client = Client::at(program.address);
    client.get("/api/v1/indexes");
    (0..20).for_each(|number| _ = client.with_key(&format!("{REAL}{number}")).get("/api/v1/indexes"));
    let (code, stderr) = program.terminate();
    assert_eq!((code, stderr.matches("looks like a real LlamaCloud key").count()), (Some(0), 1), "{stderr}");
}

#[test]
fn a_test_key_logs_no_warning() {
    let program = Program::start(&["--log-format", "text"], &[]);
    Client::at(program.address).get("/api/v1/indexes");
    let (_, stderr) = program.terminate();
    assert!(!stderr.contains("looks like a real"), "{stderr}");
}

/// Terminal control characters: escapes, C1 controls, delete, backspace, carriage return.
const CONTROLS: &[&str] = &["\u{1b}[2J", "\u{9b}31m", "\u{85}", "\u{7f}", "\u{90}x\u{9c}", "\u{8}", "\u{d}"];

fn assert_no_control_characters(what: &str, shown: &str) {
    let control = shown.chars().find(|character| character.is_control() && *character != '\n');
    assert_eq!(control, None, "{what}: {shown:?}");
}

#[test]
fn control_characters_are_escaped_in_the_log_and_the_journal() {
    for format in ["text", "json"] {
        let program = Program::start(&["--log-format", format], &[]);
        let client = Client::at(program.address);
        for control in CONTROLS {
            let body = format!(r#"{{"source_directory_id":"dir-a{control}","description":"{control}"}}"#);
            client.try_send("POST", "/api/v1/indexes", "", Some(&body)).expect("a response");
            client.try_send("POST", "/api/v1/indexes", "", Some(&format!("{{{control}"))).expect("a response");
            let body = json!({ "source_directory_id": format!("dir-{control}"), "name": control });
            client.post("/api/v1/indexes", &body);
            for path in [format!("/api/v1/indexes/{control}"), format!("/{control}?{control}={control}")] {
                client.connect().send(client.request_bytes("GET", &path, "", None)).read_response();
                client.connect().send(client.request_bytes(&format!("GET{control}"), &path, "", None)).read_response();
            }
            client.get("/__admin/faults/%1b%5b2J%c2%9b31m");
        }
        for path in ["journal", "state", "faults/%c2%9b31m", "retries"] {
            assert_no_control_characters(path, &client.get(&format!("/__admin/{path}")).text());
        }
        let entries = client.journal();
        let kept = entries.iter().any(|entry| entry["request_body"]["description"] == "\u{9b}31m");
        assert!(kept, "an escaped body keeps its meaning");
        assert_no_control_characters(format, &program.terminate().1);
    }
}

#[test]
fn a_log_entry_is_one_line_for_any_path() {
    for format in ["text", "json"] {
        let program = Program::start(&["--log-format", format], &[]);
        let client = Client::at(program.address);
        for path in ["/a%0ab", "/a%0d%0a2026-01-01T00:00:00Z", "/\u{2028}", &format!("/{}", "x".repeat(10_000))] {
            client.get(path);
        }
        let (_, stderr) = program.terminate();
        assert_eq!(stderr.lines().count(), 4, "{stderr}");
        assert!(stderr.lines().all(|line| line.len() < 1000), "long lines are cut");
    }
}
