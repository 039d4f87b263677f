//! Standard input for `--exit-with-stdin`: whether its end says something about the parent process, and waiting for
//! that end.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Read, stdin};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

/// Size of the buffer for data that is read and ignored.
const IGNORED_BYTES: usize = 4096;

/// Checks that standard input stays open until the parent process or the user closes it. `place` names the setting.
///
/// Errors: it ends at once, or this process may not read it.
pub(super) fn require_an_end(place: &str) -> Result<(), String> {
    let unreadable = |error| format!("{place}: cannot read standard input: {error}");
    if stdin().is_terminal() {
        // Another process group in the foreground: reading would suspend this process.
        let is_in_background = tcgetpgrp(stdin()).is_ok_and(|foreground| foreground != getpgrp());
        let problem = "standard input is the terminal, which a process in the background cannot read; omit the setting";
        return if is_in_background { Err(format!("{place}: {problem}")) } else { Ok(()) };
    }
    let file = stdin().as_fd().try_clone_to_owned().map(File::from).map_err(unreadable)?;
    let kind = file.metadata().map_err(unreadable)?.file_type();
    if kind.is_fifo() || kind.is_socket() {
        return Ok(());
    }
    // A standard input that was closed at the start is /dev/null too: the runtime of Rust opens it.
    Err(format!(
        "{place}: standard input is closed, /dev/null or a file, so the server would stop at once; start the program \
         with a pipe as its standard input (a container with `docker run -i`), or omit the setting"
    ))
}

/// Reads standard input to its end, and ignores the data. An error counts as the end, except that nothing is there to
/// read yet.
pub(super) fn read_to_end() {
    let mut input = stdin().lock();
    let mut ignored = [0; IGNORED_BYTES];
    loop {
        match input.read(&mut ignored) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A process that shares it can have made it non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(&stdin(), PollFlags::IN)], None);
            }
            Err(_) => return,
        }
    }
}
