//! Faults on state: scripted syncs, lagging reads, vanished indexes, quotas, rate limits, broken pages and expired
//! keys.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, manual_clock_server};

const LIST: &str = "/api/v1/indexes";

/// The status of an index, with its error message if it has one.
fn status(client: &Client, id: &str) -> String {
    let metadata = client.get(&format!("{LIST}/{id}")).json()["metadata"].clone();
    let message = metadata["error_message"].as_str().map_or_else(String::new, |message| format!(": {message}"));
    format!("{}{message}", metadata["status"].as_str().expect("a status"))
}

fn create(client: &Client, name: &str) -> HttpResponse {
    client.post(LIST, &json!({ "source_directory_id": "dir-a", "name": name }))
}

fn id(response: &HttpResponse) -> String {
    assert_eq!(response.status, 201, "{}", response.text());
    response.json()["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_sync_follows_its_script_by_time() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let cases: [(&str, &[(&str, &str)]); 7] = [
        ("script=pending:2s,failed message=\"no luck\"", &[("1999ms", "pending"), ("1ms", "failed: no luck")]),
        ("script=pending", &[("1000h", "pending")]),
        ("script=pending:1h,ready", &[("59m", "pending"), ("1m", "ready")]),
        ("script=pending:1s,partial message=\"2 of 9\"", &[("1s", "ready: 2 of 9")]),
        ("script=ready", &[("0", "ready")]),
        ("script=queued:2s,parsing:1s,ready", &[("0", "queued"), ("2s", "parsing"), ("1s", "ready")]),
        (
            "script=pending:1s,ready:1s,failed:1s,ready",
            &[("1s", "ready"), ("1s", "failed: The sync failed: no file could be parsed"), ("1s", "ready")],
        ),
    ];
    for (rule, steps) in cases {
        let client = client.for_case(rule);
        client.add_rule(&format!("sync {rule} name=script"));
        let index = id(&create(&client, "n"));
        for (by, shown) in steps {
            client.advance(by);
            assert_eq!(status(&client, &index), *shown, "{rule} after {by}");
        }
        assert_eq!(client.fault_outcomes()[0], "script struck");
    }
}

#[test]
fn a_sync_follows_its_script_by_reads() {
    let server = manual_clock_server(&[("fault", "sync script=pending*2,failed*1,ready")]);
    let client = Client::of(&server);
    let index = id(&create(&client, "n"));
    let seen: Vec<_> = (0..5).map(|_| status(&client, &index)).collect();
    assert_eq!(seen[..2], ["pending", "pending"]);
    assert!(seen[2].starts_with("failed"), "{seen:?}");
    assert_eq!(seen[3..], ["ready", "ready"]);
}

#[test]
fn a_script_applies_only_to_syncs_that_its_rule_strikes() {
    let server = manual_clock_server(&[
        ("fault", "sync script=failed when=body:/name~bad"),
        ("fault", "sync script=pending:1h,ready nth=3"),
    ]);
    let client = Client::of(&server);
    let (bad, good) = (id(&create(&client, "a bad one")), id(&create(&client, "good")));
    assert!(status(&client, &bad).starts_with("failed"));
    client.advance("1s");
    assert_eq!(status(&client, &good), "ready");
    assert_eq!(client.send("POST", &format!("{LIST}/{good}/sync"), None).status, 202);
    client.advance("59m");
    let shown = client.get(&format!("{LIST}/{good}?expand=sync_in_progress")).json();
    assert_eq!((&shown["metadata"]["status"], &shown["sync_in_progress"]), (&json!("ready"), &json!(true)));
}

#[test]
fn magic_names_in_the_body_choose_the_sync_script() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let cases = [
        ("mock:fail", "failed: The sync failed: no file could be parsed"),
        ("mock:partial", "ready: The sync was partial, but the source directory has no file that could be left out"),
        ("mock:stuck", "pending"),
        ("mock:slow=2h", "pending"),
        ("mock:slow=1s and more", "ready"),
        ("mockery", "ready"),
    ];
    let indexes = cases.map(|(name, _)| id(&create(&client, name)));
    client.advance("1h");
    for ((name, shown), index) in cases.iter().zip(&indexes) {
        assert_eq!(status(&client, index), *shown, "{name}");
    }
    for unknown in ["mock:fial", "mock:slow=soon", "mock:"] {
        let refused = create(&client, unknown);
        assert_eq!(
            (refused.status, refused.json()["detail"][0]["loc"].clone()),
            (422, json!(["body", "name"])),
            "{unknown}"
        );
    }
}

#[test]
fn lag_delays_creates_and_deletes_for_reads() {
    let server = manual_clock_server(&[("fault", "indexes.get lag=2s"), ("fault", "indexes.list lag=2s")]);
    let client = Client::of(&server);
    let path = format!("{LIST}/{}", id(&create(&client, "n")));
    let seen = |by: &str| {
        client.advance(by);
        (client.get(&path).status, client.get(LIST).json()["items"].as_array().map_or(0, Vec::len))
    };
    assert_eq!([seen("1s"), seen("999ms"), seen("1ms")], [(404, 0), (404, 0), (200, 1)]);
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!([seen("1s"), seen("999ms"), seen("1ms")], [(200, 1), (200, 1), (404, 0)]);
}

#[test]
fn a_vanished_index_stays_deleted() {
    let server = manual_clock_server(&[]);
    for (method, path) in [("GET", ""), ("DELETE", ""), ("POST", "/sync"), ("POST", "/sync/cancel")] {
        let client = Client::of(&server).for_case(&format!("{method}{path}"));
        client.add_rule("indexes.* vanish nth=2 name=gone");
        let index = format!("{LIST}/{}", id(&create(&client, "n")));
        assert_eq!(client.send(method, &format!("{index}{path}"), None).status, 404, "{method} {path}");
        assert_eq!(client.get(&index).status, 404);
        assert_eq!(client.get(LIST).json()["items"], json!([]));
        assert_eq!(client.fault_outcomes()[1], "gone struck");
    }
}

#[test]
fn a_quota_rejects_creates_over_its_limit() {
    let server = manual_clock_server(&[]);
    for (rule, refusal) in [("quota=2", 402), ("quota=2 status=403", 403)] {
        let client = Client::of(&server).for_case(rule);
        client.add_rule(&format!("indexes.create {rule} name=quota"));
        let made = [create(&client, "a"), create(&client, "b"), create(&client, "c")];
        assert_eq!(made.each_ref().map(|response| response.status), [201, 201, refusal]);
        assert_eq!(client.fault_outcomes(), ["", "", "quota struck"]);
        assert_eq!(client.delete(&format!("{LIST}/{}", id(&made[0]))).status, 204);
        assert_eq!(create(&client, "d").status, 201);
    }
}

#[test]
fn a_rate_limit_is_a_token_bucket_with_correct_headers() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for (rule, at_once, wait, limit) in [("limit=5/10s", 5, "2", "5"), ("limit=1/1m burst=3", 3, "60", "1")] {
        let client = client.for_case(rule);
        client.add_rule(&format!("indexes.list {rule} name=limit"));
        let statuses: Vec<u16> = (0..=at_once).map(|_| client.get(LIST).status).collect();
        assert_eq!(statuses, [vec![200; at_once], vec![429]].concat(), "{rule}");
        let over = client.get(LIST);
        assert_eq!((over.status, over.header("x-mock-fault")), (429, Some("limit")));
        assert_eq!((over.header("retry-after"), over.header("x-ratelimit-limit")), (Some(wait), Some(limit)));
        assert_eq!((over.header("x-ratelimit-remaining"), over.header("x-ratelimit-reset")), (Some("0"), Some(wait)));
        client.advance(&format!("{}ms", wait.parse::<u64>().expect("seconds") * 1000 - 1));
        assert_eq!(client.get(LIST).status, 429, "{rule}: too early");
        client.advance("1ms");
        assert_eq!([client.get(LIST).status, client.get(LIST).status], [200, 429], "{rule}");
        client.advance("1000h");
        let statuses: Vec<u16> = (0..=at_once).map(|_| client.get(LIST).status).collect();
        assert_eq!(statuses, [vec![200; at_once], vec![429]].concat(), "{rule} fills up, and not over");
    }
}

/// The first three pages of a list, with two items on a page.
fn pages(client: &Client, rule: &str) -> Vec<Value> {
    for name in ["a", "b", "c", "d", "e"] {
        id(&create(client, name));
    }
    client.add_rule(&format!("indexes.list {rule} name=page"));
    let mut pages = vec![client.get(&format!("{LIST}?page_size=2")).json()];
    while let Some(token) = pages[pages.len() - 1]["next_page_token"].as_str().filter(|_| pages.len() < 5) {
        let response = client.get(&format!("{LIST}?page_size=2&page_token={token}"));
        pages.push(response.json());
    }
    pages
}

fn names(page: &Value) -> String {
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|item| item["name"].as_str()).collect()
}

#[test]
fn page_faults_repeat_tokens_expire_tokens_and_empty_pages() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let shown = |rule: &str| pages(&client.for_case(rule), rule).iter().map(names).collect::<Vec<_>>();
    assert_eq!(shown("header=x-a:b"), ["ed", "cb", "a"]);
    assert_eq!(shown("page=repeat-token"), ["ed", "cb", "cb", "cb", "cb"]);
    assert_eq!(shown("page=empty-middle when=query:page_token"), ["ed", "", "a"]);
    let expired = pages(&client.for_case("expired"), "page=expired-token");
    assert_eq!(expired[1]["detail"][0]["loc"], json!(["query", "page_token"]));
}

#[test]
fn skip_makes_a_key_expire_after_some_requests() {
    let server = manual_clock_server(&[("scenario", "expired-key")]);
    let client = Client::of(&server);
    let statuses: Vec<u16> = (0..12).map(|_| client.get(LIST).status).collect();
    assert_eq!(statuses, [vec![200; 10], vec![401; 2]].concat());
    assert_eq!(client.get(LIST).json(), json!({ "detail": "Invalid authentication token" }));
    assert_eq!(client.with_key("llx-new").get(LIST).status, 200);
}

#[test]
fn a_state_fault_that_was_not_applied_is_inapplicable() {
    let server = manual_clock_server(&[("sync-duration", "1h")]);
    let client = Client::of(&server);
    let cases = [
        ("indexes.list page=repeat-token", "GET", ""),
        ("indexes.list page=expired-token", "GET", ""),
        ("indexes.list page=empty-middle", "GET", ""),
        ("indexes.get vanish", "GET", "/idx-unknown"),
        ("sync script=failed", "POST", "/{id}/sync"),
        ("sync script=failed", "POST", ""),
        ("indexes.create quota=1", "POST", ""),
    ];
    for (number, (rule, method, path)) in cases.into_iter().enumerate() {
        let client = client.for_case(&format!("{rule}{number}"));
        let id = id(&create(&client, "n"));
        client.add_rule(&format!("{rule} times=1 name=it"));
        client.send(method, &format!("{LIST}{}", path.replace("{id}", &id)), (method == "POST").then_some(&json!({})));
        assert_eq!(client.fault_outcomes()[1], "it inapplicable", "{rule}");
        let shown = client.get(&format!("/__admin/faults/it?tenant={}", client.key())).json();
        assert_eq!((&shown["matches"], &shown["strikes"]), (&json!(1), &json!(0)), "{rule}");
    }
}

#[test]
fn lag_on_a_write_is_inapplicable() {
    let server = manual_clock_server(&[("fault", "* lag=1h")]);
    let client = Client::of(&server);
    let path = format!("/api/v1/indexes/{}", client.create("dir-a")["id"].as_str().expect("an id"));
    assert_eq!(client.get(&path).status, 404);
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!(client.fault_outcomes(), ["rule-1 inapplicable", "rule-1 struck", "rule-1 inapplicable"]);
}

#[test]
fn responses_changed_by_a_state_fault_carry_x_mock_fault() {
    let server =
        manual_clock_server(&[("fault", "indexes.list lag=1h name=late"), ("fault", "indexes.get vanish name=gone")]);
    let client = Client::of(&server);
    let path = format!("/api/v1/indexes/{}", client.create("dir-a")["id"].as_str().expect("an id"));
    assert_eq!(client.get("/api/v1/indexes").header("x-mock-fault"), Some("late"));
    let gone = client.get(&path);
    assert_eq!((gone.status, gone.header("x-mock-fault")), (404, Some("gone")));
    assert_eq!(client.get(&path).header("x-mock-fault"), None, "the index was deleted already");
}
