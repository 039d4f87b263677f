//! The program starts, and the request from the service's documentation works.

use serde_json::json;

use crate::support::{Client, KEY, Program, server};

#[test]
fn the_program_prints_its_url_and_accepts_the_documented_request() {
    let program = Program::start(&[], &[]);
    assert_eq!(program.ready, format!("ready url=http://{} seed=1", program.address));
    let response = Client::at(program.address).post("/api/v1/indexes", &json!({ "source_directory_id": "dir-abc123" }));
    assert_eq!(response.status, 201, "{}", response.text());
    assert_eq!(response.json()["source_directory_id"], "dir-abc123");
    assert_eq!(program.terminate().0, Some(0));
}

#[test]
fn an_embedded_server_stops_when_it_is_dropped() {
    let server = server(&[]);
    let address = server.address();
    assert_eq!(Client::of(&server).with_key(KEY).get("/health").status, 200);
    drop(server);
    assert!(std::net::TcpStream::connect(address).is_err());
}
