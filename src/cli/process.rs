//! Whether another process has ended.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Whether the process with this id has ended. One that has ended counts as such before its parent has waited for it.
pub(super) fn has_ended(pid: u32) -> bool {
    let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return true };
    test_kill_process(process) == Err(Errno::SRCH) || is_zombie(pid)
}

/// Whether the process has ended and its parent has not waited for it, by `/proc`.
fn is_zombie(pid: u32) -> bool {
    // The state follows the name of the program, which is in parentheses and may contain some.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with(['Z', 'X']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_has_not_ended() {
        assert!(!has_ended(std::process::id()));
    }

    #[test]
    fn an_id_that_no_process_can_have_has_ended() {
        assert!(has_ended(0) && has_ended(u32::MAX));
    }
}
