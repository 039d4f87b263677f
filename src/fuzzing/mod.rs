//! The fuzz targets: one function for each parser, which takes the raw input of the fuzzer and panics if a property
//! does not hold. `fuzz/` runs them under libFuzzer, and a test here runs them on every file of `fuzz/corpus/`.

mod config;
mod document;
mod drive;
mod extract;
mod head;
mod json_error;
mod multipart;
mod pattern;
mod query;
mod rule;
mod script;
mod token;

pub use self::config::config;
pub use self::document::document;
pub use self::extract::extract;
pub use self::head::head;
pub use self::json_error::json_error;
pub use self::multipart::multipart;
pub use self::pattern::pattern;
pub use self::query::query;
pub use self::rule::rule;
pub use self::script::script;
pub use self::token::token;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    type FuzzTarget = fn(&[u8]);

    /// Every target, by the name of its folder below `fuzz/corpus/`.
    const TARGETS: &[(&str, FuzzTarget)] = &[
        ("config", config),
        ("document", document),
        ("extract", extract),
        ("head", head),
        ("json_error", json_error),
        ("multipart", multipart),
        ("pattern", pattern),
        ("query", query),
        ("rule", rule),
        ("script", script),
        ("token", token),
    ];

    /// The files of a folder in the order of their names.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
        paths.sort();
        paths
    }

    #[test]
    fn every_input_of_the_corpus_passes_its_target() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let targets: BTreeMap<&str, FuzzTarget> = TARGETS.iter().copied().collect();
        let folders = files(&corpus);
        assert_eq!(folders.len(), targets.len(), "each target has a corpus");
        for folder in folders {
            let name = folder.file_name().expect("a folder has a name").to_string_lossy();
            let target = targets.get(&*name).unwrap_or_else(|| panic!("there is no target {name}"));
            let inputs = files(&folder);
            assert!(!inputs.is_empty(), "{name} has no input");
            for input in inputs {
                // Shown if the target panics.
                println!("{}", input.display());
                target(&fs::read(&input).expect("the input can be read"));
            }
        }
    }
}
