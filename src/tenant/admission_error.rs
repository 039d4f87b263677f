//! Why a tenant is not created.

use std::fmt;

/// Why a tenant is not created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AdmissionError {
    /// There are as many tenants as there may be: this number.
    TooMany(usize),
    /// There is no room for the world with which it starts; which limit it meets.
    World(String),
}

impl fmt::Display for AdmissionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(most) => write!(f, "this server keeps the state of at most {most} keys (--max-tenants)"),
            Self::World(problem) => write!(f, "it cannot start with its world: {problem}"),
        }
    }
}
