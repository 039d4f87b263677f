//! A request and its reply, until the response is handed over to be written.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection_state::ConnectionState;
use crate::emulator::{self, Context, Reply};
use crate::journal::Outcome;
use crate::request::Head;
use crate::response::Response;

/// A request and its reply.
#[derive(Debug)]
pub(super) struct Exchange {
    /// `None` for a request that was answered by its head.
    pub(super) context: Option<Box<Context>>,
    pub(super) reply: Box<Reply>,
    /// How long fault rules let it wait, in real time.
    pub(super) waited: Duration,
}

/// An exchange whose response is not handed over yet. If it is dropped, the client has gone: journal and log say so.
pub(super) struct PendingExchange {
    connection: Arc<ConnectionState>,
    started: Instant,
    /// Taken out when the response is handed over.
    exchange: Option<(Head, Exchange)>,
}

impl From<Response> for Exchange {
    /// A request that was answered by its head.
    fn from(response: Response) -> Self {
        Self { context: None, reply: Box::new(response.into()), waited: Duration::ZERO }
    }
}

impl PendingExchange {
    /// An exchange that began at this time.
    pub(super) fn new(connection: Arc<ConnectionState>, head: Head, started: Instant, exchange: Exchange) -> Self {
        Self { connection, started, exchange: Some((head, exchange)) }
    }

    /// Records that the client was seen to leave. It may have closed its sending half only.
    pub(super) fn client_leaves(&self) {
        if let Some((_, Exchange { context: Some(context), reply, .. })) = &self.exchange {
            emulator::delay_is_left(context, reply);
        }
    }

    /// Hands the response over. How the request ends is recorded elsewhere from now on.
    pub(super) fn hand_over(mut self) -> (Head, Exchange) {
        self.exchange.take().expect("is taken out here only")
    }
}

impl Deref for PendingExchange {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        &self.exchange.as_ref().expect("is taken out at the end only").1
    }
}

impl DerefMut for PendingExchange {
    fn deref_mut(&mut self) -> &mut Exchange {
        &mut self.exchange.as_mut().expect("is taken out at the end only").1
    }
}

impl Drop for PendingExchange {
    fn drop(&mut self) {
        let Some((head, exchange)) = &self.exchange else { return };
        if let Exchange { context: Some(context), reply, .. } = exchange {
            emulator::record_outcome(&self.connection.server.instance, context, reply, Outcome::ClientGone);
        }
        self.connection.server.log.request(head, exchange, self.connection.peer, self.started.elapsed());
    }
}
