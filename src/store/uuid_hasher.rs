//! Hashing for ids that we minted: their bits are random already and clients cannot choose what is put in, so they are
//! their own hash. Never for keys that a client makes up.

use std::hash::{BuildHasherDefault, Hasher};

/// What a map of minted ids hashes with.
pub(super) type UuidHasher = BuildHasherDefault<Bits>;

/// The bits of a UUID, folded.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Bits(u64);

impl Hasher for Bits {
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks_exact(8) {
            self.0 ^= u64::from_le_bytes(word.try_into().expect("is eight bytes long"));
        }
    }

    /// The length of a UUID says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
