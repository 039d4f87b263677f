//! Other processes: whether one has ended, and the arguments of one of this program.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// The file name of the program.
const PROGRAM: &str = "llamacloud-mock";

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

/// The command line of a process of this program, from the program's name on, by `/proc`; `None` if it is another's.
/// The program may have been started through another one that stays in front, such as the init process of `docker run
/// --init`.
pub(super) fn arguments(pid: u32) -> Option<Vec<OsString>> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    from_program_name(line.split(|byte| *byte == 0))
}

fn from_program_name<'a>(words: impl Iterator<Item = &'a [u8]>) -> Option<Vec<OsString>> {
    let is_this_program = |word: &[u8]| Path::new(OsStr::from_bytes(word)).file_name() == Some(OsStr::new(PROGRAM));
    let words: Vec<_> =
        words.skip_while(|word| !is_this_program(word)).map(|word| OsString::from_vec(word.to_vec())).collect();
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_begin_at_the_name_of_the_program() {
        for (line, expected) in [
            (&["/llamacloud-mock", "--port", "5000"][..], Some(&["/llamacloud-mock", "--port", "5000"][..])),
            (&["/sbin/docker-init", "--", "/llamacloud-mock"], Some(&["/llamacloud-mock"])),
            (&["sleep", "5"], None),
            (&[""], None),
        ] {
            let words = from_program_name(line.iter().map(|word| word.as_bytes()));
            assert_eq!(words, expected.map(|words| words.iter().map(OsString::from).collect()), "{line:?}");
        }
    }

    #[test]
    fn a_running_process_has_not_ended() {
        assert!(!has_ended(std::process::id()));
    }

    #[test]
    fn an_id_that_no_process_can_have_has_ended() {
        assert!(has_ended(0) && has_ended(u32::MAX));
    }
}
