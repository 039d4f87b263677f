//! Ranked lists: the best entries of one, and two put together by reciprocal rank fusion.

use super::numbers::count_as_f64;

/// The constant of reciprocal rank fusion: a first place is worth `weight / 61`.
const RANK_OFFSET: f64 = 60.0;

/// A chunk with a place in one of the lists; the first place is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkRank {
    pub(super) chunk: u32,
    pub(super) rank: usize,
}

/// One of the lists and its weight.
pub(super) struct WeightedList {
    pub(super) ranked: Vec<ChunkRank>,
    pub(super) weight: f64,
}

/// Each chunk of the lists once, with the sum of what its places are worth; the best first. Of equal ones, such as a
/// first and second place and the reverse, the one with the better place in the second list is first, then by chunk.
pub(super) fn fuse(lists: &[WeightedList; 2]) -> Vec<(u32, f64)> {
    let mut parts: Vec<(u32, f64, usize)> = Vec::new();
    for (list, decides) in lists.iter().zip([false, true]) {
        let part = |ranked: &ChunkRank| {
            let worth = list.weight / (RANK_OFFSET + count_as_f64(ranked.rank));
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

/// The entries with the highest scores, the best first; equal ones by chunk. It takes memory for twice as many.
pub(super) fn best<S: Score>(entries: impl Iterator<Item = (S, u32)>, count: usize) -> Vec<(S, u32)> {
    let order = |one: &(S, u32), other: &(S, u32)| other.0.compare(&one.0).then(one.1.cmp(&other.1));
    let (mut best, mut last) = (Vec::new(), None);
    if count == 0 {
        return best;
    }
    for entry in entries {
        if last.is_some_and(|last| order(&entry, &last).is_gt()) {
            continue;
        }
        best.push(entry);
        if best.len() == 2 * count {
            best.select_nth_unstable_by(count - 1, order);
            best.truncate(count);
            last = best.last().copied();
        }
    }
    best.sort_unstable_by(order);
    best.truncate(count);
    best
}

/// A number by which chunks are ordered.
pub(super) trait Score: Copy {
    fn compare(&self, other: &Self) -> std::cmp::Ordering;
}

impl Score for f64 {
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        self.total_cmp(other)
    }
}

impl Score for i32 {
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        self.cmp(other)
    }
}

/// The places of the entries of a list.
pub(super) fn ranked<S>(best: &[(S, u32)]) -> Vec<ChunkRank> {
    best.iter().zip(1..).map(|((_, chunk), rank)| ChunkRank { chunk: *chunk, rank }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_best_are_the_first_in_order(scores in prop::collection::vec(0..9, 0..60), count in 0..20_usize) {
            let entries = || scores.iter().copied().zip(0..);
            let mut sorted: Vec<(i32, u32)> = entries().collect();
            sorted.sort_by_key(|(score, chunk)| (-score, *chunk));
            sorted.truncate(count);
            prop_assert_eq!(best(entries(), count), sorted);
        }
    }
}
