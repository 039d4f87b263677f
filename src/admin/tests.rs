//! Requests to the admin API without a socket: routes, access, refusals, tenants, and the parts of a reset.

use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use super::*;
use crate::clock::Timestamp;
use crate::emulator;

fn head(method: &str, target: &str) -> Head {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    Head { method: method.parse().expect("a method"), path: path.to_owned(), query, headers }
}

/// The status and the body of a response; no body is `null`.
fn shown(response: &Response) -> (u16, Value) {
    let body = response.body.bytes();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
    (response.status.expect("a response").as_u16(), body)
}

fn send(instance: &Instance, method: &str, target: &str, body: &str) -> (u16, Value) {
    shown(&handle(instance, &Reach::All, &Request { head: head(method, target), body: body.to_owned().into() }))
}

fn get_json(instance: &Instance, target: &str) -> Value {
    let (status, body) = send(instance, "GET", target, "");
    assert_eq!(status, 200, "{target}: {body}");
    body
}

#[track_caller]
fn assert_refused(instance: &Instance, (method, target, body): (&str, &str, &str), (status, detail): (u16, &str)) {
    assert_eq!(send(instance, method, target, body), (status, json!({ "detail": detail })), "{method} {target} {body}");
}

#[test]
fn only_paths_of_the_admin_api_are_routed_to_it() {
    let instance = Instance::of_flags(&[]);
    for path in ["/api/v1/indexes", "/__adminx", "/", "/healthy"] {
        assert!(matches!(access(&instance, &head("GET", path)), Access::Elsewhere), "{path}");
    }
    for (method, path) in
        [("GET", "/__admin"), ("GET", "/__admin/"), ("GET", "/__admin/state"), ("PUT", "/__admin/faults/a")]
    {
        assert!(matches!(access(&instance, &head(method, path)), Access::Granted { .. }), "{method} {path}");
    }
    let key = "a".repeat(44);
    for (method, path, status, allow, detail) in [
        ("GET", "/__admin/stat", 404, None, "/__admin/stat: Not Found; did you mean /__admin/state?".to_owned()),
        ("GET", "/__admin/faults/", 404, None, "/__admin/faults/: Not Found; did you mean /__admin/faults?".to_owned()),
        ("GET", &format!("/__admin/llx-{key}"), 404, None, "/__admin/llx-…aaaa: Not Found".to_owned()),
        ("POST", "/__admin/state", 405, Some("GET"), "Method Not Allowed".to_owned()),
        ("PATCH", "/__admin/faults", 405, Some("DELETE, GET, POST"), "Method Not Allowed".to_owned()),
        ("POST", "/health", 405, Some("GET"), "Method Not Allowed".to_owned()),
    ] {
        let Access::Response(response) = access(&instance, &head(method, path)) else { panic!("{method} {path}") };
        assert_eq!(shown(&response), (status, json!({ "detail": detail })), "{method} {path}");
        assert_eq!(response.headers.get(ALLOW).and_then(|value| value.to_str().ok()), allow, "{method} {path}");
    }
}

#[test]
fn health_says_whether_the_server_is_draining() {
    let instance = Instance::of_flags(&[("admin-token", "secret")]);
    let health = |path| {
        let Access::Response(response) = access(&instance, &head("GET", path)) else { panic!("{path}") };
        let (status, body) = shown(&response);
        (status, body["status"].clone())
    };
    assert_eq!(["/health", "/ready"].map(health), [(200, json!("ok")), (200, json!("ok"))]);
    instance.start_draining();
    assert_eq!(["/health", "/ready"].map(health), [(503, json!("draining")), (503, json!("draining"))]);
}

/// The status of a refused access; `None` if it is granted.
fn refusal(instance: &Instance, path: &str, credential: Option<&'static str>) -> Option<u16> {
    let mut head = head("GET", path);
    head.headers.extend(credential.map(|text| (AUTHORIZATION, HeaderValue::from_static(text))));
    match access(instance, &head) {
        Access::Granted { .. } => None,
        Access::Response(response) => response.status.map(|status| status.as_u16()),
        Access::Elsewhere => panic!("{path} is routed elsewhere"),
    }
}

#[test]
fn a_token_is_asked_for_before_anything_is_said_of_a_path() {
    let with_token = Instance::of_flags(&[("admin-token", "secret")]);
    for (credential, expected) in [
        (None, Some(401)),
        (Some("Bearer wrong"), Some(401)),
        (Some("Bearer"), Some(401)),
        (Some("Basic secret"), Some(401)),
        (Some("Bearer secret2"), Some(401)),
        (Some("Bearer secret"), None),
        (Some("bearer  secret "), None),
    ] {
        assert_eq!(refusal(&with_token, "/__admin/state", credential), expected, "{credential:?}");
    }
    assert_eq!(refusal(&with_token, "/__admin/nothing", None), Some(401));
    assert_eq!(refusal(&with_token, "/__admin/nothing", Some("Bearer secret")), Some(404));
    assert_eq!(refusal(&Instance::of_flags(&[("admin", "off")]), "/__admin/state", None), Some(404));
    assert_eq!(refusal(&Instance::of_flags(&[("host", "0.0.0.0")]), "/__admin/state", None), Some(403));
    assert_eq!(refusal(&Instance::of_flags(&[]), "/__admin/state", None), None);
}

#[test]
fn unknown_and_wrong_parameters_and_fields_are_refused_with_the_nearest_word() {
    let instance = Instance::of_flags(&[]);
    let get = |target| ("GET", target, "");
    let reset = |body| ("POST", "/__admin/reset", body);
    for (request, detail) in [
        (
            get("/__admin/state?tennant=a"),
            "tennant: is not a query parameter of GET /__admin/state; did you mean tenant?",
        ),
        (get("/__admin/state?tenant="), "tenant: is empty; leave the parameter out instead"),
        (get("/__admin/journal?limit=1&limit=2"), "limit: is given twice"),
        (get("/__admin/journal?limit=0"), "limit: 0 shows no entry; it is at least 1"),
        (get("/__admin/journal?status=42"), "status: 42 is not a status from 100 to 599, nor a class such as 2xx"),
        (get("/__admin/journal?operation=indexes.lst"), "indexes.lst: is not an operation; did you mean indexes.list?"),
        (reset(r#"{"partz":["state"]}"#), "partz: is not a field of POST /__admin/reset; did you mean parts?"),
        (reset(r#"{"parts":"state"}"#), "parts: takes a list of strings"),
        (reset(r#"{"parts":[]}"#), "parts: is empty; leave it out to reset all parts"),
        (
            reset(r#"{"parts":["stat"]}"#),
            r#"parts: "stat" is not one of state, journal, clock, faults; did you mean state?"#,
        ),
        (reset(r#"{"tenant":5}"#), "tenant: takes a string"),
        (reset(r#"{"tenant":""}"#), "tenant: is empty; leave it out to mean all tenants"),
        (("POST", "/__admin/reset?tenant=a", r#"{"tenant":"a"}"#), "tenant: is in the query and in the body"),
        (("POST", "/__admin/clock/advance", "{}"), "by: is missing"),
    ] {
        assert_refused(&instance, request, (422, detail));
    }
    let twice = send(&instance, "POST", "/__admin/reset", r#"{"parts":["state"],"parts":["clock"]}"#);
    assert!(
        twice.1["detail"].as_str().is_some_and(|detail| detail.contains("the field parts is given twice")),
        "{twice:?}"
    );
    get_json(&instance, "/__admin/journal?when=header:a&when=header:b");
    let mut plain = Request { head: head("POST", "/__admin/reset"), body: "{}".into() };
    plain.head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    assert_eq!(shown(&handle(&instance, &Reach::All, &plain)).0, 415);
    assert!(instance.tenants.all().is_empty(), "a refused request creates no tenant");
}

#[test]
fn a_tenant_is_created_by_a_reset_of_its_key_and_not_by_a_question() {
    let instance = Instance::of_flags(&[("max-tenants", "1")]);
    let unknown = "tenant: no request has come with this key; POST /__admin/reset with it as tenant creates its tenant";
    for target in ["/__admin/state?tenant=llx-a", "/__admin/journal?tenant=llx-a", "/__admin/faults?tenant=llx-a"] {
        assert_refused(&instance, ("GET", target, ""), (404, unknown));
    }
    assert_eq!(
        send(&instance, "POST", "/__admin/reset", r#"{"tenant":"llx-a","parts":["state"]}"#),
        (204, Value::Null)
    );
    let label = instance.tenants.all()[0].label.to_string();
    for name in ["llx-a", &label] {
        assert_eq!(
            get_json(&instance, &format!("/__admin/state?tenant={name}"))["tenants"][0]["tenant"],
            label,
            "{name}"
        );
    }
    let near = format!("{}0", &label[..label.len() - 1]);
    if near != label {
        let detail = format!("tenant: no tenant has this label; did you mean {label}?");
        assert_refused(&instance, ("POST", &format!("/__admin/reset?tenant={near}"), ""), (404, &detail));
    }
    let full = "tenant: this server keeps the state of at most 1 keys (--max-tenants)";
    assert_refused(&instance, ("POST", "/__admin/reset?tenant=llx-b", ""), (403, full));
    assert_eq!(instance.tenants.all().len(), 1);
}

#[test]
fn a_key_that_is_not_accepted_has_no_tenant() {
    let instance = Instance::of_flags(&[("api-key", "llx-a")]);
    let detail = "tenant: this key is not accepted (--api-key)";
    for method in ["GET", "POST"] {
        let target = if method == "GET" { "/__admin/state?tenant=llx-b" } else { "/__admin/reset?tenant=llx-b" };
        assert_refused(&instance, (method, target, ""), (404, detail));
    }
    assert!(create_tenant(&instance, "llx-a").is_ok() && create_tenant(&instance, "llx-b").is_err());
}

/// The numbers of indexes, journal entries and rules of the only tenant, and the time on its clock.
fn parts_of(instance: &Instance) -> (usize, usize, usize, Value) {
    let count = |value: &Value| value.as_array().expect("a list").len();
    let tenant = &get_json(instance, "/__admin/state?tenant=llx-a")["tenants"][0];
    let entries = count(&get_json(instance, "/__admin/journal?tenant=llx-a")["entries"]);
    let rules = count(&get_json(instance, "/__admin/faults?tenant=llx-a")["faults"]);
    (count(&tenant["indexes"]), entries, rules, tenant["clock"]["now"].clone())
}

#[test]
fn a_reset_changes_the_parts_that_it_names() {
    let (start, later) = (json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:00:05Z"));
    for (parts, expected) in [
        (r#"["state"]"#, (0, 1, 1, &later)),
        (r#"["journal"]"#, (1, 0, 1, &later)),
        (r#"["faults"]"#, (1, 1, 0, &later)),
        (r#"["clock"]"#, (1, 1, 1, &start)),
        (r#"["state","clock"]"#, (0, 1, 1, &start)),
        ("null", (0, 0, 0, &start)),
    ] {
        let instance = Instance::of_flags(&[("clock", "manual"), ("start-time", "2026-01-01T00:00:00Z")]);
        let mut create =
            Request { head: head("POST", "/api/v1/indexes"), body: r#"{"source_directory_id":"d"}"#.into() };
        create.head.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer llx-a"));
        assert_eq!(shown(&emulator::respond(&instance, &create)).0, 201);
        let rule = r#"{"tenant":"llx-a","rule":"indexes.get status=503"}"#;
        assert_eq!(send(&instance, "POST", "/__admin/faults", rule).0, 201);
        assert_eq!(send(&instance, "POST", "/__admin/clock/advance", r#"{"tenant":"llx-a","by":"5s"}"#).0, 200);
        assert_eq!(parts_of(&instance), (1, 1, 1, later.clone()));
        let body = format!(r#"{{"tenant":"llx-a","parts":{parts}}}"#);
        assert_eq!(send(&instance, "POST", "/__admin/reset", &body), (204, Value::Null), "{parts}");
        let (indexes, entries, rules, now) = expected;
        assert_eq!(parts_of(&instance), (indexes, entries, rules, now.clone()), "{parts}");
    }
}

/// Sends a request for an operation with a key; the status of the response.
fn call(instance: &Instance, key: &str, method: &str, target: &str, body: &str) -> u16 {
    let mut head = head(method, target);
    head.headers.insert(AUTHORIZATION, format!("Bearer {key}").parse().expect("a header value"));
    emulator::respond(instance, &Request { head, body: body.to_owned().into() }).code().expect("a response")
}

#[test]
fn no_verdict_takes_what_an_evicted_tenant_had_for_nothing() {
    let instance = Instance::of_flags(&[("max-tenants", "1"), ("fault", "indexes.get status=503 name=rule")]);
    let create = r#"{"source_directory_id":"dir-a"}"#;
    assert_eq!(call(&instance, "llx-a", "POST", "/api/v1/indexes", create), 201);
    assert_eq!(call(&instance, "llx-a", "GET", "/api/v1/indexes/idx-a", ""), 503);
    instance.tenants.find("llx-a").expect("it is there").note_use(Timestamp::default());
    assert_eq!(call(&instance, "llx-b", "GET", "/api/v1/indexes", ""), 200);

    let evicted = "tenant: was evicted (--max-tenants)";
    for path in ["state", "journal", "retries", "litter", "clock", "faults"] {
        assert_refused(&instance, ("GET", &format!("/__admin/{path}?tenant=llx-a"), ""), (404, evicted));
    }
    assert_eq!(get_json(&instance, "/__admin/journal")["dropped"], 2);
    assert_eq!(get_json(&instance, "/__admin/retries")["dropped"], 2);
    let verify = |fields: &str| send(&instance, "POST", "/__admin/verify", &format!("{{{fields}}}")).0;
    assert_eq!(verify(r#""expect":"indexes.create count=0""#), 412);
    assert_eq!(verify(r#""expect":"state indexes count=0""#), 412);
    assert_eq!(verify(r#""expect":"indexes.list count=0","tenant":"llx-a""#), 412);
    let result = |fields: &str| send(&instance, "POST", "/__admin/check", &format!("{{{fields}}}")).1["result"].clone();
    for check in [
        r#""max_attempts":1"#,
        r#""no_litter":true"#,
        r#""all_rules_struck":true"#,
        r#""no_unexpected":true"#,
        r#""expect":["state indexes count=0"]"#,
        r#""no_litter":true,"tenant":"llx-a""#,
    ] {
        assert_eq!(result(check), "not_judged", "{check}");
    }
    assert_eq!(result(r#""no_litter":true,"tenant":"llx-b""#), "passed", "nothing of this one is lost");

    // Made anew, it still lacks what it had, until a reset makes that irrelevant.
    assert_eq!(send(&instance, "DELETE", "/__admin/tenants?tenant=llx-b", "").0, 204);
    assert_eq!(call(&instance, "llx-a", "GET", "/api/v1/indexes", ""), 200);
    let litter = r#""no_litter":true,"tenant":"llx-a""#;
    assert_eq!(result(litter), "not_judged");
    assert_eq!(verify(r#""expect":"state indexes count=0","tenant":"llx-a""#), 412);
    assert_eq!(send(&instance, "POST", "/__admin/reset", r#"{"tenant":"llx-a"}"#).0, 204);
    assert_eq!(call(&instance, "llx-a", "GET", "/api/v1/indexes", ""), 200);
    assert_eq!(result(litter), "passed");
}
