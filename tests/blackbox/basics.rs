//! The first minute of a new user: the program starts, the documented call works.

use serde_json::json;

use crate::support::{Client, KEY, Program, server};

#[test]
fn the_program_says_where_it_listens_and_answers_the_documented_call() {
    let program = Program::start(&[], &[]);
    assert_eq!(program.ready, format!("ready url=http://{} seed=1", program.address));
    let answer = Client::at(program.address).post("/api/v1/indexes", &json!({ "source_directory_id": "dir-abc123" }));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["source_directory_id"], "dir-abc123");
    assert_eq!(program.terminate().0, Some(0));
}

#[test]
fn a_server_in_this_process_is_gone_once_it_is_dropped() {
    let server = server(&[]);
    let address = server.address();
    assert_eq!(Client::of(&server).with_key(KEY).get("/health").status, 200);
    drop(server);
    assert!(std::net::TcpStream::connect(address).is_err());
}
