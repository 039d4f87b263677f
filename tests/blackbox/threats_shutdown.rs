//! How the program ends: told to, under load, twice, with nobody reading what it says, on a port that is taken. The real
//! binary only.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Program, Wire, run, wait_until};

/// How long a program has that was told to end; the drain's ten seconds and some for a busy machine.
const PATIENCE: Duration = Duration::from_secs(25);

fn ended(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it was started") {
            return status;
        }
        assert!(started.elapsed() < PATIENCE, "it does not end");
        thread::yield_now();
    }
}

fn create_until_closed(address: std::net::SocketAddr, stop: &AtomicBool, answered: &AtomicUsize, worker: usize) {
    let client = Client::at(address).with_key(&format!("key-{worker}"));
    let request = |number: usize| {
        let body = format!(r#"{{"source_directory_id":"dir-{number}"}}"#);
        client.request("POST", "/api/v1/indexes", "", Some(&body))
    };
    let mut wire = Wire::connect(address);
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Some(answer) = wire.send(request(number)).answer() else { return };
        assert_eq!(answer.status, 201);
        assert_eq!(answer.json()["source_directory_id"], format!("dir-{number}"), "an answer is whole");
        answered.fetch_add(1, Ordering::Relaxed);
        if answer.header("connection") == Some("close") {
            return;
        }
    }
}

#[test]
fn told_to_end_under_load_every_answer_is_whole_and_the_end_is_good() {
    for signal in ["TERM", "INT"] {
        let program = Program::start(&["--log-level", "off"], &[]);
        let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
        let address = program.address;
        thread::scope(|scope| {
            for worker in 0..4 {
                let (stop, answered) = (&stop, &answered);
                scope.spawn(move || create_until_closed(address, stop, answered, worker));
            }
            wait_until("it is under load", || answered.load(Ordering::Relaxed) > 100);
            program.signal(signal);
            assert_eq!(program.wait().0, Some(0), "{signal}");
            stop.store(true, Ordering::Relaxed);
        });
        assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
    }
}

#[test]
fn a_call_that_is_under_way_is_answered_before_the_end() {
    let program = Program::start(&["--fault", "indexes.create delay=1s"], &[]);
    let client = Client::at(program.address);
    let mut wire = client.wire();
    wire.send(client.request("POST", "/api/v1/indexes", "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    wait_until("it has come", || !client.journal().is_empty());
    program.signal("TERM");
    let answer = wire.answer().expect("it is answered");
    assert_eq!((answer.status, answer.header("connection")), (201, Some("close")));
    assert_eq!(program.wait().0, Some(0));
}

#[test]
fn silent_connections_and_hanging_calls_do_not_hold_up_the_end_for_ever() {
    let faults = ["--fault", "indexes.create hang", "--fault", "indexes.list delay=1h"];
    let mut program = Program::start(&faults, &[]);
    let client = Client::at(program.address);
    let mut open = Vec::new();
    for sent in ["", "GET /hea", "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
        let mut wire = client.wire();
        wire.send(sent);
        open.push(wire);
    }
    let mut hanging = client.wire();
    hanging.send(client.request("POST", "/api/v1/indexes", "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    let mut waiting = client.wire();
    waiting.send(client.request("GET", "/api/v1/indexes", "", None));
    wait_until("both have come", || client.journal().len() == 2);
    program.signal("TERM");
    assert_eq!(ended(program.child()).code(), Some(0));
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let mut program = Program::start(&["--fault", "indexes.create delay=1h"], &[]);
    let client = Client::at(program.address);
    let mut waiting = client.wire();
    waiting.send(client.request("POST", "/api/v1/indexes", "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    wait_until("it waits", || !client.journal().is_empty());
    program.signal("TERM");
    // The listener goes when the first has been heard.
    wait_until("it drains", || std::net::TcpStream::connect(program.address).is_err());
    program.signal("TERM");
    let status = ended(program.child());
    assert_eq!((status.code(), status.signal()), (Some(1), None), "by its own decision, without waiting for the call");
}

#[test]
fn stderr_that_nobody_reads_holds_up_neither_calls_nor_the_end() {
    let mut program = Program::start(&["--strict-faults", "--fault", "indexes.get status=500"], &[]);
    let client = Client::at(program.address);
    let path = format!("/nowhere/{}", "x".repeat(250));
    let mut wire = client.wire();
    for _ in 0..2000 {
        assert_eq!(wire.send(client.request("GET", &path, "", None)).answer().expect("an answer").status, 404);
    }
    program.signal("TERM");
    assert_eq!(ended(program.child()).code(), Some(2), "and what it says of its rules is not waited for either");
}

#[test]
fn stdout_and_stderr_that_are_closed_are_nothing_to_the_program() {
    let mut program = Program::start(&["--log-format", "text"], &[("LLAMACLOUD_MOCK_NO_SUCH", "1")]);
    program.close_outputs();
    let client = Client::at(program.address);
    client.create("dir-a");
    client.get("/nowhere");
    program.signal("TERM");
    assert_eq!(ended(program.child()).code(), Some(0));
}

#[test]
fn warnings_and_lists_with_nobody_to_read_them_are_no_failure() {
    let program = env!("CARGO_BIN_EXE_llamacloud-mock");
    for args in ["scenarios", "scenarios show flaky", "--version", "--help"] {
        // A device that takes nothing stands for the reader that has gone.
        let line = format!("{{ {program} {args} 2>&1; echo $? >&3; }} 3>&1 1>/dev/full");
        let output = std::process::Command::new("sh").args(["-c", &line]).output().expect("sh runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0", "{args}");
    }
}

/// What an init does not handle it never gets: as process 1 an unhandled TERM would be ignored.
#[test]
fn both_signals_are_handled_once_the_program_is_ready() {
    let program = Program::start(&[], &[]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).expect("it runs");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("Linux says so");
    let caught = u64::from_str_radix(caught.trim(), 16).expect("hexadecimal");
    for signal in [2, 15] {
        assert_ne!(caught & 1 << (signal - 1), 0, "signal {signal}");
    }
}

#[test]
fn a_port_that_is_taken_is_said_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let output = run(&["--port", &port], &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(69), 0), "{stderr}");
    assert!(stderr.contains(&format!("port {port}")) && stderr.contains("--port 0"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn the_port_file_is_whole_when_the_program_is_ready_and_nothing_is_beside_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("port");
    std::fs::write(&file, "what stood there before, and longer").expect("it can be written");
    let program = Program::start(&["--port-file", file.to_str().expect("text")], &[]);
    let text = std::fs::read_to_string(&file).expect("it is there");
    assert_eq!(text.trim().parse(), Ok(program.address.port()));
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 1);
}

#[test]
fn a_port_file_that_cannot_be_written_is_a_failure_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("no/such/folder/port");
    let output = run(&["--port", "0", "--port-file", file.to_str().expect("text")], &[]);
    let mut stderr = String::new();
    output.stderr.as_slice().read_to_string(&mut stderr).expect("text");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{stderr}");
    assert!(stderr.contains("--port-file"), "{stderr}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 0);
}

#[test]
fn a_healthcheck_of_something_else_fails_in_a_sentence() {
    for said in ["", "SSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port().to_string();
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("the healthcheck asks");
                let _ = stream.write_all(said.as_bytes());
            });
            let output = run(&["healthcheck", "--port", &port], &[]);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{said:?}: {stderr}");
        });
    }
}
