//! Owns the parts and runs a call through its stages, in order. It decides and never does: it neither waits nor writes.

use std::sync::Arc;

use crate::call::{Call, Head};
use crate::clock::{Clock, OpenCall};
use crate::config::Settings;
use crate::problem::Problem;
use crate::reply::{HeadOrder, Reply};

/// The whole emulated service.
pub struct Emulator {
    settings: Settings,
}

/// What the head of a request comes to.
pub enum Arrival {
    /// Decided by the head alone; the body is not read.
    Decided(Reply),
    /// The body is read, then [`Emulator::handle`] decides.
    Admitted(Visit),
}

/// A call between its head and its end.
pub struct Visit {
    /// Bytes that its body may have.
    pub body_limit: usize,
    /// What a fault that struck at the head makes the shell do instead of reading on.
    pub head_order: Option<HeadOrder>,
    /// The clock that its delays run on; `None` for calls of no tenant, which are never delayed.
    pub clock: Option<Arc<Clock>>,
    open: Option<OpenCall>,
}

/// How a call ended, as the shell saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The answer went out.
    Sent,
    /// A fault spoiled it on the wire.
    Cut,
    /// The client had gone.
    ClientGone,
}

/// What a log line says of a call.
#[derive(Debug, Clone, Default)]
pub struct Label {
    /// The tenant's label, `t-…`.
    pub tenant: Option<Arc<str>>,
    /// The operation's name, or `admin`, `health`, `ready`, or none for an unrouted call.
    pub operation: Option<&'static str>,
    /// The names of the rules that struck.
    pub faults: Vec<Arc<str>>,
}

impl Emulator {
    /// What was set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Routes a request by its head: refused, or admitted to the tenant of its key.
    pub fn arrive(&self, _head: &Head) -> Arrival {
        Arrival::Decided(Problem::text(404, "Not Found").into())
    }

    /// Decides a whole call.
    pub fn handle(&self, _visit: &mut Visit, _call: &Call) -> Reply {
        Reply::empty(500)
    }

    /// Refuses a call whose body could not be had whole (413, 408, or broken chunks), and journals it.
    pub fn refuse(&self, _visit: &mut Visit, _head: &Head, problem: Problem) -> Reply {
        problem.into()
    }

    /// The service's answer when a handler panicked: 500 with a correlation id; counted and journaled.
    pub fn broke(&self, _visit: &mut Visit, _head: &Head) -> Reply {
        Reply::empty(500)
    }

    /// Writes into the journal how a call ended.
    pub fn settle(&self, _visit: &Visit, _outcome: Outcome) {}
}

impl Visit {
    /// What a log line says of this call.
    pub fn label(&self) -> Label {
        Label::default()
    }
}
