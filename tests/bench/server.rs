//! A server in a process of its own, the emulator or the bare one. It ends with its owner.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::machine;

/// The program that is measured, as it is released.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_llamacloud-mock");

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// The emulator on a free port. It logs as ever, to where nobody looks.
    pub(crate) fn emulator(args: &[&str]) -> Self {
        Self::start(Command::new(PROGRAM).args(["--port", "0"]).args(args))
    }

    /// The bare server, with answers of this status and length.
    pub(crate) fn bare(status: u16, bytes: usize) -> Self {
        let this = std::env::current_exe().expect("the system knows what runs");
        Self::start(Command::new(this).arg(crate::BARE).arg(status.to_string()).arg(bytes.to_string()))
    }

    fn start(command: &mut Command) -> Self {
        let command = command.current_dir(Path::new("/")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn().expect("the program can be run");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("was asked for");
        BufReader::new(stdout).read_line(&mut line).expect("a server says where it listens");
        let url = line.split(' ').find_map(|word| word.strip_prefix("url=http://"));
        let address = url.and_then(|address| address.trim().parse().ok()).expect("a server says where it listens");
        Self { process, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn cpu_time(&self) -> Duration {
        machine::cpu_time(self.process.id())
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        machine::resident_bytes(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has ended by itself is as gone as any.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
