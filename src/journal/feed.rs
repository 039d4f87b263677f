//! The feed of the journals: each follower gets every entry when it is added, and again when its request has ended.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::entry::Entry;

/// Maximum number of followers.
pub(crate) const MAX_FOLLOWERS: usize = 16;

/// Maximum number of bytes of the entries that wait for a follower.
const MAX_QUEUED_BYTES: usize = 4 << 20;

/// Where journals publish their entries.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// The number of `queues`, so that a request takes no lock while there is none.
    count: AtomicUsize,
    queues: Mutex<Vec<Arc<Mutex<Queue>>>>,
}

/// An entry as it was when it was published.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    /// The number of its request, which no other request of its tenant has, also after a reset.
    pub(crate) number: u64,
    pub(crate) entry: Arc<Entry>,
}

/// What a follower has not taken yet.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Publication>,
    used_bytes: usize,
    /// Whether there was no room for an entry; the queue gets no more of them.
    is_closed: bool,
    waker: Option<Waker>,
}

/// One that gets what is published as long as it lives.
#[derive(Debug)]
pub(crate) struct Follower {
    feed: Arc<Feed>,
    queue: Arc<Mutex<Queue>>,
}

impl Feed {
    /// Whether anything is to be published.
    pub(crate) fn has_followers(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// A new follower; `None` if there are [`MAX_FOLLOWERS`].
    pub(super) fn follow(self: &Arc<Self>) -> Option<Follower> {
        let mut queues = self.queues.lock();
        if queues.len() >= MAX_FOLLOWERS {
            return None;
        }
        let queue = Arc::<Mutex<Queue>>::default();
        queues.push(Arc::clone(&queue));
        self.count.store(queues.len(), Ordering::Relaxed);
        Some(Follower { feed: Arc::clone(self), queue })
    }

    /// Gives an entry to every follower.
    pub(super) fn publish(&self, number: u64, entry: &Entry) {
        let publication = Publication { number, entry: Arc::new(entry.clone()) };
        for queue in &*self.queues.lock() {
            queue.lock().push(publication.clone());
        }
    }
}

impl Queue {
    fn push(&mut self, publication: Publication) {
        let weight = publication.entry.weight_bytes();
        self.is_closed |= self.used_bytes + weight > MAX_QUEUED_BYTES;
        if !self.is_closed {
            self.used_bytes += weight;
            self.waiting.push_back(publication);
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Follower {
    /// The next entry; `None` if the follower was too slow, so that later ones are lost.
    pub(crate) fn poll_next(&self, task: &Context<'_>) -> Poll<Option<Publication>> {
        let mut queue = self.queue.lock();
        if let Some(publication) = queue.waiting.pop_front() {
            queue.used_bytes -= publication.entry.weight_bytes();
            return Poll::Ready(Some(publication));
        }
        if queue.is_closed {
            return Poll::Ready(None);
        }
        queue.waker = Some(task.waker().clone());
        Poll::Pending
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut queues = self.feed.queues.lock();
        queues.retain(|queue| !Arc::ptr_eq(queue, &self.queue));
        self.feed.count.store(queues.len(), Ordering::Relaxed);
    }
}
