//! Support for the tests: raw connections, a client for JSON requests, and the real program. It does not sleep and uses
//! no fixed port.

mod admin_route;
mod chat;
mod client;
mod connection;
mod contract;
mod documents;
pub(crate) mod office;
pub(crate) mod pdf;
mod program;
pub(crate) mod reading;
mod session;
mod terminal;
mod upload;

pub(crate) use admin_route::AdminRoute;
pub(crate) use chat::{CHAT, answer_of, events_of, stream_path, types_of};
pub(crate) use client::Client;
pub(crate) use connection::{HttpResponse, RawConnection};
pub(crate) use contract::Contract;
pub(crate) use documents::{DIRECTORIES, FILES, FIND, GREP, INDEXES, READ, RETRIEVE, id_of, items, text_of};
pub(crate) use program::{Program, command, end_of, next_line, output_of, run, wait_for_exit, wait_for_input};
pub(crate) use session::Session;
pub(crate) use terminal::Terminal;
pub(crate) use upload::Upload;

use std::fmt::Debug;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use llamacloud_mock::embedded::MockServer;

/// The API key of tests that need only one.
pub(crate) const KEY: &str = "llx-test";

/// The start time of manual clocks in tests.
pub(crate) const START: &str = "2026-01-01T00:00:00Z";

/// Time limit of a wait. It only ends a test that would hang; no test asserts it.
pub(crate) const WAIT_LIMIT: Duration = Duration::from_mins(1);

/// Pause between two looks at a value, so that a wait leaves the processor to what it waits for.
const WAIT_PAUSE: Duration = Duration::from_millis(1);

/// Looks at a value until it is as expected; the last value is an error if it never was.
fn look_until<T>(mut value: impl FnMut() -> T, holds: impl Fn(&T) -> bool) -> Result<T, T> {
    let started = Instant::now();
    loop {
        let last = value();
        if holds(&last) {
            return Ok(last);
        }
        if started.elapsed() > WAIT_LIMIT {
            return Err(last);
        }
        std::thread::park_timeout(WAIT_PAUSE);
    }
}

/// Waits until a value is as expected; that value. A failure names the condition and the last value.
#[track_caller]
pub(crate) fn wait_for<T: Debug>(condition: &str, value: impl FnMut() -> T, holds: impl Fn(&T) -> bool) -> T {
    look_until(value, holds)
        .unwrap_or_else(|last| panic!("not within {WAIT_LIMIT:?}: {condition}; the last value: {last:?}"))
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(condition: &str, holds: impl FnMut() -> bool) {
    wait_for(condition, holds, |is_true| *is_true);
}

/// An embedded server with these settings, named like their flags.
pub(crate) fn server(settings: &[(&str, &str)]) -> MockServer {
    let builder = settings.iter().fold(MockServer::builder(), |builder, (name, value)| builder.set(name, value));
    builder.start().expect("valid settings and a free port")
}

/// An embedded server with these settings that reads PDF and office files, and whose syncs take no time.
pub(crate) fn reading_server(settings: &[(&str, &str)]) -> MockServer {
    let program = env!("CARGO_BIN_EXE_llamacloud-mock");
    server(&[&[("sync-duration", "0"), ("binary", program)], settings].concat())
}

/// An embedded server with manual clocks that start at [`START`].
pub(crate) fn manual_clock_server(settings: &[(&str, &str)]) -> MockServer {
    server(&[&[("clock", "manual"), ("start-time", START)], settings].concat())
}

/// Runs `ask` with the port of a server of another program, which sends this response to one request and then stops.
pub(crate) fn with_other_server<T>(response: &str, ask: impl FnOnce(&str) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("a bound socket").port().to_string();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().expect("it connects");
            stream.read_exact(&mut [0; 4]).expect("it sends a request");
            let _ = stream.write_all(response.as_bytes());
        });
        ask(&port)
    })
}

/// Adds the files of a folder and of the folders in it to a list.
pub(crate) fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}
