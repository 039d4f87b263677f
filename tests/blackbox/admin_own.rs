//! `--admin own`: an API key reaches its own tenant through every route of the admin API, and nothing else.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::{AdminRoute, Client, HttpResponse, Program, RawConnection, manual_clock_server, run, server};

const OWN: &str = "llx-own";
const OTHER: &str = "llx-other";
const TOKEN: &str = "token-of-admin";

/// What no response to the own key may contain, beside the label of the other one: it is in everything of the other.
const MARK: &str = "other";

/// The response to a request with these header lines. Of a stream it has the head alone.
fn ask(address: SocketAddr, credential: &str, method: &str, (target, body): &(String, Value)) -> HttpResponse {
    let body = if *body == json!({}) { String::new() } else { body.to_string() };
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\n{credential}content-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = RawConnection::connect(address);
    connection.send(request);
    let is_stream = target.contains("/stream");
    let response = if is_stream { connection.read_head() } else { connection.read_response_to(method) };
    response.unwrap_or_else(|| panic!("no response to {method} {target}"))
}

fn bearer(key: &str) -> String {
    format!("authorization: Bearer {key}\r\n")
}

/// Two tenants with resources, requests, rules and names, and one that sees everything.
fn fill(admin: &Client) {
    for (key, name) in [(OWN, "own"), (OTHER, "other")] {
        let client = admin.with_key(key);
        assert_eq!(client.post("/__admin/tenants", &json!({ "key": key, "name": format!("test-{name}") })).status, 200);
        client.create(&format!("dir-of-{name}"));
        client.add_rule(&format!("indexes.get status=404 name=rule-of-{name}"));
        assert_eq!(client.get("/api/v1/indexes/idx").status, 404);
    }
    let started = admin.with_key(OTHER).post("/__admin/scenarios/rate-limited", &json!({ "tenant": OTHER }));
    assert_eq!(started.status, 201, "{}", started.text());
}

/// Everything of the other tenant.
fn everything_of_other(admin: &Client) -> Vec<Value> {
    let paths = ["state", "journal", "faults", "clock", "tenants", "litter", "retries"];
    paths.map(|path| admin.get(&format!("/__admin/{path}?tenant={OTHER}")).json()).to_vec()
}

fn label_of(admin: &Client, key: &str) -> String {
    let tenants = admin.get(&format!("/__admin/tenants?tenant={key}")).json();
    tenants["tenants"][0]["tenant"].as_str().expect("a label").to_owned()
}

const SETTINGS: &[(&str, &str)] = &[
    ("admin", "own"),
    ("admin-token", TOKEN),
    ("fault", "indexes.get status=503 nth=99 name=rule-of-all"),
    ("fault", "indexes.delete status=418 key=llx-other name=key-of-other"),
];

#[test]
fn no_route_lets_a_key_reach_anything_but_its_own_tenant() {
    let server = manual_clock_server(SETTINGS);
    let admin = Client::of(&server).with_key(TOKEN);
    fill(&admin);
    let before = everything_of_other(&admin);
    let (address, own) = (server.address(), bearer(OWN));
    let labels = [OWN, OTHER].map(|key| label_of(&admin, key));
    for route in AdminRoute::all(&admin) {
        let status =
            |credential: &str, request: &(String, Value)| ask(address, credential, &route.method, request).status;
        let (name, unnamed) = (route.name(), (route.target(), route.body()));
        // Without a key, with a label, a cookie, another scheme.
        let cookie = format!("cookie: session={OWN}\r\n");
        for credential in ["", &bearer(&labels[0]), &cookie, "authorization: Basic llx-own\r\n"] {
            for request in route.requests_about(OWN).iter().chain([&unnamed]) {
                assert_eq!(status(credential, request), 401, "{name} {request:?} {credential}");
            }
        }
        // About another tenant, also beside the own one.
        for tenant in [OTHER, &labels[1], "llx-nobody", "t-000000000000"] {
            for (target, body) in route.requests_about(tenant) {
                assert_eq!(status(&own, &(target.clone(), body.clone())), 403, "{name} {target} {body}");
                let both = if target.contains('?') { format!("{target}&") } else { format!("{target}?") };
                assert_eq!(status(&own, &(format!("{both}tenant={OWN}"), body)), 403, "{name} {both}");
            }
        }
        // About none.
        let response = ask(address, &own, &route.method, &unnamed);
        let text = response.text();
        match &*route.scope {
            "program" => assert_eq!(response.status, 200, "{name}"),
            "reads" if route.path.contains("{id}") => assert_eq!(response.status, 404, "{name}"),
            "reads" => assert_eq!(response.status, 200, "{name}: {text}"),
            "changes" | "server" => assert_eq!(response.status, 403, "{name}: {text}"),
            scope => panic!("{name} has the unknown scope {scope}"),
        }
        let is_about_no_tenant = route.scope == "program";
        assert!(is_about_no_tenant || !text.contains(MARK) && !text.contains(&labels[1]), "{name}: {text}");
    }
    assert_eq!(everything_of_other(&admin), before);
}

#[test]
fn a_key_reads_and_changes_its_own_tenant_through_every_route_that_is_about_tenants() {
    let server = manual_clock_server(SETTINGS);
    let admin = Client::of(&server).with_key(TOKEN);
    let own = bearer(OWN);
    let mut changed = 0;
    let is_about_tenants =
        |route: &&AdminRoute| ["reads", "changes"].contains(&&*route.scope) && !route.path.contains("{id}");
    for route in AdminRoute::all(&admin).iter().filter(is_about_tenants) {
        let count = route.requests_about(OWN).len();
        assert!(count > 0, "{} takes no tenant", route.name());
        for position in 0..count {
            // Each has what it is about: a forgotten tenant is there again, and no rule from before.
            assert_eq!(admin.with_key(OWN).post("/__admin/reset", &json!({ "tenant": OWN })).status, 204);
            admin.with_key(OWN).create("dir-of-own");
            if route.method == "DELETE" && route.path.contains("/scenarios/") {
                let started = admin.with_key(OWN).post(&route.target(), &json!({ "tenant": OWN }));
                assert_eq!(started.status, 201, "{}", started.text());
            }
            let request = &route.requests_about(OWN)[position];
            let response = ask(server.address(), &own, &route.method, request);
            // The litter is found: its check has failed, with 200 as well.
            assert!((200..=204).contains(&response.status), "{} {request:?}: {}", route.name(), response.text());
            changed += usize::from(route.scope == "changes");
        }
    }
    assert!(changed > 10, "{changed}");
}

#[test]
fn a_read_without_a_tenant_is_about_the_own_one_and_the_token_reaches_all() {
    let server = manual_clock_server(SETTINGS);
    let admin = Client::of(&server).with_key(TOKEN);
    fill(&admin);
    let own = admin.with_key(OWN);
    for path in ["state", "journal", "faults", "clock", "tenants", "litter", "retries", "scenarios", "journal.har"] {
        let shown = own.get(&format!("/__admin/{path}")).json();
        assert_eq!(shown, admin.get(&format!("/__admin/{path}?tenant={OWN}")).json(), "{path}");
    }
    assert_eq!(own.get("/__admin/journal?limit=1").json()["entries"][0]["operation"], "indexes.get");
    let names = |client: &Client, path: &str, list: &str| {
        let shown = client.get(path).json();
        let names = shown[list].as_array().expect("a list").iter().map(|item| item["name"].to_string());
        names.collect::<Vec<_>>().join(" ").replace('"', "")
    };
    assert_eq!(names(&own, "/__admin/faults", "faults"), "rule-of-all rule-of-own");
    assert_eq!(names(&own, "/__admin/tenants", "tenants"), "test-own");
    let all = names(&admin, "/__admin/faults", "faults");
    assert!(all.starts_with("rule-of-all key-of-other rule-of-own rule-of-other"), "{all}");
    for path in ["state", "metrics", "config", "drift"] {
        assert_eq!(admin.get(&format!("/__admin/{path}")).status, 200, "{path}");
    }
    assert_eq!(admin.post("/__admin/reset", &json!({})).status, 204);
}

#[test]
fn a_hint_names_no_rule_of_another_tenant() {
    let server = manual_clock_server(SETTINGS);
    let admin = Client::of(&server).with_key(TOKEN);
    fill(&admin);
    let own = admin.with_key(OWN);
    for (path, body) in [
        ("/__admin/verify", json!({ "expect": "indexes.get fault=rule-of-othe" })),
        ("/__admin/check", json!({ "expect": ["indexes.get fault=rule-of-othe"] })),
        ("/__admin/check", json!({ "expect": ["indexes.get fault=rule-of-other"] })),
    ] {
        let refused = own.post(path, &body);
        assert_eq!(refused.status, 422, "{path}: {}", refused.text());
        assert!(!refused.text().contains("did you mean rule-of-other?"), "{}", refused.text());
    }
    let known = own.post("/__admin/verify", &json!({ "expect": "indexes.get fault=rule-of-own" }));
    assert_eq!(known.status, 200, "{}", known.text());
    let all = own.post("/__admin/check", &json!({ "all_rules_struck": true })).text();
    assert!(all.contains("rule-of-all: never struck") && !all.contains(MARK), "{all}");
}

#[test]
fn a_stream_of_the_journal_has_the_own_requests_only() {
    let server = manual_clock_server(SETTINGS);
    let own = Client::of(&server).with_key(OWN);
    own.create("dir-of-own");
    let mut stream = own.connect();
    stream.send(own.request_bytes("GET", "/__admin/journal/stream", "", None));
    assert_eq!(stream.read_head().map(|head| head.status), Some(200));
    own.with_key(OTHER).create("dir-of-other");
    assert_eq!(own.get("/api/v1/indexes?page_size=1").status, 200);
    let event = String::from_utf8(stream.read_chunk().expect("an event")).expect("UTF-8");
    assert!(event.contains("/api/v1/indexes?page_size=1") && !event.contains(MARK), "{event}");
}

#[test]
fn a_key_that_is_not_accepted_is_none_and_a_read_creates_no_tenant() {
    let server = server(&[("admin", "own"), ("admin-token", TOKEN), ("api-key", OWN)]);
    let admin = Client::of(&server).with_key(TOKEN);
    let [own, other] = [OWN, OTHER].map(|key| admin.with_key(key));
    for path in ["/__admin/", "/__admin/state", "/__admin/nothing"] {
        assert_eq!(other.get(path).status, 401, "{path}");
    }
    let unknown = own.get("/__admin/state");
    assert!(
        unknown.status == 404 && unknown.text().contains("no request has come with this key"),
        "{}",
        unknown.text()
    );
    assert_eq!(own.post("/__admin/check", &json!({ "no_litter": true })).json()["result"], "not_judged");
    assert_eq!(own.get("/__admin/nothing").status, 404);
    assert_eq!(admin.get("/__admin/tenants").json(), json!({ "tenants": [] }));
    assert_eq!(own.post("/__admin/reset", &json!({ "tenant": OWN })).status, 204);
    assert_eq!(own.get("/__admin/state").status, 200);
}

#[test]
fn a_key_reaches_its_tenant_beyond_loopback_without_an_admin_token() {
    let program = Program::start(&["--host", "0.0.0.0", "--admin", "own", "--log-level", "off"], &[]);
    let own = Client::at(program.address).with_key(OWN);
    own.create("dir-of-own");
    assert_eq!(own.get("/__admin/litter").json()["litter"].as_array().map(Vec::len), Some(1));
    assert_eq!(ask(program.address, "", "GET", &("/__admin/litter".to_owned(), json!({}))).status, 401);
    let port = program.address.port().to_string();
    let check = |key: &str| run(&["check", "--port", &port, "--admin-token", key, "--no-litter"], &[]);
    let (failed, unknown) = (check(OWN), check(OTHER));
    let text = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert!(failed.status.code() == Some(2) && text.contains("created and not deleted"), "{text}");
    assert_eq!(unknown.status.code(), Some(2));
    let (code, stderr) = program.terminate();
    assert_eq!((code, stderr.contains("--admin")), (Some(0), false), "{stderr}");
}

#[test]
fn a_key_sees_the_chunks_of_its_own_files_alone() {
    let server = manual_clock_server(SETTINGS);
    let admin = Client::of(&server).with_key(TOKEN);
    let path = |key: &str| {
        let client = admin.with_key(key);
        let file = client.upload(&client.directory("texts"), "a.txt", format!("text of {key}"));
        format!("/__admin/state/files/{}/chunks", file["id"].as_str().expect("an id"))
    };
    let (own, other) = (path(OWN), path(OTHER));
    let key = admin.with_key(OWN);
    assert_eq!(key.get(&own).json()["chunks"][0]["text"], "text of llx-own");
    assert_eq!(key.get(&other).status, 404);
    assert_eq!(key.get(&format!("{other}?tenant={OTHER}")).status, 403);
    assert_eq!(admin.get(&other).json()["chunks"][0]["text"], "text of llx-other");
}
