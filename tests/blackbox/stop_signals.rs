//! Requests to stop: the signals of one second are one request, a later one ends the program at once, and the checks
//! that were asked for are judged in either case.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use crate::support::{Client, Program, wait_for};

/// Sends signals in a row from one shell, so that they arrive within a second.
fn send(program: &Program, signals: &str) {
    let line = format!("for signal in {signals}; do kill -$signal {}; done", program.id());
    assert!(Command::new("sh").args(["-c", &line]).status().expect("sh runs").success());
}

/// Sends SIGTERM until the program exits.
fn terminate_repeatedly(program: &mut Program) -> ExitStatus {
    let end = || {
        program.signal("TERM");
        program.child().try_wait().expect("a child process")
    };
    wait_for("the program has exited", end, Option::is_some).expect("it has exited")
}

#[test]
fn two_signals_in_a_row_keep_the_exit_code_of_strict_faults() {
    for round in 0..20 {
        let program = Program::start(&["--strict-faults", "--fault", "indexes.get status=500"], &[]);
        send(&program, ["INT TERM", "TERM INT", "HUP", "HUP TERM"][round % 4]);
        let (code, stderr) = program.wait();
        assert_eq!(code, Some(2), "round {round}: {stderr}");
        assert!(stderr.contains("never struck"), "{stderr}");
    }
}

#[test]
fn two_signals_in_a_row_let_a_request_in_flight_complete() {
    let program = Program::start(&["--fault", "indexes.create delay=1s"], &[]);
    let client = Client::at(program.address);
    let mut connection = client.connect();
    connection.send(client.request_bytes("POST", "/api/v1/indexes", "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    client.wait_for_entries(1);
    send(&program, "INT TERM INT");
    assert_eq!(connection.read_response().expect("the request completes").status, 201);
    assert_eq!(program.wait().0, Some(0));
}

#[test]
fn a_later_signal_ends_at_once_and_checks_are_judged_all_the_same() {
    for (args, code) in [(&[][..], 1), (&["--strict-faults", "--fault", "indexes.get status=500"], 2)] {
        let mut program = Program::start(args, &[]);
        let client = Client::at(program.address);
        let mut incomplete = client.connect();
        incomplete.send(client.request_bytes("GET", "/api/v1/indexes", "content-length: 1\r\n", None));
        client.wait_for_open_calls(1);
        let status = terminate_repeatedly(&mut program);
        assert_eq!((status.code(), status.signal()), (Some(code), None), "an exit that does not wait for the request");
    }
}
