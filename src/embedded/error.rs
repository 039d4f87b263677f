//! Errors of an embedded server.

use std::fmt;
use std::io;

/// The reason why an embedded server does not do what a test asks for. Its text is that of the program:
/// `place: problem; did you mean WORD?`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A setting is unknown or invalid, or has no effect on an embedded server.
    Setting(String),
    /// The server cannot listen at its address.
    Listen(io::Error),
    /// The server had stopped by itself.
    Stopped(String),
    /// The API key is not accepted (`api-key`), or there are too many keys (`max-tenants`).
    Key(String),
    /// A fault rule is invalid, or there are too many rules.
    FaultRule(String),
    /// The clock cannot be advanced so far.
    Clock(String),
    /// A filter fits no request.
    Filter(String),
    /// An expectation is invalid.
    Expectation(String),
    /// An expectation is not met, or the records are not sufficient to judge it.
    Unmet(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(error) => write!(f, "the server cannot listen: {error}"),
            Self::Setting(text)
            | Self::Stopped(text)
            | Self::Key(text)
            | Self::FaultRule(text)
            | Self::Clock(text)
            | Self::Filter(text)
            | Self::Expectation(text)
            | Self::Unmet(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Listen(error) = self { Some(error) } else { None }
    }
}
