//! The signals that `exec` passes on to its command.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::process::ExitStatus;
use std::task::Poll;

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::Child;
use tokio::signal::unix::{self, SignalKind};

/// The terminal that controls this process.
const TERMINAL: &str = "/dev/tty";

/// The signals that are passed on.
pub(super) struct ChildSignals {
    all: [(unix::Signal, Signal); 6],
    /// The terminal, if there is one. It is opened at the start, because it cannot be opened any more when it is gone.
    terminal: Option<File>,
}

impl ChildSignals {
    /// Listens from now on, in place of being ended by these signals.
    pub(super) fn listen() -> io::Result<Self> {
        let listen = |kind, signal| unix::signal(kind).map(|stream| (stream, signal));
        Ok(Self {
            all: [
                listen(SignalKind::terminate(), Signal::TERM)?,
                listen(SignalKind::interrupt(), Signal::INT)?,
                listen(SignalKind::hangup(), Signal::HUP)?,
                listen(SignalKind::quit(), Signal::QUIT)?,
                listen(SignalKind::user_defined1(), Signal::USR1)?,
                listen(SignalKind::user_defined2(), Signal::USR2)?,
            ],
            terminal: File::open(TERMINAL).ok(),
        })
    }

    /// Passes signals on until the child has ended.
    pub(super) async fn forward_until_exit(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            // The child has an id as long as it was not waited for, so that no other process can have this id.
            let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
            let signal = tokio::select! {
                status = child.wait() => return status,
                signal = self.next() => signal,
            };
            if let Some(pid) = pid.filter(|_| !self.has_reached_child(signal)) {
                // It may have ended at this moment.
                let _ = kill_process(pid, signal);
            }
        }
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            let mut ready = self
                .all
                .iter_mut()
                .filter_map(|(stream, signal)| stream.poll_recv(context).is_ready().then_some(*signal));
            ready.next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Whether the terminal has sent this signal to the child too: it sends its signals to all processes of the
    /// foreground, and the child is in the process group of this process.
    fn has_reached_child(&self, signal: Signal) -> bool {
        if ![Signal::INT, Signal::QUIT, Signal::HUP].contains(&signal) {
            return false;
        }
        // An error means that the terminal is gone: that was the reason for the signal.
        self.terminal.as_ref().is_some_and(|terminal| tcgetpgrp(terminal).map_or(true, |group| group == getpgrp()))
    }
}
