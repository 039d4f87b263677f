//! Ten thousand calls that hang, against the real program: they hold no thread and no lock, and others do not notice.

use std::net::TcpStream;
use std::process::Command;

use crate::support::{Client, Program, Wire};

/// Connections that the rest of the test run may need of this process and the program at the same time.
const SPARE: usize = 1000;

/// Connections that are made before they are waited for.
const AT_A_TIME: usize = 100;

/// How many descriptors a process may have open here.
fn descriptors() -> usize {
    let limit = Command::new("sh").args(["-c", "ulimit -n"]).output().expect("a shell").stdout;
    String::from_utf8_lossy(&limit).trim().parse().unwrap_or(1 << 20)
}

#[test]
fn ten_thousand_hanging_calls_are_in_nobody_s_way() {
    let crowd = descriptors().saturating_sub(SPARE).clamp(10, 10_000);
    let flags = ["--max-connections", "20000", "--log-level", "off", "--journal-entries", "20000"];
    let program = Program::start(&[&flags[..], &["--fault", "indexes.get hang"]].concat(), &[]);
    let client = Client::at(program.address);
    let call = client.request("GET", "/api/v1/indexes/idx-a", "", None);
    let open = || {
        let state = client.get(&format!("/__admin/state?tenant={}", client.key())).json();
        state["tenants"][0]["open_calls"].as_u64().expect("a number")
    };
    let mut hanging: Vec<Wire> = Vec::new();
    while hanging.len() < crowd {
        let mut wire = client.wire();
        wire.send(&call);
        hanging.push(wire);
        // No more at a time than a system queues for a program that accepts.
        while (hanging.len().is_multiple_of(AT_A_TIME) || hanging.len() == crowd) && open() < hanging.len() as u64 {}
    }
    // The same tenant, whose lock a hanging call could hold; another; a connection that is kept; and what is under way.
    for caller in [client.clone(), client.with_key("llx-other")] {
        let mut kept = caller.wire();
        for _ in 0..20 {
            let list = caller.request("GET", "/api/v1/indexes", "", None);
            assert_eq!(kept.send(list).answer().expect("an answer").status, 200);
        }
        assert_eq!(caller.create("dir-a")["source_directory_id"], "dir-a");
    }
    assert_eq!(open(), crowd as u64, "they still hang");
    assert_eq!(threads(&program), threads_of_a_quiet_program(), "and hold no thread");
    drop(hanging);
    while open() > 0 {}
    assert!(TcpStream::connect(program.address).is_ok());
    assert_eq!(program.terminate().0, Some(0));
}

/// How many threads the program has; none where the system does not say.
fn threads(program: &Program) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{}/task", program.id())).ok()?.count())
}

fn threads_of_a_quiet_program() -> Option<usize> {
    let program = Program::start(&["--log-level", "off"], &[]);
    let client = Client::at(program.address);
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    threads(&program)
}
