//! Operations that only tests have, over a socket: one panics, one streams events.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Server;
use crate::config::{self, RawSettings};
use crate::instance::Instance;
use crate::journal::{Entry, Outcome};
use crate::operation::{Answer, Operation, Router};
use crate::response::{Events, Payload};
use crate::tenant::Tenant;

/// Far more than any step of these tests takes.
const LIMIT: Duration = Duration::from_mins(1);

/// The schemas of the parameters are those of operations with these names.
static OPERATIONS: [Operation; 3] = [
    Operation { name: "indexes.list", path: "/panics", handler: |_, _| panic!("on purpose"), ..Operation::READ },
    Operation {
        name: "projects.list",
        path: "/stream",
        handler: |_, _| Ok(Answer::Payload(Payload::Events(events()))),
        ..Operation::READ
    },
    Operation {
        name: "v2_projects.list",
        path: "/healthy",
        handler: |_, _| Ok(Answer::Payload(Payload::json(&()))),
        ..Operation::READ
    },
];

/// Three events; the pauses before the second and the third are long.
fn events() -> Events {
    let event = |seconds, text: &'static str| (Duration::from_secs(seconds), Bytes::from_static(text.as_bytes()));
    let items = vec![event(0, "data: 1\n\n"), event(3600, "data: 2\n\n"), event(3600, "data: 3\n\n")];
    Events { items, failure: |reason| format!("data: {reason}\n\n").into() }
}

const FIRST_CHUNK: &str = "9\r\ndata: 1\n\n\r\n";
const ALL_CHUNKS: &str = "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\n\r\n";

/// The origin of the page that sends the requests.
const ORIGIN: &str = "http://a.test";

struct TestServer {
    instance: Arc<Instance>,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

async fn start(settings: &[(&'static str, &str)]) -> TestServer {
    let common = [("port", "0"), ("log-level", "off"), ("cors-origin", ORIGIN)];
    let raw = RawSettings::from_flags(&[&common, settings].concat());
    let settings = config::read(&raw).expect("the settings are valid");
    let instance = Instance::with_router(settings, raw, Router::new(OPERATIONS.iter())).expect("the schemas are valid");
    let instance = Arc::new(instance);
    let server = Server::bind(Arc::clone(&instance)).await.expect("a port is free");
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(server.run(async { _ = stopped.await }));
    TestServer { instance, address, stop, running }
}

impl TestServer {
    async fn send(&self, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.expect("the server listens");
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer llx-a\r\norigin: {ORIGIN}\r\n\r\n"
        );
        client.write_all(request.as_bytes()).await.expect("the connection is open");
        client
    }

    fn tenant(&self) -> Arc<Tenant> {
        self.instance.tenants.find("llx-a").expect("it has sent a request")
    }

    fn entry(&self) -> Entry {
        self.tenant().lock().journal.entries().pop().expect("there is an entry")
    }
}

/// What the client receives until `end` has come, or until the connection ends.
async fn received(client: &mut TcpStream, end: Option<&str>) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        loop {
            let mut buffer = [0; 1024];
            match client.read(&mut buffer).await {
                Ok(read @ 1..) => bytes.extend_from_slice(&buffer[..read]),
                Ok(0) | Err(_) => break,
            }
            if end.is_some_and(|end| bytes.ends_with(end.as_bytes())) {
                break;
            }
        }
    };
    timeout(LIMIT, reading).await.expect("it comes in time");
    String::from_utf8(bytes).expect("the response is text")
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").expect("there is a head").1
}

#[tokio::test]
async fn a_handler_that_panics_fails_only_its_own_request() {
    let server = start(&[]).await;
    let mut client = server.send("/panics").await;
    let response = received(&mut client, Some("\"}")).await;
    assert!(response.starts_with("HTTP/1.1 500 ") && response.contains("correlation ID"), "{response}");
    assert_eq!((server.entry().status, server.tenant().open_requests()), (Some(500), 0));
    assert!(received(&mut server.send("/healthy").await, Some("null")).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(server.instance.panics.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn events_are_chunks_that_leave_the_process_one_by_one() {
    let server = start(&[("clock", "manual")]).await;
    let mut client = server.send("/stream").await;
    // The second event comes an hour after the first.
    let response = received(&mut client, Some(FIRST_CHUNK)).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    for header in
        ["content-type: text/event-stream", "transfer-encoding: chunked", "access-control-allow-origin: http://a.test"]
    {
        assert!(response.contains(&format!("\r\n{header}\r\n")), "{response}");
    }
    assert_eq!(body(&response), FIRST_CHUNK);
    assert_eq!((server.entry().outcome, server.tenant().open_requests()), (Outcome::Open, 1));
    let rules = server.tenant().lock().faults.without_counts();
    server.tenant().reset_faults(rules);
    assert_eq!(
        received(&mut client, None).await,
        "",
        "a reset of the fault rules ends the stream without its last chunk"
    );
    assert_eq!((server.entry().outcome, server.tenant().open_requests()), (Outcome::Cut, 0));
}

#[tokio::test]
async fn a_whole_stream_is_recorded_as_its_events() {
    let server = start(&[("clock", "auto")]).await;
    let mut client = server.send("/stream").await;
    assert_eq!(body(&received(&mut client, Some("\r\n0\r\n\r\n")).await), ALL_CHUNKS);
    let entry = server.entry();
    assert_eq!((entry.outcome, entry.status), (Outcome::Sent, Some(200)));
    let recorded = serde_json::to_value(&entry.reply_body).expect("it is text");
    assert_eq!(recorded, "data: 1\n\ndata: 2\n\ndata: 3\n\n");
}

#[tokio::test]
async fn wire_faults_count_the_bytes_of_events_without_their_framing() {
    for (rule, expected) in [
        ("truncate=11", "9\r\ndata: 1\n\n\r\n2\r\nda\r\n"),
        ("truncate=0", ""),
        ("reset=reply", "9\r\ndata: 1\n\n\r\n4\r\ndata\r\n"),
        ("dribble=20/1s", "14\r\ndata: 1\n\ndata: 2\n\nda\r\n7\r\nta: 3\n\n\r\n0\r\n\r\n"),
    ] {
        let server = start(&[("clock", "auto"), ("fault", &format!("projects.list {rule}"))]).await;
        let mut client = server.send("/stream").await;
        let end = rule.starts_with("dribble").then_some("\r\n0\r\n\r\n");
        let response = received(&mut client, end).await;
        assert_eq!(body(&response), expected, "{rule}");
        assert!(response.contains("\r\ntransfer-encoding: chunked\r\n"), "{rule}: {response}");
        let outcome = if end.is_some() { Outcome::Sent } else { Outcome::Cut };
        assert_eq!(server.entry().outcome, outcome, "{rule}");
    }
}

/// A stream that a rule slows down, and whose server shuts down: what came before and after, and how it is recorded.
async fn stopped(rule: &str, before: &str) -> (String, Outcome) {
    let rule = format!("projects.list {rule}");
    let mut settings = vec![("clock", "manual")];
    settings.extend((!rule.ends_with(' ')).then_some(("fault", rule.as_str())));
    let server = start(&settings).await;
    let mut client = server.send("/stream").await;
    let received_before = received(&mut client, Some(before)).await;
    assert_eq!(body(&received_before), before, "{rule}");
    drop(server.stop);
    let rest = received(&mut client, None).await;
    drop(client);
    let ended = timeout(LIMIT, server.running).await.expect("it ends in time").expect("it does not panic");
    assert!(ended.is_ok());
    let tenant = server.instance.tenants.find("llx-a").expect("it is there");
    let outcome = tenant.lock().journal.entries()[0].outcome;
    (rest, outcome)
}

/// A chunk whose length has no letters, which hyper writes in capitals.
fn chunk(bytes: &str) -> String {
    format!("{:x}\r\n{bytes}\r\n", bytes.len())
}

#[tokio::test]
async fn a_shutdown_ends_a_stream_after_the_event_that_has_begun() {
    let last = "data: The server is shutting down\n\n";
    for (rule, before, rest) in [
        ("", "data: 1\n\n", ""),
        ("close=after", "data: 1\n\n", ""),
        ("dribble=9/1h", "data: 1\n\n", ""),
        ("dribble=16/1h", "data: 1\n\ndata: 2", "\n\n"),
        ("dribble=17/1h", "data: 1\n\ndata: 2\n", "\n"),
        ("dribble=4/1h close=after", "data", ": 1\n\n"),
    ] {
        let (received, outcome) = stopped(rule, &chunk(before)).await;
        assert_eq!((received, outcome), (chunk(&format!("{rest}{last}")) + "0\r\n\r\n", Outcome::Cut), "{rule}");
    }
}

#[tokio::test]
async fn a_shutdown_in_the_last_event_of_a_stream_leaves_nothing_out() {
    for rule in ["dribble=25/1h", "dribble=25/1h close=after"] {
        let (received, outcome) = stopped(rule, &chunk("data: 1\n\ndata: 2\n\ndata: 3")).await;
        assert_eq!((received, outcome), (chunk("\n\n") + "0\r\n\r\n", Outcome::Sent), "{rule}");
    }
}
