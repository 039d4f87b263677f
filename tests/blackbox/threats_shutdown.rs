//! Shutdown of the real program: under load, with a second signal, with unread output; and starts that fail, such as on
//! a port in use.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Program, RawConnection, run, wait_for_exit, wait_until};

/// Time limit for the exit after a signal: the drain's 10 seconds and some for a busy machine.
const EXIT_TIMEOUT: Duration = Duration::from_secs(25);

fn wait_for_timely_exit(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    let status = wait_for_exit(child);
    assert!(started.elapsed() < EXIT_TIMEOUT, "the program exited late");
    status
}

fn create_until_closed(client: &Client, mut connection: RawConnection, stop: &AtomicBool, completed: &AtomicUsize) {
    let request = |number: usize| {
        let body = format!(r#"{{"source_directory_id":"dir-{number}"}}"#);
        client.request_bytes("POST", "/api/v1/indexes", "", Some(&body))
    };
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Some(response) = connection.send(request(number)).read_response() else { return };
        assert_eq!(response.status, 201);
        assert_eq!(response.json()["source_directory_id"], format!("dir-{number}"), "a complete response");
        completed.fetch_add(1, Ordering::Relaxed);
        if response.header("connection") == Some("close") {
            return;
        }
    }
}

#[test]
fn shutdown_under_load_completes_every_response_and_exits_with_0() {
    for signal in ["TERM", "INT"] {
        let program = Program::start(&["--log-level", "off"], &[]);
        let (stop, completed) = (AtomicBool::new(false), AtomicUsize::new(0));
        let address = program.address;
        thread::scope(|scope| {
            for worker in 0..4 {
                let (stop, completed) = (&stop, &completed);
                let client = Client::at(address).with_key(&format!("key-{worker}"));
                // Connected here: a thread that starts late would find no listener any more.
                let connection = client.connect();
                scope.spawn(move || create_until_closed(&client, connection, stop, completed));
            }
            wait_until("the program is under load", || completed.load(Ordering::Relaxed) > 100);
            program.signal(signal);
            assert_eq!(program.wait().0, Some(0), "{signal}");
            stop.store(true, Ordering::Relaxed);
        });
        assert!(std::net::TcpStream::connect(address).is_err(), "the port is closed");
    }
}

/// Within the hour, requests that were still delayed would be cut when the time limit of the shutdown is over.
#[test]
fn a_delayed_request_completes_at_once_before_the_exit() {
    for signal in ["TERM", "INT"] {
        for rule in ["indexes.create delay=1h", "indexes.create@before delay=1h", "indexes.create@after delay=1h"] {
            let program = Program::start(&["--strict-faults", "--fault", rule], &[]);
            let client = Client::at(program.address);
            let body = r#"{"source_directory_id":"dir-a"}"#;
            let mut connection = client.connect();
            connection.send(client.request_bytes("POST", "/api/v1/indexes", "", Some(body)));
            wait_until("the rule strikes", || client.get("/__admin/faults").json()["faults"][0]["strikes"] == 1);
            program.signal(signal);
            let response = connection.read_response().expect("the request completes");
            assert_eq!((response.status, response.header("connection")), (201, Some("close")), "{rule}");
            assert_eq!(program.wait().0, Some(0), "{rule}");
        }
    }
}

/// A connection with a create request of which the last byte is not sent: the server waits for it while it drains.
fn incomplete_request(client: &Client) -> RawConnection {
    let body = r#"{"source_directory_id":"dir-a"}"#;
    let bytes = client.request_bytes("POST", "/api/v1/indexes", "", Some(body));
    let mut connection = client.connect();
    connection.send(&bytes[..bytes.len() - 1]);
    client.wait_for_open_calls(1);
    connection
}

#[test]
fn a_draining_server_says_so_and_keeps_no_connection() {
    let program = Program::start(&[], &[]);
    let client = Client::at(program.address);
    let mut in_flight = incomplete_request(&client);
    program.signal("TERM");
    for path in ["/health", "/ready"] {
        let drains = || client.try_send("GET", path, "", None).is_some_and(|response| response.status == 503);
        wait_until("the server drains", drains);
        let mut connection = client.connect();
        let health = connection.send(client.request_bytes("GET", path, "", None)).read_response().expect("a response");
        assert_eq!((health.status, &health.json()["status"]), (503, &"draining".into()), "{path}");
        assert_eq!((health.header("connection"), health.header("keep-alive")), (Some("close"), None), "{path}");
        assert_eq!(connection.read_to_end(), (Vec::new(), Ok(())), "{path}");
    }
    let refused = client.get("/api/v1/indexes");
    assert_eq!(
        (refused.status, refused.header("connection"), refused.header("keep-alive")),
        (503, Some("close"), None)
    );
    let health = run(&["healthcheck", "--port", &program.address.port().to_string()], &[]);
    let stderr = String::from_utf8_lossy(&health.stderr).into_owned();
    assert!(health.status.code() == Some(1) && stderr.contains("status 503: draining"), "{stderr}");

    let response = in_flight.send("}").read_response().expect("the request completes");
    assert_eq!(
        (response.status, response.header("connection"), response.header("keep-alive")),
        (201, Some("close"), None)
    );
    assert_eq!(program.wait().0, Some(0));
}

#[test]
fn silent_connections_and_hanging_requests_do_not_block_shutdown() {
    let faults = ["--fault", "indexes.create hang", "--fault", "indexes.list delay=1h"];
    let mut program = Program::start(&faults, &[]);
    let client = Client::at(program.address);
    let mut open = Vec::new();
    for sent in ["", "GET /hea", "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
        let mut connection = client.connect();
        connection.send(sent);
        open.push(connection);
    }
    let mut hanging = client.connect();
    hanging.send(client.request_bytes("POST", "/api/v1/indexes", "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    let mut waiting = client.connect();
    waiting.send(client.request_bytes("GET", "/api/v1/indexes", "", None));
    client.wait_for_entries(2);
    program.signal("TERM");
    assert_eq!(wait_for_timely_exit(program.child()).code(), Some(0));
}

#[test]
fn unread_stderr_does_not_block_requests_or_shutdown() {
    let mut program = Program::start(&["--strict-faults", "--fault", "indexes.get status=500"], &[]);
    let client = Client::at(program.address);
    let path = format!("/nowhere/{}", "x".repeat(250));
    let mut connection = client.connect();
    for _ in 0..2000 {
        assert_eq!(
            connection.send(client.request_bytes("GET", &path, "", None)).read_response().expect("a response").status,
            404
        );
    }
    program.signal("TERM");
    assert_eq!(wait_for_timely_exit(program.child()).code(), Some(2), "the report about rules does not block either");
}

#[test]
fn closed_stdout_and_stderr_do_not_affect_the_program() {
    let mut program = Program::start(&["--log-format", "text"], &[("LLAMACLOUD_MOCK_NO_SUCH", "1")]);
    program.close_outputs();
    let client = Client::at(program.address);
    client.create("dir-a");
    client.get("/nowhere");
    program.signal("TERM");
    assert_eq!(wait_for_timely_exit(program.child()).code(), Some(0));
}

#[test]
fn a_failed_write_to_stdout_is_not_an_error() {
    let program = env!("CARGO_BIN_EXE_llamacloud-mock");
    for args in ["scenarios", "scenarios show flaky", "--version", "--help"] {
        // `/dev/full` fails every write.
        let line = format!("{{ {program} {args} 2>&1; echo $? >&3; }} 3>&1 1>/dev/full");
        let output = std::process::Command::new("sh").args(["-c", &line]).output().expect("sh runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0", "{args}");
    }
}

/// A process with id 1, as in a container, ignores SIGTERM unless it has a handler.
#[test]
fn sigint_and_sigterm_are_handled_once_the_program_is_ready() {
    let program = Program::start(&[], &[]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).expect("the program runs");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("Linux reports it");
    let caught = u64::from_str_radix(caught.trim(), 16).expect("hexadecimal");
    for signal in [2, 15] {
        assert_ne!(caught & 1 << (signal - 1), 0, "signal {signal}");
    }
}

#[test]
fn a_port_in_use_exits_with_69_and_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("a bound socket").port().to_string();
    let output = run(&["--port", &port], &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(69), 0), "{stderr}");
    assert!(stderr.contains(&format!("port {port}")) && stderr.contains("--port 0"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn the_port_file_is_complete_when_the_program_is_ready() {
    let folder = temp_dir::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("port");
    std::fs::write(&file, "an older and longer content").expect("the file can be written");
    let program = Program::start(&["--port-file", file.to_str().expect("a UTF-8 path")], &[]);
    let text = std::fs::read_to_string(&file).expect("it exists");
    assert_eq!(text.trim().parse(), Ok(program.address.port()));
    assert_eq!(std::fs::read_dir(folder.path()).expect("it exists").count(), 1);
}

#[test]
fn a_port_file_in_a_folder_that_does_not_exist_exits_with_64() {
    let folder = temp_dir::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("no/such/folder/port");
    let output = run(&["--port", "0", "--port-file", file.to_str().expect("a UTF-8 path")], &[]);
    let mut stderr = String::new();
    output.stderr.as_slice().read_to_string(&mut stderr).expect("UTF-8");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0), "{stderr}");
    assert!(stderr.contains("--port-file"), "{stderr}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("it exists").count(), 0);
}

#[test]
fn healthcheck_of_another_server_fails_with_one_line() {
    for received in ["", "SSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("a bound socket").port().to_string();
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("the healthcheck connects");
                let _ = stream.write_all(received.as_bytes());
            });
            let output = run(&["healthcheck", "--port", &port], &[]);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{received:?}: {stderr}");
        });
    }
}
