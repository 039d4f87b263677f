//! A field of a change. It tells a field that is absent, which stays as it is, from one that is `null`.

use serde::{Deserialize, Deserializer};

/// The change of a field in a request. Use it with `#[serde(default)]`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change<T> {
    /// The field is absent.
    #[default]
    Keep,
    /// The field is `null`.
    Clear,
    /// The field has a value.
    Set(T),
}

impl<T> Change<T> {
    /// The value after the change.
    pub(super) fn apply(self, value: Option<T>) -> Option<T> {
        match self {
            Self::Keep => value,
            Self::Clear => None,
            Self::Set(new) => Some(new),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}
