//! Independent streams of chance. Every id, made-up value, latency draw and fault draw comes from here, named by seed,
//! tenant, purpose and ordinal, so that nothing one request draws moves what another gets. It never asks the system for
//! randomness.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A stream of random numbers; equal names give equal streams, on every platform.
pub type RandomStream = ChaCha8Rng;

/// A stream that is drawn from by number: the n-th draw is the same whether or not those before it were made.
#[derive(Debug)]
pub struct Draws {
    stream: ChaCha8Rng,
    /// The draw at which the stream stands.
    next: u64,
}

/// The root of one tenant's streams.
#[derive(Debug, Clone)]
pub struct Seed {
    root: Sha256,
}

impl Seed {
    /// The streams of `tenant` (its label) under the run's `seed`.
    pub fn new(seed: u64, tenant: &str) -> Self {
        let mut root = Sha256::new();
        root.update(seed.to_le_bytes());
        root.update(tenant.as_bytes());
        root.update([0]);
        Self { root }
    }

    /// The stream for the `ordinal`-th use of `purpose`.
    pub fn stream(&self, purpose: &str, ordinal: u64) -> RandomStream {
        let mut name = self.root.clone();
        name.update(purpose.as_bytes());
        name.update([0]);
        name.update(ordinal.to_le_bytes());
        ChaCha8Rng::from_seed(name.finalize().into())
    }

    /// The draws of `purpose`, for one that is used request after request: a stream for each would cost a hash for each.
    pub fn draws(&self, purpose: &str) -> Draws {
        Draws { stream: self.stream(purpose, 0), next: 0 }
    }
}

impl Draws {
    /// The `ordinal`-th draw, from 0 up to but not including 1.
    pub fn fraction(&mut self, ordinal: u64) -> f64 {
        if self.next != ordinal {
            // A draw takes two words of the stream.
            self.stream.set_word_pos(u128::from(ordinal) * 2);
        }
        self.next = ordinal.wrapping_add(1);
        fraction(&mut self.stream)
    }
}

/// The next random (version 4) UUID of a stream.
pub fn uuid(stream: &mut RandomStream) -> Uuid {
    let mut bytes = [0; 16];
    stream.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// The next number of a stream, from 0 up to but not including 1.
pub fn fraction(stream: &mut RandomStream) -> f64 {
    // 53 bits: what a double holds exactly.
    #[expect(
        clippy::cast_precision_loss,
        reason = "both numbers have at most 54 bits, and one of them a single set bit"
    )]
    {
        (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}
