//! The benchmark: what the emulator costs beside a bare hyper server, and what its state, its rules and its tenants
//! cost. Both run as processes of their own and are driven in turn in one run, so that a busy machine is busy for both.
//! It is no test: nothing fails here, figures are printed beside their aims.
//!
//!     cargo bench                                      everything, about three minutes
//!     cargo bench --bench load -- create page          parts of it
//!
//! Parts: `size`, `start`, `create`, `get`, `list`, `memory`, `page`, `faults`, `tenants`.

mod bare;
mod calls;
mod cost;
mod drive;
mod filled;
mod machine;
mod report;
mod server;
mod start;

/// The word that makes this program a bare server.
const BARE: &str = "bare";

/// Everything that can be measured, in the order in which it is.
const PARTS: &[(&str, fn())] = &[
    ("size", start::size),
    ("start", start::first_answer),
    ("create", calls::create),
    ("get", calls::get),
    ("list", calls::list),
    ("memory", filled::memory),
    ("page", filled::page),
    ("faults", cost::faults),
    ("tenants", cost::tenants),
];

fn main() {
    // cargo adds `--bench` of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == BARE) {
        return bare::serve(&words[1..]);
    }
    if let Some(unknown) = words.iter().find(|word| PARTS.iter().all(|(name, _)| name != word)) {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        eprintln!("{unknown} is no part; there are: {}", names.join(", "));
        std::process::exit(64);
    }
    report::heading();
    for (name, measure) in PARTS {
        if words.is_empty() || words.iter().any(|word| word == name) {
            measure();
        }
    }
}
