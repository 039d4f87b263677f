//! Durations, timestamps and sync scripts: what is parsed is printed in a form that parses to the same value. Then the
//! syncs of an index by the script in the first line: each byte after it is a step in time, a read, a sync or a cancel.

use std::sync::Arc;
use std::time::Duration;

use super::drive::first_line;
use crate::clock::{Timestamp, format_duration, parse_duration};
use crate::store::sync::{Script, SyncOutcome, SyncState};

/// Runs the target on one input.
pub fn script(data: &[u8]) {
    let (line, steps) = first_line(data);
    let Ok(text) = std::str::from_utf8(line) else { return };
    if let Ok(duration) = parse_duration(text) {
        assert_eq!(parse_duration(&format_duration(duration)), Ok(duration), "{text:?}");
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        assert_eq!(timestamp.to_string().parse(), Ok(timestamp), "{text:?}");
        assert!(!timestamp.to_http_date().is_empty());
    }
    let magic = Script::from_magic_name(text, Duration::from_millis(200)).and_then(Result::ok);
    for script in [text.parse::<Script>().ok(), magic].into_iter().flatten() {
        assert_eq!(script.to_string().parse(), Ok(script.clone()), "{text:?}");
        play(&Arc::new(script), steps);
    }
}

/// Takes an index through these steps.
fn play(script: &Arc<Script>, steps: &[u8]) {
    let mut now = Timestamp::from_micros(0);
    let mut sync = SyncState::begin(Arc::clone(script), now);
    for step in steps {
        let changed_at = sync.changed_at;
        now = now.plus(Duration::from_micros(1 << (step >> 2)));
        sync.advance_to(now);
        match step & 3 {
            0 => {
                sync.count_read(now);
            }
            1 if !sync.in_progress() => sync.start(Arc::clone(script), now),
            2 if sync.in_progress() => sync.cancel(now),
            _ => {}
        }
        let upcoming = sync.upcoming_steps();
        assert!(upcoming.is_sorted() && upcoming.iter().all(|at| *at >= now));
        assert!(changed_at <= sync.changed_at && sync.changed_at <= now);
        assert!(sync.last_exported_at.is_none_or(|exported| sync.last_synced_at.is_some() && exported <= now));
        assert!(sync.in_progress() || sync.outcome != SyncOutcome::None);
    }
}
