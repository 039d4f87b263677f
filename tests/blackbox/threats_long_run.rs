//! 200,000 requests of every kind: memory, descriptors and threads do not grow after the warm-up. Run with the real
//! program and measured through `/proc`.

use std::fs;
use std::thread;

use crate::support::{Client, Program};

/// Parallel connections, and the requests that each sends before it reads responses.
const CONNECTIONS: usize = 8;
const BATCH: usize = 100;
const REQUESTS: usize = 200_000;

/// The created indexes are deleted after each batch, so that the state does not grow.
const ROUND: &[(&str, &str, &str)] = &[
    ("POST", "/api/v1/indexes", r#"{"source_directory_id":"dir-abc"}"#),
    ("GET", "/api/v1/indexes?page_size=3", ""),
    ("POST", "/api/v1/indexes", r#"{"source_directory_id":7,"products":[{}]}"#),
    ("POST", "/api/v1/indexes", "{broken"),
    ("GET", "/api/v1/indexes/idx-00000000-0000-0000-0000-000000000000", ""),
    ("GET", "/nowhere?page=1", ""),
    ("PUT", "/api/v1/indexes", ""),
    ("GET", "/api/v1/indexes/", ""),
    ("POST", "/api/v1/beta/directories", r#"{"name":7}"#),
    ("GET", "/health", ""),
];

/// Resident bytes, open descriptors, threads.
#[derive(Debug, Clone, Copy)]
struct ResourceUsage {
    resident_kib: usize,
    descriptors: usize,
    threads: usize,
}

fn resource_usage(program: &Program) -> ResourceUsage {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).expect("the program runs");
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux reports it");
        line.trim_start_matches(':').split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
    };
    let descriptors = fs::read_dir(format!("/proc/{}/fd", program.id())).expect("the program runs").count();
    ResourceUsage { resident_kib: number("VmRSS"), descriptors, threads: number("Threads") }
}

/// Sends requests in batches over one connection; every response is complete and none is a 5xx.
fn send_requests(client: &Client, requests: usize) {
    let body = |body: &'static str| (!body.is_empty()).then_some(body);
    let round: Vec<u8> =
        ROUND.iter().flat_map(|(method, path, text)| client.request_bytes(method, path, "", body(text))).collect();
    let mut connection = client.connect();
    for _ in 0..requests / BATCH {
        connection.send(round.repeat(BATCH / ROUND.len()));
        let mut made = Vec::new();
        for _ in 0..BATCH {
            let response = connection.read_response().expect("a response to every request");
            assert!(response.status < 500, "{}", response.text());
            if response.status == 201 {
                made.push(response.json()["id"].as_str().expect("an id").to_owned());
            }
        }
        assert_eq!(made.len(), BATCH / ROUND.len());
        for id in &made {
            connection.send(client.request_bytes("DELETE", &format!("/api/v1/indexes/{id}"), "", None));
        }
        for id in &made {
            assert_eq!(connection.read_response().expect("a response").status, 204, "{id}");
        }
    }
}

fn send_from_all_connections(program: &Program, requests: usize) {
    thread::scope(|scope| {
        for number in 0..CONNECTIONS {
            let client = Client::at(program.address).with_key(&format!("key-{}", number % 4));
            scope.spawn(move || send_requests(&client, requests / CONNECTIONS));
        }
    });
}

#[test]
fn resource_usage_stays_constant_over_200000_requests() {
    let program = Program::start(&["--log-level", "error"], &[]);
    send_from_all_connections(&program, REQUESTS / 5);
    let warm = resource_usage(&program);
    send_from_all_connections(&program, REQUESTS - REQUESTS / 5);
    let at_the_end = resource_usage(&program);
    let both = format!("after the warm-up {warm:?}, at the end {at_the_end:?}");
    assert!(at_the_end.resident_kib < warm.resident_kib + 8 * 1024, "{both}");
    assert!(at_the_end.descriptors <= warm.descriptors + CONNECTIONS, "{both}");
    assert!(at_the_end.threads <= warm.threads, "{both}");
    let state = Client::at(program.address).get("/__admin/state").json();
    for tenant in state["tenants"].as_array().expect("a list") {
        assert_eq!((&tenant["indexes"], &tenant["open_calls"]), (&serde_json::json!([]), &serde_json::json!(0)));
    }
    assert_eq!((state["panics"].as_u64(), program.terminate().0), (Some(0), Some(0)));
}
