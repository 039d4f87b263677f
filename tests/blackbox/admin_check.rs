//! `POST /__admin/check` judges what was recorded, as the subcommand `check` does.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, KEY, Program, run, server};

const LIST: &str = "/api/v1/indexes";
const PATH: &str = "/__admin/check";
const EXPECTATIONS: [&str; 5] =
    ["honour_retry_after", "no_duplicate_writes", "no_needless_retries", "all_rules_struck", "no_litter"];

/// The report for this body.
#[track_caller]
fn report(client: &Client, body: &Value) -> Value {
    let response = client.post(PATH, body);
    assert_eq!(response.status, 200, "{body}: {}", response.text());
    response.json()
}

/// Asserts the result of the only check of a report, and a part of its first detail.
#[track_caller]
fn assert_result(report: &Value, result: &str, detail: &str) {
    let check = &report["checks"][0];
    assert_eq!((&report["result"], &check["result"]), (&json!(result), &json!(result)), "{report}");
    let shown = check["details"][0].as_str().unwrap_or_default();
    assert!(shown.contains(detail), "{detail:?} is not in {report}");
}

#[track_caller]
fn assert_refused(response: &HttpResponse, status: u16, detail: &str) {
    assert_eq!((response.status, response.json()), (status, json!({ "detail": detail })));
}

#[test]
fn each_expectation_is_judged_in_the_order_of_the_subcommand() {
    let server = server(&[("fault", "indexes.list status=429 retry-after=1h first=1")]);
    let client = Client::of(&server);
    client.get(LIST);
    client.get(LIST);
    let mut body = json!({ "tenant": KEY, "no_litter": true, "max_attempts": 1 });
    body.as_object_mut().expect("an object").extend(EXPECTATIONS.map(|name| (name.to_owned(), json!(true))));
    let mut report = report(&client, &body);
    for check in report["checks"].as_array_mut().expect("a list") {
        let detail = check["details"][0].as_str().map(|detail| detail.lines().next().unwrap_or_default().to_owned());
        check["details"] = json!(detail.map_or("", |line| if line.contains(" indexes.list: ") { "list" } else { "?" }));
    }
    let check = |name: &str, result: &str, details: &str| json!({ "name": name, "result": result, "details": details });
    let expected = json!({
        "result": "failed",
        "checks": [
            check("--max-attempts 1", "failed", "list"),
            check("--honour-retry-after", "failed", "list"),
            check("--no-duplicate-writes", "passed", ""),
            check("--no-needless-retries", "passed", ""),
            check("--all-rules-struck", "passed", ""),
            check("--no-litter", "passed", ""),
        ],
        "single_calls": 0,
        "retried_calls": 1,
    });
    assert_eq!(report, expected);
}

#[test]
fn it_is_the_report_of_the_subcommand() {
    let program = Program::start(&["--fault", "indexes.list status=503 nth=2 name=second"], &[]);
    let client = Client::at(program.address);
    client.create("dir-a");
    let asked = report(&client, &json!({ "max_attempts": 3, "all_rules_struck": true, "no_litter": true }));
    let port = program.address.port().to_string();
    let flags = ["--max-attempts", "3", "--all-rules-struck", "--no-litter", "--format", "json"];
    let printed = run(&[&["check", "--port", &port], &flags[..]].concat(), &[]);
    assert_eq!(printed.status.code(), Some(2));
    assert_eq!(serde_json::from_slice::<Value>(&printed.stdout).expect("JSON"), asked);
}

#[test]
fn only_the_named_tenant_is_judged() {
    let server = server(&[]);
    let (client, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    client.get(LIST);
    other.create("dir-a");
    let litter = json!({ "no_litter": true });
    assert_result(&report(&client, &litter), "failed", "index: created and not deleted: ");
    let label = client.journal()[0]["tenant"].clone();
    for tenant in [json!(KEY), label] {
        let mut body = litter.clone();
        body["tenant"] = tenant;
        assert_result(&report(&client, &body), "passed", "");
    }
    let by_query = client.post(&format!("{PATH}?tenant=llx-other"), &litter).json();
    assert_result(&by_query, "failed", "index: created and not deleted: ");
}

#[test]
fn without_records_nothing_passes() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.post("/__admin/reset", &json!({ "tenant": KEY }));
    for name in EXPECTATIONS {
        let reason = if name == "all_rules_struck" { "there are no fault rules" } else { "no request is recorded" };
        for body in [json!({ name: true }), json!({ name: true, "tenant": KEY })] {
            assert_result(&report(&client, &body), "not_judged", &format!("nothing to judge: {reason}"));
        }
    }
    assert_result(&report(&client, &json!({ "max_attempts": 1 })), "not_judged", "no request is recorded");
}

#[test]
fn an_unknown_tenant_is_not_judged_and_not_created() {
    let server = server(&[("api-key", KEY), ("api-key", "llx-other")]);
    let client = Client::of(&server);
    client.get(LIST);
    let label = client.journal()[0]["tenant"].as_str().expect("a label").to_owned();
    let last = if label.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &label[..label.len() - 1]);
    for (tenant, reason) in [
        ("llx-other", "tenant: no request has come with this key"),
        ("llx-wrong", "tenant: this key is not accepted (--api-key)"),
        (&mistyped, &format!("tenant: no tenant has this label; did you mean {label}?")),
    ] {
        assert_result(&report(&client, &json!({ "max_attempts": 3, "tenant": tenant })), "not_judged", reason);
    }
    assert_eq!(client.get("/__admin/state").json()["tenants"].as_array().map(Vec::len), Some(1));
}

#[test]
fn evicted_entries_are_not_judged_unless_the_others_fail() {
    let server = server(&[("journal-entries", "2")]);
    let client = Client::of(&server);
    for retry in [0, 0, 1] {
        client.try_send("GET", LIST, &format!("x-stainless-retry-count: {retry}\r\n"), None);
    }
    let evicted = "1 requests were evicted from the journal; --journal-entries";
    assert_result(&report(&client, &json!({ "max_attempts": 2 })), "not_judged", evicted);
    assert_result(&report(&client, &json!({ "max_attempts": 1 })), "failed", "sent 2 times, at most 1 are allowed");
}

#[test]
fn what_cannot_be_an_expectation_is_refused() {
    let server = server(&[]);
    let client = Client::of(&server);
    let nothing = "body: requires nothing; it takes requirements, such as \"max_attempts\": 3 or \"no_litter\": true";
    let number = "max_attempts: takes a whole number from 1";
    for (body, detail) in [
        (json!({}), nothing),
        (json!({ "tenant": KEY }), nothing),
        (json!({ "no_litter": false, "max_attempts": null }), nothing),
        (json!({ "max_attempts": 0 }), number),
        (json!({ "max_attempts": -1 }), number),
        (json!({ "max_attempts": 1.5 }), number),
        (json!({ "max_attempts": "3" }), number),
        (json!({ "max_attempts": true }), number),
        (json!({ "max_attempts": 4_294_967_296_u64 }), number),
        (json!({ "no_litter": "true" }), "no_litter: takes true or false"),
        (json!({ "all_rules_struck": 1 }), "all_rules_struck: takes true or false"),
        (json!({ "no_litter": true, "tenant": 5 }), "tenant: takes a string"),
        (json!({ "no_litter": true, "tenant": "" }), "tenant: is empty; leave it out to mean all tenants"),
        (json!({ "no_liter": true }), "no_liter: is not a field of POST /__admin/check; did you mean no_litter?"),
        (
            json!({ "max-attempts": 3 }),
            "max-attempts: is not a field of POST /__admin/check; did you mean max_attempts?",
        ),
    ] {
        assert_refused(&client.post(PATH, &body), 422, detail);
    }
    let both = client.post(&format!("{PATH}?tenant={KEY}"), &json!({ "tenant": KEY, "no_litter": true }));
    assert_refused(&both, 422, "tenant: is in the query and in the body");
    assert_refused(&client.get(PATH), 405, "Method Not Allowed");
    let form = client
        .connect()
        .send(client.request_bytes("POST", PATH, "content-type: text/plain\r\ncontent-length: 2\r\n", None))
        .send(b"{}")
        .read_response_to("POST")
        .expect("a response");
    assert_refused(&form, 415, "content-type: /__admin/ takes application/json");
}

#[test]
fn the_token_of_the_admin_api_is_needed() {
    let program = Program::start(&["--admin-token", "secret"], &[]);
    let client = Client::at(program.address);
    client.get(LIST);
    let body = r#"{"max_attempts":3}"#;
    assert_eq!(client.try_send("POST", PATH, "", Some(body)).expect("a response").status, 401);
    let port = program.address.port().to_string();
    let check = ["check", "--port", &port, "--max-attempts", "3"];
    let refused = run(&check, &[]);
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && stderr.contains("/__admin/check: status 401: "), "{stderr}");
    let allowed = run(&[&check[..], &["--admin-token", "secret"]].concat(), &[]);
    assert_eq!(allowed.status.code(), Some(0));
}
