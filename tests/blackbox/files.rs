//! Uploaded files: listed in each order and by each filter, while files come and go between pages.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use crate::support::{Client, FILES, Upload, id_of, items, server, text_of};

static SERVER: LazyLock<MockServer> = LazyLock::new(|| server(&[]));

/// A client with a new key.
fn new_client() -> Client {
    static KEYS: AtomicUsize = AtomicUsize::new(0);
    Client::of(&SERVER).with_key(&format!("llx-files-{}", KEYS.fetch_add(1, Ordering::Relaxed)))
}

#[test]
fn every_filter_selects() {
    let client = new_client();
    let upload = |name: &str, external: &str| {
        let form = Upload::file("file", name, name).text("purpose", "parse").text("external_file_id", external);
        form.send(&client, FILES).json()
    };
    let files = [upload("a.txt", "e1"), upload("b.txt", "e2"), upload("a.txt", ""), upload("C.PDF", "e2")];
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|at| id_of(&files[at]));
    assert_eq!((&files[0]["external_file_id"], &files[2]["external_file_id"]), (&json!("e1"), &Value::Null));
    assert_eq!((&files[3]["file_type"], &files[3]["purpose"]), (&json!("pdf"), &json!("parse")));
    let unknown = "0b6a1d8e-52f5-4d43-9c0a-2d9c8a1f1a01";
    for (query, expected) in [
        (String::new(), vec![&fourth, &third, &second, &first]),
        ("file_name=a.txt".to_owned(), vec![&third, &first]),
        ("file_name=A.txt".to_owned(), vec![]),
        ("external_file_id=e2".to_owned(), vec![&fourth, &second]),
        ("external_file_id=e2&file_name=b.txt".to_owned(), vec![&second]),
        (format!("file_ids={first}&file_ids={fourth}&file_ids={unknown}"), vec![&fourth, &first]),
        (format!("file_ids={}", first.replace('-', "")), vec![&first]),
        (format!("file_ids={}", first.to_uppercase()), vec![&first]),
        (format!("file_ids={unknown}"), vec![]),
        ("order_by=".to_owned(), vec![&fourth, &third, &second, &first]),
        ("order_by=created_at".to_owned(), vec![&fourth, &third, &second, &first]),
        ("order_by=name".to_owned(), vec![&fourth, &first, &third, &second]),
        ("order_by=name&file_name=a.txt".to_owned(), vec![&first, &third]),
    ] {
        let listed = items(&client.show(&format!("{FILES}?{query}")), "id");
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let mut by_id = [first, second, third, fourth];
    by_id.sort();
    assert_eq!(items(&client.show(&format!("{FILES}?order_by=id")), "id"), by_id);
    let queried = client.post(&format!("{FILES}/query"), &json!({ "filter": { "file_ids": [by_id[0]] } })).json();
    assert_eq!(items(&queried, "id"), [by_id[0].as_str()]);
}

#[test]
fn another_order_is_refused() {
    for status in ["422", "400"] {
        let server = server(&[("unknown-value-status", status)]);
        let client = Client::of(&server);
        for order in ["size", "NAME", "name,id", "-name", "name%20desc"] {
            let refused = client.get(&format!("{FILES}?order_by={order}"));
            assert_eq!(refused.status.to_string(), status, "{order}");
            assert_eq!(refused.json()["detail"][0]["loc"], json!(["query", "order_by"]), "{order}");
        }
        let refused = client.post(&format!("{FILES}/query"), &json!({ "order_by": "size" }));
        assert_eq!(
            (refused.status.to_string().as_str(), &refused.json()["detail"][0]["loc"]),
            (status, &json!(["body", "order_by"]))
        );
    }
}

#[test]
fn a_token_is_valid_for_its_order_only() {
    let client = new_client();
    for at in 0..3 {
        client.upload_file(&format!("{at}.txt"), "x");
    }
    let token =
        |order: &str| text_of(&client.show(&format!("{FILES}?page_size=1&order_by={order}")), "next_page_token");
    for (from, to) in [("name", "id"), ("id", "created_at"), ("created_at", "name")] {
        let refused = client.get(&format!("{FILES}?page_size=1&order_by={to}&page_token={}", token(from)));
        assert_eq!(refused.status, 422, "{from} {to}");
        assert_eq!(refused.json()["detail"][0]["loc"], json!(["query", "page_token"]));
        let page = client.show(&format!("{FILES}?page_size=1&order_by={from}&page_token={}", token(from)));
        assert_eq!(items(&page, "id").len(), 1);
    }
}

/// A file of the model: its name, its id, and when it was created.
type Known = (String, String, usize);

/// A change between two pages.
#[derive(Debug, Clone)]
enum Event {
    Create(String),
    /// Deletes the file at this position, modulo their number.
    Delete(usize),
    /// Deletes the last file of the page before, to which the token refers.
    DeleteLastShown,
}

fn name() -> impl Strategy<Value = String> {
    // Few names, so that many are equal; some need more than one byte for a letter.
    prop_oneof!["[ab]", "[ab]\\.txt", "[zä😀]"]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![name().prop_map(Event::Create), (0..40usize).prop_map(Event::Delete), Just(Event::DeleteLastShown)]
}

/// Puts files in the order of a list.
fn sort(files: &mut [Known], order: &str) {
    files.sort_by(|one, other| match order {
        "name" => (&one.0, one.2).cmp(&(&other.0, other.2)),
        "id" => one.1.cmp(&other.1),
        _ => other.2.cmp(&one.2),
    });
}

struct Model {
    client: Client,
    live: Vec<Known>,
    created: usize,
}

impl Model {
    fn create(&mut self, name: &str) {
        let file = self.client.upload_file(name, "x");
        self.live.push((name.to_owned(), id_of(&file), self.created));
        self.created += 1;
    }

    fn apply(&mut self, event: &Event, last_shown: Option<&String>) {
        let gone = match event {
            Event::Create(name) => return self.create(name),
            Event::Delete(_) if self.live.is_empty() => None,
            Event::Delete(at) => Some(at % self.live.len()),
            Event::DeleteLastShown => self.live.iter().position(|(_, id, _)| Some(id) == last_shown),
        };
        if let Some(gone) = gone {
            let (_, id, _) = self.live.remove(gone);
            assert_eq!(self.client.delete(&format!("{FILES}/{id}")).status, 204);
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 40, failure_persistence: None, ..Config::default() })]

    #[test]
    fn pages_of_every_order_repeat_nothing_and_lose_nothing(
        order in prop_oneof![Just("name"), Just("id"), Just("created_at")],
        names in prop::collection::vec(name(), 0..12),
        size in 1..5usize,
        between in prop::collection::vec(prop::collection::vec(event(), 0..3), 30),
    ) {
        let mut model = Model { client: new_client(), live: Vec::new(), created: 0 };
        for name in &names {
            model.create(name);
        }
        let list = format!("{FILES}?order_by={order}&page_size={size}");
        let mut page = model.client.show(&list);
        // Where the last page ended: the file shown last, which may be deleted since.
        let mut last: Option<Known> = None;
        for events in between {
            let mut left = model.live.clone();
            if let Some(last) = &last {
                left.push(last.clone());
                sort(&mut left, order);
                let at = left.iter().position(|file| file.1 == last.1).expect("it was pushed");
                left.drain(..=at);
                left.retain(|file| file.1 != last.1);
            } else {
                sort(&mut left, order);
            }
            let shown = items(&page, "id");
            prop_assert_eq!(&shown, &left.iter().take(size).map(|file| file.1.clone()).collect::<Vec<_>>());
            last = left.get(shown.len().wrapping_sub(1)).cloned().or(last);
            let Some(token) = page["next_page_token"].as_str().map(str::to_owned) else {
                prop_assert!(left.len() <= size);
                return Ok(());
            };
            for event in &events {
                model.apply(event, shown.last());
            }
            page = model.client.show(&format!("{list}&page_token={token}"));
        }
        // Files that are created ahead of the page can keep a list going.
    }
}
