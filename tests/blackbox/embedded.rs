//! A server in the process of a test that has a runtime of its own: starting, stopping and dropping it there; what it
//! says of requests and errors; and the test that docs/testing/rust.md shows.

use std::io::ErrorKind;
use std::time::Duration;

use llamacloud_mock::embedded::{Error, FaultOutcome, Outcome, RequestFilter};
use serde_json::json;

use crate::support::{Client, INDEXES, START, manual_clock_server, server, wait_until};

use llamacloud_mock::embedded::MockServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn the_list_of_indexes_is_unavailable_once() {
    let fault = "indexes.list status=503 first=1";
    let server = MockServer::builder().set("clock", "auto").set("fault", fault).start().expect("valid settings");
    for status in ["503", "200"] {
        // In place of your client, with the base URL `server.url()`.
        let mut connection = TcpStream::connect(server.address()).await.expect("the server listens");
        let request = "GET /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer llx-a\r\n";
        connection.write_all(format!("{request}Connection: close\r\n\r\n").as_bytes()).await.expect("the server reads");
        let mut response = String::new();
        connection.read_to_string(&mut response).await.expect("the server responds");
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{response}");
    }
    assert!(server.faults_never_struck().is_empty());
    let tenant = server.tenant("llx-a").expect("every key is accepted");
    assert_eq!(tenant.verify("indexes.list status=200 count=1").expect("one request succeeded"), 1);
    let requests = tenant.received_requests();
    assert_eq!(requests.iter().map(|request| request.status).collect::<Vec<_>>(), [Some(503), Some(200)]);
}

/// The status line of a request for the list of indexes.
async fn status_line(server: &MockServer, key: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(server.address()).await?;
    let head = format!(
        "GET /api/v1/indexes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    Ok(response.lines().next().unwrap_or_default().to_owned())
}

async fn assert_works_and_stops() {
    let stopped = MockServer::start().expect("a free port");
    let dropped = MockServer::start().expect("a free port");
    for server in [&stopped, &dropped] {
        assert_eq!(status_line(server, "llx-a").await.expect("a response"), "HTTP/1.1 200 OK");
    }
    let addresses = [stopped.address(), dropped.address()];
    stopped.stop().expect("it had not failed");
    drop(dropped);
    for address in addresses {
        // A process that another test is starting has copies of all sockets until it runs its program.
        wait_until("nothing listens any more", || std::net::TcpStream::connect(address).is_err());
    }
}

#[tokio::test]
async fn it_works_in_a_runtime_of_one_thread() {
    assert_works_and_stops().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_in_a_runtime_of_several_threads() {
    assert_works_and_stops().await;
}

#[tokio::test]
async fn a_tenant_has_the_verbs_of_the_helpers() {
    let server = MockServer::builder().set("clock", "auto").set("admin", "off").start().expect("valid settings");
    let tenant = server.tenant("llx-test").expect("the key is accepted");
    assert!(tenant.received_requests().is_empty(), "it is known before its first request");
    tenant.fault("indexes.list status=503 first=1 name=down").expect("a valid rule");
    for status in ["503 Service Unavailable", "200 OK"] {
        assert_eq!(status_line(&server, "llx-test").await.expect("a response"), format!("HTTP/1.1 {status}"));
    }
    let retries = tenant.retries();
    let statuses: Vec<_> = retries.chains[0].attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!((retries.single_calls, retries.chains.len(), retries.chains[0].operation), (0, 1, Some("indexes.list")));
    assert_eq!((statuses, retries.chains[0].needless_retries), (vec![Some(503), Some(200)], 0));
    assert!(retries.chains[0].attempts[0].gap.is_none() && retries.chains[0].attempts[1].gap.is_some());
    tenant.advance(Duration::from_secs(5)).expect("the clock can be advanced");
    tenant.reset().expect("it is known");
    assert_eq!((tenant.key(), tenant.received_requests().len(), tenant.dropped_requests()), ("llx-test", 0, 0));
    assert_eq!(status_line(&server, "llx-test").await.expect("a response"), "HTTP/1.1 200 OK", "the rule is gone");
    assert!(server.tenant("llx-other").expect("accepted").received_requests().is_empty(), "others are not affected");
}

#[test]
fn a_tenant_that_is_forgotten_leaves_its_place_to_another() {
    let server = MockServer::builder().set("max-tenants", "1").start().expect("valid settings");
    let tenant = server.tenant("llx-a").expect("there is a place");
    assert!(matches!(server.tenant("llx-b"), Err(Error::Key(_))), "there is one place");
    tenant.forget();
    tenant.forget();
    assert_eq!(tenant.received_requests().len(), 0);
    server.tenant("llx-b").expect("the place is free");
}

#[test]
fn an_expectation_is_judged_and_a_miss_says_what_is_nearest() {
    let server = manual_clock_server(&[("admin", "off"), ("journal-entries", "2")]);
    let client = Client::of(&server);
    let tenant = server.tenant(client.key()).expect("the key is accepted");
    client.create("dir-a");
    assert_eq!(tenant.verify("indexes.create status=201 outcome=sent count=1").ok(), Some(1));
    assert_eq!(tenant.verify("state indexes count=..2").ok(), Some(1));
    assert_eq!(tenant.verify("indexes.delete count=0").ok(), Some(0));
    let expected = "indexes.create when=body:/source_directory_id=dir-b";
    let error = tenant.verify(expected).expect_err("there is no such request");
    let text = format!(
        "{expected}: 1 request of indexes.create, 0 as expected; expected at least 1; nearest: request 1: \
         body:/source_directory_id is dir-a, expected dir-b"
    );
    assert!(matches!(&error, Error::Unmet(known) if *known == text), "{error:?}");
    (0..2).for_each(|_| drop(client.get(INDEXES)));
    let error = tenant.verify("indexes.create count=0").expect_err("a request was evicted");
    assert!(matches!(&error, Error::Unmet(text) if text.contains("1 requests were evicted")), "{error:?}");
}

#[test]
fn received_requests_say_what_was_sent_and_what_came_of_it() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let tenant = server.tenant(client.key()).expect("the key is accepted");
    tenant.fault("indexes.list status=429 retry-after=2 name=busy first=1").expect("a valid rule");
    let body = format!(r#"{{"source_directory_id":"dir-a","name":"llx-{}"}}"#, "a".repeat(48));
    let lines = "x-stainless-retry-count: 1\r\n";
    assert_eq!(client.try_send("POST", INDEXES, lines, Some(&body)).expect("a response").status, 201);
    client.get(&format!("{INDEXES}?page_size=7"));
    client.get("/api/v1/nowhere");
    let requests = tenant.received_requests();
    let [create, list, nowhere] = &requests[..] else { panic!("{requests:#?}") };
    assert_eq!((create.seq, create.at.as_str(), create.method.as_str()), (1, START, "POST"));
    assert_eq!((create.operation, create.status, create.outcome), (Some("indexes.create"), Some(201), Outcome::Sent));
    assert_eq!((create.committed, create.retry_count, create.retry_after), (true, Some(1), None));
    assert!(create.body.ends_with("\"llx-…aaaa\"}".as_bytes()), "a key that looks real is masked");
    assert_eq!((create.omitted_body_bytes, create.omitted_headers, create.omitted_response_bytes), (0, 0, 0));
    assert!(create.response_body.starts_with(b"{\"id\":\"idx-"));
    let header = |name| create.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!([header("x-stainless-retry-count"), header("authorization")], [Some("1"), Some("…")]);
    assert_eq!((list.path.as_str(), list.status), ("/api/v1/indexes?page_size=7", Some(429)));
    assert_eq!((list.committed, list.retry_after), (false, Some(Duration::from_secs(2))));
    assert_eq!((nowhere.operation, nowhere.status), (None, Some(404)));
    let faults: Vec<_> = list.faults.iter().map(|note| (&*note.rule, note.outcome)).collect();
    assert_eq!(faults, [("busy", FaultOutcome::Struck)]);
}

#[test]
fn a_body_over_4_kib_is_cut_and_requests_over_the_limit_are_counted() {
    let server = manual_clock_server(&[("journal-entries", "2")]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-a", "description": "x".repeat(5000) });
    (0..5).for_each(|_| assert_eq!(client.post(INDEXES, &body).status, 201));
    let tenant = server.tenant(client.key()).expect("the key is accepted");
    let requests = tenant.received_requests();
    assert_eq!((requests.len(), tenant.dropped_requests(), tenant.retries().dropped), (2, 3, 3));
    let request = &requests[0];
    assert_eq!((request.seq, request.body.len()), (4, 4096));
    assert_eq!(request.omitted_body_bytes, body.to_string().len() - 4096);
}

#[test]
fn a_filter_selects_by_operation_and_status_and_refuses_what_fits_no_request() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.create("dir-a");
    client.get(INDEXES);
    client.get(&format!("{INDEXES}/idx-unknown"));
    let tenant = server.tenant(client.key()).expect("the key is accepted");
    let count = |filter: RequestFilter| tenant.matching_requests(&filter).map(|requests| requests.len());
    for (filter, expected) in [
        (RequestFilter::new(), 3),
        (RequestFilter::new().operation("indexes.*"), 3),
        (RequestFilter::new().operation("reads"), 2),
        (RequestFilter::new().operation("indexes.create,indexes.get"), 2),
        (RequestFilter::new().status(404), 1),
        (RequestFilter::new().operation("indexes.list").status(404), 0),
    ] {
        assert_eq!(count(filter.clone()).ok(), Some(expected), "{filter:?}");
    }
    for (filter, expected) in [
        (RequestFilter::new().operation("indexes.lst"), "indexes.lst: is not an operation; did you mean indexes.list?"),
        (RequestFilter::new().status(42), "status: 42 is not a status from 100 to 599"),
    ] {
        assert!(matches!(count(filter), Err(Error::Filter(text)) if text == expected));
    }
}

#[test]
fn errors_say_what_is_wrong_and_of_which_kind() {
    let server = server(&[("api-key", "llx-a")]);
    let tenant = server.tenant("llx-a").expect("the key is accepted");
    let error = tenant.fault("indexes.lis status=503").expect_err("there is no such operation");
    let text = "indexes.lis: is not an operation; did you mean indexes.list?";
    assert!(matches!(&error, Error::FaultRule(known) if known == text), "{error:?}");
    let error = tenant.advance(Duration::MAX).expect_err("no clock goes so far");
    assert!(matches!(error, Error::Clock(_)), "{error:?}");
    let error = tenant.verify("indexes.lis count=1").expect_err("there is no such operation");
    assert!(matches!(&error, Error::Expectation(known) if *known == format!("expect: {text}")), "{error:?}");
    let error = server.tenant("llx-b").expect_err("only one key is accepted");
    assert!(matches!(&error, Error::Key(text) if text.contains("--api-key")), "{error:?}");
}

#[tokio::test]
async fn a_setting_that_is_refused_is_an_error_in_a_runtime_too() {
    let error = MockServer::builder().set("clok", "auto").start().expect_err("there is no such setting");
    assert!(
        matches!(&error, Error::Setting(text) if text == "clok: is not a setting; did you mean clock?"),
        "{error:?}"
    );
    let taken = MockServer::start().expect("a free port");
    let port = taken.address().port().to_string();
    let error = MockServer::builder().set("port", &port).start().expect_err("the port is in use");
    assert!(matches!(&error, Error::Listen(error) if error.kind() == ErrorKind::AddrInUse), "{error:?}");
    assert!(std::error::Error::source(&error).is_some() && error.to_string().starts_with("the server cannot listen: "));
}
