//! The subcommand `healthcheck` with `--wait` and `--pid`: it waits for a server that starts, gives up in time, ends
//! when the process has ended, and does not accept another server on the port.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use temp_dir::TempDir;

use crate::support::{Client, Program, run, wait_for_exit, with_other_server};

/// Far longer than any wait that a test expects to end at once.
const LONG: &str = "10m";

/// The exit code and stderr of a healthcheck.
fn healthcheck(args: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&["healthcheck"], args].concat(), &[]);
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

/// A port at which nothing listens.
fn unused_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("a bound socket").port().to_string()
}

#[test]
fn health_tells_the_process_id() {
    let program = Program::start(&[], &[]);
    let health = Client::at(program.address).get("/health").json();
    assert_eq!((health["status"].as_str(), health["pid"].as_u64()), (Some("ok"), Some(u64::from(program.id()))));
}

#[test]
fn the_wait_ends_when_the_server_is_healthy() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("port").to_str().expect("a UTF-8 path").to_owned();
    let waiting = {
        let file = file.clone();
        std::thread::spawn(move || healthcheck(&["--wait", LONG, "--port", "0", "--port-file", &file]))
    };
    let program = Program::start(&["--port", "0", "--port-file", &file], &[]);
    assert_eq!(waiting.join().expect("it returns"), (Some(0), String::new()));
    let (port, pid) = (program.address.port().to_string(), program.id().to_string());
    assert_eq!(healthcheck(&["--wait", LONG, "--port", &port, "--pid", &pid]).0, Some(0));
    assert_eq!(healthcheck(&["--port", &port, "--pid", &pid]).0, Some(0));
}

#[test]
fn the_wait_ends_after_its_time() {
    let started = Instant::now();
    let (code, stderr) = healthcheck(&["--wait", "300ms", "--port", &unused_port()]);
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.contains("no response from"), "{stderr}");
    assert!(started.elapsed() >= Duration::from_millis(200), "it waited");

    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = silent.local_addr().expect("a bound socket").port().to_string();
    let (code, stderr) = healthcheck(&["--wait", "300ms", "--port", &port]);
    assert!(code == Some(1) && stderr.contains("--wait"), "{stderr}");
}

#[test]
fn the_wait_ends_at_once_when_the_process_has_ended() {
    let mut ended = Command::new("true").stdin(Stdio::null()).spawn().expect("true runs");
    // It has ended, but is a zombie until it is waited for.
    let pid = ended.id().to_string();
    let started = Instant::now();
    let (code, stderr) = healthcheck(&["--wait", LONG, "--port", &unused_port(), "--pid", &pid]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&format!("--pid: process {pid} has ended")), "{stderr}");
    wait_for_exit(&mut ended);
    assert_eq!(healthcheck(&["--wait", LONG, "--port", &unused_port(), "--pid", &pid]).0, Some(1));
    assert!(started.elapsed() < Duration::from_mins(5), "it does not wait for the time of --wait");
}

#[test]
fn another_server_on_the_port_is_not_accepted() {
    let leftover = Program::start(&[], &[]);
    let port = leftover.address.port().to_string();
    let own = std::process::id().to_string();
    let (code, stderr) = healthcheck(&["--port", &port, "--pid", &own]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&format!("is process {}, not {own}", leftover.id())), "{stderr}");

    // The server that was started ends, because its port is in use.
    let mut second = Command::new(env!("CARGO_BIN_EXE_llamacloud-mock"))
        .args(["--port", &port])
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let pid = second.id().to_string();
    let (code, stderr) = healthcheck(&["--wait", LONG, "--port", &port, "--pid", &pid]);
    assert!(code == Some(1) && stderr.contains("has ended"), "{stderr}");
    assert_eq!(wait_for_exit(&mut second).code(), Some(69));
}

/// The end of a health check of a server that sends this status and body.
fn healthcheck_of_response(status: u16, body: &str) -> (Option<i32>, String) {
    let response = format!("HTTP/1.1 {status} \r\ncontent-length: {}\r\n\r\n{body}", body.len());
    with_other_server(&response, |port| healthcheck(&["--port", port]))
}

#[test]
fn a_server_of_another_program_is_not_accepted() {
    for body in ["{\"status\":\"ok\"}", "OK", ""] {
        let (code, stderr) = healthcheck_of_response(200, body);
        assert!(code == Some(1) && stderr.contains("another program"), "{body:?}: {stderr}");
    }
}

#[test]
fn a_refusal_of_the_server_is_said_in_its_words() {
    let refusal = r#"{"detail":"Host: a.test is not allowed (--allowed-host)"}"#;
    let (code, stderr) = healthcheck_of_response(403, refusal);
    assert!(code == Some(1) && stderr.contains("status 403, Host: a.test is not allowed"), "{stderr}");
}

#[test]
fn the_flags_of_another_process_say_which_server_to_ask() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("port").to_str().expect("a UTF-8 path").to_owned();
    let program = Program::start(&["--port", "0", "--port-file", &file, "--clock", "auto"], &[]);
    let pid = program.id().to_string();
    assert_eq!(healthcheck(&["--flags-of", &pid]), (Some(0), String::new()));

    // The healthcheck's own flags take precedence.
    let unused = unused_port();
    let (code, stderr) = healthcheck(&["--flags-of", &pid, "--port", &unused]);
    assert!(code == Some(1) && stderr.contains(&unused), "{stderr}");

    // This process is of another program: its flags are not those of a server.
    let own = std::process::id().to_string();
    let (port, pid) = (program.address.port().to_string(), own);
    let output = run(&["healthcheck", "--flags-of", &pid], &[("LLAMACLOUD_MOCK_PORT", &port)]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn invalid_arguments_are_usage_errors() {
    for args in [&["--wait", "10"][..], &["--wait"], &["--pid", "0"], &["--pid", "x"], &["--fault", "* status=500"]] {
        let (code, stderr) = healthcheck(args);
        assert_eq!(code, Some(64), "{args:?}: {stderr}");
        assert!(stderr.starts_with(&format!("llamacloud-mock: {}: ", args[0])), "{args:?}: {stderr}");
    }
}
