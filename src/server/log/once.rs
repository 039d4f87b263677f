//! The warnings that a server logs once: about what a test environment should know, but not with each request.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::emulator::{Context, OWN_RULE};
use crate::request::Head;

const REAL_KEY: &str = "the key of a request looks like a real LlamaCloud key; any other text works here too";

const OWN_RULE_IGNORED: &str = "the header x-mock-inject of a request is ignored (--allow-overrides applies it)";

const NO_PROGRAM: &str = "PDF and office files get a stand-in, and some patterns of grep are refused: an embedded \
                          server needs LLAMACLOUD_MOCK_BINARY, the path of the llamacloud-mock program";

/// Which of the warnings were given.
#[derive(Debug, Default)]
pub(super) struct OnceWarnings {
    real_key: AtomicBool,
    own_rule: AtomicBool,
    no_program: AtomicBool,
}

impl OnceWarnings {
    /// A request has a key that looks like a real one: this program sends it nowhere, but test environments leak keys.
    pub(super) fn real_key(&self, context: &Context) -> Option<&'static str> {
        (context.has_real_key && is_first(&self.real_key)).then_some(REAL_KEY)
    }

    /// A request has rules of its own, which are not applied.
    pub(super) fn own_rule(&self, head: &Head) -> Option<&'static str> {
        (head.headers.contains_key(&OWN_RULE) && is_first(&self.own_rule)).then_some(OWN_RULE_IGNORED)
    }

    /// A request needs a child process, and there is no program for one.
    pub(super) fn no_program(&self) -> Option<&'static str> {
        is_first(&self.no_program).then_some(NO_PROGRAM)
    }
}

fn is_first(warned: &AtomicBool) -> bool {
    !warned.swap(true, Ordering::Relaxed)
}
