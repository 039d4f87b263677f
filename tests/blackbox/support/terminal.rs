//! A pseudo-terminal from which a program reads or to which it writes.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::wait_for_input;

/// A terminal, from the side of its user.
#[derive(Debug)]
pub(crate) struct Terminal {
    user_side: File,
}

impl Terminal {
    pub(crate) fn open() -> Self {
        let user_side = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has pseudo-terminals");
        grantpt(&user_side).and_then(|()| unlockpt(&user_side)).expect("it is a terminal");
        Self { user_side: user_side.into() }
    }

    /// The side of a program. The terminal does not become the controlling one of the tests.
    pub(crate) fn program_side(&self) -> Stdio {
        let name = ptsname(&self.user_side, Vec::new()).expect("it has a name");
        open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("it is unlocked").into()
    }

    /// Sends what its user types.
    pub(crate) fn send(&mut self, typed: &str) {
        self.user_side.write_all(typed.as_bytes()).expect("the program has the other side open");
    }

    /// Reads until this text has been written or echoed.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            let mut byte = [0];
            wait_for_input(&self.user_side);
            self.user_side.read_exact(&mut byte).expect("the program has the other side open");
            seen.extend(byte);
        }
    }

    /// Everything that was written to it. Call this when the program has exited.
    pub(crate) fn read(mut self) -> String {
        let mut text = Vec::new();
        // Reading ends with an error, because no program has the other side open.
        let _ = self.user_side.read_to_end(&mut text);
        String::from_utf8(text).expect("UTF-8")
    }
}
