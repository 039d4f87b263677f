//! Every limit, reached and exceeded: the error names the flag, and the server keeps working. Most tests use small
//! limits; one compares the defaults that `--help` names with those in effect.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Client, Program, RawConnection, run, server, wait_until};

fn is_open(connection: &mut RawConnection) -> bool {
    connection.send("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").read_response().is_some()
}

fn detail(response: &crate::support::HttpResponse) -> String {
    response.json()["detail"].as_str().expect("a sentence").to_owned()
}

/// The limits in `--help`, each with its default.
fn limits_in_help() -> Vec<(String, String)> {
    let help = String::from_utf8(run(&["--help"], &[]).stdout).expect("UTF-8");
    let (_, limits) = help.split_once("\nLimits:\n").expect("a section of limits");
    let limits = limits.split("\n\n").next().unwrap_or_default();
    // A long text is wrapped, between the word and the value of a default too.
    let words = limits.split_whitespace().collect::<Vec<_>>().join(" ");
    let limit = |text: &str| {
        let name = text.split(' ').next().unwrap_or_default();
        let default = text.split("[default: ").nth(1).and_then(|rest| rest.split(']').next());
        (name.to_owned(), default.unwrap_or_else(|| panic!("no default: {text}")).to_owned())
    };
    words.split("--").skip(1).map(limit).collect()
}

#[test]
fn every_limit_has_a_default_that_holds_without_a_setting() {
    let server = server(&[]);
    assert!(server.address().ip().is_loopback(), "other machines cannot connect");
    let config = Client::of(&server).get("/__admin/config").json();
    let settings = config["settings"].as_array().expect("a list");
    let limits = limits_in_help();
    assert!(limits.len() >= 11, "{limits:?}");
    for (name, default) in limits {
        let setting = settings.iter().find(|setting| setting["name"] == name).expect("every setting is shown");
        assert_eq!((&setting["value"], &setting["source"]), (&json!(default), &json!("default")), "{name}");
    }
}

#[test]
fn connections_over_the_limit_are_closed_and_others_stay_open() {
    let server = server(&[("max-connections", "20")]);
    let client = Client::of(&server);
    let mut held: Vec<RawConnection> = (0..20).map(|_| client.connect()).collect();
    assert!(held.iter_mut().all(is_open));
    for _ in 0..100 {
        assert!(!is_open(&mut client.connect()), "over the limit");
    }
    assert!(held.iter_mut().all(is_open), "open connections are served");
    drop(held.pop());
    wait_until("a connection is accepted again", || is_open(&mut client.connect()));
}

#[test]
fn a_server_out_of_descriptors_closes_connections_and_recovers() {
    let program = Program::start(&[], &[]);
    let limited = Command::new("prlimit").args([&format!("--pid={}", program.id()), "--nofile=40:40"]).status();
    assert!(limited.expect("prlimit runs").success());
    let mut connections: Vec<RawConnection> = (0..100).map(|_| RawConnection::connect(program.address)).collect();
    let served = connections.iter_mut().map(is_open).collect::<Vec<_>>();
    let served = served.iter().filter(|is_served| **is_served).count();
    assert!((1..40).contains(&served), "{served} were served, the others closed");
    drop(connections);
    let client = Client::at(program.address);
    wait_until("descriptors are available again", || is_open(&mut client.connect()));
    client.create("dir-a");
    assert_eq!(program.terminate().0, Some(0));
}

#[test]
fn a_body_at_its_limit_is_accepted_and_one_byte_more_is_rejected() {
    let server = server(&[("max-body-bytes", "1000")]);
    let client = Client::of(&server);
    let body = |length: usize| format!("{{\"source_directory_id\":\"dir-a\"{}}}", " ".repeat(length - 31));
    for (length, status) in [(999, 201), (1000, 201), (1001, 413), (1_000_000, 413)] {
        let (body, chunk) = (body(length), format!("{length:x}\r\n"));
        assert_eq!(body.len(), length);
        let plain = client.try_send("POST", "/api/v1/indexes", "", Some(&body)).expect("a response");
        let headers = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
        let mut chunked = client.request_bytes("POST", "/api/v1/indexes", headers, None);
        chunked.extend_from_slice(format!("{chunk}{body}\r\n0\r\n\r\n").as_bytes());
        let chunked = client.connect().send(chunked).read_response().expect("a response");
        for response in [plain, chunked] {
            assert_eq!(response.status, status, "{length} bytes");
            if status == 413 {
                assert!(detail(&response).contains("--max-body-bytes"), "{}", response.text());
                assert_eq!(response.header("connection"), Some("close"));
            }
        }
    }
}

#[test]
fn a_large_body_without_a_key_is_rejected_by_its_length() {
    let server = server(&[("max-body-bytes", "1000")]);
    let head = "POST /api/v1/indexes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1001\r\n\r\n";
    let response = Client::of(&server).connect().send(head).read_response().expect("a response before the body");
    assert_eq!(response.status, 413);
    let journal = Client::of(&server).get("/__admin/journal").json();
    assert_eq!(journal["entries"][0]["status"], 413, "a rejected request is journaled too");
}

#[test]
fn keys_over_the_limit_get_no_tenant() {
    let server = server(&[("max-tenants", "5")]);
    let client = Client::of(&server);
    for number in 0..50 {
        let response = client.with_key(&format!("key-{number}")).get("/api/v1/indexes");
        assert_eq!(response.status, if number < 5 { 200 } else { 403 }, "key {number}");
        if number >= 5 {
            assert!(detail(&response).contains("--max-tenants"), "{}", response.text());
        }
    }
    assert_eq!(client.with_key("key-0").get("/api/v1/indexes").status, 200);
    assert_eq!(client.get("/__admin/state").json()["tenants"].as_array().map(Vec::len), Some(5));
}

#[test]
fn rejected_keys_create_no_tenant() {
    let server = server(&[("api-key", "good")]);
    let client = Client::of(&server);
    for number in 0..50 {
        assert_eq!(client.with_key(&format!("bad-{number}")).get("/api/v1/indexes").status, 401);
    }
    assert_eq!(client.get("/__admin/state").json()["tenants"], json!([]));
}

#[test]
fn items_over_the_limit_are_rejected_until_one_is_deleted() {
    let server = server(&[("max-items", "10")]);
    let client = Client::of(&server);
    let made: Vec<Value> = (0..10).map(|_| client.create("dir-a")).collect();
    let body = json!({ "source_directory_id": "dir-a" });
    for _ in 0..20 {
        let response = client.post("/api/v1/indexes", &body);
        assert_eq!(response.status, 403);
        assert!(detail(&response).contains("--max-items"), "{}", response.text());
    }
    assert_eq!(client.get("/api/v1/indexes?page_size=100").json()["items"].as_array().map(Vec::len), Some(10));
    let id = made[0]["id"].as_str().expect("an id");
    assert_eq!(client.delete(&format!("/api/v1/indexes/{id}")).status, 204);
    assert_eq!(client.post("/api/v1/indexes", &body).status, 201);
}

#[test]
fn implicitly_created_directories_are_limited_too() {
    let server = server(&[("max-items", "10")]);
    let client = Client::of(&server);
    for number in 0..30 {
        let response = client.post("/api/v1/indexes", &json!({ "source_directory_id": format!("dir-{number}") }));
        assert_eq!(response.status, if number < 10 { 201 } else { 403 }, "directory {number}");
    }
}

#[test]
fn projects_over_the_limit_are_rejected() {
    let server = server(&[]);
    let client = Client::of(&server);
    let mut connection = client.connect();
    let mut create = |number: usize| {
        let path = format!("/api/v1/indexes?project_id=00000000-0000-4000-8000-{number:012}");
        let body = json!({ "source_directory_id": format!("dir-{number}") }).to_string();
        connection
            .send(client.request_bytes("POST", &path, "", Some(&body)))
            .read_response()
            .expect("a response")
            .status
    };
    assert!((1..10_000).all(|number| create(number) == 201));
    assert_eq!([create(10_000), create(10_001)], [403, 403]);
    assert_eq!(create(1), 201, "an existing project still works");
}

#[test]
fn state_over_the_limit_of_all_tenants_is_rejected() {
    let server = server(&[("max-state-bytes", "64KiB")]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-a", "description": "x".repeat(4000) });
    let statuses: Vec<u16> = (0..40)
        .map(|number| client.with_key(&format!("key-{}", number % 4)).post("/api/v1/indexes", &body).status)
        .collect();
    let made = statuses.iter().filter(|status| **status == 201).count();
    assert!((4..16).contains(&made), "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 403].contains(status)), "{statuses:?}");
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!(client.post("/api/v1/indexes", &body).status, 201, "a reset frees the space");
}

#[test]
fn journals_keep_the_newest_entries_and_count_dropped_ones() {
    let server = server(&[("journal-entries", "10")]);
    let client = Client::of(&server);
    (0..100).for_each(|_| assert_eq!(client.get("/api/v1/indexes").status, 200));
    let journal = client.get("/__admin/journal").json();
    let seqs: Vec<u64> = client.journal().iter().map(|entry| entry["seq"].as_u64().expect("a number")).collect();
    assert_eq!((seqs, &journal["dropped"]), ((91..=100).collect(), &json!(90)));
}

#[test]
fn requests_without_a_tenant_are_journaled_within_the_same_limits() {
    let server = server(&[("journal-entries", "10")]);
    let client = Client::of(&server);
    for path in ["/nowhere", "/api/v1/indexes"] {
        for _ in 0..30 {
            client
                .connect()
                .send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"))
                .read_response()
                .expect("a response");
        }
    }
    let journal = client.get("/__admin/journal").json();
    assert_eq!((journal["entries"].as_array().map(Vec::len), &journal["dropped"]), (Some(10), &json!(50)));
}

#[test]
fn journals_are_limited_in_bytes_and_keep_4_kib_of_a_body() {
    let server = server(&[("journal-bytes", "64KiB")]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-a", "description": "x".repeat(10_000) });
    (0..50).for_each(|_| assert_eq!(client.post("/api/v1/indexes", &body).status, 201));
    let response = client.get("/__admin/journal");
    let kept = response.json()["entries"].as_array().map_or(0, Vec::len);
    assert!((1..50).contains(&kept) && response.body.len() < 73_000, "{kept} entries, {} bytes", response.body.len());
    assert_eq!(response.json()["dropped"], json!(50 - kept));
    let body = response.json()["entries"][0]["request_body"].as_str().expect("a truncated text").to_owned();
    assert!(body.len() < 4200 && body.ends_with(" bytes)"), "{} bytes", body.len());
}

/// Each of 100 keys sends some requests and then no more, like the keys of tests.
#[test]
fn entries_of_inactive_keys_are_evicted_for_others() {
    let server = server(&[("journal-bytes", "256KiB")]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-a", "description": "x".repeat(1000) });
    for number in 0..100 {
        let client = client.with_key(&format!("key-{number}"));
        (0..20).for_each(|_| assert_eq!(client.post("/api/v1/indexes", &body).status, 201));
        assert!(!client.journal().is_empty(), "the newest entry is always kept");
    }
    let response = client.get("/__admin/journal");
    let kept = response.json()["entries"].as_array().map_or(0, Vec::len);
    assert!(response.body.len() < 300_000, "{} bytes", response.body.len());
    assert_eq!(response.json()["dropped"], json!(2000 - kept));
}

#[test]
fn rules_over_the_limit_are_rejected() {
    let server = server(&[]);
    let client = Client::of(&server);
    let mut connection = client.connect();
    let rule = json!({ "rule": "indexes.get status=500 times=1" }).to_string();
    let add_rule = client.request_bytes("POST", "/__admin/faults", "", Some(&rule));
    let mut add = || connection.send(&add_rule).read_response().expect("a response").status;
    assert!((0..1000).all(|_| add() == 201));
    assert_eq!([add(), add()], [422, 422]);
    assert_eq!(client.get("/api/v1/indexes").status, 200);
}

#[test]
fn deeply_nested_json_is_rejected() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [129, 1000, 100_000] {
            let body = format!("{{\"source_directory_id\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            for path in ["/api/v1/indexes", "/__admin/reset"] {
                let response = client.try_send("POST", path, "", Some(&body)).expect("a response");
                assert!([400, 422].contains(&response.status), "{path} {depth}: {}", response.status);
            }
        }
    }
    assert_eq!(client.get("/__admin/state").json()["panics"], 0);
}

#[test]
fn a_clock_cannot_be_moved_past_its_end() {
    let server = server(&[("clock", "manual")]);
    let client = Client::of(&server);
    client.create("dir-a");
    for by in ["87600h", "9999999h", "18446744073709551615s", "99999999999999999999999h", "1e300s", "-5s", "", "5"] {
        for _ in 0..3 {
            let response = client.post("/__admin/clock/advance", &json!({ "by": by }));
            assert!([200, 422].contains(&response.status), "{by}: {} {}", response.status, response.text());
        }
    }
    for now in ["9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "-009999-01-01T00:00:00Z", "99999-01-01T00:00:00Z"] {
        let response = client.send("PUT", "/__admin/clock", Some(&json!({ "mode": "manual", "now": now })));
        assert!([200, 422].contains(&response.status), "{now}: {}", response.status);
        client.post("/__admin/clock/advance", &json!({ "by": "876000h" }));
        assert_eq!(client.get("/api/v1/indexes").status, 200, "{now}");
    }
    assert_eq!(client.get("/__admin/state").json()["panics"], 0);
}

#[test]
fn a_body_with_more_than_20000_values_is_rejected() {
    let server = server(&[]);
    let client = Client::of(&server);
    // The object, its two fields, and the items of the second.
    let body = |items: usize| json!({ "source_directory_id": "dir-a", "products": vec![json!({}); items] });
    let at_the_limit = client.post("/api/v1/indexes", &body(20_000 - 3));
    assert_eq!(at_the_limit.status, 422);
    assert_eq!(at_the_limit.json()["detail"].as_array().map(Vec::len), Some(2 * (20_000 - 3)));
    let past = client.post("/api/v1/indexes", &body(20_000 - 2));
    assert_eq!(
        (past.status, past.json()["detail"].as_str()),
        (413, Some("Request body holds more than 20000 JSON values"))
    );
}

#[test]
fn a_full_reset_frees_tenants_for_other_keys() {
    let server = server(&[("max-tenants", "2")]);
    let client = Client::of(&server);
    let list = |key: &str| client.with_key(key).get("/api/v1/indexes").status;
    assert_eq!(["a", "b", "c"].map(list), [200, 200, 403]);
    let journal = client.get("/__admin/journal?status=403").json();
    assert_eq!(journal["entries"][0]["path"], "/api/v1/indexes", "rejected requests are journaled too");
    // A connection keeps the tenant of its last request until the server notices that it is closed.
    wait_until("the tenants are freed", || {
        client.post("/__admin/reset", &json!({}));
        list("c") == 200
    });
}
