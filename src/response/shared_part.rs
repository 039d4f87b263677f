//! A part of a response that is no plain data: copies of the response share it, and are equal only then.

use std::fmt;
use std::sync::Arc;

/// A part of a response that its copies share.
pub(crate) struct SharedPart<T: ?Sized>(pub(crate) Arc<T>);

// Derived implementations would require the same of `T`.
impl<T: ?Sized> Clone for SharedPart<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> fmt::Debug for SharedPart<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedPart")
    }
}

impl<T: ?Sized> PartialEq for SharedPart<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: ?Sized> Eq for SharedPart<T> {}
