//! Ten thousand hanging requests to the real program: they hold no thread and no lock and do not affect others.

use std::net::TcpStream;
use std::process::Command;

use crate::support::{Client, Program, RawConnection};

/// File descriptors left for the other tests that run at the same time.
const SPARE: usize = 1000;

/// Connections that are opened before waiting for the server to accept them.
const AT_A_TIME: usize = 100;

/// The limit of open file descriptors of a process.
fn descriptors() -> usize {
    let limit = Command::new("sh").args(["-c", "ulimit -n"]).output().expect("a shell").stdout;
    String::from_utf8_lossy(&limit).trim().parse().unwrap_or(1 << 20)
}

#[test]
fn ten_thousand_hanging_requests_do_not_block_others() {
    let count = descriptors().saturating_sub(SPARE).clamp(10, 10_000);
    let flags = ["--max-connections", "20000", "--log-level", "off", "--journal-entries", "20000"];
    let program = Program::start(&[&flags[..], &["--fault", "indexes.get hang"]].concat(), &[]);
    let client = Client::at(program.address);
    let request = client.request_bytes("GET", "/api/v1/indexes/idx-a", "", None);
    let mut hanging: Vec<RawConnection> = Vec::new();
    while hanging.len() < count {
        let mut connection = client.connect();
        connection.send(&request);
        hanging.push(connection);
        // At most as many at a time as the system's listen queue holds.
        if hanging.len().is_multiple_of(AT_A_TIME) || hanging.len() == count {
            client.wait_for_open_calls(hanging.len() as u64);
        }
    }
    // The same tenant, whose lock a hanging request could hold, and another tenant, each over a kept connection.
    for caller in [client.clone(), client.with_key("llx-other")] {
        let mut kept = caller.connect();
        for _ in 0..20 {
            let list = caller.request_bytes("GET", "/api/v1/indexes", "", None);
            assert_eq!(kept.send(list).read_response().expect("a response").status, 200);
        }
        assert_eq!(caller.create("dir-a")["source_directory_id"], "dir-a");
    }
    assert_eq!(client.open_calls(), count as u64, "they are still hanging");
    assert_eq!(threads(&program), threads_of_an_idle_program(), "they hold no thread");
    drop(hanging);
    client.wait_for_open_calls(0);
    assert!(TcpStream::connect(program.address).is_ok());
    assert_eq!(program.terminate().0, Some(0));
}

/// The number of threads of the program; `None` without `/proc`.
fn threads(program: &Program) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{}/task", program.id())).ok()?.count())
}

fn threads_of_an_idle_program() -> Option<usize> {
    let program = Program::start(&["--log-level", "off"], &[]);
    let client = Client::at(program.address);
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    threads(&program)
}
