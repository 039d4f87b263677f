//! The subcommand `check`: fetches what the running server recorded, and reports whether it meets the expectations of the
//! user. It passes only if it could judge every expectation.

mod evidence;
mod judge;
mod report;

use crate::config::Settings;

pub(crate) use report::{Format, Report, Verdict};

/// What `check` expects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expectations {
    /// Maximum number of times a request is sent.
    pub(crate) max_attempts: Option<u32>,
    /// Whether a retry before the time in `Retry-After` is a failure.
    pub(crate) honour_retry_after: bool,
    /// Whether a second write after a lost response is a failure.
    pub(crate) no_duplicate_writes: bool,
    /// Whether a retry after a success or a final error is a failure.
    pub(crate) no_needless_retries: bool,
    /// Whether a fault rule that never struck is a failure.
    pub(crate) all_rules_struck: bool,
    /// Whether a resource that was created and not deleted is a failure.
    pub(crate) no_litter: bool,
    /// The tenant to check, by API key or label; all by default.
    pub(crate) tenant: Option<String>,
}

/// Checks what the server of these settings recorded.
///
/// Errors: the server does not respond, or not with the expected JSON.
pub(crate) fn run(settings: &Settings, expected: &Expectations) -> Result<Report, String> {
    let evidence = evidence::fetch(settings, expected)?;
    Ok(judge::judge(&evidence, expected))
}
