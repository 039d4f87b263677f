//! The requests to stop the server: SIGTERM, SIGINT, SIGHUP, and with `--exit-with-stdin` the end of standard input.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::exit::print_error;
use super::stdin;
use crate::config::{LogLevel, Settings};

/// The time after the first signal in which further ones belong to the same request to stop.
const ONE_REQUEST: Duration = Duration::from_secs(1);

/// What can ask the server to stop.
pub(super) struct StopRequests {
    terminate: Signal,
    interrupt: Signal,
    /// A closed terminal.
    hang_up: Signal,
    /// With `--exit-with-stdin`.
    stdin_end: Option<oneshot::Receiver<()>>,
}

impl StopRequests {
    /// Listens from now on.
    pub(super) fn listen(settings: &Settings) -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            stdin_end: settings.exit_with_stdin.then(|| stdin_end(settings.log_level)),
        })
    }

    /// Reports the first request to stop through `stop`, then waits for a second one. The signals of one second are one
    /// request: a wrapper, `timeout` or the trap of a shell often sends both. The end of standard input is only a first
    /// one, because a parent process often closes it after a signal.
    pub(super) async fn second_request(mut self, stop: oneshot::Sender<()>) {
        match self.stdin_end.take() {
            None => self.signal().await,
            Some(stdin_end) => tokio::select! {
                () = self.signal() => {}
                _ = stdin_end => {}
            },
        }
        let first = Instant::now();
        // The server may have ended already.
        let _ = stop.send(());
        self.signal().await;
        while first.elapsed() < ONE_REQUEST {
            self.signal().await;
        }
    }

    async fn signal(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Reports the end of standard input, on stderr too. It is read in a thread of its own, which nothing has to wait for
/// when the program ends.
fn stdin_end(log_level: LogLevel) -> oneshot::Receiver<()> {
    let (ended, stdin_end) = oneshot::channel();
    std::thread::spawn(move || {
        stdin::read_to_end();
        if ended.is_closed() {
            // A signal came before.
            return;
        }
        if log_level >= LogLevel::Info {
            print_error("standard input has ended, so the server stops (--exit-with-stdin)");
        }
        // The server may have ended already.
        let _ = ended.send(());
    });
    stdin_end
}
