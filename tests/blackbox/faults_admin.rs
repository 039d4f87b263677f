//! Fault rules at run time: listed with their counts, added, replaced and deleted, for one tenant or for all, including
//! later ones.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, manual_clock_server, wait_until};

const LIST: &str = "/api/v1/indexes";
const FAULTS: &str = "/__admin/faults";

/// The listed rules as `name: rule matches strikes`.
fn listed_rules(client: &Client, query: &str) -> Vec<String> {
    let response = client.get(&format!("{FAULTS}{query}"));
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()["faults"].as_array().expect("a list").iter().map(rule_line).collect()
}

fn rule_line(rule: &Value) -> String {
    let text = |name: &str| rule[name].as_str().expect("a string");
    format!("{}: {} {} {}", text("name"), text("rule"), rule["matches"], rule["strikes"])
}

fn put(client: &Client, name: &str, body: &Value) -> HttpResponse {
    client.send("PUT", &format!("{FAULTS}/{name}"), Some(body))
}

#[test]
fn a_rule_can_be_a_string_a_rule_field_or_separate_fields() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let bodies = [
        json!("indexes.list status=429 retry-after=2s first=3"),
        json!({ "rule": "indexes.list status=429 retry-after=2s", "first": 3 }),
        json!({ "operation": "indexes.list", "status": 429, "retry_after": "2s", "first": 3 }),
        json!({ "operation": "indexes.list", "status": "429", "retry-after": "2s", "first": "3", "hang": false, "nth": null }),
    ];
    for (number, body) in bodies.iter().enumerate() {
        let added = client.post(FAULTS, body);
        let expected = format!("rule-{}: indexes.list status=429 retry-after=2s first=3 0 0", number + 1);
        assert_eq!((added.status, rule_line(&added.json())), (201, expected), "{body}");
    }
    let lists = json!({ "operation": "indexes.get", "phase": "after", "drop": ["/a", "/b"], "continue": true, "should_retry": false, "name": "x" });
    let added = client.post(FAULTS, &lists).json();
    assert_eq!(added["rule"], "indexes.get@after drop=/a drop=/b continue should-retry=false name=x");
}

#[test]
fn rules_are_listed_in_order_with_their_counts_per_tenant_and_in_total() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 nth=2 name=given")]);
    let client = Client::of(&server);
    let other = client.with_key("llx-other");
    assert_eq!(client.post(FAULTS, &json!({ "rule": "* delay=1us name=own", "tenant": other.key() })).status, 201);
    for caller in [&client, &client, &client, &other] {
        caller.get(LIST);
    }
    let given = |counts: &str| format!("given: indexes.list status=503 nth=2 name=given {counts}");
    let own = "own: * delay=1us name=own 1 1".to_owned();
    assert_eq!(listed_rules(&client, "?tenant=llx-test"), [given("3 1")]);
    assert_eq!(listed_rules(&client, "?tenant=llx-other"), [given("1 0"), own.clone()]);
    assert_eq!(listed_rules(&client, ""), [given("4 1"), own.clone()]);
    assert_eq!(rule_line(&client.get("/__admin/faults/own").json()), own);
    assert_eq!(client.get("/__admin/faults/own?tenant=llx-test").status, 404);
    assert_eq!(client.get("/__admin/faults/none").status, 404);
}

#[test]
fn a_rule_for_all_applies_to_existing_and_later_tenants() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).status, 200);
    assert_eq!(client.post(FAULTS, &json!("indexes.list status=503 first=1 name=all")).status, 201);
    let later = client.with_key("llx-later");
    assert_eq!([client.get(LIST).status, later.get(LIST).status], [503, 503]);
    assert_eq!([client.get(LIST).status, later.get(LIST).status], [200, 200]);
    assert_eq!(client.delete("/__admin/faults/all").status, 204);
    assert_eq!(client.with_key("llx-latest").get(LIST).status, 200);
    assert_eq!(client.delete("/__admin/faults/all").status, 404);
}

#[test]
fn a_rule_for_one_tenant_does_not_apply_to_others() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.list status=503 name=mine");
    assert_eq!([client.get(LIST).status, client.with_key("llx-b").get(LIST).status], [503, 200]);
    assert_eq!(client.delete("/__admin/faults/mine?tenant=llx-b").status, 404);
    assert_eq!(client.delete("/__admin/faults/mine?tenant=llx-test").status, 204);
    assert_eq!(client.get(LIST).status, 200);
}

#[test]
fn a_replaced_rule_keeps_its_position_and_restarts_its_counts() {
    let server = manual_clock_server(&[
        ("fault", "indexes.list status=503 name=a"),
        ("fault", "indexes.list status=500 name=b"),
    ]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).status, 503);
    assert_eq!(client.post(FAULTS, &json!("* hang name=a")).status, 409);
    assert_eq!(put(&client, "a", &json!("indexes.list status=404 times=1")).status, 200);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [404, 500]);
    assert_eq!(listed_rules(&client, "")[0], "a: indexes.list status=404 times=1 2 1");
    assert_eq!(put(&client, "c", &json!({ "operation": "indexes.list", "status": 400 })).status, 201);
    assert_eq!(listed_rules(&client, "").len(), 3);
    for (name, body) in [("a%20b", json!("* hang")), ("a", json!("* hang name=b")), ("a", json!("* hagn"))] {
        assert_eq!(put(&client, name, &body).status, 422, "{name} {body}");
    }
}

#[test]
fn all_rules_are_deleted_for_one_tenant_or_for_all() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503")]);
    let client = Client::of(&server);
    let other = client.with_key("llx-other");
    assert_eq!([client.get(LIST).status, other.get(LIST).status], [503, 503]);
    assert_eq!(client.delete("/__admin/faults?tenant=llx-test").status, 204);
    assert_eq!([client.get(LIST).status, other.get(LIST).status], [200, 503]);
    assert_eq!(client.delete(FAULTS).status, 204);
    assert_eq!([other.get(LIST).status, client.with_key("llx-later").get(LIST).status], [200, 200]);
}

#[test]
fn a_reset_restores_startup_rules_with_zero_counts() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 first=1")]);
    let client = Client::of(&server);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [503, 200]);
    client.add_rule("indexes.list status=500");
    assert_eq!(client.delete("/__admin/faults/rule-1").status, 204);
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["faults"] })).status, 204);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [503, 200]);
}

#[test]
fn a_time_to_live_removes_a_rule_from_all_tenants() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let rule = json!({ "rule": "indexes.list status=503 name=short", "ttl": "100ms" });
    assert_eq!(client.with_key("llx-b").get(LIST).status, 200);
    assert_eq!(client.post(FAULTS, &rule).status, 201);
    wait_until("its time is over", || listed_rules(&client, "").is_empty());
    assert_eq!(["llx-test", "llx-b", "llx-c"].map(|key| client.with_key(key).get(LIST).status), [200; 3]);
}

#[test]
fn at_most_1000_rules_are_accepted() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for number in 0..1000 {
        assert_eq!(client.post(FAULTS, &json!(format!("indexes.get hang name=r{number}"))).status, 201);
    }
    let refused = client.post(FAULTS, &json!("indexes.list hang"));
    assert_eq!((refused.status, refused.text().contains("at most 1000 rules")), (422, true));
    assert_eq!(put(&client, "r7", &json!("indexes.list status=503")).status, 200);
    assert_eq!(client.get(LIST).status, 503);
}

#[test]
fn a_new_rule_applies_to_the_next_request_even_before_its_body() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).status, 200);
    client.add_rule("indexes.list reset=head name=now");
    assert!(client.try_send("GET", LIST, "", None).is_none());
    assert_eq!(client.delete("/__admin/faults/now?tenant=llx-test").status, 204);
    assert_eq!(client.get(LIST).status, 200);
}

#[test]
fn a_reset_restarts_the_time_to_live_of_a_startup_rule() {
    let server = manual_clock_server(&[("fault", "indexes.list status=500 ttl=200ms name=short")]);
    let client = Client::of(&server);
    wait_until("its time is over", || listed_rules(&client, "").is_empty());
    assert_eq!(client.get(LIST).status, 200);
    wait_until("the rule strikes after a reset", || {
        assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
        client.get(LIST).status == 500
    });
}

#[test]
fn a_condition_on_a_credential_is_rejected_without_showing_its_value() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for rule in ["* status=500 when=header:authorization=llx-secret", "* status=500 when=header:cookie~llx-secret"] {
        let refused = client.post("/__admin/faults", &json!({ "rule": rule }));
        assert_eq!(refused.status, 422, "{rule}");
        assert!(refused.text().contains("key=KEY"), "{}", refused.text());
    }
    assert_eq!(client.post("/__admin/faults", &json!({ "rule": "* status=500 when=header:cookie" })).status, 201);
}

#[test]
fn a_backslash_in_quotes_is_literal_unless_it_escapes_a_quote_or_backslash() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule(r#"indexes.create status=500 when=body:/name~"^a \d+$""#);
    let create =
        |name: &str| client.post("/api/v1/indexes", &json!({ "source_directory_id": "dir-a", "name": name })).status;
    assert_eq!(["a 12", "a ddd"].map(create), [500, 201]);
    client.add_rule(r#"indexes.list status=400 body="a\nb \"c\" \\""#);
    assert_eq!(client.get("/api/v1/indexes").text(), r#"a\nb "c" \"#);
}

#[test]
fn concurrently_added_rules_without_a_name_get_unique_names() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let client = &client;
            scope.spawn(move || {
                for _ in 0..25 {
                    assert_eq!(client.post(FAULTS, &json!({ "rule": "indexes.get status=500" })).status, 201);
                }
            });
        }
    });
    let rules = client.get(FAULTS).json()["faults"].as_array().cloned().unwrap_or_default();
    let names: std::collections::BTreeSet<_> = rules.iter().map(|rule| rule["name"].to_string()).collect();
    assert_eq!(names.len(), 200);
}

#[test]
fn rules_are_listed_with_their_tenant_origin_and_remaining_time() {
    let server = manual_clock_server(&[("scenario", "slow"), ("fault", "indexes.get status=503 name=given")]);
    let client = Client::of(&server);
    client.add_rule("indexes.list status=503 name=mine");
    client.with_key("llx-b").add_rule("indexes.list status=500 name=mine");
    assert_eq!(client.post(FAULTS, &json!("indexes.list status=502 name=short ttl=1h")).status, 201);
    let faults = client.get(FAULTS).json()["faults"].clone();
    let column = |name: &str| -> Vec<Value> {
        let rules = faults.as_array().expect("a list").iter();
        rules.map(|rule| rule[name].clone()).collect()
    };
    assert_eq!(column("name"), ["slow", "given", "mine", "mine", "short"]);
    assert_eq!(column("origin"), ["--scenario slow", "--fault", "admin", "admin", "admin"]);
    let labels: Vec<Value> = ["llx-test", "llx-b"]
        .map(|key| client.get(&format!("/__admin/state?tenant={key}")).json()["tenants"][0]["tenant"].clone())
        .to_vec();
    assert_eq!(column("tenant"), [json!(null), json!(null), labels[0].clone(), labels[1].clone(), json!(null)]);
    let left = column("ttl_left_ms");
    assert_eq!(left[..4], [json!(null), json!(null), json!(null), json!(null)]);
    assert!(left[4].as_u64().is_some_and(|left| (1..=3_600_000).contains(&left)), "{left:?}");
    assert_eq!(
        client.get(&format!("{FAULTS}?tenant=llx-b")).json()["faults"][2]["rule"],
        "indexes.list status=500 name=mine"
    );
}
