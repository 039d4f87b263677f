//! What the system says of a process: the time it has had on a processor, the memory it holds. Linux alone says it so.

use std::fs;
use std::time::Duration;

/// The time that all threads of a process have had on a processor, to the nanosecond.
///
/// Counted by the scheduler for each thread; a thread that has ended is no longer counted, and servers end none.
pub(crate) fn cpu_time(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    let nanos = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The bytes of memory that a process holds.
pub(crate) fn resident_bytes(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the system says it of every process");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("the system writes a number of kB");
    kib * 1024
}
