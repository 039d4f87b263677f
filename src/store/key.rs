//! The key of a resource: its number in the order of creation among the resources of its type. Keys are handed out for
//! resources that exist, and are not visible to clients.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The key of a resource of the type `T`.
pub(crate) struct Key<T> {
    untyped: UntypedKey,
    resource: PhantomData<fn() -> T>,
}

/// A key whose type stands elsewhere. The compiler makes what works with it once, and not for each type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct UntypedKey(u64);

impl UntypedKey {
    /// The greatest key; no resource has it.
    pub(super) const MAX: Self = Self(u64::MAX);

    /// The key with its type.
    pub(super) const fn typed<T>(self) -> Key<T> {
        Key { untyped: self, resource: PhantomData }
    }
}

impl<T> Key<T> {
    /// The least key.
    pub(super) const MIN: Self = Self::new(0);

    /// The key with this number.
    pub(super) const fn new(ordinal: u64) -> Self {
        UntypedKey(ordinal).typed()
    }

    /// The key after it.
    pub(super) const fn next(self) -> Self {
        Self::new(self.ordinal() + 1)
    }

    /// Its number.
    pub(super) const fn ordinal(self) -> u64 {
        self.untyped.0
    }

    /// The key without its type.
    pub(super) const fn untyped(self) -> UntypedKey {
        self.untyped
    }
}

// Derived implementations would require the same of `T`.
impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.untyped == other.untyped
    }
}

impl<T> Eq for Key<T> {}

impl<T> PartialOrd for Key<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Key<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.untyped.cmp(&other.untyped)
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ordinal().fmt(f)
    }
}

impl<T> Serialize for Key<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.untyped.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Key<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        UntypedKey::deserialize(deserializer).map(UntypedKey::typed)
    }
}
