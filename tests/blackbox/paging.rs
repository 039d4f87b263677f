//! Pages: what a walk shows while items come and go between its pages, filters, sizes at and past their limits, and tokens
//! that the list never handed out.

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

/// A caller under a key that nobody has used yet.
fn newcomer() -> Session {
    static KEYS: AtomicUsize = AtomicUsize::new(0);
    Session::of(Client::of(&SERVER).with_key(&format!("llx-paging-{}", KEYS.fetch_add(1, Ordering::Relaxed))))
}

fn create_over(session: &mut Session, directory: &str) -> String {
    session.create(INDEXES, &json!({ "source_directory_id": directory }))
}

/// The ids on a page, and the token of the next one.
fn page(session: &mut Session, query: &str) -> (Vec<String>, Option<String>) {
    let answer = session.get(&format!("{INDEXES}?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let page = answer.json();
    let ids = page["items"].as_array().expect("a list").iter().map(|item| item["id"].as_str().expect("a text"));
    (ids.map(str::to_owned).collect(), page["next_page_token"].as_str().map(str::to_owned))
}

/// All pages of a list, one after the other.
fn walk(session: &mut Session, query: &str) -> Vec<String> {
    let (mut seen, mut next) = page(session, query);
    while let Some(token) = next {
        let (more, after) = page(session, &format!("{query}&page_token={token}"));
        assert!(!more.is_empty(), "a token leads to something");
        seen.extend(more);
        next = after;
    }
    seen
}

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Event {
    Create,
    /// Deletes the one at this position, newest first, counted round.
    Delete(usize),
    /// Deletes the last one shown: the one that the token names.
    DeleteLastShown,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![Just(Event::Create), (0..40usize).prop_map(Event::Delete), Just(Event::DeleteLastShown)]
}

/// Makes an event come about; `live` are the ids that are there, newest first.
fn come_about(session: &mut Session, event: &Event, live: &mut Vec<String>, last_shown: Option<&String>) {
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
    assert_eq!(session.call("DELETE", &path, None).status, 204);
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_walk_shows_nothing_twice_and_loses_nothing_that_stays(
        count in 0..25usize,
        size in 1..6usize,
        between in prop::collection::vec(prop::collection::vec(event(), 0..4), 25),
    ) {
        let mut session = newcomer();
        let mut live: Vec<String> = (0..count).map(|_| create_over(&mut session, "dir-1")).collect();
        live.reverse();
        let at_start = live.clone();
        let (mut shown, mut next) = page(&mut session, &format!("page_size={size}"));
        prop_assert_eq!(&shown, &at_start[..size.min(count)]);
        for events in between {
            let Some(token) = next.take() else { break };
            for event in &events {
                come_about(&mut session, event, &mut live, shown.last());
            }
            let (more, after) = page(&mut session, &format!("page_size={size}&page_token={token}"));
            // What comes next is what is left of the start behind what was shown, as far as a page holds it.
            let behind = at_start.iter().skip_while(|id| Some(*id) != shown.last()).skip(1);
            let left: Vec<&String> = behind.filter(|id| live.contains(id)).collect();
            prop_assert_eq!(more.iter().collect::<Vec<_>>(), &left[..size.min(left.len())]);
            prop_assert_eq!(after.is_some(), left.len() > size);
            shown.extend(more);
            next = after;
        }
        prop_assert!(next.is_none(), "a walk ends");
        let once: BTreeSet<&String> = shown.iter().collect();
        prop_assert_eq!(once.len(), shown.len());
        prop_assert!(at_start.iter().filter(|id| live.contains(id)).all(|id| once.contains(id)));
    }

    #[test]
    fn a_token_with_any_other_text_in_it_is_refused(at in 0..32usize, other in "[0-9a-f]|\\PC", longer in any::<bool>()) {
        let mut session = newcomer();
        create_over(&mut session, "dir-1");
        create_over(&mut session, "dir-1");
        let (_, token) = page(&mut session, "page_size=1");
        let token = token.expect("there is a second page");
        let end = if longer { at } else { at + 1 };
        let tampered = format!("{}{other}{}", &token[..at], &token[end..]);
        prop_assume!(tampered != token);
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("page_token", &tampered).finish();
        let answer = session.get(&format!("{INDEXES}?page_size=1&{query}"));
        prop_assert_eq!(answer.status, 422, "{}", answer.text());
        prop_assert_eq!(&answer.json()["detail"][0]["loc"], &json!(["query", "page_token"]));
    }
}

#[test]
fn a_token_is_good_for_the_key_that_got_it_alone() {
    let (mut one, mut other) = (newcomer(), newcomer());
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
fn filters_keep_what_is_theirs_in_order_on_every_page() {
    let mut session = newcomer();
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
        ("source_directory_id=dir-nobody", &[]),
        (&format!("project_id={PROJECT}"), &elsewhere),
        (&format!("project_id={PROJECT}&source_directory_id=dir-a"), &elsewhere),
        (&format!("project_id={PROJECT}&source_directory_id=dir-b"), &[]),
        ("project_id=7c1f9a52-3e8f-4f6b-8f57-61f0c6b4d402", &[]),
    ];
    for (filter, expected) in cases {
        for size in [1, 2, 3, 50] {
            assert_eq!(walk(&mut session, &format!("page_size={size}&{filter}")), *expected, "{filter} by {size}");
        }
    }
}

#[test]
fn page_sizes_are_cut_to_a_thousand_and_refused_below_one() {
    let mut session = newcomer();
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
    assert_eq!(walk(&mut session, "page_size=1000").len(), 1002);
    for size in ["0", "-0", "-1", "-18446744073709551616"] {
        let answer = session.get(&format!("{INDEXES}?page_size={size}"));
        let violation: Value = answer.json()["detail"][0].clone();
        assert_eq!((answer.status, &violation["loc"]), (422, &json!(["query", "page_size"])), "{size}");
    }
}
