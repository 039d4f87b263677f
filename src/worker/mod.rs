//! Work that may take any time or memory, such as searching with a pattern from a client, in a child process of the
//! same program. The child limits itself, and its parent kills it at a deadline, so that only the one request fails.
//!
//! The parent sends a [`WorkKind`] of work with its input in frames and gets one frame back. What the work is, is up to
//! the modules that use this one; `cli` connects the two in the child.

mod child;
mod frame;
mod parent;

use std::time::Duration;

pub(crate) use self::child::serve;
pub(crate) use self::parent::{MAX_CHILDREN, Worker, WorkerError};

/// The hidden subcommand as which the program runs in the child process.
pub(crate) const SUBCOMMAND: &str = "internal-worker";

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkKind {
    /// Search for a pattern in a text.
    Grep,
    /// Extraction of the text of a file.
    Document,
}

/// What a child process may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkLimits {
    /// Seconds of processor time. They bound the work alike on a busy and on an idle machine.
    pub(crate) cpu_seconds: u64,
    /// Time from its start to its end. It bounds a child that waits, and all of them where processor time is not
    /// limited.
    pub(crate) time: Duration,
    /// Bytes of address space, on Linux.
    pub(crate) memory_bytes: u64,
    /// Bytes of its output.
    pub(crate) output_bytes: u64,
}

impl WorkKind {
    /// Every kind.
    pub(crate) const ALL: &[Self] = &[Self::Grep, Self::Document];

    /// Its name in the arguments of the child process.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Grep => "grep",
            Self::Document => "document",
        }
    }

    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What a child process for it may use.
    pub(crate) const fn limits(self) -> WorkLimits {
        match self {
            Self::Grep => WorkLimits {
                cpu_seconds: 2,
                time: Duration::from_secs(4),
                memory_bytes: 256 * 1024 * 1024,
                output_bytes: 8 * 1024 * 1024,
            },
            // The file itself, of up to 100 MiB by default, is in the memory. The text of a document is limited too.
            Self::Document => WorkLimits {
                cpu_seconds: 5,
                time: Duration::from_secs(30),
                memory_bytes: 512 * 1024 * 1024,
                output_bytes: 65 * 1024 * 1024,
            },
        }
    }
}
