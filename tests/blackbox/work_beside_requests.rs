//! Requests beside work on documents: a search of one tenant keeps neither its own other requests waiting nor those of
//! other tenants. Searches are held by a child process that waits for the test, so that the order of events is certain.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use llamacloud_mock::embedded::MockServer;
use serde_json::json;
use temp_dir::TempDir;

use crate::support::{Client, DIRECTORIES, FILES, GREP, RETRIEVE, RawConnection, server, text_of, wait_until};

/// A program in place of child processes, which ends when the test says so.
struct StalledProgram {
    folder: TempDir,
}

impl StalledProgram {
    fn new() -> Self {
        let stalled = Self { folder: temp_dir::TempDir::new().expect("a folder") };
        let made = Command::new("mkfifo").arg(stalled.pipe()).status().expect("mkfifo runs");
        assert!(made.success());
        let (started, pipe) = (stalled.started(), stalled.pipe());
        let script = format!("#!/bin/sh\n: > '{}'\nread line < '{}'\n", started.display(), pipe.display());
        fs::write(stalled.path(), script).expect("a new file");
        fs::set_permissions(stalled.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        stalled
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    /// A file that exists as soon as a process has started.
    fn started(&self) -> PathBuf {
        self.folder.path().join("started")
    }

    fn pipe(&self) -> PathBuf {
        self.folder.path().join("pipe")
    }

    /// Ends the processes that wait; those that start from now on end at once.
    fn end(self) {
        // Opened for reading too: it neither waits for a reader nor fails without one.
        let pipe = OpenOptions::new().read(true).write(true).open(self.pipe()).expect("the pipe exists");
        fs::remove_file(self.pipe()).expect("the pipe exists");
        drop(pipe);
    }
}

/// A client with an index that is ready, over one file.
struct Library {
    client: Client,
    directory: String,
    index: String,
}

impl Library {
    fn new(client: Client, text: &str) -> Self {
        let directory = client.directory("Papers");
        client.upload(&directory, "paper.txt", text);
        let index = client.index_over(&directory);
        Self { client, directory, index }
    }

    fn retrieve(&self) -> String {
        json!({ "index_id": self.index, "query": "lorem ipsum" }).to_string()
    }

    /// Sends a search that only a child process can do.
    fn send_grep(&self) -> RawConnection {
        let file = self.client.found_id(&self.index, "paper.txt");
        let body = json!({ "index_id": self.index, "file_id": file, "pattern": r"(?<=a)(b)\1" }).to_string();
        let mut connection = self.client.connect();
        connection.send(self.client.request_bytes("POST", GREP, "", Some(&body)));
        connection
    }

    /// Uses everything that a client can do while a search runs.
    #[track_caller]
    fn assert_served(&self) {
        let path = format!("/api/v1/indexes/{}", self.index);
        assert_eq!(self.client.get(&path).status, 200);
        self.client.upload(&self.directory, "other.txt", "dolor sit amet");
        self.client.create(&self.directory);
        let retrieved = self.client.try_send("POST", RETRIEVE, "", Some(&self.retrieve())).expect("a response");
        assert_eq!(retrieved.status, 200);
        assert_eq!(retrieved.json()["results"].as_array().map(Vec::len), Some(1), "{}", retrieved.text());
    }
}

fn server_with(program: &StalledProgram) -> MockServer {
    server(&[("sync-duration", "0"), ("binary", program.path().to_str().expect("a UTF-8 path"))])
}

#[test]
fn a_tenant_is_served_while_its_own_search_runs() {
    let program = StalledProgram::new();
    let server = server_with(&program);
    let library = Library::new(Client::of(&server), "lorem ipsum");
    let mut search = library.send_grep();
    wait_until("the search runs", || program.started().exists());
    library.assert_served();
    assert_eq!(library.client.open_calls(), 1, "the search still runs");
    program.end();
    assert_eq!(search.read_response().expect("a response").status, 422, "its child process gave no result");
}

#[test]
fn searches_that_wait_for_child_processes_delay_no_other_tenant() {
    const SEARCHES: usize = 50;
    let program = StalledProgram::new();
    let server = server_with(&program);
    let client = Client::of(&server);
    let (slow, other) = (Library::new(client.clone(), "ab"), Library::new(client.with_key("llx-other"), "lorem ipsum"));
    let mut searches: Vec<RawConnection> = (0..SEARCHES).map(|_| slow.send_grep()).collect();
    slow.client.wait_for_open_calls(SEARCHES as u64);
    other.assert_served();
    assert_eq!(slow.client.open_calls(), SEARCHES as u64, "no search has ended");
    program.end();
    for search in &mut searches {
        let status = search.read_response().expect("a response").status;
        assert!(matches!(status, 422 | 503), "{status}");
    }
}

#[test]
fn as_many_searches_wait_as_the_limit_says_and_the_next_one_is_refused() {
    const RUNNING: usize = 2;
    for limit in [1, 3] {
        let program = StalledProgram::new();
        let path = program.path();
        let flags = [("max-queued-work", limit.to_string()), ("binary", path.to_str().expect("UTF-8").to_owned())];
        let flags = flags.each_ref().map(|(name, value)| (*name, value.as_str()));
        let server = server(&[&[("sync-duration", "0")], &flags[..]].concat());
        let library = Library::new(Client::of(&server), "ab");
        // The one over the limit is that which comes last to the queue, not that which was sent last.
        let mut searches: Vec<RawConnection> = (0..=RUNNING + limit).map(|_| library.send_grep()).collect();
        let answered = |searches: &mut [RawConnection]| searches.iter_mut().position(|search| !search.is_silent());
        wait_until("one search is refused", || answered(&mut searches).is_some());
        let refused = answered(&mut searches).expect("it was answered");
        let response = searches.swap_remove(refused).read_response().expect("a response");
        assert_eq!(response.status, 503, "{}", response.text());
        let detail = response.json()["detail"].to_string();
        assert!(detail.contains("--max-queued-work") && detail.contains(&limit.to_string()), "{detail}");
        assert_eq!(answered(&mut searches), None, "no other search has ended or is refused");
        library.assert_served();
        program.end();
        for search in &mut searches {
            // A child process that ends at once may not even read its input: 422 or 503.
            let response = search.read_response().expect("a response");
            assert!(response.status >= 400 && !response.text().contains("queue"), "{}", response.text());
        }
    }
}

#[test]
fn fifty_retrievals_at_once_agree_and_another_tenant_creates_in_between() {
    let server = server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &"Lorem ipsum dolor sit amet.\n\n".repeat(2_000));
    let other = client.with_key("llx-other");
    let request = client.request_bytes("POST", RETRIEVE, "", Some(&library.retrieve()));
    let mut connections: Vec<RawConnection> = (0..50).map(|_| client.connect()).collect();
    for connection in &mut connections {
        connection.send(&request);
        assert_eq!(other.create("dir-a")["source_directory_id"], "dir-a");
    }
    let mut responses = connections.iter_mut().map(|connection| connection.read_response().expect("a response"));
    let first = responses.next().expect("fifty responses");
    assert_eq!(first.status, 200);
    assert_eq!(first.json()["results"].as_array().map(Vec::len), Some(10));
    assert!(responses.all(|response| response.body == first.body));
}

#[test]
fn files_that_are_deleted_make_room_for_others() {
    let server = server(&[("max-state-bytes", "1MiB")]);
    let client = Client::of(&server);
    let directory = client.directory("Papers");
    let text = "lorem ipsum ".repeat(10_000);
    for _ in 0..30 {
        let uploaded = client.upload(&directory, "paper.txt", &text);
        let (id, file) = (text_of(&uploaded, "id"), text_of(&uploaded, "file_id"));
        assert_eq!(client.delete(&format!("{DIRECTORIES}/{directory}/files/{id}")).status, 204);
        assert_eq!(client.delete(&format!("{FILES}/{file}")).status, 204);
    }
    let listed = client.get(&format!("{DIRECTORIES}/{directory}/files?include_deleted=true&page_size=100"));
    assert_eq!(listed.json()["items"].as_array().map(Vec::len), Some(30), "the lists still show them");
}
