//! The memory budget of request bodies: all bodies in flight together hold at most `--max-inflight-bytes`. Bytes are
//! reserved as they arrive and never waited for: a body that does not fit is refused.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The budget, shared by all connections. Each free byte is one permit of a semaphore.
#[derive(Debug)]
pub(super) struct BodyBudget {
    limit_bytes: usize,
    free: Arc<Semaphore>,
}

/// The bytes that one body has reserved; dropping it releases them.
#[derive(Debug, Default)]
pub(super) struct Reservation {
    permit: Option<OwnedSemaphorePermit>,
}

/// The budget has fewer free bytes than a body needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OverBudget {
    /// The size of the whole budget.
    pub(super) limit_bytes: usize,
}

impl BodyBudget {
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, free: Arc::new(Semaphore::new(limit_bytes)) }
    }

    /// An error if a body of this size does not fit even while no other body is in flight. Reserves nothing.
    pub(super) fn check_announced(&self, bytes: u64) -> Result<(), OverBudget> {
        if bytes > self.limit_bytes as u64 { Err(self.over_budget()) } else { Ok(()) }
    }

    /// Reserves `bytes` more for a body; on an error nothing more is reserved.
    pub(super) fn extend(&self, reservation: &mut Reservation, bytes: usize) -> Result<(), OverBudget> {
        let count = u32::try_from(bytes).map_err(|_| self.over_budget())?;
        let added = Arc::clone(&self.free).try_acquire_many_owned(count).map_err(|_| self.over_budget())?;
        match &mut reservation.permit {
            Some(permit) => permit.merge(added),
            None => reservation.permit = Some(added),
        }
        Ok(())
    }

    fn over_budget(&self) -> OverBudget {
        OverBudget { limit_bytes: self.limit_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_share_the_budget_and_release_it_when_dropped() {
        let budget = BodyBudget::new(10);
        let (mut first, mut second) = (Reservation::default(), Reservation::default());
        assert_eq!(budget.extend(&mut first, 4), Ok(()));
        assert_eq!(budget.extend(&mut second, 5), Ok(()));
        assert_eq!(budget.extend(&mut second, 2), Err(OverBudget { limit_bytes: 10 }));
        assert_eq!(budget.extend(&mut second, 1), Ok(()), "the error reserved nothing");
        drop(second);
        assert_eq!(budget.extend(&mut first, 6), Ok(()));
        assert!(budget.extend(&mut first, 1).is_err());
        drop(first);
        assert_eq!(budget.extend(&mut Reservation::default(), 10), Ok(()));
    }

    #[test]
    fn a_body_larger_than_the_budget_is_refused_by_its_announced_length() {
        let budget = BodyBudget::new(10);
        assert_eq!(budget.check_announced(10), Ok(()));
        assert_eq!(budget.check_announced(11), Err(OverBudget { limit_bytes: 10 }));
    }
}
