//! What a single request is made to see of its store. The resources know nothing of why.

use std::sync::Arc;
use std::time::Duration;

use crate::store::sync::Script;

/// What one request is made to see of its store; the default is the truth. A handler takes out what came to pass, so that what
/// is left is what did not.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// Reads see the store as it was so long ago.
    pub lag: Option<Duration>,
    /// The index that the request names is gone from now on.
    pub vanish: Option<Vanish>,
    /// Creates beyond so many live items are refused with this status.
    pub quota: Option<(usize, u16)>,
    /// The course of a sync that the request starts.
    pub script: Option<Arc<Script>>,
    /// What is wrong with the page.
    pub page: Option<PageFault>,
}

/// Says that an index disappears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vanish;

/// What can be wrong with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFault {
    /// Its token leads back to itself.
    RepeatToken,
    /// The token that was sent counts as expired.
    ExpiredToken,
    /// It is empty although a next one follows.
    EmptyMiddle,
}
