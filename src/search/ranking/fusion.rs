//! Puts the two ranked lists together: reciprocal rank fusion.

use super::full_text::float;

/// The constant of reciprocal rank fusion: a first place is worth `weight / 61`.
const RANK_OFFSET: f64 = 60.0;

/// A chunk with a place in one of the lists; the first place is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ranked {
    pub(super) chunk: u32,
    pub(super) rank: usize,
}

/// One of the lists and its weight.
pub(super) struct WeightedList {
    pub(super) ranked: Vec<Ranked>,
    pub(super) weight: f64,
}

/// Each chunk of the lists once, with the sum of what its places are worth; the best first. Of equal ones, such as a first
/// and second place and the reverse, the one with the better place in the second list is first, then by chunk.
pub(super) fn fuse(lists: &[WeightedList; 2]) -> Vec<(u32, f64)> {
    let mut parts: Vec<(u32, f64, usize)> = Vec::new();
    for (list, decides) in lists.iter().zip([false, true]) {
        let part = |ranked: &Ranked| {
            let worth = list.weight / (RANK_OFFSET + float(ranked.rank));
            (ranked.chunk, worth, if decides { ranked.rank } else { usize::MAX })
        };
        parts.extend(list.ranked.iter().map(part));
    }
    // Stable, so that the sums are always made in the order of the lists.
    parts.sort_by_key(|(chunk, ..)| *chunk);
    let sum = |same: &[(u32, f64, usize)]| {
        let rank = same.iter().map(|(.., rank)| *rank).min().unwrap_or(usize::MAX);
        (same[0].0, same.iter().map(|(_, part, _)| part).sum::<f64>(), rank)
    };
    let mut fused: Vec<_> = parts.chunk_by(|one, other| one.0 == other.0).map(sum).collect();
    fused.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.2.cmp(&other.2)).then(one.0.cmp(&other.0)));
    fused.into_iter().map(|(chunk, score, _)| (chunk, score)).collect()
}
