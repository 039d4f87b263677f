//! Protection against requests from browsers, and access to `/__admin/`: host names, origins and tokens. Each case is a
//! raw head.

use std::net::{Ipv6Addr, SocketAddr, TcpStream};

use crate::support::{Client, HttpResponse, Program, server};
use llamacloud_mock::embedded::MockServer;

/// The response to a head with this target and these header lines.
fn send_head(server: &MockServer, method: &str, target: &str, lines: &str) -> HttpResponse {
    let head = format!("{method} {target} HTTP/1.1\r\n{lines}\r\n");
    Client::of(server).connect().send(head).read_response_to(method).expect("a response")
}

fn status(server: &MockServer, target: &str, lines: &str) -> u16 {
    send_head(server, "GET", target, lines).status
}

fn host(name: &str) -> String {
    format!("Host: {name}\r\n")
}

const LOOPBACK_HOSTS: &[&str] = &[
    "localhost",
    "localhost:4010",
    "LOCALHOST:1",
    "LocalHost",
    "127.0.0.1",
    "127.0.0.1:4010",
    "127.255.255.254",
    "[::1]",
    "[::1]:4010",
    "[0:0:0:0:0:0:0:1]",
];

const OTHER_HOSTS: &[&str] = &[
    "evil.example",
    "evil.example:4010",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io",
    "evil-localhost",
    "localhost.",
    "localhost..",
    ".localhost",
    "app.localhost",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "192.168.0.1",
    "169.254.169.254",
    "[::]",
    "[::2]",
    "[::ffff:127.0.0.1]",
    "[fe80::1]",
    "mock",
    "xn--localhost-",
];

const INVALID_HOSTS: &[&str] = &[
    "localhost:99999",
    "localhost:abc",
    "127.0.0.1:65536",
    "",
    " ",
    "local host",
    "localhost@evil.example",
    "evil.example@localhost",
    "user:password@localhost",
    "http://localhost",
    "localhost/",
    "localhost/path",
    "localhost?x",
    "localhost#x",
    "localhost:4010:4010",
    "[::1",
    "::1]",
    "localhost, evil.example",
    "localh\u{f6}st",
    "localhost\\evil.example",
];

#[test]
fn the_server_listens_only_on_both_loopback_addresses() {
    let program = Program::start(&[], &[]);
    assert!(program.ready.starts_with("ready url=http://127.0.0.1:"), "{}", program.ready);
    let port = program.address.port();
    assert_eq!(Client::at(program.address).get("/health").status, 200);
    assert_eq!(Client::at((Ipv6Addr::LOCALHOST, port).into()).get("/health").status, 200);
    let neighbour: SocketAddr = format!("127.0.0.2:{port}").parse().expect("an address");
    assert!(TcpStream::connect(neighbour).is_err());
}

#[test]
fn binding_to_a_public_address_without_a_token_prints_a_warning() {
    for (args, is_warned) in
        [(vec!["--host", "0.0.0.0"], true), (vec!["--host", "0.0.0.0", "--admin-token", "x"], false)]
    {
        let program = Program::start(&args, &[]);
        assert!(program.ready.starts_with("ready url=http://127.0.0.1:"), "{}", program.ready);
        let (_, stderr) = program.terminate();
        assert_eq!(stderr.contains("so /__admin/ refuses every request"), is_warned, "{stderr}");
    }
}

#[test]
fn only_loopback_host_names_are_accepted() {
    let server = server(&[]);
    for target in ["/health", "/__admin/state", "/api/v1/indexes", "/nowhere"] {
        for (names, refused_with) in [(LOOPBACK_HOSTS, None), (OTHER_HOSTS, Some(403)), (INVALID_HOSTS, Some(400))] {
            for name in names {
                let status = status(&server, target, &host(name));
                match refused_with {
                    Some(400) if target == "/health" && name.trim().is_empty() => assert_eq!(status, 200),
                    Some(refused) => assert_eq!(status, refused, "{target} at {name:?}"),
                    None => assert!([200, 401, 404].contains(&status), "{target} at {name:?}: {status}"),
                }
            }
        }
    }
}

#[test]
fn an_unknown_host_is_rejected_before_routing_and_journaled_for_no_tenant() {
    let server = server(&[]);
    for name in [OTHER_HOSTS, INVALID_HOSTS].concat() {
        let lines = format!("{}Authorization: Bearer llx-test\r\n", host(name));
        send_head(&server, "POST", "/api/v1/indexes", &lines);
        send_head(&server, "GET", "/nowhere", &lines);
    }
    let client = Client::of(&server);
    assert_eq!(client.get("/__admin/state").json()["tenants"], serde_json::json!([]));
    let entries = client.get("/__admin/journal").json()["entries"].as_array().expect("a list").clone();
    assert_eq!(entries.len(), 2 * (OTHER_HOSTS.len() + INVALID_HOSTS.len()));
    for entry in entries {
        assert_eq!(
            (&entry["tenant"], &entry["operation"]),
            (&serde_json::Value::Null, &serde_json::Value::Null),
            "{entry}"
        );
        assert!([400, 403].contains(&entry["status"].as_u64().expect("a status")), "{entry}");
    }
}

#[test]
fn the_authority_of_a_target_is_checked_like_the_host() {
    let server = server(&[]);
    for (target, expected) in [
        ("http://localhost/health", 200),
        ("http://127.0.0.1:1/health", 200),
        ("http://evil.example/health", 403),
        ("http://localhost.:4010/health", 403),
        ("http://[::ffff:127.0.0.1]/health", 403),
    ] {
        assert_eq!(status(&server, target, &host("localhost")), expected, "{target}");
        assert_eq!(status(&server, target, &host("evil.example")), 403, "{target}");
    }
}

#[test]
fn an_invalid_authority_of_a_target_is_refused_like_an_invalid_host() {
    let server = server(&[]);
    for authority in ["localhost:99999", "localhost:65536", "user@localhost", "127.0.0.1:4010:4010"] {
        for path in ["/health", "/api/v1/indexes"] {
            let target = format!("http://{authority}{path}");
            assert_eq!(status(&server, &target, &host("localhost")), 400, "{target}");
            assert_eq!(status(&server, &target, ""), 400, "{target} without a Host header");
        }
    }
}

#[test]
fn an_allowed_host_is_accepted_and_similar_names_are_not() {
    let server = server(&[("allowed-host", "mock"), ("allowed-host", "Other.Example")]);
    for name in ["mock", "MOCK:4010", "other.example", "localhost", "mock.", "Mock.:4010", "other.example."] {
        assert_eq!(status(&server, "/health", &host(name)), 200, "{name}");
    }
    for name in ["mock..", ".mock", "mock.evil.example", "evil-mock", "example"] {
        assert_eq!(status(&server, "/health", &host(name)), 403, "{name}");
    }
}

#[test]
fn bound_to_all_addresses_any_host_is_accepted_except_for_admin() {
    let server = server(&[("host", "0.0.0.0")]);
    for name in ["mock", "evil.example", "localhost", "10.0.0.7:4010"] {
        assert_eq!(status(&server, "/health", &host(name)), 200, "{name}");
        assert_eq!(status(&server, "/api/v1/indexes", &host(name)), 401, "{name}");
        assert_eq!(status(&server, "/__admin/state", &host(name)), 403, "{name}");
        let forwarded = format!("{}X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n", host(name));
        assert_eq!(status(&server, "/__admin/state", &forwarded), 403, "{name}");
    }
    assert_eq!(status(&server, "/api/v1/indexes", &host("")), 400);
}

#[test]
fn other_origins_are_rejected_with_every_method() {
    let server = server(&[]);
    let address = server.address();
    for origin in ["https://evil.example", "null", "", "http://localhost:3000", "file://", &format!("http://{address}")]
    {
        let lines = format!("{}Authorization: Bearer a\r\nOrigin: {origin}\r\n", host("localhost"));
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            for target in ["/api/v1/indexes", "/health", "/__admin/state"] {
                let preflight = format!("{lines}Access-Control-Request-Method: POST\r\n");
                for lines in [&lines, &preflight] {
                    let response = send_head(&server, method, target, lines);
                    assert_eq!(response.status, 403, "{method} {target} from {origin:?}");
                    let shared = response.headers.iter().find(|(name, _)| name.starts_with("access-control-"));
                    assert_eq!(shared, None, "{method} {target} from {origin:?}");
                }
            }
        }
    }
}

#[test]
fn form_and_plain_text_bodies_are_rejected() {
    let server = server(&[]);
    let client = Client::of(&server);
    let body = r#"{"source_directory_id":"dir-a"}"#;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        for path in ["/api/v1/indexes", "/__admin/reset"] {
            let lines = format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
            let mut request = client.request_bytes("POST", path, &lines, None);
            request.extend_from_slice(body.as_bytes());
            let response = client.connect().send(request).read_response().expect("a response");
            assert!((400..500).contains(&response.status), "{path} {content_type:?}: {}", response.status);
        }
    }
    assert_eq!(client.get("/api/v1/indexes").json()["items"], serde_json::json!([]));
}

#[test]
fn an_allowed_origin_may_use_the_api_but_not_admin() {
    let page = "https://app.example";
    let server = server(&[("cors-origin", page)]);
    let lines = format!("{}Authorization: Bearer a\r\nOrigin: {page}\r\n", host("localhost"));
    let preflight = format!(
        "{lines}Access-Control-Request-Method: DELETE\r\nAccess-Control-Request-Headers: authorization\r\n\
         Access-Control-Request-Private-Network: true\r\n"
    );
    let response = send_head(&server, "OPTIONS", "/api/v1/indexes/x", &preflight);
    assert_eq!(response.status, 204);
    assert_eq!(response.header("access-control-allow-origin"), Some(page));
    assert_eq!(response.header("access-control-allow-methods"), Some("DELETE"));
    assert_eq!(response.header("access-control-allow-headers"), Some("authorization"));
    assert_eq!(response.header("access-control-allow-private-network"), None);
    let response = send_head(&server, "GET", "/api/v1/indexes", &lines);
    assert_eq!(response.header("access-control-allow-credentials"), Some("true"), "the service knows a session cookie");
    assert_eq!((response.status, response.header("access-control-allow-origin")), (200, Some(page)));
    for lines in [&lines, &preflight] {
        for method in ["GET", "OPTIONS"] {
            assert_eq!(send_head(&server, method, "/__admin/state", lines).status, 403);
        }
    }
    for other in ["https://app.example.evil.example", "http://app.example", "https://app.example:444", "null", "*"] {
        let lines = format!("{}Origin: {other}\r\n", host("localhost"));
        let response = send_head(&server, "GET", "/api/v1/indexes", &lines);
        assert_eq!((response.status, response.header("access-control-allow-origin")), (403, None), "{other}");
    }
}

#[test]
fn admin_rejects_requests_of_other_pages() {
    let server = server(&[]);
    for (line, expected) in [
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Sec-Fetch-Site: same-site\r\n", 403),
        ("Sec-Fetch-Site: Cross-Site\r\n", 403),
        ("Sec-Fetch-Site: none\r\n", 200),
        ("Origin: http://localhost\r\n", 200),
        ("Origin: http://localhost:80\r\n", 403),
        ("Origin:\r\n", 403),
        ("", 200),
    ] {
        assert_eq!(status(&server, "/__admin/state", &format!("{}{line}", host("localhost"))), expected, "{line:?}");
    }
}

#[test]
fn admin_requires_its_token_for_every_path() {
    let token = "secret-of-the-admin";
    for address in ["127.0.0.1", "0.0.0.0"] {
        let server = server(&[("admin-token", token), ("host", address)]);
        let status_of = |target: &str, shown: &str| status(&server, target, &format!("{}{shown}", host("localhost")));
        for target in ["/__admin/state", "/__admin/journal", "/__admin/nothing", "/__admin/", "/__admin"] {
            for shown in [
                "",
                "Authorization: Bearer\r\n",
                "Authorization: Bearer \r\n",
                "Authorization: Bearer llx-test\r\n",
                "Authorization: Bearer secret-of-the-admi\r\n",
                "Authorization: Bearer secret-of-the-admin2\r\n",
                "Authorization: Bearer SECRET-OF-THE-ADMIN\r\n",
                "Authorization: Basic secret-of-the-admin\r\n",
                "Authorization: secret-of-the-admin\r\n",
                "Authorization: Bearer wrong\r\nAuthorization: Bearer secret-of-the-admin\r\n",
                "Cookie: session=secret-of-the-admin\r\n",
                "X-Forwarded-For: 127.0.0.1\r\n",
                "X-Real-IP: 127.0.0.1\r\n",
            ] {
                assert_eq!(status_of(target, shown), 401, "{target} {shown:?} at {address}");
            }
            assert_eq!(status_of(&format!("{target}?token={token}"), ""), 401, "{target} at {address}");
        }
        let good = format!("Authorization: Bearer {token}\r\n");
        assert_eq!(status_of("/__admin/state", &good), 200);
        assert_eq!(status_of("/__admin/nothing", &good), 404);
        assert_eq!(status_of("/health", ""), 200, "health needs no token");
    }
}

#[test]
fn other_spellings_of_the_admin_path_are_rejected() {
    let server = server(&[("admin-token", "secret")]);
    for target in [
        "/%5f%5fadmin/state",
        "//__admin/state",
        "/./__admin/state",
        "/x/../__admin/state",
        "/__ADMIN/state",
        "/__admin%2fstate",
        "/__adminx/state",
        "/health/../__admin/state",
        "/__admin\\state",
    ] {
        let status = status(&server, target, &host("localhost"));
        assert!([400, 401, 404].contains(&status), "{target}: {status}");
    }
}

#[test]
fn load_balancers_may_probe_without_a_host() {
    let server = server(&[]);
    for path in ["/health", "/ready"] {
        for request in [
            format!("GET {path} HTTP/1.0\r\n\r\n"),
            format!("GET {path} HTTP/1.0\r\nHost:\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost:\r\n\r\n"),
        ] {
            let response = Client::of(&server).connect().send(&request).read_response().expect("a response");
            assert_eq!(response.status, 200, "{request:?}");
        }
    }
}

#[test]
fn a_refused_host_is_named_with_the_flag_that_allows_it() {
    let server = server(&[]);
    let response = send_head(&server, "GET", "/api/v1/indexes", &host("mock.test:4010"));
    assert_eq!(response.status, 403);
    assert!(response.text().contains("--allowed-host mock.test allows it"), "{}", response.text());
}

#[test]
fn a_target_of_another_scheme_is_refused() {
    let server = server(&[]);
    let request = "GET ftp://localhost/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let response = Client::of(&server).connect().send(request).read_response().expect("a response");
    assert_eq!(response.status, 400, "{}", response.text());
}
