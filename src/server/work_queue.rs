//! The turns of requests that have work to do: a bounded number works at a time, and the tenants take turns, so that
//! one with many requests does not delay the others.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The queue of all tenants.
#[derive(Debug)]
pub(super) struct WorkQueue {
    turns: Mutex<Turns>,
    /// The most requests that wait.
    limit: usize,
}

#[derive(Debug)]
struct Turns {
    /// How many more requests may work now.
    free: usize,
    /// How many requests wait.
    count: usize,
    by_tenant: HashMap<Arc<str>, VecDeque<oneshot::Sender<Turn>>>,
    /// The tenants with waiting requests; the first one's turn is next.
    order: VecDeque<Arc<str>>,
}

/// The right to work; the next request gets it when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<WorkQueue>);

/// As many requests wait as may wait.
#[derive(Debug)]
pub(super) struct QueueFull {
    pub(super) limit: usize,
}

impl WorkQueue {
    /// A queue in which `workers` requests work at a time and `limit` more may wait.
    pub(super) fn new(workers: usize, limit: usize) -> Arc<Self> {
        let turns = Turns { free: workers, count: 0, by_tenant: HashMap::new(), order: VecDeque::new() };
        Arc::new(Self { turns: Mutex::new(turns), limit })
    }

    /// Waits for the turn of a request of this tenant.
    pub(super) async fn turn(self: &Arc<Self>, tenant: Arc<str>) -> Result<Turn, QueueFull> {
        let receiver = {
            let mut turns = self.turns.lock();
            if turns.free > 0 {
                turns.free -= 1;
                return Ok(Turn(Arc::clone(self)));
            }
            if turns.count >= self.limit {
                return Err(QueueFull { limit: self.limit });
            }
            turns.add(tenant)
        };
        Ok(receiver.await.expect("a turn is passed on until the queue is empty"))
    }
}

impl Turns {
    fn add(&mut self, tenant: Arc<str>) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        let queue = self.by_tenant.entry(Arc::clone(&tenant)).or_default();
        if queue.is_empty() {
            self.order.push_back(tenant);
        }
        queue.push_back(sender);
        self.count += 1;
        receiver
    }

    /// The next waiting request; its tenant goes to the end of the order if it has more.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let tenant = self.order.pop_front()?;
        let queue = self.by_tenant.get_mut(&tenant)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.by_tenant.remove(&tenant);
        } else {
            self.order.push_back(tenant);
        }
        self.count -= usize::from(next.is_some());
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut turns = self.0.turns.lock();
            let next = turns.next();
            turns.free += usize::from(next.is_none());
            next
        };
        if let Some(next) = next {
            // A request that no longer waits drops the turn, which passes it on.
            let _ = next.send(Turn(Arc::clone(&self.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str) -> Arc<str> {
        name.into()
    }

    #[tokio::test]
    async fn tenants_take_turns_and_the_number_of_waiting_requests_is_limited() {
        let queue = WorkQueue::new(1, 4);
        let first = queue.turn(label("a")).await.expect("a worker is free");
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for tenant in ["a", "a", "a", "b"] {
            let (queue, order) = (Arc::clone(&queue), Arc::clone(&order));
            let task = tokio::spawn(async move {
                let turn = queue.turn(label(tenant)).await.expect("there is room to wait");
                order.lock().push(tenant);
                drop(turn);
            });
            tokio::task::yield_now().await;
            tasks.push(task);
        }
        assert!(queue.turn(label("c")).await.is_err(), "four requests wait");
        drop(first);
        for task in tasks {
            task.await.expect("it ends");
        }
        assert_eq!(*order.lock(), ["a", "b", "a", "a"]);
        let turns = queue.turns.lock();
        assert_eq!((turns.free, turns.count), (1, 0));
    }

    #[tokio::test]
    async fn a_request_that_no_longer_waits_passes_its_turn_on() {
        let queue = WorkQueue::new(1, 4);
        let first = queue.turn(label("a")).await.expect("a worker is free");
        let cancelled = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.turn(label("a")).await.map(drop) }
        });
        tokio::task::yield_now().await;
        cancelled.abort();
        let _ = cancelled.await;
        drop(first);
        assert!(queue.turn(label("b")).await.is_ok());
    }
}
