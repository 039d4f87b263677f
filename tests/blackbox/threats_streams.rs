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

/// Opens as many streams as are held open, with these settings, and ends the program while they are.
fn end_with_open_streams(settings: &[&str]) {
    let program = Program::start(&[&["--chat-pace", "1h", "--log-level", "off"], settings].concat(), &[]);
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
    let mut begun = Vec::new();
    for stream in &mut streams {
        assert_eq!(stream.read_head().map(|head| head.status), Some(200));
        begun.push(stream.read_chunk().filter(|chunk| !chunk.is_empty()).expect("a first chunk"));
    }
    let taken = resident_bytes(program.id()) - before;
    // About 30 events of 100 bytes each, and a connection; the rest is the allocator's.
    assert!(taken < STREAMS * 64 * 1024, "{} KiB a stream", taken / STREAMS / 1024);
    program.signal("TERM");
    for (stream, begun) in streams.into_iter().zip(begun) {
        let (rest, is_complete) = rest_of(stream);
        let events = events_of(&(String::from_utf8(begun).expect("UTF-8") + &rest));
        assert_eq!((events.len(), is_complete), (2, true), "{settings:?}: the event that has begun, and the last one");
        assert_eq!((&events[1]["type"], &events[1]["is_error"]), (&"stop".into(), &true.into()));
        assert_eq!(events[1]["error"], "The server is shutting down");
    }
    assert_eq!(program.wait().0, Some(0));
}

#[test]
fn a_thousand_streams_take_little_memory_and_end_with_a_last_event() {
    end_with_open_streams(&[]);
}

#[test]
fn a_thousand_slow_streams_complete_the_event_that_has_begun() {
    end_with_open_streams(&["--fault", "chat.stream dribble=10/1h"]);
    end_with_open_streams(&["--fault", "chat.stream close=after"]);
}

/// What a client gets of a stream with this rule if the program ends when it has this number of chunks, and whether the
/// body has its end.
fn ended_after(rule: &str, chunks: usize) -> (String, bool) {
    let settings = ["--chat-pace", "1h", "--log-level", "off", "--fault", &format!("chat.stream {rule}")];
    let program = Program::start(&settings, &[]);
    let client = Client::at(program.address);
    let session = client.chat_session();
    let mut stream = client.connect();
    stream.send(client.message_bytes(&session, &["idx-a"], "hello"));
    let mut begun = Vec::new();
    if chunks == 0 {
        client.wait_for_open_calls(1);
    } else {
        assert!(stream.read_head().is_some(), "{rule}");
    }
    for _ in 0..chunks {
        begun.extend(stream.read_chunk().expect("a chunk"));
    }
    program.signal("TERM");
    if chunks == 0 {
        assert!(stream.read_head().is_some(), "{rule}");
    }
    let (rest, is_complete) = rest_of(stream);
    assert_eq!(program.wait().0, Some(0));
    (String::from_utf8(begun).expect("UTF-8") + &rest, is_complete)
}

#[test]
fn a_stream_that_a_rule_slows_down_ends_with_a_last_event() {
    for (rule, chunks) in [
        ("event=2:pause:1h", 1),
        ("event=1:split", 2),
        ("event=1:repeat", 2),
        ("bandwidth=10/s", 1),
        ("dribble=300/1h", 1),
        ("delay=1h", 0),
        ("delay=1h close=after", 0),
        ("delay=1h dribble=10/1h", 0),
    ] {
        let (text, is_complete) = ended_after(rule, chunks);
        let events = events_of(&text);
        assert!(is_complete, "{rule}: {text}");
        let stops: Vec<_> = events.iter().filter(|event| event["type"] == "stop").collect();
        assert_eq!(stops.len(), 1, "{rule}: {text}");
        assert_eq!((&stops[0]["is_error"], events.last()), (&true.into(), Some(stops[0])), "{rule}: {text}");
    }
}

#[test]
fn a_stream_that_a_rule_breaks_just_ends() {
    for (rule, chunks) in [
        ("event=2:stall", 1),
        ("event=3:stall", 1),
        ("event=3:half", 1),
        ("event=3:close", 1),
        ("event=3:reset", 1),
        ("truncate=150", 1),
        ("reset=reply", 1),
    ] {
        let (text, is_complete) = ended_after(rule, chunks);
        assert_eq!((text.contains("\"stop\""), is_complete), (false, false), "{rule}: {text}");
    }
}
