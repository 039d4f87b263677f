//! Paging: lists that change between pages, filters, page sizes at and past their limits, and invalid tokens.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::support::{Client, Session, server};

static SERVER: LazyLock<MockServer> = LazyLock::new(|| server(&[]));

const INDEXES: &str = "/api/v1/indexes";
const PROJECT: &str = "0b6a1d8e-52f5-4d43-9c0a-2d9c8a1f1a01";

/// A session with a new key.
fn new_session() -> Session {
    static KEYS: AtomicUsize = AtomicUsize::new(0);
    Session::of(Client::of(&SERVER).with_key(&format!("llx-paging-{}", KEYS.fetch_add(1, Ordering::Relaxed))))
}

fn create_over(session: &mut Session, directory: &str) -> String {
    session.create(INDEXES, &json!({ "source_directory_id": directory }))
}

/// The ids on a page, and the token of the next one.
fn page(session: &mut Session, query: &str) -> (Vec<String>, Option<String>) {
    let response = session.get(&format!("{INDEXES}?{query}"));
    assert_eq!(response.status, 200, "{}", response.text());
    let page = response.json();
    let ids = page["items"].as_array().expect("a list").iter().map(|item| item["id"].as_str().expect("a string"));
    (ids.map(str::to_owned).collect(), page["next_page_token"].as_str().map(str::to_owned))
}

/// The ids on all pages of a list.
fn all_pages(session: &mut Session, query: &str) -> Vec<String> {
    let (mut seen, mut next) = page(session, query);
    while let Some(token) = next {
        let (more, after) = page(session, &format!("{query}&page_token={token}"));
        assert!(!more.is_empty() && seen.len() < 5000, "the page after a token has items, and the list ends");
        seen.extend(more);
        next = after;
    }
    seen
}

/// A change between two pages.
#[derive(Debug, Clone)]
enum Event {
    Create,
    /// Deletes the index at this position, newest first, modulo their number.
    Delete(usize),
    /// Deletes the last index of the page before, to which the token refers.
    DeleteLastShown,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![Just(Event::Create), (0..40usize).prop_map(Event::Delete), Just(Event::DeleteLastShown)]
}

/// Applies an event; `live` are the existing ids, newest first.
fn apply_event(session: &mut Session, event: &Event, live: &mut Vec<String>, last_shown: Option<&String>) {
    let gone = match event {
        Event::Create => {
            live.insert(0, create_over(session, "dir-1"));
            return;
        }
        Event::Delete(_) if live.is_empty() => return,
        Event::Delete(at) => Some(at % live.len()),
        Event::DeleteLastShown => live.iter().position(|id| Some(id) == last_shown),
    };
    let Some(gone) = gone else { return };
    let path = format!("{INDEXES}/{}", live.remove(gone));
    assert_eq!(session.send("DELETE", &path, None).status, 204);
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn paging_repeats_nothing_and_loses_nothing_that_was_not_deleted(
        count in 0..25usize,
        size in 1..6usize,
        between in prop::collection::vec(prop::collection::vec(event(), 0..4), 25),
    ) {
        let mut session = new_session();
        let mut live: Vec<String> = (0..count).map(|_| create_over(&mut session, "dir-1")).collect();
        live.reverse();
        let at_start = live.clone();
        let (mut shown, mut next) = page(&mut session, &format!("page_size={size}"));
        prop_assert_eq!(&shown, &at_start[..size.min(count)]);
        for events in between {
            let Some(token) = next.take() else { break };
            for event in &events {
                apply_event(&mut session, event, &mut live, shown.last());
            }
            let (more, after) = page(&mut session, &format!("page_size={size}&page_token={token}"));
            // The next page holds the remaining initial items after the last one shown.
            let behind = at_start.iter().skip_while(|id| Some(*id) != shown.last()).skip(1);
            let left: Vec<&String> = behind.filter(|id| live.contains(id)).collect();
            prop_assert_eq!(more.iter().collect::<Vec<_>>(), &left[..size.min(left.len())]);
            prop_assert_eq!(after.is_some(), left.len() > size);
            shown.extend(more);
            next = after;
        }
        prop_assert!(next.is_none(), "the list ends");
        let once: BTreeSet<&String> = shown.iter().collect();
        prop_assert_eq!(once.len(), shown.len());
        prop_assert!(at_start.iter().filter(|id| live.contains(id)).all(|id| once.contains(id)));
    }

    #[test]
    fn a_changed_token_is_rejected(at in 0..32usize, other in "[0-9a-f]|\\PC", longer in any::<bool>()) {
        let mut session = new_session();
        create_over(&mut session, "dir-1");
        create_over(&mut session, "dir-1");
        let (_, token) = page(&mut session, "page_size=1");
        let token = token.expect("there is a second page");
        let end = if longer { at } else { at + 1 };
        let tampered = format!("{}{other}{}", &token[..at], &token[end..]);
        prop_assume!(tampered != token);
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("page_token", &tampered).finish();
        let response = session.get(&format!("{INDEXES}?page_size=1&{query}"));
        prop_assert_eq!(response.status, 422, "{}", response.text());
        prop_assert_eq!(&response.json()["detail"][0]["loc"], &json!(["query", "page_token"]));
    }
}

#[test]
fn a_token_is_valid_only_for_its_tenant() {
    let (mut one, mut other) = (new_session(), new_session());
    for session in [&mut one, &mut other] {
        create_over(session, "dir-1");
        create_over(session, "dir-1");
    }
    let (_, token) = page(&mut one, "page_size=1");
    let query = format!("page_size=1&page_token={}", token.expect("there is a second page"));
    assert_eq!(one.get(&format!("{INDEXES}?{query}")).status, 200);
    let refused = other.get(&format!("{INDEXES}?{query}"));
    assert_eq!((refused.status, &refused.json()["detail"][0]["type"]), (422, &json!("value_error")));
}

#[test]
fn filtered_lists_keep_their_order_on_every_page_size() {
    let mut session = new_session();
    let in_project = format!("{INDEXES}?project_id={PROJECT}");
    let (mut a, mut b, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..5 {
        a.insert(0, create_over(&mut session, "dir-a"));
        b.insert(0, create_over(&mut session, "dir-b"));
        let body = json!({ "source_directory_id": "dir-a", "name": format!("{round}") });
        elsewhere.insert(0, session.create(&in_project, &body));
    }
    let interleaved: Vec<String> = b.iter().zip(&a).flat_map(|(b, a)| [b.clone(), a.clone()]).collect();
    let cases: &[(&str, &[String])] = &[
        ("", &interleaved),
        ("source_directory_id=dir-a", &a),
        ("source_directory_id=dir-b", &b),
        ("source_directory_id=dir-unknown", &[]),
        (&format!("project_id={PROJECT}"), &elsewhere),
        (&format!("project_id={PROJECT}&source_directory_id=dir-a"), &elsewhere),
        (&format!("project_id={PROJECT}&source_directory_id=dir-b"), &[]),
        ("project_id=7c1f9a52-3e8f-4f6b-8f57-61f0c6b4d402", &[]),
    ];
    for (filter, expected) in cases {
        for size in [1, 2, 3, 50] {
            assert_eq!(all_pages(&mut session, &format!("page_size={size}&{filter}")), *expected, "{filter} by {size}");
        }
    }
}

#[test]
fn page_sizes_are_limited_to_1000_and_rejected_below_1() {
    let mut session = new_session();
    for _ in 0..1002 {
        create_over(&mut session, "dir-1");
    }
    let sizes: &[(&str, usize)] = &[
        ("", 50),
        ("page_size=1", 1),
        ("page_size=1000", 1000),
        ("page_size=1001", 1000),
        ("page_size=18446744073709551616", 1000),
        ("page_size=340282366920938463463374607431768211456", 1000),
        ("page_size=+2.0", 2),
        ("page_size=5&page_size=3", 3),
    ];
    for (query, expected) in sizes {
        let (ids, next) = page(&mut session, query);
        assert_eq!((ids.len(), next.is_some()), (*expected, true), "{query}");
    }
    assert_eq!(all_pages(&mut session, "page_size=1000").len(), 1002);
    for size in ["0", "-0", "-1", "-18446744073709551616"] {
        let response = session.get(&format!("{INDEXES}?page_size={size}"));
        let violation: Value = response.json()["detail"][0].clone();
        assert_eq!((response.status, &violation["loc"]), (422, &json!(["query", "page_size"])), "{size}");
    }
}
