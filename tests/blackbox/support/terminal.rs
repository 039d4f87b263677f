//! A pseudo-terminal to which a program writes.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A terminal, from the side of its user.
#[derive(Debug)]
pub(crate) struct Terminal {
    user_side: File,
}

impl Terminal {
    pub(super) fn open() -> Self {
        let user_side = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has pseudo-terminals");
        grantpt(&user_side).and_then(|()| unlockpt(&user_side)).expect("it is a terminal");
        Self { user_side: user_side.into() }
    }

    /// The side that a program writes to. The terminal does not become the controlling one of the tests.
    pub(super) fn program_side(&self) -> Stdio {
        let name = ptsname(&self.user_side, Vec::new()).expect("it has a name");
        open(name, OFlags::WRONLY | OFlags::NOCTTY, Mode::empty()).expect("it is unlocked").into()
    }

    /// Everything that was written to it. Call this when the program has exited.
    pub(crate) fn read(mut self) -> String {
        let mut text = Vec::new();
        // Reading ends with an error, because no program has the other side open.
        let _ = self.user_side.read_to_end(&mut text);
        String::from_utf8(text).expect("UTF-8")
    }
}
