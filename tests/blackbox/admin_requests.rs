//! What the admin API refuses: unknown parameters, fields, operations, tenants, paths and methods, each with the
//! nearest valid word; and which requests create a tenant.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, KEY, manual_clock_server, server};

const LIST: &str = "/api/v1/indexes";

/// The paths that show the same whatever the tenant.
const WITHOUT_TENANT: &[&str] = &[
    "/__admin/",
    "/__admin/config",
    "/__admin/drift",
    "/__admin/metrics",
    "/__admin/operations",
    "/__admin/reload",
    "/__admin/tenants",
    "/__admin/scenarios",
];

/// The routes that the admin API lists.
fn routes(client: &Client) -> Vec<Value> {
    client.get("/__admin/").json()["routes"].as_array().expect("a list").clone()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("a string")
}

/// The paths and methods of all routes. `{name}` is replaced by the name of no rule.
fn methods_and_paths(client: &Client) -> Vec<(String, String)> {
    let routes = routes(client);
    let pair = |route: &Value| (text(route, "method").to_owned(), text(route, "path").replace("{name}", "none"));
    routes.iter().map(pair).collect()
}

fn tenant_count(client: &Client) -> usize {
    client.get("/__admin/state").json()["tenants"].as_array().expect("a list").len()
}

#[track_caller]
fn assert_refused(response: &HttpResponse, status: u16, detail: &str) {
    assert_eq!(response.status, status, "expected {detail:?}: {}", response.text());
    let shown = response.json();
    assert!(text(&shown, "detail").contains(detail), "expected {detail:?}: {shown}");
}

/// The query parameters of the journal.
const JOURNAL: &[&str] = &["tenant", "operation", "status", "when", "fault", "outcome", "text", "before", "limit"];

#[test]
fn the_root_lists_every_route_with_its_parameters() {
    let server = server(&[]);
    let client = Client::of(&server);
    let listed = routes(&client);
    assert_eq!(client.get("/__admin").json()["routes"], json!(listed));
    let journal = listed.iter().find(|route| route["path"] == "/__admin/journal").expect("it is listed");
    assert_eq!(journal["method"], "GET");
    assert_eq!(journal["parameters"], json!(JOURNAL));
    assert!(listed.iter().all(|route| text(route, "description").ends_with('.')), "{listed:#?}");
    let advance = listed.iter().find(|route| route["path"] == "/__admin/clock/advance").expect("it is listed");
    assert_eq!((&advance["method"], &advance["body"]), (&json!("POST"), &json!(["tenant", "by"])));
}

#[test]
fn every_route_refuses_unknown_and_repeated_and_empty_query_parameters() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.get(LIST);
    for (method, path) in methods_and_paths(&client) {
        let send = |query: &str| client.send(&method, &format!("{path}?{query}"), None);
        let refused = format!("tenat: is not a query parameter of {method} {}", path.replace("none", "{name}"));
        assert_refused(&send("tenat=llx-test"), 422, &refused);
        let takes_tenant = !WITHOUT_TENANT.contains(&path.as_str()) && path != "/__admin/listener";
        if takes_tenant && (method.as_str(), path.as_str()) != ("PUT", "/__admin/snapshot") {
            assert_refused(&send("tenat=llx-test"), 422, "; did you mean tenant?");
            assert_refused(&send("tenant=llx-test&tenant=llx-b"), 422, "tenant: is given twice");
            assert_refused(&send("tenant="), 422, "tenant: is empty");
        }
    }
    assert_eq!(client.get(LIST).status, 200, "nothing was changed");
    assert_eq!(client.journal().len(), 2);
}

#[test]
fn the_journal_refuses_parameters_that_would_show_everything_or_nothing() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (query, detail) in [
        (
            "operatoin=indexes.create",
            "operatoin: is not a query parameter of GET /__admin/journal; did you mean operation?",
        ),
        ("operation=indexes.creat", "indexes.creat: is not an operation; did you mean indexes.create?"),
        ("operation=", "operation: is empty"),
        ("stauts=404", "did you mean status?"),
        ("status=abc", "status: abc is not a status from 100 to 599"),
        ("status=200&status=404", "status: is given twice"),
        ("limit=x", "limit: \"x\" is not a number"),
        ("limit=-1", "limit: \"-1\" is not a number"),
        ("limit=0", "limit: 0 shows no entry"),
        ("limti=1", "did you mean limit?"),
        ("Tenant=llx-test", "Tenant: is not a query parameter of GET /__admin/journal; did you mean tenant?"),
    ] {
        assert_refused(&client.get(&format!("/__admin/journal?{query}")), 422, detail);
    }
    let twice = client.get("/__admin/journal?when=query:a&when=query:b");
    assert_eq!(twice.status, 200, "conditions can be combined: {}", twice.text());
}

#[test]
fn every_route_refuses_unknown_fields_with_the_nearest_word() {
    let server = server(&[]);
    let client = Client::of(&server);
    let cases = [
        (
            "POST",
            "/__admin/reset",
            json!({ "tennant": KEY }),
            "tennant: is not a field of POST /__admin/reset; did you mean tenant?",
        ),
        (
            "POST",
            "/__admin/reset",
            json!({ "part": ["state"] }),
            "part: is not a field of POST /__admin/reset; did you mean parts?",
        ),
        (
            "POST",
            "/__admin/reset",
            json!({ "parts": ["stat"] }),
            "parts: \"stat\" is not one of state, journal, clock, faults; did you mean state?",
        ),
        ("POST", "/__admin/reset", json!({ "parts": [] }), "parts: is empty"),
        ("POST", "/__admin/reset", json!({ "parts": "state" }), "parts: takes a list of strings"),
        ("POST", "/__admin/reset", json!({ "tenant": 5 }), "tenant: takes a string"),
        (
            "PUT",
            "/__admin/clock",
            json!({ "moed": "auto" }),
            "moed: is not a field of PUT /__admin/clock; did you mean mode?",
        ),
        (
            "PUT",
            "/__admin/clock",
            json!({ "mode": "atuo" }),
            "mode: \"atuo\" is not one of real, manual, auto; did you mean auto?",
        ),
        ("PUT", "/__admin/clock", json!({}), "body: sets nothing; it takes mode, now or both"),
        (
            "POST",
            "/__admin/clock/advance",
            json!({ "bye": "5s" }),
            "bye: is not a field of POST /__admin/clock/advance; did you mean by?",
        ),
        ("POST", "/__admin/clock/advance", json!({ "by": 5 }), "by: takes a string"),
        ("POST", "/__admin/clock/advance", json!({}), "by: is missing"),
        ("POST", "/__admin/faults", json!({ "rul": "* status=500" }), "rul: "),
        ("PUT", "/__admin/faults/a", json!({ "rule": "* status=500", "tenat": KEY }), "did you mean tenant?"),
        ("DELETE", "/__admin/faults", json!({ "tenant": KEY }), "tenant: is not a field of DELETE /__admin/faults"),
        (
            "DELETE",
            "/__admin/faults/a",
            json!({ "tenant": KEY }),
            "tenant: is not a field of DELETE /__admin/faults/{name}",
        ),
        ("GET", "/__admin/state", json!({ "tenant": KEY }), "tenant: is not a field of GET /__admin/state"),
    ];
    for (method, path, body, detail) in cases {
        assert_refused(&client.send(method, path, Some(&body)), 422, detail);
    }
    let twice = client.try_send("POST", "/__admin/reset", "", Some(r#"{"tenant":"a","tenant":"b"}"#));
    assert_refused(&twice.expect("a response"), 422, "body: the field tenant is given twice");
    let both = client.post("/__admin/reset?tenant=llx-a", &json!({ "tenant": "llx-b" }));
    assert_refused(&both, 422, "tenant: is in the query and in the body");
    assert_eq!(tenant_count(&client), 0);
}

#[test]
fn unknown_paths_are_404_with_the_nearest_path_and_other_methods_are_405_with_all_of_a_path() {
    let server = server(&[]);
    let client = Client::of(&server);
    assert_refused(&client.get("/__admin/sate"), 404, "/__admin/sate: Not Found; did you mean /__admin/state?");
    assert_refused(&client.get("/__admin/journal/"), 404, "did you mean /__admin/journal?");
    for (method, path, allow) in [
        ("POST", "/__admin/clock", "GET, PUT"),
        ("PUT", "/__admin/faults", "DELETE, GET, POST"),
        ("POST", "/__admin/faults/a", "DELETE, GET, PATCH, PUT"),
        ("DELETE", "/__admin/state", "GET"),
        ("GET", "/__admin/reset", "POST"),
        ("POST", "/__admin", "GET"),
    ] {
        let response = client.send(method, path, None);
        assert_refused(&response, 405, "Method Not Allowed");
        assert_eq!(response.header("allow"), Some(allow), "{method} {path}");
    }
    for (_, path) in methods_and_paths(&client) {
        let response = client.send("OPTIONS", &path, None);
        assert!(response.status == 405 && response.header("allow").is_some_and(|allow| !allow.is_empty()), "{path}");
    }
}

#[test]
fn a_request_that_only_reads_or_deletes_creates_no_tenant() {
    let server = server(&[("max-tenants", "1")]);
    let client = Client::of(&server);
    for (method, path) in methods_and_paths(&client) {
        if matches!(method.as_str(), "POST" | "PUT") || WITHOUT_TENANT.contains(&&*path) {
            continue;
        }
        let response = client.send(&method, &format!("{path}?tenant=llx-typo"), None);
        assert_refused(&response, 404, "tenant: no request has come with this key");
        assert!(!response.text().contains("llx-typo"), "{}", response.text());
    }
    assert_eq!(tenant_count(&client), 0);
    assert_eq!(client.get(LIST).status, 200, "there is still room for a tenant");
}

#[test]
fn a_test_can_set_up_the_tenant_of_a_key_before_its_first_request() {
    let requests = [
        ("POST", "/__admin/reset", json!({ "tenant": KEY })),
        ("PUT", "/__admin/clock", json!({ "tenant": KEY, "mode": "manual" })),
        ("POST", "/__admin/clock/advance", json!({ "tenant": KEY, "by": "1s" })),
        ("POST", "/__admin/faults", json!({ "tenant": KEY, "rule": "indexes.list status=503" })),
        ("PUT", "/__admin/faults/a", json!({ "tenant": KEY, "rule": "indexes.list status=503" })),
    ];
    for (method, path, body) in requests {
        let server = server(&[("max-tenants", "1"), ("api-key", KEY), ("api-key", "llx-other")]);
        let client = Client::of(&server);
        let other = |key: &str| {
            let mut body = body.clone();
            body["tenant"] = json!(key);
            client.send(method, path, Some(&body))
        };
        assert_refused(&other("t-000000000000"), 404, "tenant: no tenant has this label");
        assert_refused(&other("llx-wrong"), 404, "tenant: this key is not accepted (--api-key)");
        assert_eq!(tenant_count(&client), 0, "{method} {path}");
        let made = client.send(method, path, Some(&body));
        assert!(made.status < 300, "{method} {path}: {}", made.text());
        assert_eq!(tenant_count(&client), 1, "{method} {path}");
        if path != "/__admin/reset" {
            assert_refused(&other("llx-other"), 403, "(--max-tenants)");
        }
        assert_eq!(
            client.get(&format!("/__admin/journal?tenant={KEY}")).json(),
            json!({ "entries": [], "dropped": 0, "open": 0 })
        );
    }
}

#[test]
fn an_unknown_label_is_404_everywhere_with_the_nearest_label() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.get(LIST);
    let label = client.journal()[0]["tenant"].as_str().expect("a label").to_owned();
    let last = if label.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &label[..label.len() - 1]);
    for path in ["state", "journal", "clock", "retries", "faults", "faults/none"] {
        assert_eq!(
            client.get(&format!("/__admin/{path}?tenant={label}")).status,
            if path == "faults/none" { 404 } else { 200 }
        );
        let refused = client.get(&format!("/__admin/{path}?tenant={mistyped}"));
        assert_refused(&refused, 404, &format!("tenant: no tenant has this label; did you mean {label}?"));
    }
    let refused = client.post("/__admin/reset", &json!({ "tenant": mistyped }));
    assert_refused(&refused, 404, &format!("did you mean {label}?"));
}

#[test]
fn without_isolation_keys_and_labels_are_checked_too() {
    let server = server(&[("isolation", "none"), ("api-key", KEY)]);
    let client = Client::of(&server);
    client.get(LIST);
    assert_eq!(client.journal().len(), 1);
    for unknown in ["t-000000000000", "llx-wrong"] {
        assert_eq!(client.get(&format!("/__admin/journal?tenant={unknown}")).status, 404, "{unknown}");
    }
}

#[test]
fn the_anonymous_key_names_its_tenant() {
    let server = server(&[("no-auth", "true"), ("api-key", KEY)]);
    let client = Client::of(&server);
    let anonymous = client.post("/__admin/reset", &json!({ "tenant": "anonymous" }));
    assert_eq!(anonymous.status, 204, "{}", anonymous.text());
    assert_eq!(client.get("/__admin/state?tenant=anonymous").status, 200);
}

#[test]
fn an_unknown_rule_is_404_with_the_nearest_name() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 name=outage")]);
    let client = Client::of(&server);
    for (method, path) in [("GET", "/__admin/faults/outtage"), ("DELETE", "/__admin/faults/outtage")] {
        assert_refused(&client.send(method, path, None), 404, "name: no rule is called outtage; did you mean outage?");
    }
}

#[test]
fn evicted_entries_are_counted_for_the_tenants_that_are_shown_whatever_the_filter() {
    let server = manual_clock_server(&[("journal-entries", "2")]);
    let (client, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    client.create("dir-a");
    (0..3).for_each(|_| _ = client.get(LIST));
    other.get(LIST);
    let dropped = |query: &str| client.get(&format!("/__admin/journal?{query}")).json()["dropped"].clone();
    assert_eq!(dropped(&format!("tenant={KEY}")), 2);
    let creates = client.get(&format!("/__admin/journal?tenant={KEY}&operation=indexes.create")).json();
    assert_eq!(creates, json!({ "entries": [], "dropped": 2, "open": 0 }), "the create was evicted, so none is found");
    assert_eq!(dropped("tenant=llx-other"), 0);
    assert_eq!(dropped("limit=1"), 2, "without a tenant those of all are counted");
}
