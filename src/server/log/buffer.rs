//! The lines that wait for stderr, and the thread that writes them, so that no request waits for a terminal. Lines that
//! do not fit are dropped, and a warning reports their number.

use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::line::LineStyle;

/// Maximum number of lines that are not written yet. A usual line has 150 bytes, the longest possible one about 2.5 KB.
const MAX_LINES: usize = 8192;

/// The pause after all lines were written. Without it every request of a client that sends one after the other would
/// wake the thread, for 1 to 2 µs of CPU in 11 µs.
const PAUSE: Duration = Duration::from_millis(10);

/// The room for lines that is kept while there are none.
const MAX_SPARE_BYTES: usize = 64 * 1024;

/// Time limit for writing the lines at the end: stderr may not be read.
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);

/// A buffer of lines with a thread that empties it.
#[derive(Debug)]
pub(super) struct LineBuffer {
    queue: Arc<LineQueue>,
}

/// What the thread shares with those that add lines.
#[derive(Debug, Default)]
struct LineQueue {
    lines: Mutex<Lines>,
    /// Notified when there is a line again.
    filled: Condvar,
    /// Notified when no more lines follow, and when the thread ends.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    /// Those that the thread has not taken.
    text: String,
    /// The number of lines that are not written, those that the thread is writing included.
    count: usize,
    /// The number of lines that were dropped since the last warning.
    dropped: usize,
    /// No line is added any more.
    is_closed: bool,
    /// Everything is written, and the thread has ended.
    is_written: bool,
}

impl LineBuffer {
    /// Starts the thread. Panics if the system has no more threads.
    pub(super) fn start(to: impl Write + Send + 'static, style: LineStyle) -> Self {
        let queue = Arc::new(LineQueue::default());
        let thread = thread::Builder::new().name("log".to_owned()).spawn({
            let queue = Arc::clone(&queue);
            move || queue.write_all(to, style)
        });
        thread.expect("the system has a thread for the log");
        Self { queue }
    }

    /// Adds a line; the line break is added.
    pub(super) fn push(&self, line: &str) {
        let mut lines = self.queue.lines.lock();
        if lines.is_closed {
            return;
        }
        if lines.count == MAX_LINES {
            lines.dropped += 1;
            return;
        }
        let was_empty = lines.text.is_empty();
        lines.text.push_str(line);
        lines.text.push('\n');
        lines.count += 1;
        drop(lines);
        // The thread waits for this only if it has paused since it wrote the last line.
        if was_empty {
            self.queue.filled.notify_one();
        }
    }

    /// Writes what is left and ends the thread; gives up after [`FINISH_TIMEOUT`]. Later lines are lost.
    pub(super) fn finish(&self) {
        let mut lines = self.queue.lines.lock();
        lines.is_closed = true;
        self.queue.filled.notify_one();
        self.queue.ended.notify_all();
        self.queue.ended.wait_while_for(&mut lines, |lines| !lines.is_written, FINISH_TIMEOUT);
    }
}

impl LineQueue {
    /// Writes lines until no more follow. Errors are ignored: a closed stderr must not stop the server.
    fn write_all(&self, mut to: impl Write, style: LineStyle) {
        let mut lines = self.lines.lock();
        // Two texts take turns, so that lines are added where there is room already.
        let mut text = String::new();
        loop {
            self.filled.wait_while(&mut lines, |lines| lines.text.is_empty() && !lines.is_closed);
            if lines.text.is_empty() && lines.dropped == 0 {
                lines.is_written = true;
                self.ended.notify_all();
                return;
            }
            std::mem::swap(&mut lines.text, &mut text);
            let (count, dropped) = (lines.count, std::mem::take(&mut lines.dropped));
            drop(lines);
            if dropped > 0 {
                let warning = format!("{dropped} lines were dropped: stderr is read too slowly");
                text.push_str(&style.message("warning", &warning));
                text.push('\n');
            }
            let _ = to.write_all(text.as_bytes());
            text.clear();
            text.shrink_to(MAX_SPARE_BYTES);
            lines = self.lines.lock();
            lines.count -= count;
            self.ended.wait_while_for(&mut lines, |lines| !lines.is_closed, PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::config::LogFormat;

    /// Passes on what is written, each time after it was allowed to.
    struct Gate {
        allowed: Receiver<()>,
        written: Sender<String>,
    }

    impl Write for Gate {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let _ = self.allowed.recv();
            let _ = self.written.send(String::from_utf8_lossy(text).into_owned());
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn buffer() -> (LineBuffer, Sender<()>, Receiver<String>) {
        let (allow, allowed) = channel();
        let (sender, written) = channel();
        let gate = Gate { allowed, written: sender };
        (LineBuffer::start(gate, LineStyle::for_stderr(LogFormat::Json)), allow, written)
    }

    #[test]
    fn lines_over_the_limit_are_dropped_and_counted_once() {
        let (buffer, allow, written) = buffer();
        (0..MAX_LINES + 7).for_each(|_| buffer.push("a line"));
        drop(allow);
        buffer.finish();
        buffer.push("too late");
        let text: String = written.try_iter().collect();
        let (lines, warnings): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| *line == "a line");
        assert_eq!((lines.len(), warnings.len()), (MAX_LINES, 1), "{warnings:?}");
        assert!(warnings[0].contains("\"7 lines were dropped: stderr is read too slowly\""), "{warnings:?}");
    }

    #[test]
    fn the_end_does_not_wait_for_an_output_that_is_not_read() {
        let (buffer, allow, written) = buffer();
        buffer.push("first");
        buffer.finish();
        assert_eq!(written.try_iter().count(), 0);
        drop(allow);
        assert_eq!(written.recv().as_deref(), Ok("first\n"), "the thread goes on");
    }
}
