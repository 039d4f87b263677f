//! `--exit-with-stdin`: the end of standard input stops the program as SIGTERM does, and a standard input whose end
//! says nothing is refused.

use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;

use temp_dir::TempDir;

use crate::support::{Client, Program, Terminal, command, output_of};

const FLAG: &str = "--exit-with-stdin";
const MESSAGE: &str = "llamacloud-mock: standard input has ended, so the server stops (--exit-with-stdin)\n";

/// The program with a pipe as its standard input.
fn start(args: &[&str]) -> Program {
    Program::start_with_stdin(&[&[FLAG], args].concat(), &[], Stdio::piped())
}

/// Closes the pipe; the exit code and stderr.
fn close_stdin(mut program: Program) -> (Option<i32>, String) {
    drop(program.child().stdin.take().expect("a pipe"));
    program.wait()
}

#[test]
fn the_end_of_standard_input_stops_the_program_and_requests_in_flight_complete() {
    let mut program = start(&["--fault", "indexes.create delay=1s"]);
    let client = Client::at(program.address);
    let mut connection = client.connect();
    connection.send(client.request_bytes("POST", "/api/v1/indexes", "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    client.wait_for_entries(1);
    drop(program.child().stdin.take());
    assert_eq!(connection.read_response().expect("the request completes").status, 201);
    let (code, stderr) = program.wait();
    assert!(code == Some(0) && stderr.contains(MESSAGE), "{code:?} {stderr}");
}

#[test]
fn checks_that_were_asked_for_are_judged() {
    let (code, stderr) = close_stdin(start(&["--strict-faults", "--fault", "indexes.get status=500"]));
    assert!(code == Some(2) && stderr.contains("never struck"), "{code:?} {stderr}");
}

#[test]
fn data_is_read_and_ignored() {
    let mut program = start(&[]);
    let stdin = program.child().stdin.as_mut().expect("a pipe");
    // More than a pipe holds, so that this ends only if the program reads.
    stdin.write_all(&vec![b'\n'; 1 << 20]).expect("the program reads");
    assert_eq!(Client::at(program.address).get("/health").status, 200);
    assert_eq!(close_stdin(program).0, Some(0));
}

#[test]
fn signals_stop_the_program_too() {
    let (code, stderr) = start(&[]).terminate();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_pipe_that_has_ended_before_the_start_stops_the_program() {
    let mut command = command(&[FLAG], &[("LLAMACLOUD_MOCK_PORT", "0")]);
    let ended = output_of(command.stdin(Stdio::piped()));
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!((ended.status.code(), stderr.as_str()), (Some(0), MESSAGE));
}

#[test]
fn the_end_is_not_reported_below_the_log_level_info() {
    assert_eq!(close_stdin(start(&["--log-level", "warn"])), (Some(0), String::new()));
}

#[test]
fn a_user_ends_it_on_a_terminal() {
    let mut terminal = Terminal::open();
    let program = Program::start_with_stdin(&[FLAG], &[], terminal.program_side());
    terminal.send("text\n\u{4}");
    let (code, stderr) = program.wait();
    assert_eq!((code, stderr.as_str()), (Some(0), MESSAGE));
}

#[test]
fn it_is_set_by_variable_and_file_too() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("settings.toml");
    fs::write(&file, "exit-with-stdin = true\n").expect("the file can be written");
    let file = file.to_str().expect("a UTF-8 path");
    for (args, environment) in [(&[][..], &[("LLAMACLOUD_MOCK_EXIT_WITH_STDIN", "1")][..]), (&["--config", file], &[])]
    {
        let program = Program::start_with_stdin(args, environment, Stdio::piped());
        assert_eq!(close_stdin(program).0, Some(0));
    }
    let off = Program::start(&[], &[("LLAMACLOUD_MOCK_EXIT_WITH_STDIN", "false")]);
    assert_eq!(off.terminate().0, Some(0));
}

/// The exit code and stderr of the program with this standard input.
fn refused(environment: &[(&str, &str)], args: &[&str], stdin: Stdio) -> (Option<i32>, String) {
    let ended = output_of(command(args, environment).stdin(stdin));
    (ended.status.code(), String::from_utf8(ended.stderr).expect("UTF-8"))
}

#[test]
fn a_standard_input_that_ends_at_once_is_refused() {
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    for stdin in [Stdio::null(), File::open(text).expect("it exists").into()] {
        let (code, stderr) = refused(&[], &["--port", "0", FLAG], stdin);
        assert_eq!((code, stderr.lines().count()), (Some(64), 1), "{stderr}");
        assert!(
            stderr.starts_with("llamacloud-mock: --exit-with-stdin: standard input is closed, /dev/null"),
            "{stderr}"
        );
        assert!(stderr.contains("docker run -i") && stderr.contains("omit the setting"), "{stderr}");
    }
    let variable = ("LLAMACLOUD_MOCK_EXIT_WITH_STDIN", "1");
    let (code, stderr) = refused(&[variable], &["--port", "0"], Stdio::null());
    assert!(code == Some(64) && stderr.contains("LLAMACLOUD_MOCK_EXIT_WITH_STDIN (in the environment): "), "{stderr}");
}

#[test]
fn a_closed_standard_input_is_refused() {
    let line = format!("exec \"$0\" --port 0 {FLAG} <&-");
    let ended = std::process::Command::new("sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_llamacloud-mock")])
        .output()
        .expect("sh runs");
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(64) && stderr.contains("standard input is closed"), "{stderr}");
}

#[test]
fn a_subcommand_without_a_server_of_its_own_and_an_embedded_server_refuse_it() {
    let (code, stderr) = refused(&[], &["healthcheck", FLAG], Stdio::null());
    assert!(code == Some(64) && stderr.contains("--exit-with-stdin: is a flag of the server"), "{stderr}");
    let embedded = llamacloud_mock::embedded::MockServer::builder().set("exit-with-stdin", "true").start();
    let error = embedded.expect_err("it has no standard input of its own").to_string();
    assert!(error.starts_with("exit-with-stdin: has no effect on an embedded server"), "{error}");
}
