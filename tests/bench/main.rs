//! The benchmark: the emulator compared with a bare hyper server, and the cost of its state, documents, fault rules and
//! tenants.
//! Both servers run as separate processes and take turns in one run, so that other load on the machine affects both. It
//! is not a test: it prints figures and targets and does not fail.
//!
//!     cargo bench                                      all parts, about five minutes
//!     cargo bench --bench load -- create page          some parts
//!
//! Parts: `size`, `start`, `instructions`, `create`, `get`, `list`, `memory`, `page`, `faults`, `tenants`, `uploads`,
//! `grep`, `chunks`, `released`, `reading`, `hostile`, `ranking`.

mod bare;
mod cost;
mod documents;
mod filled;
mod folder;
#[path = "../judged/mod.rs"]
mod judged;
mod load;
mod machine;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../blackbox/support/office.rs"]
mod office;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../blackbox/support/pdf.rs"]
mod pdf;
mod ranking;
mod reading;
mod report;
mod requests;
mod server;
mod start;
mod text;

/// The argument that makes this program a bare server.
const BARE: &str = "bare";

/// All parts in their order.
const PARTS: &[(&str, fn())] = &[
    ("size", start::size),
    ("start", start::first_response),
    ("instructions", requests::instructions),
    ("create", requests::create),
    ("get", requests::get),
    ("list", requests::list),
    ("memory", filled::memory),
    ("page", filled::page),
    ("faults", cost::faults),
    ("tenants", cost::tenants),
    ("uploads", documents::uploads),
    ("grep", documents::grep),
    ("chunks", documents::chunks),
    ("released", documents::released),
    ("reading", reading::reading),
    ("hostile", reading::hostile),
    ("ranking", ranking::quality),
];

fn main() {
    // cargo adds the argument `--bench`.
    let args: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if args.first().is_some_and(|word| word == BARE) {
        return bare::serve(&args[1..]);
    }
    if let Some(unknown) = args.iter().find(|word| PARTS.iter().all(|(name, _)| name != word)) {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        eprintln!("{unknown} is not a part; parts: {}", names.join(", "));
        std::process::exit(64);
    }
    report::heading();
    for (name, measure) in PARTS {
        if args.is_empty() || args.iter().any(|word| word == name) {
            measure();
        }
    }
}
