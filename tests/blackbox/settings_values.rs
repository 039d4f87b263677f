//! Values of settings: forms with one meaning are accepted, values that no request can match and settings without
//! effect are refused, and settings that open the server to others are reported.

use serde_json::json;

use crate::support::{Client, Program, run, server};

const LIST: &str = "/api/v1/indexes";

/// The status of a request with these header lines.
fn status(client: &Client, headers: &str) -> Option<u16> {
    client.try_send("GET", LIST, headers, None).map(|response| response.status)
}

/// The status of a request with this `Host` header.
fn status_of_host(client: &Client, host: &str) -> u16 {
    let request =
        format!("GET {LIST} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer k\r\nconnection: close\r\n\r\n");
    client.connect().send(request).read_response().expect("a response").status
}

#[test]
fn an_allowed_host_matches_in_every_form() {
    for value in ["mock.test", " Mock.Test ", "mock.test:4010", "http://mock.test/", "mock.test."] {
        let server = server(&[("allowed-host", value)]);
        let client = Client::of(&server);
        assert_eq!(status_of_host(&client, "mock.test:9"), 200, "{value}");
        assert_eq!(status_of_host(&client, "mock.test."), 200, "{value}");
        assert_eq!(status_of_host(&client, "other.test"), 403, "{value}");
    }
    let any = server(&[("allowed-host", "*")]);
    assert_eq!(status_of_host(&Client::of(&any), "whatever.test"), 200);
}

#[test]
fn an_origin_matches_in_every_form() {
    for (value, origin) in [
        ("HTTP://LocalHost:3000/", "http://localhost:3000"),
        (" http://a.test:80", "http://a.test"),
        ("https://a.test:443", "https://a.test"),
    ] {
        let server = server(&[("cors-origin", value)]);
        let client = Client::of(&server);
        assert_eq!(status(&client, &format!("origin: {origin}\r\n")), Some(200), "{value}");
        assert_eq!(status(&client, "origin: http://other.test\r\n"), Some(403), "{value}");
    }
}

#[test]
fn the_space_around_keys_and_tokens_is_ignored() {
    let server = server(&[("api-key", " llx-a "), ("admin-token", " secret ")]);
    let client = Client::of(&server).with_key("llx-a");
    assert_eq!(status(&client, ""), Some(200));
    assert_eq!(client.with_key("secret").get("/__admin/state").status, 200);
    assert_eq!(client.get("/__admin/state").status, 401);
}

#[test]
fn values_that_no_request_can_match_are_refused() {
    for (flag, value, expected) in [
        ("--allowed-host", "*.test", "wildcard"),
        ("--allowed-host", "mock.test/path", "mock.test"),
        ("--allowed-host", "mock.test:99999", "mock.test"),
        ("--allowed-host", "a,b", "not a host name like mock.test"),
        ("--allowed-host", "mock..test", "not a host name like mock.test"),
        ("--cors-origin", "http://localhost:*", "wildcard"),
        ("--cors-origin", "*", "wildcard"),
        ("--cors-origin", "localhost:3000", "http://localhost:3000"),
        ("--api-key", " ", "blank"),
        ("--api-key", "Bearer llx-a", "Bearer"),
        ("--api-key", "a\u{7}b", "control character"),
        ("--admin-token", "geheimnisß", "ASCII"),
        ("--admin-token", "  ", "blank"),
        ("--start-time", "9999-12-30T00:00:00Z", "hundred years"),
        ("--start-time", "1969-12-31T23:59:59Z", "1970"),
        ("--port-file", "no/such/folder/port", "folder"),
        ("--port-file", ".", "folder"),
        ("--binary", "no/such/program", "not a file"),
        ("--binary", concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), "cannot be executed"),
        ("--max-body-bytes", "1M", "1MB"),
        ("--max-tenants", "0", "from 1"),
        ("--header-timeout", "0", "millisecond"),
        ("--clock", "manuel", "did you mean manual?"),
        ("--admin", "closed", "open, token, own, off"),
        ("--admin", "token", "--admin-token"),
    ] {
        let output = run(&["--port", "0", flag, value], &[]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{flag} {value}: {stderr}");
        assert!(stderr.starts_with(&format!("llamacloud-mock: {flag}: ")), "{flag} {value}: {stderr}");
        assert!(stderr.contains(expected), "{flag} {value}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

/// Arguments of which one has no effect, and the beginning of the error.
const WITHOUT_EFFECT: &[(&[&str], &str)] = &[
    (&["--clock", "auto", "--time-scale", "2"], "--time-scale: has no effect beside --clock auto"),
    (&["--admin", "off", "--admin-token", "t"], "--admin-token: has no effect beside --admin off"),
    (&["--admin", "open", "--admin-token", "t"], "--admin-token: has no effect beside --admin open"),
    (&["--admin", "own", "--no-auth"], "--admin: own needs the key of each request"),
    (&["--admin", "own", "--isolation", "none"], "--admin: own needs a tenant for each key"),
    (&["--admin", "own", "--api-key", "k", "--admin-token", "k"], "--admin-token: is an --api-key too"),
    (&["--contract", "--strict-references"], "--strict-references: has no effect beside --contract"),
    (&["--contract", "--sync-conflict", "429"], "--sync-conflict: has no effect beside --contract"),
    (&["--isolation", "none", "--max-tenants", "5"], "--max-tenants: has no effect beside --isolation none"),
    (&["--allowed-host", "*", "--allowed-host", "a.test"], "--allowed-host: has no effect for other names beside `*`"),
    (
        &["--journal-entries", "0", "--journal-bytes", "1MB"],
        "--journal-bytes: has no effect beside --journal-entries 0",
    ),
    (&["--log-level", "off", "--log-format", "json"], "--log-format: has no effect beside --log-level off"),
    (&["--strict-faults", "--admin", "off"], "--strict-faults: has no effect without a fault rule"),
    (&["--strict-faults", "--host", "0.0.0.0"], "--strict-faults: has no effect without a fault rule"),
];

#[test]
fn settings_without_effect_beside_another_are_refused() {
    for (args, expected) in WITHOUT_EFFECT {
        let output = run(&[&["--port", "0"], *args].concat(), &[]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{args:?}: {stderr}");
        assert!(stderr.starts_with(&format!("llamacloud-mock: {expected}")), "{args:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let output = run(&["validate", "--contract", "-"], &[("LLAMACLOUD_MOCK_STRICT_REFERENCES", "1")]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{stderr}");
    assert!(stderr.contains("LLAMACLOUD_MOCK_STRICT_REFERENCES (in the environment): has no effect"), "{stderr}");
}

#[test]
fn settings_with_an_effect_beside_another_are_accepted() {
    for args in [
        &["--clock", "auto", "--time-scale", "1"][..],
        &["--contract", "--sync-conflict", "coalesce", "--index-id", "id", "--sync-duration", "1s"],
        &["--no-auth", "--api-key", "llx-a", "--start-time", "2026-01-01T00:00:00Z"],
        &["--strict-faults", "--admin", "off", "--fault", "indexes.get status=503", "--log-level", "off"],
    ] {
        let program = Program::start(args, &[]);
        let expected = if args.contains(&"--strict-faults") { 2 } else { 0 };
        assert_eq!(program.terminate().0, Some(expected), "{args:?}");
    }
}

#[test]
fn admin_is_open_needs_a_token_or_is_off() {
    let off = server(&[("admin", "off")]);
    let client = Client::of(&off);
    for path in ["/__admin/state", "/__admin", "/__admin/nothing"] {
        let response = client.get(path);
        assert_eq!((response.status, response.json()), (404, json!({ "detail": "Not Found" })), "{path}");
    }
    assert_eq!((client.get("/health").status, client.get(LIST).status), (200, 200));
    let with_token = server(&[("admin", "token"), ("admin-token", "t")]);
    let client = Client::of(&with_token);
    assert_eq!((client.get("/__admin/state").status, client.with_key("t").get("/__admin/state").status), (401, 200));
}

#[test]
fn admin_beyond_loopback_is_closed_unless_it_is_opened_with_a_warning() {
    for (args, status, warning) in
        [(&[][..], 403, "set --admin-token"), (&["--admin", "open"], 200, "--admin: open lets every machine")]
    {
        let program = Program::start(&[&["--host", "0.0.0.0", "--log-level", "off"], args].concat(), &[]);
        assert_eq!(Client::at(program.address).get("/__admin/state").status, status);
        let (code, stderr) = program.terminate();
        assert_eq!((code, stderr.contains(warning)), (Some(0), true), "{args:?}: {stderr}");
    }
}

#[test]
fn warnings_name_what_a_setting_opens_or_that_it_is_needless() {
    for (args, warning) in [
        (&["--allowed-host", "*"][..], "--allowed-host: * accepts every Host header"),
        (&["--host", "0.0.0.0", "--allowed-host", "mock.test"], "--allowed-host: has no effect"),
    ] {
        let (code, stderr) = Program::start(&[&["--log-level", "off"], args].concat(), &[]).terminate();
        assert_eq!((code, stderr.contains(warning)), (Some(0), true), "{args:?}: {stderr}");
    }
}

#[test]
fn the_ready_line_has_a_url_that_works_from_this_machine() {
    for (host, expected) in [
        ("0.0.0.0", "ready url=http://127.0.0.1:"),
        ("[::]", "ready url=http://[::1]:"),
        ("localhost", "ready url=http://127.0.0.1:"),
    ] {
        if host == "[::]" && std::net::TcpListener::bind(("::1", 0)).is_err() {
            continue; // The machine has no IPv6.
        }
        let program = Program::start(&["--host", host], &[]);
        assert!(program.ready.starts_with(expected), "{host}: {}", program.ready);
        assert_eq!(Client::at(program.address).get("/health").status, 200, "{host}");
    }
}

#[test]
fn sizes_are_decimal_or_binary() {
    for (size, bytes) in [("1KB", 1000), ("1 KiB", 1024), ("1kb", 1000)] {
        let server = server(&[("max-body-bytes", size)]);
        let client = Client::of(&server);
        for (length, status) in [(bytes, 201), (bytes + 1, 413)] {
            let frame = r#"{"source_directory_id":"d","name":""}"#.len();
            let body = json!({ "source_directory_id": "d", "name": "n".repeat(length - frame) });
            assert_eq!(client.post(LIST, &body).status, status, "{size} {length}");
        }
    }
}

#[test]
fn a_misspelled_variable_gets_the_nearest_name() {
    let variables = [
        ("LLAMACLOUD_MOCK_PROT", "1"),
        ("LLAMA_CLOUD_MOCK_SEED", "1"),
        ("LLAMACLOUD_MOCK_PORT_FLIE", "x"),
        ("LLAMACLOUD_MOCK_PORT", "tcp://10.0.0.1:4010"),
        ("LLAMACLOUD_MOCK_PORT_4010_TCP_ADDR", "10.0.0.1"),
        ("LLAMACLOUD_MOCK_SERVICE_PORT_HTTP", "4010"),
        // The helpers of test frameworks read it.
        ("LLAMACLOUD_MOCK_URL", "http://127.0.0.1:4010"),
    ];
    let (code, stderr) = Program::start(&["--port", "0", "--log-level", "off"], &variables).terminate();
    assert_eq!(code, Some(0));
    for (name, near) in [
        ("LLAMACLOUD_MOCK_PROT", "LLAMACLOUD_MOCK_PORT?"),
        ("LLAMA_CLOUD_MOCK_SEED", "LLAMACLOUD_MOCK_SEED?"),
        ("LLAMACLOUD_MOCK_PORT_FLIE", "LLAMACLOUD_MOCK_PORT_FILE?"),
    ] {
        let expected = format!("warning: {name}: is not a setting; did you mean {near}");
        assert!(stderr.contains(&expected), "{expected}: {stderr}");
    }
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
}
