//! Independent streams of random numbers. Every id, generated value, latency and fault decision is drawn from a stream
//! that is derived from seed, tenant, purpose and ordinal, so that the draws of one request do not change those of
//! another. The operating system's randomness is never used.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A stream of random numbers. Streams with the same seed, tenant, purpose and ordinal are equal on every platform.
pub(crate) type RandomStream = ChaCha8Rng;

/// The streams of one purpose.
#[derive(Debug)]
pub(crate) struct Streams {
    key: [u8; 32],
}

/// A stream with numbered draws: the n-th draw has the same value whether or not the draws before it were made.
#[derive(Debug)]
pub(crate) struct Draws {
    stream: ChaCha8Rng,
    /// The number of the draw at the stream's current position.
    next: u64,
}

/// The source of a tenant's streams.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    root: Sha256,
}

/// Bytes of a keyed hash.
const KEYED_HASH_BYTES: usize = 16;

impl Seed {
    /// The source of the streams of the tenant with the label `tenant`, for the seed of the program.
    pub(crate) fn new(seed: u64, tenant: &str) -> Self {
        let mut root = Sha256::new();
        root.update(seed.to_le_bytes());
        root.update(tenant.as_bytes());
        root.update([0]);
        Self { root }
    }

    /// The stream for the `ordinal`-th use of `purpose`.
    pub(crate) fn stream(&self, purpose: &str, ordinal: u64) -> RandomStream {
        self.streams(purpose).stream(ordinal)
    }

    /// The streams of `purpose`, for those of many requests: all of them cost one hash.
    pub(crate) fn streams(&self, purpose: &str) -> Streams {
        let mut key = self.root.clone();
        key.update(purpose.as_bytes());
        // The first byte ends the purpose. The others give the first use the values of earlier versions.
        key.update([0; 9]);
        Streams { key: key.finalize().into() }
    }

    /// A hash of a message, keyed with seed and tenant: only this program can make it. It is half of a SHA-256, since
    /// the whole would let others extend the message.
    pub(crate) fn keyed_hash(&self, purpose: &str, message: &str) -> [u8; KEYED_HASH_BYTES] {
        let mut hash = self.root.clone();
        for part in ["keyed hash", purpose, message] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        *hash.finalize().first_chunk().expect("a SHA-256 is longer")
    }

    /// The numbered draws of `purpose`, for draws in every request.
    pub(crate) fn draws(&self, purpose: &str) -> Draws {
        Draws { stream: self.stream(purpose, 0), next: 0 }
    }
}

impl Streams {
    /// The stream for the `ordinal`-th use.
    pub(crate) fn stream(&self, ordinal: u64) -> RandomStream {
        let mut stream = ChaCha8Rng::from_seed(self.key);
        stream.set_stream(ordinal);
        stream
    }
}

impl Draws {
    /// The `ordinal`-th draw, from 0 up to but not including 1.
    pub(crate) fn fraction(&mut self, ordinal: u64) -> f64 {
        if self.next != ordinal {
            // A draw uses two words of the stream.
            self.stream.set_word_pos(u128::from(ordinal) * 2);
        }
        self.next = ordinal.wrapping_add(1);
        fraction(&mut self.stream)
    }
}

/// The next random (version 4) UUID of a stream.
pub(crate) fn uuid(stream: &mut RandomStream) -> Uuid {
    let [low, high] = [stream.next_u64(), stream.next_u64()].map(u128::from);
    uuid::Builder::from_random_bytes((low | high << 64).to_le_bytes()).into_uuid()
}

/// The next number of a stream, from 0 up to but not including 1.
pub(crate) fn fraction(stream: &mut RandomStream) -> f64 {
    // 53 bits: an f64 represents them exactly.
    #[expect(
        clippy::cast_precision_loss,
        reason = "both numbers have at most 54 bits, and one of them a single set bit"
    )]
    {
        (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}
