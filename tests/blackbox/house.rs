//! The laws of the house, read off its source: who may know whom, and which doors time, chance, files and sockets come in
//! by. It reads text and compiles nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the library from the ground up: each may name those before it, and nobody looks up.
const FROM_THE_GROUND_UP: &[&str] = &[
    "spelling",
    "assets",
    "tenant_label",
    "terminal",
    "secret",
    "clock",
    "seed",
    "call",
    "reply",
    "problem",
    "cli",
    "config",
    "schema",
    "sync",
    "store",
    "operation",
    "api",
    "openapi",
    "journal",
    "fault",
    "tenant",
    "visit",
    "admin",
    "emulator",
    "net",
    "embedded",
    "ask",
    "healthcheck",
    "check",
    "validate",
    "program",
];

/// What may stand only in these modules, and why.
const DOORS: &[(&str, &[&str], &str)] = &[
    ("SystemTime", &["clock"], "the wall clock has one reader"),
    ("Instant", &["clock", "net"], "time passes in the clock; the shell keeps deadlines and measures for the log"),
    ("tokio::", &["clock", "net", "program", "embedded"], "what decides does not wait"),
    ("async ", &["clock", "net", "program", "embedded"], "what decides does not wait"),
    (".await", &["clock", "net", "program", "embedded"], "what decides does not wait"),
    ("hyper::", &["net"], "the shell alone speaks HTTP"),
    ("hyper_util::", &["net"], "the shell alone speaks HTTP"),
    ("TcpStream::connect", &["ask"], "nothing is asked but this program's own server"),
    ("UdpSocket", &[], "nothing is asked of the network"),
    ("UnixStream", &[], "nothing is asked of the network"),
    ("ToSocketAddrs", &[], "no name is looked up"),
    ("lookup_host", &[], "no name is looked up"),
    ("ask::get", &["healthcheck", "check"], "the server itself asks nobody"),
    ("TcpListener", &["net"], "the shell alone listens"),
    ("std::process::Command", &[], "no other program is run"),
    ("include_str!", &["assets"], "what ships has one door"),
    ("std::fs", &["config", "schema", "fault", "program", "ask", "validate"], "files are read at the start alone"),
    ("std::env", &["main", "net"], "the environment comes in as an argument, but for NO_COLOR"),
    ("rand::rng(", &[], "chance comes from the seed"),
    ("thread_rng", &[], "chance comes from the seed"),
    ("OsRng", &[], "chance comes from the seed"),
    ("from_os_rng", &[], "chance comes from the seed"),
    ("Uuid::new_v4", &[], "chance comes from the seed"),
    ("ChaCha", &["seed"], "streams have one maker"),
    ("println!", &["program", "validate"], "only the program speaks to its terminal"),
    ("thread::sleep", &[], "nobody sleeps"),
    ("std::sync::Mutex", &[], "a panic poisons no lock"),
    ("unsafe ", &[], "nothing here is unsafe"),
    (".unwrap()", &[], "what cannot fail says why"),
    ("todo!(", &[], "nothing is left undone"),
    ("unimplemented!(", &[], "nothing is left undone"),
    ("dbg!(", &[], "nothing is left behind"),
    ("disable_recursion_limit", &[], "nesting has a limit"),
];

/// The most lines that a file has before it holds more than one concept.
const MAX_LINES: usize = 430;

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager", "context", "data"];

struct Source {
    path: PathBuf,
    /// The module of the library that it belongs to; `main` and `lib` for those files.
    module: String,
    text: String,
}

impl Source {
    /// Its code, without comments and without what is compiled for tests alone.
    fn code(&self) -> impl Iterator<Item = &str> {
        let code = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        code.lines().map(|line| line.split("//").next().unwrap_or_default())
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    files(&root().join("src"), &mut paths);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let source = |path: PathBuf| {
        let below = path.strip_prefix(root().join("src")).expect("was found there");
        let first = below.components().next().expect("a file has a name").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        Source { module, text: fs::read_to_string(&path).expect("source is text"), path }
    };
    paths.into_iter().map(source).collect()
}

/// The modules that a line of code names behind `crate::`.
fn named(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let group = rest.strip_prefix('{').map_or(rest, |rest| rest.split('}').next().unwrap_or_default());
        let parts: Vec<&str> = if rest.starts_with('{') { group.split(',').collect() } else { vec![rest] };
        for part in parts {
            let name: String = part.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            names.push(name);
        }
    }
    names
}

#[test]
fn nobody_looks_up() {
    let rank = |name: &str| FROM_THE_GROUND_UP.iter().position(|known| *known == name);
    let mut wrong = BTreeSet::new();
    for source in sources().iter().filter(|source| source.module != "main" && source.module != "lib") {
        let own = rank(&source.module).unwrap_or_else(|| panic!("{} has no place in the order", source.module));
        for name in source.code().flat_map(named) {
            if rank(&name).is_some_and(|other| other > own) {
                wrong.insert(format!("{} names {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_emulated_api_knows_neither_faults_nor_the_journal_nor_the_wire() {
    let place = |name| FROM_THE_GROUND_UP.iter().position(|known| *known == name).expect("is in the order");
    for hidden in ["fault", "journal", "tenant", "admin", "emulator", "net"] {
        assert!(place("api") < place(hidden), "api may not see {hidden}");
    }
}

#[test]
fn time_chance_files_and_sockets_come_in_by_their_doors() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (line, code) in source.code().enumerate() {
            for (word, modules, law) in DOORS {
                if code.contains(word) && !modules.contains(&source.module.as_str()) {
                    wrong.push(format!("{}:{}: {word}: {law}", source.path.display(), line + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_and_holds_one_concept() {
    let mut wrong = Vec::new();
    for source in sources() {
        let name = source.path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let lines = source.text.lines().count();
        if !source.text.starts_with("//!") {
            wrong.push(format!("{} does not open with what it is", source.path.display()));
        }
        if lines > MAX_LINES {
            wrong.push(format!("{} has {lines} lines", source.path.display()));
        }
        if EMPTY_NAMES.contains(&name.as_str()) {
            wrong.push(format!("{} is named after nothing", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_map_in_lib_lists_every_module() {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("is there");
    for module in FROM_THE_GROUND_UP {
        assert!(text.contains(&format!("pub mod {module};")), "{module} is in the order but not in the library");
        assert!(text.contains(&format!("[`{module}`]")), "the map does not show {module}");
    }
    assert_eq!(text.matches("\npub mod ").count(), FROM_THE_GROUND_UP.len());
}

#[test]
fn tests_neither_sleep_nor_listen_at_a_fixed_port() {
    let mut paths = Vec::new();
    files(&root().join("tests/blackbox"), &mut paths);
    for path in paths.iter().filter(|path| !path.ends_with("house.rs")) {
        let text = fs::read_to_string(path).expect("source is text");
        for banned in ["thread::sleep", "time::sleep", "#[ignore"] {
            assert!(!text.contains(banned), "{} has {banned}", path.display());
        }
        for listens in ["bind(\"127.0.0.1:", "\"--port\", \"", "(\"port\", \""] {
            let mut ports = text.match_indices(listens).map(|(at, _)| &text[at + listens.len()..]);
            assert!(ports.all(|port| port.starts_with(['0', '{'])), "{} listens at a fixed port", path.display());
        }
    }
}
