//! Hit rates and the normalised discounted cumulative gain (nDCG) over judged questions.

use super::{Question, TOP};

/// A question that was asked.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) question: Question,
    /// The places of its answers among the first results, from 0.
    pub(crate) places: Vec<usize>,
    /// The number of chunks that answer it.
    pub(crate) answers: usize,
}

/// The means over questions, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quality {
    /// The share of questions whose first result is an answer.
    pub(crate) hit_at_1: f64,
    /// The share of questions with an answer among the first five results.
    pub(crate) hit_at_5: f64,
    pub(crate) ndcg_at_10: f64,
}

impl Quality {
    pub(crate) fn of<'j>(judged: impl Iterator<Item = &'j Judged>) -> Self {
        let judged: Vec<&Judged> = judged.collect();
        let mean = |value: &dyn Fn(&Judged) -> f64| {
            judged.iter().map(|judged| value(judged)).sum::<f64>() / float(judged.len())
        };
        let hit = |judged: &Judged, first: usize| f64::from(u8::from(judged.places.iter().any(|place| *place < first)));
        Self {
            hit_at_1: mean(&|judged| hit(judged, 1)),
            hit_at_5: mean(&|judged| hit(judged, 5)),
            ndcg_at_10: mean(&|judged| gain(judged.places.iter().copied()) / gain(0..judged.answers.min(TOP))),
        }
    }

    /// The measures with their names.
    pub(crate) fn measures(self) -> [(&'static str, f64); 3] {
        [("hit@1", self.hit_at_1), ("hit@5", self.hit_at_5), ("nDCG@10", self.ndcg_at_10)]
    }
}

/// The discounted gain of answers at these places.
fn gain(places: impl Iterator<Item = usize>) -> f64 {
    places.map(|place| 1.0 / (float(place) + 2.0).log2()).sum()
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a small number"))
}
