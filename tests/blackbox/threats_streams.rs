//! Many streams at once: what they hold, and how they end at a shutdown.

use crate::support::{Client, Program, RawConnection, events_of};

/// As many streams as are held open.
const STREAMS: usize = 1000;

/// The bytes of memory that a program has in use.
fn resident_bytes(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux shows it");
    line.split_whitespace().next().and_then(|kibibytes| kibibytes.parse::<usize>().ok()).expect("a number") * 1024
}

/// What is left of a stream: its events, and whether the body has its end.
fn rest_of(mut connection: RawConnection) -> (String, bool) {
    let mut events = Vec::new();
    while let Some(chunk) = connection.read_chunk() {
        if chunk.is_empty() {
            return (String::from_utf8(events).expect("UTF-8"), true);
        }
        events.extend(chunk);
    }
    (String::from_utf8(events).expect("UTF-8"), false)
}

#[test]
fn a_thousand_streams_take_little_memory_and_end_with_a_last_event() {
    let program = Program::start(&["--chat-pace", "1h", "--log-level", "off"], &[]);
    let client = Client::at(program.address);
    let session = client.chat_session();
    let before = resident_bytes(program.id());
    let mut streams: Vec<RawConnection> = (0..STREAMS)
        .map(|_| {
            let mut connection = client.connect();
            connection.send(client.message_bytes(&session, &["idx-a"], "hello"));
            connection
        })
        .collect();
    for stream in &mut streams {
        assert_eq!(stream.read_head().map(|head| head.status), Some(200));
        assert!(stream.read_chunk().is_some_and(|chunk| !chunk.is_empty()));
    }
    let taken = resident_bytes(program.id()) - before;
    // About 30 events of 100 bytes each, and a connection; the rest is the allocator's.
    assert!(taken < STREAMS * 64 * 1024, "{} KiB a stream", taken / STREAMS / 1024);
    program.signal("TERM");
    for stream in streams {
        // What was sent before the signal has been read.
        let (rest, is_complete) = rest_of(stream);
        let events = events_of(&rest);
        assert_eq!((events.len(), is_complete), (1, true));
        assert_eq!((&events[0]["type"], &events[0]["is_error"]), (&"stop".into(), &true.into()));
        assert_eq!(events[0]["error"], "The server is shutting down");
    }
    assert_eq!(program.wait().0, Some(0));
}
