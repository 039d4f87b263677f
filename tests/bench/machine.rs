//! CPU time and memory of a process, read from `/proc` (Linux only).

use std::fs;
use std::time::Duration;

/// The CPU time of all threads of a process, to the nanosecond.
///
/// The scheduler counts it per thread and drops ended threads; the measured servers end none.
pub(crate) fn cpu_time(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    let nanos = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The CPU time of all threads of a process, ended ones included, and of its child processes that have ended; to a
/// hundredth of a second.
pub(crate) fn cpu_time_with_children(process: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    // The name of the program, which may contain spaces, is in brackets.
    let (_, fields) = text.rsplit_once(')').expect("a name in brackets");
    let times = fields.split_whitespace().skip(11).take(4);
    // Linux counts 100 ticks a second here on every architecture that it runs on today.
    times.filter_map(|ticks| ticks.parse().ok()).map(|ticks: u64| Duration::from_millis(10 * ticks)).sum()
}

/// The resident memory of a process in bytes.
pub(crate) fn resident_bytes(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line VmRSS");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kib * 1024
}
