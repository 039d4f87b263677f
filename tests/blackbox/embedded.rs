//! A server in the process of a test that has a runtime of its own: starting, stopping and dropping it there, and the test that
//! the README shows.

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
        crate::support::wait_until("nothing listens any more", || std::net::TcpStream::connect(address).is_err());
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
    assert_eq!(tenant.journal(&[]).expect("it is known"), r#"{"entries":[],"dropped":0}"#);
    tenant.fault("indexes.list status=503 first=1").expect("a valid rule");
    for status in ["503 Service Unavailable", "200 OK"] {
        assert_eq!(status_line(&server, "llx-test").await.expect("a response"), format!("HTTP/1.1 {status}"));
    }
    let count = |filters: &[(&str, &str)]| {
        let journal = tenant.journal(filters).expect("valid filters");
        journal.matches(r#""operation":"indexes.list""#).count()
    };
    assert_eq!((count(&[]), count(&[("status", "503")])), (2, 1));
    assert!(tenant.retries().expect("they are recorded").contains("indexes.list"));
    tenant.advance(std::time::Duration::from_secs(5)).expect("the clock can be advanced");
    tenant.reset().expect("it is known");
    assert_eq!((tenant.key(), count(&[])), ("llx-test", 0));
    // Others are not affected, and invalid words are refused with the nearest valid one.
    assert!(server.tenant("llx-other").expect("accepted").journal(&[]).expect("known").contains("[]"));
    let error = tenant.fault("indexes.lis status=503").expect_err("no operation");
    assert!(error.contains("did you mean indexes.list?"), "{error}");
}

#[tokio::test]
async fn a_setting_that_is_refused_is_an_error_in_a_runtime_too() {
    let error = MockServer::builder().set("clok", "auto").start().expect_err("there is no such setting");
    assert_eq!(error, "clok: is not a setting; did you mean clock?");
    let taken = MockServer::start().expect("a free port");
    let port = taken.address().port().to_string();
    MockServer::builder().set("port", &port).start().expect_err("the port is in use");
}
