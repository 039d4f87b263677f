//! `retrieval.find`, `retrieval.grep` and `retrieval.read`: names, patterns, contexts, pages and parts of texts.

use llamacloud_mock::embedded::MockServer;
use serde_json::{Value, json};

use crate::support::{Client, FIND, GREP, Program, READ, items, server, text_of};

/// A server with an index over these files, and its id.
#[track_caller]
fn library(files: &[(&str, &str)]) -> (MockServer, Client, String) {
    let server = server(&[("sync-duration", "0"), ("binary", env!("CARGO_BIN_EXE_llamacloud-mock"))]);
    let client = Client::of(&server);
    let index = index_over(&client, files);
    (server, client, index)
}

#[track_caller]
fn index_over(client: &Client, files: &[(&str, &str)]) -> String {
    let directory = client.directory("d");
    for (name, text) in files {
        client.upload(&directory, name, text);
    }
    client.index_over(&directory)
}

/// The matches on a page: start, end, content.
fn matches(page: &Value) -> Vec<(u64, u64, String)> {
    let number = |item: &Value, field: &str| item[field].as_u64().expect("a number");
    let list = page["items"].as_array().expect("a list").iter();
    list.map(|item| (number(item, "start_char"), number(item, "end_char"), text_of(item, "content"))).collect()
}

/// All matches, by pages of this size.
#[track_caller]
fn all_matches(client: &Client, index: &str, fields: &Value, size: usize) -> Vec<(u64, u64, String)> {
    let mut found = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut body = json!({ "page_size": size, "page_token": token });
        body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        let page = client.ask(GREP, index, body);
        let here = matches(&page);
        assert!(here.len() <= size && found.len() < 10_000);
        found.extend(here);
        token = page["next_page_token"].clone();
        if token.is_null() {
            return found;
        }
        assert_ne!(token, json!(""));
    }
}

#[test]
fn find_selects_by_exact_name_and_by_part_and_pages() {
    let names = ["b.txt", "A.txt", "a.txt", "Über.md", "notes a.md", "c.txt"];
    let (_server, client, index) = library(&names.map(|name| (name, name)));
    let found = |fields: Value| items(&client.ask(FIND, &index, fields), "file_name");
    assert_eq!(found(json!({})), ["A.txt", "a.txt", "b.txt", "c.txt", "notes a.md", "Über.md"]);
    for (fields, expected) in [
        (json!({ "file_name": "a.txt" }), &["a.txt"][..]),
        (json!({ "file_name": "a" }), &[]),
        (json!({ "file_name": null, "file_name_contains": null }), &names[..0]),
        (json!({ "file_name_contains": "A.T" }), &["A.txt", "a.txt"]),
        (json!({ "file_name_contains": "über" }), &["Über.md"]),
        (json!({ "file_name_contains": "a", "file_name": "notes a.md" }), &["notes a.md"]),
        (json!({ "file_name_contains": "x", "file_name": "notes a.md" }), &[]),
    ] {
        let shown = found(fields.clone());
        if fields["file_name"].is_null() && fields["file_name_contains"].is_null() {
            assert_eq!(shown.len(), names.len(), "{fields}");
        } else {
            assert_eq!(shown, expected, "{fields}");
        }
    }
    for size in 1..=7 {
        let (mut seen, mut token) = (Vec::new(), Value::Null);
        loop {
            let page = client.ask(FIND, &index, json!({ "page_size": size, "page_token": token }));
            seen.extend(items(&page, "file_name"));
            token = page["next_page_token"].clone();
            if token.is_null() {
                break;
            }
        }
        assert_eq!(seen, found(json!({})), "{size}");
    }
    let refused = client.post(FIND, &json!({ "index_id": index, "page_token": "nothing" }));
    assert_eq!((refused.status, &refused.json()["detail"][0]["loc"]), (422, &json!(["body", "page_token"])));
    let refused = client.post(FIND, &json!({ "index_id": index, "page_size": 0 }));
    assert_eq!((refused.status, &refused.json()["detail"][0]["loc"]), (422, &json!(["body", "page_size"])));
}

#[test]
fn find_goes_on_after_a_sync_between_pages_without_repeating_a_file() {
    let (_server, client, index) = library(&[("b.txt", ""), ("d.txt", ""), ("f.txt", "")]);
    let first = client.ask(FIND, &index, json!({ "page_size": 2 }));
    assert_eq!(items(&first, "file_name"), ["b.txt", "d.txt"]);
    let directory = text_of(&client.index(&index), "source_directory_id");
    for name in ["a.txt", "c.txt", "e.txt", "g.txt"] {
        client.upload(&directory, name, "");
    }
    client.sync(&index);
    let second = client.ask(FIND, &index, json!({ "page_size": 100, "page_token": first["next_page_token"] }));
    assert_eq!(items(&second, "file_name"), ["e.txt", "f.txt", "g.txt"]);
}

#[test]
fn matches_have_offsets_in_characters_and_contents_with_context() {
    let (_server, client, index) = library(&[("a.txt", "😀 one ä two\none three")]);
    let file = client.found_id(&index, "a.txt");
    let grep = |fields: Value| {
        let mut body = json!({ "file_id": file });
        body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        matches(&client.ask(GREP, &index, body))
    };
    let found = |start: u64, end: u64, content: &str| (start, end, content.to_owned());
    assert_eq!(grep(json!({ "pattern": "one" })), [found(2, 5, "one"), found(12, 15, "one")]);
    let near = [found(2, 5, "😀 one ä"), found(12, 15, "o\none t")];
    assert_eq!(grep(json!({ "pattern": "one", "context_chars": 2 })), near);
    let whole = "😀 one ä two\none three";
    assert_eq!(grep(json!({ "pattern": "two", "context_chars": 1000 })), [found(8, 11, whole)]);
    assert_eq!(grep(json!({ "pattern": "two", "context_chars": 10_u64.pow(19) })), [found(8, 11, whole)]);
    assert_eq!(grep(json!({ "pattern": "(?i)ONE\\s" })), [found(2, 6, "one "), found(12, 16, "one ")]);
    assert_eq!(grep(json!({ "pattern": "ONE" })), []);
    assert_eq!(grep(json!({ "pattern": "(?m)^one" })), [found(12, 15, "one")]);
    assert_eq!(grep(json!({ "pattern": "(?<=ä )two" })), [found(8, 11, "two")]);
    assert_eq!(grep(json!({ "pattern": "one(?= three)" })), [found(12, 15, "one")]);
    assert_eq!(grep(json!({ "pattern": "(e)\\1" })), [found(19, 21, "ee")]);
    assert_eq!(grep(json!({ "pattern": "." })).len(), whole.chars().count() - 1);
    assert_eq!(grep(json!({ "pattern": "(?s).*" })), [found(0, 21, whole), found(21, 21, "")]);
    assert_eq!(grep(json!({ "pattern": "x*" })).len(), whole.chars().count() + 1, "one empty match at each place");
    assert_eq!(grep(json!({ "pattern": "nothing" })), []);
    for (context, allowed) in [(json!(-1), false), (json!(null), true), (json!(0), true), (json!("3"), true)] {
        let body = json!({ "index_id": index, "file_id": file, "pattern": "one", "context_chars": context });
        assert_eq!(client.post(GREP, &body).status == 200, allowed, "{context}");
    }
}

#[test]
fn an_invalid_pattern_is_refused_as_a_value() {
    for status in ["422", "400"] {
        let program = Program::start(&["--sync-duration", "0", "--unknown-value-status", status], &[]);
        let client = Client::at(program.address);
        let index = index_over(&client, &[("a.txt", "alpha")]);
        let file = client.found_id(&index, "a.txt");
        for pattern in ["(", "[", "*a", "a{2,1}", "(?<=a+)b", "\\1", "(?P<n>a)(?P<n>b)", &"(".repeat(5000)] {
            let refused = client.post(GREP, &json!({ "index_id": index, "file_id": file, "pattern": pattern }));
            assert_eq!(refused.status.to_string(), status, "{pattern:.20}");
            let violation = refused.json()["detail"][0].clone();
            assert_eq!((&violation["type"], &violation["loc"]), (&json!("value_error"), &json!(["body", "pattern"])));
        }
        let found = client.ask(GREP, &index, json!({ "file_id": file, "pattern": "(?<=al)(p)(?!\\1)h" }));
        assert_eq!(found["items"], json!([{ "start_char": 2, "end_char": 4, "content": "ph" }]), "by a child process");
    }
}

/// Each of these takes longer than a search may: its time, or its steps back, grow with the square of the text or
/// faster.
#[test]
fn a_pattern_built_to_stall_is_refused_and_others_are_answered() {
    let program = Program::start(&["--sync-duration", "0"], &[]);
    let client = Client::at(program.address);
    let index = index_over(&client, &[("a.txt", &"a".repeat(1 << 20))]);
    let file = client.found_id(&index, "a.txt");
    for (pattern, reason) in [
        ("(?=(a+))\\1b", "the pattern takes too long on this file"),
        ("(?!b)a*b", "the pattern takes too long on this file"),
        ("(a*)*\\1b", "the pattern needs too much memory on this file"),
        ("(a{1,1000}){1,1000}", "the pattern is too large when it is compiled"),
    ] {
        let body = json!({ "index_id": index, "file_id": file, "pattern": pattern }).to_string();
        let mut stalled = client.connect();
        stalled.send(client.request_bytes("POST", GREP, "", Some(&body)));
        assert_eq!(text_of(&client.ask(READ, &index, json!({ "file_id": file, "max_length": 2 })), "content"), "aa");
        let response = stalled.read_response().expect("a response");
        assert_eq!(response.status, 422, "{pattern}: {}", response.text());
        let refused = &response.json()["detail"][0];
        let message = text_of(refused, "msg");
        assert!(message.contains(reason), "{pattern}: {message}");
        assert_eq!((&refused["type"], &refused["loc"]), (&json!("value_error"), &json!(["body", "pattern"])));
    }
}

#[test]
fn a_pattern_that_looks_as_if_it_could_stall_is_searched_for() {
    let text = format!("{}!", "a".repeat(50_000));
    let (_server, client, index) = library(&[("a.txt", &text)]);
    let file = client.found_id(&index, "a.txt");
    let grep = |pattern: &str| matches(&client.ask(GREP, &index, json!({ "file_id": file, "pattern": pattern })));
    assert_eq!(grep("(a+)+b"), []);
    assert_eq!(grep("(a+)+$"), []);
    assert_eq!(grep("(a|aa)+(?=!)"), [(0, 50_000, "a".repeat(50_000))]);
}

/// The limit on the matches of a pattern in a file.
const MAX_MATCHES: usize = 100_000;

/// The token of the page after this many matches of `a`, by pages of a thousand.
#[track_caller]
fn token_after(client: &Client, index: &str, file: &str, matches: usize) -> Value {
    let mut token = Value::Null;
    for at in (0..matches).step_by(1000) {
        let page =
            client.ask(GREP, index, json!({ "file_id": file, "pattern": "a", "page_size": 1000, "page_token": token }));
        assert_eq!((page["items"].as_array().map(Vec::len), &page["items"][0]["start_char"]), (Some(1000), &json!(at)));
        token = page["next_page_token"].clone();
    }
    token
}

#[test]
fn a_file_with_as_many_matches_as_are_found_is_searched_to_its_end() {
    let (_server, client, index) = library(&[("a.txt", &"a".repeat(MAX_MATCHES))]);
    let file = client.found_id(&index, "a.txt");
    assert_eq!(token_after(&client, &index, &file, MAX_MATCHES), Value::Null);
}

#[test]
fn matches_beyond_the_limit_are_refused_after_the_last_page() {
    let (_server, client, index) = library(&[("a.txt", &"a".repeat(MAX_MATCHES + 1))]);
    let file = client.found_id(&index, "a.txt");
    let token = token_after(&client, &index, &file, MAX_MATCHES);
    for size in [1, 1000] {
        let body =
            json!({ "index_id": index, "file_id": file, "pattern": "a", "page_size": size, "page_token": token });
        let refused = client.post(GREP, &body);
        assert_eq!(refused.status, 422, "{}", refused.text());
        let message = text_of(&refused.json()["detail"][0], "msg");
        assert!(message.contains("the pattern has more than 100000 matches in this file"), "{message}");
    }
}

#[test]
fn the_limit_on_matches_cuts_a_page_of_any_size() {
    let (_server, client, index) = library(&[("a.txt", &"a".repeat(MAX_MATCHES + 500))]);
    let file = client.found_id(&index, "a.txt");
    let token = token_after(&client, &index, &file, MAX_MATCHES - 1000);
    let page = |size: usize, token: &Value| {
        client.ask(GREP, &index, json!({ "file_id": file, "pattern": "a", "page_size": size, "page_token": token }))
    };
    let first = page(700, &token);
    assert_eq!(matches(&first).len(), 700);
    let last = page(700, &first["next_page_token"]);
    assert_eq!((matches(&last).len(), matches(&last).last().map(|last| last.1)), (300, Some(MAX_MATCHES as u64)));
    let body = json!({ "index_id": index, "file_id": file, "pattern": "a", "page_token": last["next_page_token"] });
    assert_eq!(client.post(GREP, &body).status, 422);
}

#[test]
fn pages_of_one_match_hold_every_match_once() {
    let (_server, client, index) = library(&[("a.txt", "one 😀 two\n\nthree")]);
    let file = client.found_id(&index, "a.txt");
    for (pattern, expected) in [("\\w+", 3), ("(?<=t)\\w+", 2), ("x*", 17), ("(?m)^", 3), ("$", 1), ("nothing", 0)] {
        let fields = json!({ "file_id": file, "pattern": pattern, "context_chars": 1 });
        let all = all_matches(&client, &index, &fields, 1000);
        assert_eq!(all.len(), expected, "{pattern}");
        for size in [1, 2, expected.max(2) - 1, expected.max(1), expected + 1] {
            assert_eq!(all_matches(&client, &index, &fields, size), all, "{pattern} {size}");
        }
    }
}

#[test]
fn small_pages_hold_the_same_matches_as_a_large_one() {
    let text: String = (0..300).map(|at| format!("line {at} 😀 of the text\n")).collect::<Vec<_>>().concat();
    let (_server, client, index) = library(&[("a.txt", &text)]);
    let file = client.found_id(&index, "a.txt");
    for pattern in ["line \\d+", "(?=(line 1\\d))l", "x*", "$"] {
        let fields = json!({ "file_id": file, "pattern": pattern, "context_chars": 3 });
        let large = all_matches(&client, &index, &fields, 1000);
        assert!(!large.is_empty());
        for size in [if large.len() > 400 { 97 } else { 7 }, large.len() - 1, large.len()] {
            assert_eq!(all_matches(&client, &index, &fields, size), large, "{pattern} {size}");
        }
    }
    let page = client.ask(GREP, &index, json!({ "file_id": file, "pattern": "line", "page_size": 300 }));
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next_page_token"]), (Some(300), &Value::Null));
}

#[test]
fn a_page_token_of_grep_is_valid_for_its_search_only() {
    let (_server, client, index) = library(&[("a.txt", "a a a"), ("b.txt", "a a a")]);
    let (one, other) = (client.found_id(&index, "a.txt"), client.found_id(&index, "b.txt"));
    let first = client.ask(GREP, &index, json!({ "file_id": one, "pattern": "a", "page_size": 1 }));
    for (file, pattern, status) in [(&one, "a", 200), (&one, "a ", 422), (&other, "a", 422)] {
        let body = json!({ "index_id": index, "file_id": file, "pattern": pattern, "page_size": 1,
            "page_token": first["next_page_token"] });
        assert_eq!(client.post(GREP, &body).status, status, "{pattern}");
    }
}

#[test]
fn read_returns_a_part_by_characters() {
    let text = "a😀ä\u{301}\r\nz";
    let (_server, client, index) = library(&[("a.txt", text), ("empty.txt", "")]);
    let file = client.found_id(&index, "a.txt");
    let whole = client.text_in(&index, &file);
    let chars: Vec<char> = whole.chars().collect();
    let read = |fields: Value| {
        let mut body = json!({ "file_id": file });
        body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        text_of(&client.ask(READ, &index, body), "content")
    };
    assert!(whole.starts_with("a😀ä"), "{whole:?}");
    for offset in 0..=chars.len() + 1 {
        for length in 0..=chars.len() + 1 {
            let expected: String = chars.iter().skip(offset).take(length).collect();
            assert_eq!(read(json!({ "offset": offset, "max_length": length })), expected, "{offset} {length}");
        }
    }
    assert_eq!(read(json!({ "max_length": null })), whole);
    assert_eq!(read(json!({ "offset": 10_u64.pow(19), "max_length": 10_u64.pow(19) })), "");
    assert_eq!(client.text_in(&index, &client.found_id(&index, "empty.txt")), "");
    for (field, value) in
        [("offset", json!(-1)), ("offset", json!(null)), ("max_length", json!(-1)), ("offset", json!(1.5))]
    {
        let mut body = json!({ "index_id": index, "file_id": file });
        body[field] = value.clone();
        assert_eq!(client.post(READ, &body).status, 422, "{field} {value}");
    }
}
