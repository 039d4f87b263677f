//! Secrets that clients send, and text that they hope somebody's terminal obeys: neither is found in what the program shows.

use serde_json::json;

use crate::support::{Client, Program};

const ADMIN: &str = "adm-9f3b7c1d5e";
const KEY: &str = "llx-key-7d20e4ab91";
const COOKIE: &str = "cookie-51c9d8f2aa";
const REAL: &str = "llx-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ99";
const QUERY: &str = "query-c0ffee1234";

/// Everything that clients and users can see of the program, but for the calls' own answers.
fn everything_shown(program: Program) -> String {
    let admin = Client::at(program.address).with_key(ADMIN);
    let mut shown = String::new();
    for path in ["state", "journal", "config", "retries", "faults", "clock"] {
        let answer = admin.get(&format!("/__admin/{path}"));
        assert_eq!(answer.status, 200, "{path}");
        shown.push_str(&answer.text());
    }
    shown + &program.terminate().1
}

#[test]
fn no_secret_that_a_client_sends_is_shown_anywhere() {
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
                client.try_call(method, path, &headers, Some(r#"{"source_directory_id":1}"#)).expect("an answer");
            }
        }
        let anonymous = "GET /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\n";
        for line in [format!("Cookie: session={COOKIE}"), format!("Authorization: Basic {COOKIE}")] {
            client.wire().send(format!("{anonymous}{line}\r\n\r\n")).answer().expect("an answer");
        }
        client.get(&format!("/api/v1/indexes?api_key={QUERY}&page_size=7"));
        client.get(&format!("/nowhere/{REAL}?token={QUERY}"));
        client.post("/api/v1/indexes", &json!({ "source_directory_id": "dir-a", "description": REAL }));
        let shown = everything_shown(program);
        for secret in [ADMIN, KEY, COOKIE, REAL, QUERY, "wrong-key-8231"] {
            assert!(!shown.contains(secret), "{secret} is shown ({format})");
        }
        for kept in ["page_size=7", "dir-a", "llx-…IJ99", "/nowhere"] {
            assert!(shown.contains(kept), "{kept} is not shown ({format})");
        }
    }
}

#[test]
fn a_key_that_looks_real_brings_one_warning() {
    let program = Program::start(&["--log-format", "text"], &[]);
    let client = Client::at(program.address);
    client.get("/api/v1/indexes");
    (0..20).for_each(|number| _ = client.with_key(&format!("{REAL}{number}")).get("/api/v1/indexes"));
    let (code, stderr) = program.terminate();
    assert_eq!((code, stderr.matches("looks like a real LlamaCloud key").count()), (Some(0), 1), "{stderr}");
}

#[test]
fn a_key_that_does_not_look_real_brings_none() {
    let program = Program::start(&["--log-format", "text"], &[]);
    Client::at(program.address).get("/api/v1/indexes");
    let (_, stderr) = program.terminate();
    assert!(!stderr.contains("looks like a real"), "{stderr}");
}

/// What terminals obey: escapes, C1 forms of them, deletes, returns.
const CONTROLS: &[&str] = &["\u{1b}[2J", "\u{9b}31m", "\u{85}", "\u{7f}", "\u{90}x\u{9c}", "\u{8}", "\u{d}"];

fn assert_harmless(what: &str, shown: &str) {
    let control = shown.chars().find(|character| character.is_control() && *character != '\n');
    assert_eq!(control, None, "{what}: {shown:?}");
}

#[test]
fn nothing_that_a_terminal_obeys_gets_into_the_log_or_the_journal() {
    for format in ["text", "json"] {
        let program = Program::start(&["--log-format", format], &[]);
        let client = Client::at(program.address);
        for control in CONTROLS {
            let body = format!(r#"{{"source_directory_id":"dir-a{control}","description":"{control}"}}"#);
            client.try_call("POST", "/api/v1/indexes", "", Some(&body)).expect("an answer");
            client.try_call("POST", "/api/v1/indexes", "", Some(&format!("{{{control}"))).expect("an answer");
            let body = json!({ "source_directory_id": format!("dir-{control}"), "name": control });
            client.post("/api/v1/indexes", &body);
            for path in [format!("/api/v1/indexes/{control}"), format!("/{control}?{control}={control}")] {
                client.wire().send(client.request("GET", &path, "", None)).answer();
                client.wire().send(client.request(&format!("GET{control}"), &path, "", None)).answer();
            }
            client.get("/__admin/faults/%1b%5b2J%c2%9b31m");
        }
        for path in ["journal", "state", "faults/%c2%9b31m", "retries"] {
            assert_harmless(path, &client.get(&format!("/__admin/{path}")).text());
        }
        let entries = client.journal();
        let kept = entries.iter().any(|entry| entry["request_body"]["description"] == "\u{9b}31m");
        assert!(kept, "an escaped body still means what it meant");
        assert_harmless(format, &program.terminate().1);
    }
}

#[test]
fn a_line_of_the_log_is_one_line_whatever_a_path_holds() {
    for format in ["text", "json"] {
        let program = Program::start(&["--log-format", format], &[]);
        let client = Client::at(program.address);
        for path in ["/a%0ab", "/a%0d%0a2026-01-01T00:00:00Z", "/\u{2028}", &format!("/{}", "x".repeat(10_000))] {
            client.get(path);
        }
        let (_, stderr) = program.terminate();
        assert_eq!(stderr.lines().count(), 4, "{stderr}");
        assert!(stderr.lines().all(|line| line.len() < 1000), "lines are cut");
    }
}
