//! The queue of log lines and the thread that writes them to stderr (`tracing-appender`), so that no request waits for a
//! terminal. Lines that do not fit are dropped, and a warning reports their number.

use std::io::{self, BufWriter, Stderr, Write};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

use super::line::LineStyle;

/// Maximum number of queued lines. A usual line has 150 bytes, the longest possible one about 2.5 KB; an empty place takes
/// 40 bytes.
const MAX_QUEUED_LINES: usize = 8192;

/// Bytes that are written at once, if as many are queued.
const BUFFER_BYTES: usize = 64 << 10;

/// The pause after all queued lines were written. Without it every request of a client that sends one after the other
/// would wake the thread, for 1 to 2 µs of CPU in 11 µs.
const PAUSE: Duration = Duration::from_millis(10);

/// Time limit for writing the queued lines at the end: stderr may not be read.
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);

/// The queue, and what is needed to end its thread.
#[derive(Debug)]
pub(super) struct LineQueue {
    sender: NonBlocking,
    guard: WorkerGuard,
    /// Dropped to make the writer finish.
    finish: Sender<()>,
    /// Receives a message when, after that, all queued lines are written.
    finished: Receiver<()>,
}

/// Writes lines to stderr, on the thread of the queue.
struct LineWriter {
    stderr: BufWriter<Stderr>,
    style: LineStyle,
    /// The number of dropped lines; set once the queue exists.
    dropped: Arc<OnceLock<ErrorCounter>>,
    reported: usize,
    /// Disconnected when the writer is to finish.
    finish: Receiver<()>,
    finished: Sender<()>,
}

impl LineQueue {
    /// Starts the thread. Panics if the system has no more threads.
    pub(super) fn start(style: LineStyle) -> Self {
        let (finish, finish_requested) = channel();
        let (finished_sender, finished) = channel();
        let dropped = Arc::new(OnceLock::new());
        let writer = LineWriter {
            stderr: BufWriter::with_capacity(BUFFER_BYTES, io::stderr()),
            style,
            dropped: Arc::clone(&dropped),
            reported: 0,
            finish: finish_requested,
            finished: finished_sender,
        };
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MAX_QUEUED_LINES);
        let (sender, guard) = builder.thread_name("log").finish(writer);
        dropped.get_or_init(|| sender.error_counter());
        Self { sender, guard, finish, finished }
    }

    /// A handle that adds lines.
    pub(super) fn sender(&self) -> NonBlocking {
        self.sender.clone()
    }

    /// Writes the queued lines and ends the thread; gives up after [`FINISH_TIMEOUT`].
    pub(super) fn finish(self) {
        let Self { mut sender, guard, finish, finished } = self;
        drop(finish);
        // Wakes the thread if it waits for a line; an empty one writes nothing. A full queue drops it and counts one more.
        let _ = sender.write_all(b"");
        match finished.recv_timeout(FINISH_TIMEOUT) {
            // The queue is empty, so this ends the thread at once.
            Ok(()) => drop(guard),
            // The thread waits for stderr to be read. Ending it would wait too, and print on stdout.
            Err(_) => std::mem::forget(guard),
        }
    }
}

impl Write for LineWriter {
    /// Writes a line. Errors are ignored: a closed stderr must not stop the server.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.stderr.write_all(line);
        Ok(line.len())
    }

    /// Called when all queued lines are written: reports what was dropped meanwhile, and pauses.
    fn flush(&mut self) -> io::Result<()> {
        let dropped = self.dropped.get().map_or(0, ErrorCounter::dropped_lines);
        if dropped > self.reported {
            let text = format!("{} lines were dropped: stderr is read too slowly", dropped - self.reported);
            self.reported = dropped;
            let _ = writeln!(self.stderr, "{}", self.style.message("warning", &text));
        }
        let _ = self.stderr.flush();
        match self.finish.try_recv() {
            // The receiver is gone after the timeout; then nothing is left to do.
            Err(TryRecvError::Disconnected) => _ = self.finished.send(()),
            // Returns early if the writer is to finish; lines that were queued meanwhile are still written.
            Ok(()) | Err(TryRecvError::Empty) => _ = self.finish.recv_timeout(PAUSE),
        }
        Ok(())
    }
}
