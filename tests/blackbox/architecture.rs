//! The rules of the architecture, checked on the source text: which module may use which, and where time, randomness,
//! files and sockets may be used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::support::files_below;

/// The modules of the library from the lowest to the highest: each may use only those before it.
const LAYERS: &[&str] = &[
    "suggest",
    "assets",
    "key_label",
    "terminal",
    "redact",
    "counters",
    "json_object",
    "clock",
    "seed",
    "request",
    "response",
    "error",
    "multipart",
    "worker",
    "config",
    "schema",
    "drift",
    "content",
    "documents",
    "search",
    "store",
    "snapshot",
    "world",
    "operation",
    "api",
    "matcher",
    "journal",
    "fault",
    "tenant",
    "instance",
    "admin",
    "emulator",
    "server",
    "embedded",
    "fuzzing",
    "cli",
];

/// Source text that may appear only in these modules, and why.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("SystemTime", &["clock"], "the system clock is read in one module"),
    ("Instant", &["clock", "server", "cli"], "only the clock, the server and the subcommands measure time"),
    ("tokio::", &["clock", "server", "cli", "embedded"], "deciding a response is synchronous"),
    ("async ", &["clock", "server", "cli", "embedded"], "deciding a response is synchronous"),
    (".await", &["clock", "server", "cli", "embedded"], "deciding a response is synchronous"),
    ("hyper::", &["server", "cli"], "only the server and the subcommands' client use hyper"),
    ("hyper_util::", &["server", "cli"], "only the server and the subcommands' client use hyper"),
    ("TcpStream::connect", &["cli"], "only the subcommands open a connection, to this program's own server"),
    ("UdpSocket", &[], "the program sends nothing"),
    ("UnixStream", &[], "the program sends nothing"),
    ("ToSocketAddrs", &[], "no host name is resolved"),
    ("lookup_host", &[], "no host name is resolved"),
    ("TcpListener", &["server"], "only the server listens"),
    ("std::process::Command", &["worker"], "only the child processes of this program are run, in one module"),
    ("tokio::process", &["cli"], "only the subcommand exec runs another program"),
    (
        "include_str!",
        &["assets", "lib"],
        "embedded files are opened in one module; two pages of docs/ are documentation",
    ),
    ("include_dir!", &["assets"], "embedded files are opened in one module"),
    ("std::fs", &["assets", "config", "schema", "fault", "cli", "fuzzing"], "files are read at the start only"),
    (
        "std::env",
        &["main", "terminal", "worker", "embedded", "fuzzing"],
        "the environment is passed as an argument, except NO_COLOR, the own file and LLAMACLOUD_MOCK_BINARY",
    ),
    ("rand::rng(", &[], "randomness comes from the seed"),
    ("thread_rng", &[], "randomness comes from the seed"),
    ("OsRng", &[], "randomness comes from the seed"),
    ("from_os_rng", &[], "randomness comes from the seed"),
    ("Uuid::new_v4", &[], "randomness comes from the seed"),
    ("ChaCha", &["seed"], "random streams are made in one module"),
    ("println!", &["cli"], "only the subcommands print"),
    ("thread::sleep", &["embedded"], "only a test that waits for a verdict may stop its thread"),
    ("std::sync::Mutex", &[], "a panic must not poison a lock"),
    ("unsafe ", &[], "no unsafe code"),
    (".unwrap()", &[], "`expect` gives the reason"),
    ("todo!(", &[], "no unfinished code"),
    ("unimplemented!(", &[], "no unfinished code"),
    ("dbg!(", &[], "no debug output"),
    ("disable_recursion_limit", &[], "JSON nesting stays limited"),
];

/// Maximum number of lines of a source file; a longer file holds more than one concept.
const MAX_LINES: usize = 400;

/// Maximum number of characters of a line, comments included.
const MAX_COLUMNS: usize = 120;

/// File names without a meaning.
const MEANINGLESS_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager", "data"];

struct Source {
    path: PathBuf,
    /// The top-level module of the library that contains it; `main` and `lib` for those two files.
    module: String,
    text: String,
}

impl Source {
    /// Its code without comments and unit tests.
    fn code(&self) -> impl Iterator<Item = &str> {
        let is_test = self.path.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests"));
        let code = if is_test { "" } else { self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default() };
        code.lines().map(|line| line.split("//").next().unwrap_or_default())
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    files_below(&root().join("src"), &mut paths);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let source = |path: PathBuf| {
        let below = path.strip_prefix(root().join("src")).expect("was found there");
        let first = below.components().next().expect("a file has a name").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        Source { module, text: fs::read_to_string(&path).expect("source files are UTF-8"), path }
    };
    paths.into_iter().map(source).collect()
}

/// The modules that a line of code names after `crate::`.
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
fn dependencies_point_down() {
    let rank = |name: &str| LAYERS.iter().position(|known| *known == name);
    let mut wrong = BTreeSet::new();
    for source in sources().iter().filter(|source| source.module != "main" && source.module != "lib") {
        let own = rank(&source.module).unwrap_or_else(|| panic!("{} is missing in LAYERS", source.module));
        for name in source.code().flat_map(named) {
            if rank(&name).is_some_and(|other| other > own) {
                wrong.insert(format!("{} names {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_api_uses_neither_faults_nor_the_journal_nor_the_server() {
    let sources = sources();
    let api: Vec<&Source> = sources.iter().filter(|source| source.module == "api").collect();
    assert!(api.len() > 10, "{} files in api", api.len());
    for source in api {
        for name in source.code().flat_map(named) {
            let is_hidden = ["fault", "journal", "tenant", "admin", "emulator", "server"].contains(&name.as_str());
            assert!(!is_hidden, "{} uses {name}", source.path.display());
        }
    }
}

#[test]
fn time_randomness_files_and_sockets_are_used_only_in_their_modules() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (line, code) in source.code().enumerate() {
            for (word, modules, reason) in ONLY_IN {
                if code.contains(word) && !modules.contains(&source.module.as_str()) {
                    wrong.push(format!("{}:{}: {word}: {reason}", source.path.display(), line + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_has_a_module_doc_and_a_limited_length() {
    let mut wrong = Vec::new();
    for source in sources() {
        let name = source.path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let lines = source.text.lines().count();
        if !source.text.starts_with("//!") {
            wrong.push(format!("{} has no module documentation", source.path.display()));
        }
        if lines > MAX_LINES {
            wrong.push(format!("{} has {lines} lines", source.path.display()));
        }
        if MEANINGLESS_NAMES.contains(&name.as_str()) {
            wrong.push(format!("{} has a name without a meaning", source.path.display()));
        }
        let wide = source.text.lines().position(|line| line.chars().count() > MAX_COLUMNS);
        wrong.extend(wide.map(|line| format!("{}:{} is too wide", source.path.display(), line + 1)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_name_means_one_type() {
    let mut places = BTreeMap::<String, Vec<String>>::new();
    for source in sources() {
        for line in source.code().filter(|line| !line.starts_with([' ', '#'])) {
            let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let keyword = words.iter().position(|word| ["struct", "enum", "trait", "type"].contains(word));
            if let Some(name) = keyword.and_then(|at| words.get(at + 1)) {
                places.entry((*name).to_owned()).or_default().push(source.path.display().to_string());
            }
        }
    }
    assert!(places.len() > 100, "the types are found");
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

#[test]
fn lib_rs_and_its_page_list_every_module() {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("the file exists");
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the page exists");
    for module in LAYERS {
        assert!(
            text.contains(&format!("\nmod {module};")) || text.contains(&format!("\npub mod {module};")),
            "{module} is in LAYERS but not in lib.rs"
        );
        assert!(page.contains(&format!("`{module}`")), "the list in docs/architecture.md does not show {module}");
    }
    assert_eq!(
        text.lines().filter(|line| line.starts_with("mod ") || line.starts_with("pub mod ")).count(),
        LAYERS.len()
    );
}

#[test]
fn tests_do_not_sleep_and_use_no_fixed_port() {
    let mut paths = Vec::new();
    files_below(&root().join("tests/blackbox"), &mut paths);
    for path in paths.iter().filter(|path| !path.ends_with("architecture.rs")) {
        let text = fs::read_to_string(path).expect("source files are UTF-8");
        for banned in ["thread::sleep", "time::sleep", "#[ignore"] {
            assert!(!text.contains(banned), "{} has {banned}", path.display());
        }
        for listens in ["bind(\"127.0.0.1:", "\"--port\", \"", "(\"port\", \""] {
            let mut ports = text.match_indices(listens).map(|(at, _)| &text[at + listens.len()..]);
            assert!(ports.all(|port| port.starts_with(['0', '{'])), "{} listens at a fixed port", path.display());
        }
    }
}
