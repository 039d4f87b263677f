//! The names of tenants: a test gives its key a name, which reports, the journal and the log show.

use serde_json::{Value, json};

use crate::support::{Client, Program, manual_clock_server, server};

const TENANTS: &str = "/__admin/tenants";

/// Gives a key a name; the status and the body of the response.
fn name(client: &Client, key: &str, name: &str) -> (u16, Value) {
    let response = client.post(TENANTS, &json!({ "key": key, "name": name }));
    (response.status, response.json())
}

#[test]
fn a_name_creates_the_tenant_and_is_shown_where_its_requests_are() {
    let server = server(&[("fault", "indexes.list status=503 first=1")]);
    let client = Client::of(&server);
    let (status, named) = name(&client, client.key(), "test_a[1]");
    assert_eq!((status, named["name"].as_str()), (200, Some("test_a[1]")));
    let label = named["tenant"].as_str().expect("a label").to_owned();
    assert_eq!(client.get(TENANTS).json(), json!({ "tenants": [{ "tenant": label, "name": "test_a[1]" }] }));
    client.create("dir-a");
    client.get("/api/v1/indexes");
    client.get("/api/v1/indexes");
    let shown = |path: &str, pointer: &str| client.get(path).json().pointer(pointer).cloned();
    for (path, pointer) in [
        ("/__admin/state", "/tenants/0/name"),
        ("/__admin/retries", "/chains/0/tenant_name"),
        ("/__admin/journal", "/entries/0/tenant_name"),
        ("/__admin/litter", "/litter/0/tenant_name"),
    ] {
        assert_eq!(shown(path, pointer), Some(json!("test_a[1]")), "{path}");
    }
    let report = client.post("/__admin/check", &json!({ "max_attempts": 1, "no_litter": true })).json();
    for check in [0, 1] {
        let detail = report["checks"][check]["details"][0].as_str().expect("a failure");
        assert!(detail.starts_with(&format!("{label} (test_a[1]) ")), "{detail}");
    }
}

#[test]
fn a_tenant_without_a_name_is_listed_and_shown_as_before() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.create("dir-a");
    assert_eq!(client.get(TENANTS).json()["tenants"][0]["name"], Value::Null);
    assert_eq!(client.get("/__admin/state").json()["tenants"][0].get("name"), None);
    assert_eq!(client.get("/__admin/journal").json()["entries"][0].get("tenant_name"), None);
}

#[test]
fn a_reset_keeps_the_name_and_two_tenants_may_have_the_same() {
    let server = server(&[]);
    let client = Client::of(&server);
    for key in ["llx-one", "llx-other", "llx-one"] {
        assert_eq!(name(&client, key, "same").0, 200);
    }
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": "llx-one" })).status, 204);
    let tenants = client.get(TENANTS).json();
    let names: Vec<_> = tenants["tenants"].as_array().expect("a list").iter().map(|tenant| &tenant["name"]).collect();
    assert_eq!(names, ["same", "same"]);
    assert_eq!(name(&client, "llx-one", "new").1["name"], "new");
}

#[test]
fn a_name_has_1_to_256_characters_and_none_that_controls() {
    let server = server(&[("api-key", "llx-test"), ("max-tenants", "1")]);
    let client = Client::of(&server).with_key("llx-test");
    let longest = "é".repeat(256);
    assert_eq!(name(&client, "llx-test", &longest).0, 200);
    for (key, given, status, detail) in [
        ("llx-test", "", 422, "name: is empty"),
        ("llx-test", &*format!("{longest}a"), 422, "name: has more than 256 characters"),
        ("llx-test", "a\u{1b}[31m", 422, "name: has the control character U+001B"),
        ("llx-test", "a\u{85}b", 422, "name: has the control character U+0085"),
        ("llx-other", "a", 404, "key: this key is not accepted (--api-key)"),
        ("t-000000000000", "a", 404, "key: no tenant has this label"),
    ] {
        assert_eq!(name(&client, key, given), (status, json!({ "detail": detail })), "{key} {given:?}");
    }
    let without = |field: &str| client.post(TENANTS, &json!({ field: "llx-test" })).json();
    assert_eq!(without("key"), json!({ "detail": "name: is missing" }));
    assert_eq!(without("name"), json!({ "detail": "key: is missing" }));
}

#[test]
fn a_key_over_the_limit_gets_no_name() {
    let server = server(&[("max-tenants", "1")]);
    let client = Client::of(&server);
    assert_eq!(name(&client, "llx-one", "a").0, 200);
    let (status, body) = name(&client, "llx-other", "a");
    let detail = "key: this server keeps the state of at most 1 keys (--max-tenants)";
    assert_eq!((status, body), (403, json!({ "detail": detail })));
}

#[test]
fn the_log_has_the_name_in_both_formats() {
    for (format, expected) in
        [("text", r#" tenant_name="a \"b\"" "#), ("json", r#","tenant_name":"a \"b\"","operation":"indexes.list","#)]
    {
        let program = Program::start(&["--log-format", format], &[]);
        let client = Client::at(program.address);
        name(&client, client.key(), "a \"b\"");
        client.get("/api/v1/indexes");
        let (_, stderr) = program.terminate();
        let line = stderr.lines().find(|line| line.contains("indexes.list")).expect("a line of the request");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn an_embedded_server_names_a_key_like_the_thread_of_its_test() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let handle = std::thread::Builder::new().name("tests::one".to_owned());
    std::thread::scope(|scope| {
        let named = handle.spawn_scoped(scope, || server.tenant("llx-a").is_ok()).expect("a thread");
        assert!(named.join().expect("no panic"));
    });
    server.tenant("llx-a").expect("the key is accepted");
    let tenants = client.get(TENANTS).json();
    assert_eq!(tenants["tenants"][0]["name"], "tests::one", "the first name is kept");
}
