//! Offsets of grep, read and chunks count the same characters, for any text.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;

use crate::support::{Client, GREP, READ, RETRIEVE, server, text_of};

static SERVER: LazyLock<MockServer> = LazyLock::new(|| server(&[("sync-duration", "0")]));

/// Text with letters of one to four bytes, combining ones, line ends of every kind, and Markdown.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-c ]{1,12}",
        "[äßж日😀\u{301}\u{200d}\u{feff}]{1,4}",
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\u{c}".to_owned()),
        Just("\u{2028}".to_owned()),
        Just("\n\n# heading\n\n".to_owned()),
        Just("| a | b |\n|---|---|\n| 1 | 2 |\n".to_owned()),
        "\\PC{1,6}",
        "[a-z]{40,400}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn grep_read_and_chunks_agree(text in text(), extension in prop_oneof![Just("txt"), Just("md"), Just("html"), Just("csv")]) {
        static KEYS: AtomicUsize = AtomicUsize::new(0);
        let client = Client::of(&SERVER).with_key(&format!("llx-offsets-{}", KEYS.fetch_add(1, Ordering::Relaxed)));
        let directory = client.directory("d");
        client.upload(&directory, &format!("a.{extension}"), &text);
        let index = client.index_over(&directory);
        let names = client.found(&index);
        if names.is_empty() {
            // The text could not be read.
            return Ok(());
        }
        let file = client.found_id(&index, &names[0]);
        let whole: Vec<char> = client.text_in(&index, &file).chars().collect();
        let part = |start: usize, end: usize| whole[start..end].iter().collect::<String>();
        let read = |start: usize, end: usize| {
            let body = json!({ "file_id": file, "offset": start, "max_length": end - start });
            text_of(&client.ask(READ, &index, body), "content")
        };
        let place = |value: &serde_json::Value, field: &str| usize::try_from(value[field].as_u64().expect("a number")).expect("small");
        let all = client.ask(GREP, &index, json!({ "file_id": file, "pattern": "(?s).", "page_size": 1000 }));
        for (at, found) in all["items"].as_array().expect("a list").iter().enumerate() {
            prop_assert_eq!((place(found, "start_char"), place(found, "end_char")), (at, at + 1));
            prop_assert_eq!(text_of(found, "content"), part(at, at + 1));
        }
        prop_assert_eq!(all["items"].as_array().map(Vec::len), Some(whole.len().min(1000)));
        let words = client.ask(GREP, &index, json!({ "file_id": file, "pattern": r"\w+", "context_chars": 2, "page_size": 20 }));
        for found in words["items"].as_array().expect("a list") {
            let (start, end) = (place(found, "start_char"), place(found, "end_char"));
            prop_assert!(part(start, end).chars().all(|letter| letter.is_alphanumeric() || letter == '_' || !letter.is_ascii()));
            let (before, after) = (start.saturating_sub(2), (end + 2).min(whole.len()));
            prop_assert_eq!(text_of(found, "content"), part(before, after));
            prop_assert_eq!(read(start, end), part(start, end));
        }
        let results = client.ask(RETRIEVE, &index, json!({ "query": "a b heading", "top_k": 500 }));
        for result in results["results"].as_array().expect("a list") {
            let fields = &result["static_fields"];
            let (start, end) = (place(fields, "chunk_start_char"), place(fields, "chunk_end_char"));
            // The header of a table can stand before it.
            prop_assert!(text_of(result, "content").ends_with(&part(start, end)));
            prop_assert_eq!(read(start, end), part(start, end));
        }
    }
}
