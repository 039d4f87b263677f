//! The journal as a stream of server-sent events: an entry when its request is admitted, and again when it has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::about::EntryView;
use super::{journal, printable_text, read};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Filter, Fit, Follower, MAX_FOLLOWERS, Publication};
use crate::request::Request;
use crate::response::{EventSource, Response};

/// The event of a reader that was too slow.
const LOST: &[u8] =
    b"event: lost\ndata: {\"detail\":\"The reader was too slow, so that entries are missing from here on; \
                      GET /__admin/journal has those that were not evicted\"}\n\n";

/// The entries that a reader asked for.
struct EntryEvents {
    follower: Follower,
    filter: Filter,
    /// The label of the tenant; all if absent.
    tenant: Option<Arc<str>>,
    has_ended: AtomicBool,
}

pub(super) fn open(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let named = read::query(request, "tenant");
    let tenant = named.map(|name| read::existing_tenant(instance, &name)).transpose()?;
    let filter = journal::filter(instance, request)?;
    let follower = instance.tenants.journal_limits().follow().ok_or_else(|| {
        ApiError::text(503, format!("{MAX_FOLLOWERS} streams of the journal are open, and no more are possible"))
    })?;
    let tenant = tenant.map(|tenant| Arc::clone(&tenant.label));
    Ok(Response::live(EntryEvents { follower, filter, tenant, has_ended: AtomicBool::new(false) }))
}

impl EventSource for EntryEvents {
    fn poll_next(&self, task: &Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match ready!(self.follower.poll_next(task)) {
                Some(publication) if self.has_asked_for(&publication) => return Poll::Ready(Some(event(&publication))),
                Some(_) => {}
                None if self.has_ended.swap(true, Ordering::Relaxed) => return Poll::Ready(None),
                None => return Poll::Ready(Some(Bytes::from_static(LOST))),
            }
        }
    }
}

impl EntryEvents {
    fn has_asked_for(&self, Publication { entry, .. }: &Publication) -> bool {
        self.tenant.as_ref().is_none_or(|tenant| entry.tenant.as_ref() == Some(tenant))
            && self.filter.fit(entry) == Fit::Fits
    }
}

/// The event of an entry. Its id is that of the request, which no other request has.
fn event(Publication { number, entry }: &Publication) -> Bytes {
    let tenant = entry.tenant.as_deref().unwrap_or("-");
    let json = serde_json::to_string(&EntryView::of((**entry).clone())).expect("an entry can be written as JSON");
    // Bodies are shown as they were written. In JSON, a line break is white space.
    let line = printable_text(&json).replace(['\n', '\r'], " ");
    format!("id: {tenant}/{number}\ndata: {line}\n\n").into()
}
