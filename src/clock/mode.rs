//! How a clock runs, and the words for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a clock runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Follows the system time.
    #[default]
    Real,
    /// Moves only when it is set or advanced.
    Manual,
    /// Jumps from event to event.
    Auto,
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "real" => Ok(Self::Real),
            "manual" => Ok(Self::Manual),
            "auto" => Ok(Self::Auto),
            _ => Err(format!("{text:?} is not one of real, manual, auto")),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Manual => "manual",
            Self::Auto => "auto",
        })
    }
}
