//! The log says of each change through the admin API what was changed, of which tenant, and from which address.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::{AdminRoute, Client, Program};

const TENANT: &str = "llx-audited-key";
const TOKEN: &str = "token-of-admin";

/// Sends a request; the address from which it came.
#[track_caller]
fn send(admin: &Client, method: &str, target: &str, body: &Value) -> SocketAddr {
    let mut connection = admin.connect();
    let response = connection.send(admin.request_bytes(method, target, "", Some(&body.to_string()))).read_response();
    let response = response.expect("a response");
    assert!((200..=204).contains(&response.status), "{method} {target} {body}: {}", response.text());
    connection.stream().local_addr().expect("a connected socket")
}

/// The lines of the log in JSON that have a peer.
fn lines_with_peer(program: Program) -> Vec<Value> {
    let (_, stderr) = program.terminate();
    assert!(!stderr.contains(TENANT) && !stderr.contains(TOKEN), "{stderr}");
    let lines = stderr.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
    lines.filter(|line| line.get("peer").is_some()).collect()
}

#[test]
fn every_route_that_changes_something_logs_it() {
    let program = Program::start(&["--admin-token", TOKEN, "--log-format", "json"], &[]);
    let admin = Client::at(program.address).with_key(TOKEN);
    let mut expected = Vec::new();
    let mut change = |method: &str, (target, body): &(String, Value), tenant: &str| {
        let peer = send(&admin, method, target, body);
        let path = target.replace(TENANT, "…");
        expected.push(json!([tenant, method, path, peer]));
    };
    let new_tenant = ("/__admin/reset".to_owned(), json!({ "tenant": TENANT }));
    change("POST", &new_tenant, "tenant");
    let label = admin.get("/__admin/tenants").json()["tenants"][0]["tenant"].as_str().expect("a label").to_owned();
    for route in AdminRoute::all(&admin) {
        match (&*route.scope, &*route.method) {
            ("changes", method) => {
                for request in route.requests_about(TENANT) {
                    change("POST", &new_tenant, "tenant");
                    if route.name() == "DELETE /__admin/scenarios/{name}" {
                        change("POST", &(route.target(), json!({ "tenant": TENANT })), "tenant");
                    }
                    if ["DELETE", "PATCH"].contains(&method) && route.path.ends_with("/faults/{name}") {
                        let rule = json!({ "rule": "indexes.get status=503", "tenant": TENANT });
                        change("PUT", &(route.target(), rule), "tenant");
                    }
                    change(method, &request, "tenant");
                }
            }
            ("server", method) if method != "GET" && !route.path.ends_with("/listener") => {
                change(method, &(route.target(), route.body()), "all");
            }
            _ => {}
        }
    }
    change("POST", &("/__admin/reset".to_owned(), json!({ "parts": ["journal", "clock"] })), "all");
    change("POST", &("/__admin/listener".to_owned(), json!({ "refuse": "1ms" })), "all");
    let lines = lines_with_peer(program);
    let shown: Vec<Value> =
        lines.iter().map(|line| json!([line["tenant"], line["method"], line["path"], line["peer"]])).collect();
    let expected: Vec<Value> =
        serde_json::from_str(&Value::from(expected).to_string().replace("\"tenant\"", &format!("\"{label}\"")))
            .expect("JSON");
    assert_eq!(shown, expected);
    assert!(shown.len() > 20, "{shown:?}");
}

#[test]
fn a_line_says_what_was_given_without_credentials() {
    let program = Program::start(&["--admin-token", TOKEN, "--log-format", "json"], &[]);
    let admin = Client::at(program.address).with_key(TOKEN);
    let mut expected = Vec::new();
    let long = "x".repeat(300);
    for (method, path, body, given) in [
        ("POST", "tenants", json!({ "key": TENANT, "name": "test \"a\"" }), "name=test \"a\""),
        ("POST", "reset", json!({ "tenant": TENANT, "parts": ["state", "journal"] }), "parts=state,journal"),
        ("POST", "clock/advance", json!({ "by": "5s" }), "by=5s"),
        (
            "POST",
            "faults",
            json!({ "rule": format!("indexes.get status=503 key={TENANT} when=header:x-a name=a") }),
            "indexes.get status=503 key=t-11aa7497a61b when=header:x-a name=a",
        ),
        ("PUT", "faults/b", json!({ "operation": "reads", "status": 500, "tenant": TENANT }), "reads status=500"),
        ("DELETE", "faults/b?tenant=llx-audited-key", json!({}), ""),
        ("POST", "tenants", json!({ "key": TENANT, "name": long[..256] }), &format!("name={}…", &long[..194])),
    ] {
        send(&admin, method, &format!("/__admin/{path}"), &body);
        expected.push(given.to_owned());
    }
    let lines = lines_with_peer(program);
    let shown: Vec<_> = lines.iter().map(|line| line["change"].as_str().unwrap_or("none").to_owned()).collect();
    assert_eq!(shown, expected);
    let names: Vec<_> = lines.iter().map(|line| line["tenant_name"].as_str().unwrap_or("-")).collect();
    assert_eq!(names[..3], ["-", "test \"a\"", "-"]);
}

#[test]
fn what_is_refused_or_only_read_is_no_change_and_a_refusal_has_its_address() {
    let program = Program::start(&["--admin-token", TOKEN, "--log-format", "json"], &[]);
    let admin = Client::at(program.address).with_key(TOKEN);
    assert_eq!(admin.get("/__admin/state").status, 200);
    assert_eq!(admin.post("/__admin/check", &json!({ "no_litter": true })).status, 200);
    assert_eq!(admin.post("/__admin/reset", &json!({ "parts": ["stat"] })).status, 422);
    assert_eq!(admin.with_key("wrong").post("/__admin/reset", &json!({})).status, 401);
    let lines = lines_with_peer(program);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["status"], lines[0].get("change")), (&json!(401), None));
}

#[test]
fn a_text_line_has_tenant_change_and_address() {
    let program = Program::start(&["--log-format", "text"], &[]);
    let admin = Client::at(program.address);
    let peer = send(&admin, "POST", "/__admin/reset", &json!({ "parts": ["faults"] }));
    let (_, stderr) = program.terminate();
    let expected = format!(" 204 all admin POST /__admin/reset change=\"parts=faults\" peer={peer} ");
    assert!(stderr.contains(&expected), "{stderr}");
}
