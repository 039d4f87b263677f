//! Two hundred thousand calls of every kind with the journal on: memory, descriptors and threads are in the end what they
//! were when it was warm. The real binary, seen through `/proc`.

use std::fs;
use std::thread;

use crate::support::{Client, Program};

/// Connections that call at once, and the calls of each in one go.
const CONNECTIONS: usize = 8;
const BATCH: usize = 100;
const CALLS: usize = 200_000;

/// What a round makes it deletes, so that the worlds stay as large as they were.
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
struct Weight {
    resident_kib: usize,
    descriptors: usize,
    threads: usize,
}

fn weigh(program: &Program) -> Weight {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).expect("it runs");
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux says so");
        line.trim_start_matches(':').split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
    };
    let descriptors = fs::read_dir(format!("/proc/{}/fd", program.id())).expect("it runs").count();
    Weight { resident_kib: number("VmRSS"), descriptors, threads: number("Threads") }
}

/// So many calls over one connection, a batch at a time; every answer is whole and none is a 5xx.
fn call(client: &Client, calls: usize) {
    let body = |body: &'static str| (!body.is_empty()).then_some(body);
    let round: Vec<u8> =
        ROUND.iter().flat_map(|(method, path, text)| client.request(method, path, "", body(text))).collect();
    let mut wire = client.wire();
    for _ in 0..calls / BATCH {
        wire.send(round.repeat(BATCH / ROUND.len()));
        let mut made = Vec::new();
        for _ in 0..BATCH {
            let answer = wire.answer().expect("every call is answered");
            assert!(answer.status < 500, "{}", answer.text());
            if answer.status == 201 {
                made.push(answer.json()["id"].as_str().expect("an id").to_owned());
            }
        }
        assert_eq!(made.len(), BATCH / ROUND.len());
        for id in &made {
            wire.send(client.request("DELETE", &format!("/api/v1/indexes/{id}"), "", None));
        }
        for id in &made {
            assert_eq!(wire.answer().expect("an answer").status, 204, "{id}");
        }
    }
}

fn call_from_everywhere(program: &Program, calls: usize) {
    thread::scope(|scope| {
        for number in 0..CONNECTIONS {
            let client = Client::at(program.address).with_key(&format!("key-{}", number % 4));
            scope.spawn(move || call(&client, calls / CONNECTIONS));
        }
    });
}

#[test]
fn two_hundred_thousand_calls_leave_nothing_behind() {
    let program = Program::start(&["--log-level", "error"], &[]);
    call_from_everywhere(&program, CALLS / 5);
    let warm = weigh(&program);
    call_from_everywhere(&program, CALLS - CALLS / 5);
    let in_the_end = weigh(&program);
    let both = format!("warm {warm:?}, in the end {in_the_end:?}");
    assert!(in_the_end.resident_kib < warm.resident_kib + 8 * 1024, "{both}");
    assert!(in_the_end.descriptors <= warm.descriptors + CONNECTIONS, "{both}");
    assert!(in_the_end.threads <= warm.threads, "{both}");
    let state = Client::at(program.address).get("/__admin/state").json();
    for tenant in state["tenants"].as_array().expect("a list") {
        assert_eq!((&tenant["indexes"], &tenant["open_calls"]), (&serde_json::json!([]), &serde_json::json!(0)));
    }
    assert_eq!((state["panics"].as_u64(), program.terminate().0), (Some(0), Some(0)));
}
