//! The emulator or the bare server as a child process, which is killed on drop.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::machine;

/// The measured program, built with optimizations.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_llamacloud-mock");

/// A running server process.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// The emulator on a free port. It logs as usual, but stderr is discarded.
    pub(crate) fn emulator(args: &[&str]) -> Self {
        Self::start(Command::new(PROGRAM).args(["--port", "0"]).args(args))
    }

    /// The bare server, with responses of this status and body length.
    pub(crate) fn bare(status: u16, bytes: usize) -> Self {
        let words = bare_command(status, bytes, "0");
        Self::start(Command::new(&words[0]).args(&words[1..]))
    }

    fn start(command: &mut Command) -> Self {
        let command = command.current_dir(Path::new("/")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn().expect("the program starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a ready line with a url");
        let url = line.split(' ').find_map(|word| word.strip_prefix("url=http://"));
        let address = url.and_then(|address| address.trim().parse().ok()).expect("a ready line with a url");
        Self { process, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn cpu_time(&self) -> Duration {
        machine::cpu_time(self.process.id())
    }

    pub(crate) fn cpu_time_with_children(&self) -> Duration {
        machine::cpu_time_with_children(self.process.id())
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        machine::resident_bytes(self.process.id())
    }
}

/// The command that starts the bare server, with responses of this status and body length.
pub(crate) fn bare_command(status: u16, bytes: usize, port: &str) -> [String; 5] {
    let this = std::env::current_exe().expect("the path of this program");
    [this.display().to_string(), crate::BARE.to_owned(), status.to_string(), bytes.to_string(), port.to_owned()]
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
