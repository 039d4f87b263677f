//! The real program as a child process.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::{Terminal, WAIT_LIMIT, look_until};

/// A running server process.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    /// Its first line on stdout.
    pub(crate) ready: String,
    pub(crate) address: SocketAddr,
}

/// The program with these arguments, without other settings in its environment, in an empty folder.
pub(crate) fn command(args: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llamacloud-mock"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LLAMACLOUD_MOCK_")) {
        command.env_remove(name);
    }
    command.args(args).envs(environment.iter().copied()).stdin(Stdio::null()).stderr(Stdio::piped());
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Runs the program until it exits.
pub(crate) fn run(args: &[&str], environment: &[(&str, &str)]) -> Output {
    output_of(&mut command(args, environment))
}

/// Runs a command until it exits.
#[track_caller]
pub(crate) fn output_of(command: &mut Command) -> Output {
    end_of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts"))
}

/// Waits for the exit of a child process; what it wrote to its pipes.
#[track_caller]
pub(crate) fn end_of(mut child: Child) -> Output {
    drop(child.stdin.take());
    let (stdout, stderr) = (read_in_thread(child.stdout.take()), read_in_thread(child.stderr.take()));
    let status = wait_for_exit(&mut child);
    let read = |thread: JoinHandle<Vec<u8>>| thread.join().expect("a pipe can be read");
    Output { status, stdout: read(stdout), stderr: read(stderr) }
}

fn read_in_thread(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.map(|mut pipe| pipe.read_to_end(&mut bytes).expect("a pipe can be read"));
        bytes
    })
}

/// Waits for the exit of a child process. One that does not exit is killed, and the test fails.
#[track_caller]
pub(crate) fn wait_for_exit(child: &mut Child) -> ExitStatus {
    let exited = look_until(|| child.try_wait().expect("a child process"), Option::is_some);
    exited.ok().flatten().unwrap_or_else(|| {
        // The test has failed, whether or not it can be killed.
        let _ = child.kill();
        panic!("process {} had not exited after {WAIT_LIMIT:?}", child.id())
    })
}

/// Waits until something can be read, or its other end is closed.
#[track_caller]
pub(crate) fn wait_for_input(source: impl AsFd) {
    let limit = Timespec::try_from(WAIT_LIMIT).expect("a short time");
    let mut watched = [PollFd::new(&source, PollFlags::IN)];
    // A signal interrupts the system call, such as SIGCHLD for a program that another test started.
    let ready = std::iter::repeat_with(|| poll(&mut watched, Some(&limit))).find(|ready| *ready != Err(Errno::INTR));
    assert_ne!(ready, Some(Ok(0)), "nothing was written for {WAIT_LIMIT:?}");
}

/// The next line of a program's output; empty at its end.
#[track_caller]
pub(crate) fn next_line(output: &mut BufReader<ChildStdout>) -> String {
    if output.buffer().is_empty() {
        wait_for_input(output.get_ref());
    }
    let mut line = String::new();
    output.read_line(&mut line).expect("the output is UTF-8");
    line
}

impl Program {
    /// Starts the program on a free port and waits for its ready line.
    pub(crate) fn start(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command(args, environment);
        let is_set = |name: &str| environment.iter().any(|(known, _)| *known == name);
        if !is_set("LLAMACLOUD_MOCK_PORT") && !args.iter().any(|arg| arg.starts_with("--port")) {
            command.env("LLAMACLOUD_MOCK_PORT", "0");
        }
        Self::await_ready(command)
    }

    /// Starts the program with a terminal as its stderr, and waits for its ready line. The terminal is to be read when
    /// the program has exited, so it is not for much output.
    pub(crate) fn start_on_terminal(args: &[&str], environment: &[(&str, &str)]) -> (Self, Terminal) {
        let terminal = Terminal::open();
        let mut command = command(args, environment);
        command.env("LLAMACLOUD_MOCK_PORT", "0").stderr(terminal.program_side());
        (Self::await_ready(command), terminal)
    }

    /// Starts the program with this standard input and waits for its ready line. [`Program::child`] has the other end
    /// of a pipe.
    pub(crate) fn start_with_stdin(args: &[&str], environment: &[(&str, &str)], stdin: Stdio) -> Self {
        let mut command = command(args, environment);
        command.env("LLAMACLOUD_MOCK_PORT", "0").stdin(stdin);
        Self::await_ready(command)
    }

    /// Starts the program in a folder that configures its port.
    pub(crate) fn start_in(folder: &Path, args: &[&str]) -> Self {
        let mut command = command(args, &[]);
        command.current_dir(folder);
        Self::await_ready(command)
    }

    /// Starts this command, which runs the program, and waits for its ready line.
    pub(crate) fn await_ready(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let ready = next_line(&mut stdout);
        let url = ready.split(' ').find_map(|word| word.strip_prefix("url=http://"));
        let Some(address) = url.and_then(|url| url.parse().ok()) else {
            let mut stderr = String::new();
            let _ = child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut stderr));
            panic!("the program did not become ready: {ready:?} {stderr}");
        };
        Self { child, stdout: Some(stdout), ready: ready.trim_end().to_owned(), address }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Closes the reading ends of its stdout and stderr.
    pub(crate) fn close_outputs(&mut self) {
        drop(self.child.stderr.take());
        drop(self.stdout.take());
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the exit; the exit code and stderr.
    #[track_caller]
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let stderr = read_in_thread(Some(self.child.stderr.take().expect("a pipe")));
        let stdout = read_in_thread(Some(self.stdout.take().expect("outputs are not closed")));
        let code = wait_for_exit(&mut self.child).code();
        stdout.join().expect("stdout can be read");
        (code, String::from_utf8(stderr.join().expect("stderr can be read")).expect("stderr is UTF-8"))
    }

    /// Stops it with SIGTERM; the exit code and stderr.
    #[track_caller]
    pub(crate) fn terminate(self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.wait()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
