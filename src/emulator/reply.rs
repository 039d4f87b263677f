//! The result of the stages of a request.

use super::context::Release;
use crate::journal::FaultNote;
use crate::response::Response;

/// The response to a request, and what the server needs to carry it out and to record how it ends.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The response.
    pub(crate) response: Response,
    /// The number of its journal entry, whose end is still to be recorded; `None` if there is none.
    pub(crate) entry: Option<u64>,
    /// The outcome of each fault rule whose trigger the request met.
    pub(crate) faults: Vec<FaultNote>,
    /// The name of the file that it uploads, if it has one.
    pub(crate) file_name: Option<Box<str>>,
    /// The end of the waits that fault rules cause.
    pub(crate) release: Release,
}

impl From<Response> for Reply {
    /// The reply to a request that is not journaled and meets no fault rule.
    fn from(response: Response) -> Self {
        Self { response, entry: None, faults: Vec::new(), file_name: None, release: Release::default() }
    }
}
