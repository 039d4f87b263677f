//! Durations, timestamps and sync scripts: each is printed in a form that parses to the same value. Then a sync follows the
//! script: the first line is the script, every byte after it advances the time and may read, sync or cancel.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use llamacloud_mock::clock::{Timestamp, format_duration, parse_duration};
use llamacloud_mock::store::sync::{Life, Script, SyncOutcome};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (line, steps) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
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
        run_script(&Arc::new(script), steps);
    }
});

fn run_script(script: &Arc<Script>, steps: &[u8]) {
    let mut now = Timestamp::from_micros(0);
    let mut life = Life::begin(Arc::clone(script), now);
    for step in steps {
        let changed_at = life.view().changed_at;
        now = now.plus(Duration::from_micros(1 << (step >> 2)));
        life.bring_to(now);
        match step & 3 {
            0 => {
                life.was_read(now);
            }
            1 if !life.view().in_progress => life.start(Arc::clone(script), now),
            2 if life.view().in_progress => life.cancel(now),
            _ => {}
        }
        let coming = life.coming_steps();
        assert!(coming.is_sorted() && coming.iter().all(|at| *at >= now));
        let view = life.view();
        assert!(changed_at <= view.changed_at && view.changed_at <= now);
        assert!(view.last_exported_at.is_none_or(|exported| view.last_synced_at.is_some() && exported <= now));
        assert!(view.in_progress || *view.outcome != SyncOutcome::None);
    }
}
