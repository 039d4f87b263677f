//! The memory budget of request bodies (`--max-inflight-bytes`): at its limit and past it, shared by connections, and
//! released when a request or its client is finished.

use crate::support::{Client, HttpResponse, RawConnection, server, wait_until};
use llamacloud_mock::embedded::MockServer;

/// The budget in these tests, in bytes.
const BUDGET: usize = 1000;

fn small_budget(settings: &[(&str, &str)]) -> MockServer {
    server(&[&[("max-inflight-bytes", "1000")], settings].concat())
}

/// The body of a valid create-index request, padded to `length` bytes.
fn body(length: usize) -> String {
    let body = format!("{{\"source_directory_id\":\"dir-a\"{}}}", " ".repeat(length - 31));
    assert_eq!(body.len(), length);
    body
}

fn create(client: &Client, length: usize) -> HttpResponse {
    client.try_send("POST", "/api/v1/indexes", "", Some(&body(length))).expect("a response")
}

/// The same request with chunked encoding, in chunks of 100 bytes.
fn create_chunked(client: &Client, length: usize) -> HttpResponse {
    let headers = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
    let mut request = client.request_bytes("POST", "/api/v1/indexes", headers, None);
    for chunk in body(length).as_bytes().chunks(100) {
        request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    client.connect().send(request).read_response().expect("a response")
}

/// A connection on which a create-index request is sent except for the last `missing` bytes of its body.
fn send_without_end(client: &Client, length: usize, missing: usize) -> RawConnection {
    let request = client.request_bytes("POST", "/api/v1/indexes", "", Some(&body(length)));
    let mut connection = client.connect();
    connection.send(&request[..request.len() - missing]);
    connection
}

/// A connection whose unfinished body holds `bytes` of the budget, `total` together with those of other connections.
fn hold(client: &Client, bytes: usize, total: usize) -> RawConnection {
    let mut connection = send_without_end(client, bytes + 1, 1);
    wait_until("the bytes have arrived", || {
        // One byte more than is left. It is refused only once all `bytes` are reserved.
        if create(client, BUDGET - total + 1).status == 413 {
            return true;
        }
        // That request was accepted, and the bytes may have arrived meanwhile and been refused: start again.
        if has_response(&connection) {
            connection = send_without_end(client, bytes + 1, 1);
        }
        false
    });
    connection
}

/// Whether bytes of a response have arrived.
fn has_response(connection: &RawConnection) -> bool {
    connection.stream().set_nonblocking(true).expect("a TCP socket");
    let peeked = connection.stream().peek(&mut [0]);
    connection.stream().set_nonblocking(false).expect("a TCP socket");
    peeked.is_ok()
}

#[track_caller]
fn assert_refused(response: &HttpResponse) {
    assert_eq!(response.status, 413, "{}", response.text());
    let detail = response.json()["detail"].as_str().expect("a sentence").to_owned();
    assert!(detail.contains("1000 bytes (--max-inflight-bytes)"), "{detail}");
    assert_eq!(response.header("connection"), Some("close"));
}

#[test]
fn a_body_as_large_as_the_budget_is_accepted_and_one_byte_more_is_refused() {
    let server = small_budget(&[]);
    let client = Client::of(&server);
    for _ in 0..10 {
        for send in [create, create_chunked] {
            assert_eq!(send(&client, BUDGET).status, 201, "nothing is left from requests before");
            assert_refused(&send(&client, BUDGET + 1));
        }
    }
    let statuses: Vec<_> = client.journal().iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 413).count(), 20, "refused requests are journaled");
}

#[test]
fn a_body_announced_larger_than_the_budget_is_refused_before_it_is_sent() {
    let server = small_budget(&[]);
    let client = Client::of(&server);
    assert_refused(&send_without_end(&client, BUDGET + 1, BUDGET + 1).read_response().expect("a response"));
}

#[test]
fn the_limit_of_a_single_body_is_checked_first() {
    let server = small_budget(&[("max-body-bytes", "900")]);
    let response = create(&Client::of(&server), BUDGET + 1);
    assert_eq!(response.status, 413);
    assert!(response.text().contains("--max-body-bytes"), "{}", response.text());
}

#[test]
fn several_connections_share_the_budget() {
    let server = small_budget(&[]);
    let client = Client::of(&server);
    let mut unfinished = [300, 600, 900].map(|total| hold(&client, 300, total));
    assert_eq!(create(&client, 100).status, 201, "what is left is available");
    assert_refused(&create(&client, 101));
    assert_refused(&create_chunked(&client, 101));
    for connection in &mut unfinished {
        assert_eq!(
            connection.send("}").read_response().expect("a response").status,
            201,
            "those before are not affected"
        );
    }
    assert_eq!(create(&client, BUDGET).status, 201, "all of it is released");
}

#[test]
fn an_announced_length_reserves_nothing() {
    let server = small_budget(&[]);
    let client = Client::of(&server);
    let mut silent: Vec<RawConnection> = (0..50).map(|_| send_without_end(&client, BUDGET, BUDGET)).collect();
    client.wait_for_open_calls(50);
    assert_eq!(create(&client, BUDGET).status, 201);
    for connection in &mut silent {
        assert_eq!(connection.send(body(BUDGET)).read_response().expect("a response").status, 201);
    }
}

#[test]
fn the_bytes_of_a_client_that_goes_away_are_released() {
    let server = small_budget(&[]);
    let client = Client::of(&server);
    let disconnect: [fn(RawConnection) -> Option<RawConnection>; 3] = [
        |connection| {
            connection.reset();
            None
        },
        |connection| {
            drop(connection);
            None
        },
        |mut connection| {
            connection.finish();
            Some(connection)
        },
    ];
    for disconnect in disconnect {
        let connection = hold(&client, 900, 900);
        let _half_closed = disconnect(connection);
        wait_until("its bytes are released", || create(&client, BUDGET).status == 201);
    }
}

#[test]
fn a_request_that_waits_for_its_response_holds_no_bytes() {
    let server = small_budget(&[("fault", "indexes.create delay=1h first=1")]);
    let client = Client::of(&server);
    let _delayed = send_without_end(&client, BUDGET, 0);
    client.wait_for_entries(1);
    wait_until("its body is released", || create(&client, BUDGET).status == 201);
}
