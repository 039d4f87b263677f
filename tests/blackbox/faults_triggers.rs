//! Which calls a rule counts and which of those it hits, each trigger by itself and together.

use serde_json::json;

use crate::support::{Client, standing};

const LIST: &str = "/api/v1/indexes";

/// Which of so many lists are hit by a rule, as a row of `x` and `.`.
#[track_caller]
fn row(client: &Client, rule: &str, calls: usize) -> String {
    client.arm(&format!("indexes.list status=503 {rule}"));
    (0..calls).map(|_| if client.get(LIST).status == 503 { 'x' } else { '.' }).collect()
}

#[test]
fn the_numbers_of_calls_choose_which_are_hit() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let cases = [
        ("", "xxxxxxxx"),
        ("first=3", "xxx....."),
        ("nth=2", ".x......"),
        ("skip=5", ".....xxx"),
        ("skip=0", "xxxxxxxx"),
        ("every=3", "..x..x.."),
        ("every=1", "xxxxxxxx"),
        ("times=2", "xx......"),
        ("rate=1", "xxxxxxxx"),
        ("skip=2 first=3", "..xxx..."),
        ("skip=2 nth=3", "....x..."),
        ("skip=1 every=2", "..x.x.x."),
        ("every=2 times=2", ".x.x...."),
        ("first=4 every=2", ".x.x...."),
        ("first=2 nth=2", ".x......"),
        ("nth=4 every=2", "...x...."),
        ("skip=2 first=4 every=2 times=1", "...x...."),
    ];
    for (rule, expected) in cases {
        assert_eq!(row(&client.for_case(rule), rule, 8), expected, "{rule}");
    }
}

#[test]
fn counters_are_the_rule_s_own_and_the_tenant_s_own_and_count_no_other_operation() {
    let server = standing(&[
        ("fault", "indexes.list status=503 nth=2 name=a"),
        ("fault", "indexes.list status=500 nth=3 name=b"),
    ]);
    let client = Client::of(&server);
    for key in ["llx-a", "llx-b"] {
        let client = client.with_key(key);
        let statuses: Vec<u16> = (0..4)
            .map(|_| {
                client.get("/api/v1/indexes/idx-none");
                client.get(LIST).status
            })
            .collect();
        assert_eq!(statuses, [200, 503, 500, 200], "{key}");
    }
    let shown = client.get("/__admin/faults").json();
    let counts: Vec<_> = shown["faults"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|rule| (rule["matches"].clone(), rule["strikes"].clone()))
        .collect();
    assert_eq!(counts, [(json!(8), json!(2)), (json!(8), json!(2))]);
}

#[test]
fn operations_are_named_alone_by_family_or_all_and_what_no_operation_answers_is_never_hit() {
    let server = standing(&[
        ("fault", "* status=503 key=llx-all"),
        ("fault", "indexes.* status=503 key=llx-family"),
        ("fault", "indexes.get status=503 key=llx-one"),
    ]);
    let client = Client::of(&server);
    let paths = [
        LIST,
        "/api/v1/indexes/idx-none",
        "/api/v1/beta/directories/dir-none",
        "/nowhere",
        "/health",
        "/__admin/state",
    ];
    let cases = [
        ("llx-all", [503, 503, 503, 404, 200, 200]),
        ("llx-family", [503, 503, 404, 404, 200, 200]),
        ("llx-one", [200, 503, 404, 404, 200, 200]),
        ("llx-none", [200, 404, 404, 404, 200, 200]),
    ];
    for (key, expected) in cases {
        assert_eq!(paths.map(|path| client.with_key(key).get(path).status), expected, "{key}");
    }
    assert_eq!(client.call("PUT", LIST, None).status, 405);
}

#[test]
fn a_window_counts_from_the_tenant_s_first_call() {
    let server = standing(&[("fault", "* status=503 between=10s..30s")]);
    let client = Client::of(&server);
    client.advance("1h");
    for (by, status) in [("0", 200), ("9s", 200), ("1s", 503), ("19s", 503), ("1s", 200), ("1h", 200)] {
        client.advance(by);
        assert_eq!(client.get(LIST).status, status, "{by}");
    }
}

#[test]
fn conditions_look_at_headers_the_query_and_the_body() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let body = r#"{"source_directory_id":"dir-a","name":"draft 7","description":"","a/b":{"c~d":[true,5,null]}}"#;
    let yes = |rule: &str| (rule.to_owned(), true);
    let no = |rule: &str| (rule.to_owned(), false);
    let cases = [
        yes("header:x-worker"),
        yes("header:X-Worker=7"),
        yes("header:x-worker=8"),
        yes("header:x-worker~^[78]$"),
        no("header:x-worker=9"),
        no("header:x-other"),
        yes("header:x-empty="),
        yes("query:project_id"),
        yes("query:x=a b"),
        yes("query:x=é"),
        yes("query:x~^a"),
        yes("query:x"),
        no("query:X"),
        no("query:x=a"),
        no("query:y"),
        yes("body:/name=draft 7"),
        yes("body:/name~draft"),
        yes("body:/name~^draft \\d$"),
        yes("body:/name~(?i)DRAFT"),
        no("body:/name=draft"),
        no("body:/name~final"),
        yes("body:/description="),
        yes("body:/a~1b/c~0d/0=true"),
        yes("body:/a~1b/c~0d/1~[5]"),
        yes("body:/a~1b/c~0d/2=null"),
        yes("body:/a~1b"),
        no("body:/a/b"),
        no("body:/a~1b/c~0d/3"),
    ];
    for (condition, expected) in cases {
        let client = client.for_case(&format!("{condition}{}", condition.bytes().map(u32::from).sum::<u32>()));
        client.arm(&format!("indexes.create status=503 \"when={}\"", condition.replace('\\', "\\\\")));
        let headers = "x-worker: 7\r\nx-worker: 8\r\nx-empty:\r\n";
        let path = format!("{LIST}?project_id=&x=a+b&x=%C3%A9");
        let answer = client.try_call("POST", &path, headers, Some(body)).expect("an answer");
        assert_eq!(answer.status == 503, expected, "{condition}: {}", answer.text());
    }
}

#[test]
fn a_condition_on_the_body_holds_for_no_call_without_one_and_none_that_is_no_json() {
    let server = standing(&[("fault", "* status=503 when=body:/a")]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).status, 200);
    for (body, status) in [("{\"a\":1}", 503), ("{\"a\":", 422), ("[]", 422)] {
        assert_eq!(client.try_call("POST", LIST, "", Some(body)).expect("an answer").status, status, "{body}");
    }
}

#[test]
fn a_condition_is_part_of_what_is_counted() {
    let server = standing(&[("fault", "indexes.list status=503 when=header:x-worker=7 nth=2")]);
    let client = Client::of(&server);
    let call = |worker: &str| {
        client.try_call("GET", LIST, &format!("x-worker: {worker}\r\n"), None).expect("an answer").status
    };
    assert_eq!(["7", "8", "8", "7", "7"].map(call), [200, 200, 200, 503, 200]);
}

#[test]
fn a_key_is_meant_by_itself_or_by_its_label() {
    let server = standing(&[("fault", "* status=503 key=llx-a")]);
    let client = Client::of(&server);
    let statuses = || ["llx-a", "llx-b"].map(|key| client.with_key(key).get(LIST).status);
    assert_eq!(statuses(), [503, 200]);
    let label = client.with_key("llx-b").journal()[0]["tenant"].as_str().expect("a label").to_owned();
    assert_eq!(client.post("/__admin/faults", &json!(format!("* status=500 key={label}"))).status, 201);
    assert_eq!(statuses(), [503, 500]);
    let shown = client.get("/__admin/faults").text();
    assert!(!shown.contains("llx-a") && shown.contains(&label), "rules are shown without keys: {shown}");
}

#[test]
fn a_key_is_told_apart_even_where_all_keys_share_a_world() {
    let server = standing(&[("isolation", "none"), ("fault", "* status=503 key=llx-a")]);
    let client = Client::of(&server);
    assert_eq!(["llx-a", "llx-b"].map(|key| client.with_key(key).get(LIST).status), [503, 200]);
}

#[test]
fn an_attempt_is_what_the_official_clients_say_it_is() {
    let server = standing(&[("fault", "indexes.list status=503 attempt=2")]);
    let client = Client::of(&server);
    let call = |headers: &str| client.try_call("GET", LIST, headers, None).expect("an answer").status;
    let said =
        ["", "x-stainless-retry-count: 0\r\n", "x-stainless-retry-count: 1\r\n", "x-stainless-retry-count: 2\r\n"];
    assert_eq!(said.map(call), [200, 200, 503, 200]);
}

#[test]
fn concurrency_counts_the_calls_of_a_tenant_that_are_open() {
    let server = standing(&[("fault", "indexes.get hang"), ("fault", "indexes.list status=503 concurrency=3")]);
    let client = Client::of(&server);
    let mut hung = Vec::new();
    for status in [200, 200, 503] {
        assert_eq!(client.get(LIST).status, status, "{} hang", hung.len());
        let mut wire = client.wire();
        wire.send(client.request("GET", "/api/v1/indexes/idx-none", "", None));
        hung.push(wire);
        while client.journal().iter().filter(|entry| entry["operation"] == "indexes.get").count() < hung.len() {}
    }
    assert_eq!(client.with_key("llx-other").get(LIST).status, 200);
}
