//! Triggers, alone and combined: which requests a rule counts and which of them it hits.

use serde_json::json;

use crate::support::{Client, DIRECTORIES, Upload, manual_clock_server};

const LIST: &str = "/api/v1/indexes";

/// Which of `requests` list requests a rule hits, as a row of `x` and `.`.
#[track_caller]
fn hits(client: &Client, rule: &str, requests: usize) -> String {
    client.add_rule(&format!("indexes.list status=503 {rule}"));
    (0..requests).map(|_| if client.get(LIST).status == 503 { 'x' } else { '.' }).collect()
}

#[test]
fn count_triggers_choose_requests_by_their_number() {
    let server = manual_clock_server(&[]);
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
        assert_eq!(hits(&client.for_case(rule), rule, 8), expected, "{rule}");
    }
}

#[test]
fn counters_are_per_rule_and_tenant_and_count_only_the_rules_operation() {
    let server = manual_clock_server(&[
        ("fault", "indexes.list status=503 nth=2 name=a"),
        ("fault", "indexes.list status=500 nth=3 name=b"),
    ]);
    let client = Client::of(&server);
    for key in ["llx-a", "llx-b"] {
        let client = client.with_key(key);
        let statuses: Vec<u16> = (0..4)
            .map(|_| {
                client.get("/api/v1/indexes/idx-unknown");
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
fn a_rule_names_one_operation_a_family_or_all_and_never_hits_other_routes() {
    let server = manual_clock_server(&[
        ("fault", "* status=503 key=llx-all"),
        ("fault", "indexes.* status=503 key=llx-family"),
        ("fault", "indexes.get status=503 key=llx-one"),
    ]);
    let client = Client::of(&server);
    let paths = [
        LIST,
        "/api/v1/indexes/idx-unknown",
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
    assert_eq!(client.send("PUT", LIST, None).status, 405);
}

#[test]
fn a_window_starts_at_the_tenants_first_request() {
    let server = manual_clock_server(&[("fault", "* status=503 between=10s..30s")]);
    let client = Client::of(&server);
    client.advance("1h");
    for (by, status) in [("0", 200), ("9s", 200), ("1s", 503), ("19s", 503), ("1s", 200), ("1h", 200)] {
        client.advance(by);
        assert_eq!(client.get(LIST).status, status, "{by}");
    }
}

#[test]
fn conditions_test_headers_query_and_body() {
    let server = manual_clock_server(&[]);
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
        client.add_rule(&format!("indexes.create status=503 \"when={}\"", condition.replace('\\', "\\\\")));
        let headers = "x-worker: 7\r\nx-worker: 8\r\nx-empty:\r\n";
        let path = format!("{LIST}?project_id=&x=a+b&x=%C3%A9");
        let response = client.try_send("POST", &path, headers, Some(body)).expect("a response");
        assert_eq!(response.status == 503, expected, "{condition}: {}", response.text());
    }
}

#[test]
fn a_body_condition_is_false_without_a_json_body() {
    let server = manual_clock_server(&[("fault", "* status=503 when=body:/a")]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).status, 200);
    for (body, status) in [("{\"a\":1}", 503), ("{\"a\":", 422), ("[]", 422)] {
        assert_eq!(client.try_send("POST", LIST, "", Some(body)).expect("a response").status, status, "{body}");
    }
}

#[test]
fn counters_count_only_requests_that_meet_the_condition() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 when=header:x-worker=7 nth=2")]);
    let client = Client::of(&server);
    let send = |worker: &str| {
        client.try_send("GET", LIST, &format!("x-worker: {worker}\r\n"), None).expect("a response").status
    };
    assert_eq!(["7", "8", "8", "7", "7"].map(send), [200, 200, 200, 503, 200]);
}

#[test]
fn a_key_condition_accepts_the_key_or_its_label() {
    let server = manual_clock_server(&[("fault", "* status=503 key=llx-a")]);
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
fn a_key_condition_works_when_all_keys_share_one_state() {
    let server = manual_clock_server(&[("isolation", "none"), ("fault", "* status=503 key=llx-a")]);
    let client = Client::of(&server);
    assert_eq!(["llx-a", "llx-b"].map(|key| client.with_key(key).get(LIST).status), [503, 200]);
}

#[test]
fn the_attempt_is_read_from_the_sdk_header() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 attempt=2")]);
    let client = Client::of(&server);
    let send = |headers: &str| client.try_send("GET", LIST, headers, None).expect("a response").status;
    let retry_headers =
        ["", "x-stainless-retry-count: 0\r\n", "x-stainless-retry-count: 1\r\n", "x-stainless-retry-count: 2\r\n"];
    assert_eq!(retry_headers.map(send), [200, 200, 503, 200]);
}

/// The status of a request with this body that does not report its attempt.
fn status_of(client: &Client, body: &str) -> Option<u16> {
    client.try_send("POST", LIST, "", Some(body)).map(|response| response.status)
}

#[test]
fn the_attempt_of_a_client_that_does_not_report_it_is_its_place_among_equal_requests() {
    let server = manual_clock_server(&[
        ("fault", "indexes.create,directories.files.upload status=503 attempt=1"),
        ("fault", "indexes.create,directories.files.upload@after reset attempt=2"),
    ]);
    let client = Client::of(&server);
    // The order of keys and the other spaces do not matter. The third attempt succeeds.
    let bodies = [
        r#"{"source_directory_id":"dir-a","name":"n"}"#,
        r#"{"name":"n","source_directory_id":"dir-a"}"#,
        r#"{ "name" : "n", "source_directory_id":"dir-a"}"#,
    ];
    assert_eq!(bodies.map(|body| status_of(&client, body)), [Some(503), None, Some(201)]);
    let other = r#"{"source_directory_id":"dir-a","name":"other"}"#;
    assert_eq!(status_of(&client, other), Some(503), "other content is another chain");
    assert_eq!(status_of(&client, bodies[0]), Some(503), "a success ends a chain");
    assert_eq!(status_of(&client.with_key("llx-other"), bodies[0]), Some(503), "of another tenant too");
    let first = client.try_send("POST", LIST, "x-stainless-retry-count: 0\r\n", Some(other)).expect("a response");
    assert_eq!(first.status, 503, "what a client reports counts");
    let path = format!("{DIRECTORIES}/{}/files/upload", client.directory("d"));
    let form = Upload::file("upload_file", "a.txt", "text");
    assert_eq!(form.try_send(&client, &path).map(|response| response.status), Some(503));
    assert_eq!(form.clone().framed_differently().try_send(&client, &path), None);
    assert_eq!(form.try_send(&client, &path).map(|response| response.status), Some(201));
}

#[test]
fn a_condition_on_the_path_names_one_resource() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let [one, other] = ["one", "other"].map(|name| client.directory(name));
    client.add_rule(&format!("directories.* status=503 when=path:directory_id={one} when=query:x name=it"));
    let status = |path: String| client.get(&path).status;
    assert_eq!(status(format!("{DIRECTORIES}/{one}?x=1")), 503);
    assert_eq!(status(format!("{DIRECTORIES}/{other}?x=1")), 200);
    assert_eq!(status(format!("{DIRECTORIES}/{one}")), 200, "all conditions must hold");
    assert_eq!(status(format!("{DIRECTORIES}?x=1")), 200);
    let escaped = one.replace('-', "%2D");
    assert_eq!(status(format!("{DIRECTORIES}/{escaped}?x=1")), 503);
    client.add_rule(&format!("directories.get status=418 when=path:directory_id~^{}$", &other));
    assert_eq!(status(format!("{DIRECTORIES}/{other}")), 418);
    let listed = client.get(&format!("/__admin/journal?tenant={}&when=path:directory_id={other}", client.key())).json();
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(2));
    let unknown = client.get("/__admin/journal?when=path:directoryid=a");
    assert!(unknown.status == 422 && unknown.text().contains("did you mean directory_id?"), "{}", unknown.text());
}

#[test]
fn concurrency_counts_the_open_requests_of_a_tenant() {
    let server =
        manual_clock_server(&[("fault", "indexes.get hang"), ("fault", "indexes.list status=503 concurrency=3")]);
    let client = Client::of(&server);
    let mut hung = Vec::new();
    for status in [200, 200, 503] {
        assert_eq!(client.get(LIST).status, status, "{} hang", hung.len());
        let mut connection = client.connect();
        connection.send(client.request_bytes("GET", "/api/v1/indexes/idx-unknown", "", None));
        hung.push(connection);
        client.wait_for_entries(2 * hung.len());
    }
    assert_eq!(client.with_key("llx-other").get(LIST).status, 200);
}
