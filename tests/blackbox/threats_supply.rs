//! The supply chain: no unsafe code, no build script, no HTTP client library. These tests read the sources and the lock
//! file.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("src exists");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn unsafe_code_is_forbidden_in_every_source_file() {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("valid TOML");
    assert_eq!(manifest["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for path in sources(&root().join("src")) {
        let text = read(&path);
        let is_unsafe = text.lines().any(|line| line.contains("unsafe {") || line.contains("unsafe_code"));
        assert!(!is_unsafe, "{}", path.display());
    }
}

#[test]
fn the_crate_has_no_build_script() {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("valid TOML");
    assert!(!root().join("build.rs").exists());
    let package = manifest["package"].as_table().expect("a table");
    assert!(package.get("build").is_none() && manifest.get("build-dependencies").is_none());
}

#[test]
fn the_dependency_tree_has_no_http_client_and_no_unneeded_parser() {
    let lock: toml::Table = read(&root().join("Cargo.lock")).parse().expect("valid TOML");
    let packages = lock["package"].as_array().expect("a list");
    let names: Vec<_> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    for absent in ["h2", "reqwest", "ureq", "rustls", "openssl", "native-tls", "flate2", "multipart", "tokio-rustls"] {
        assert!(!names.contains(&absent), "{absent}");
    }
    let foreign = packages.iter().filter_map(|package| package.get("source")?.as_str());
    assert!(foreign.clone().count() > 50);
    assert!(foreign.into_iter().all(|source| source == "registry+https://github.com/rust-lang/crates.io-index"));
}

/// The first versions with fixes that `deny.toml` cannot check offline.
#[test]
fn locked_versions_include_known_security_fixes() {
    let lock: toml::Table = read(&root().join("Cargo.lock")).parse().expect("valid TOML");
    let packages = lock["package"].as_array().expect("a list");
    for (name, least) in [("hyper", (1, 11, 0)), ("bytes", (1, 11, 1)), ("tokio", (1, 44, 2)), ("regex", (1, 5, 5))] {
        let locked = packages.iter().filter(|package| package["name"].as_str() == Some(name));
        let versions: Vec<_> = locked.map(|package| version(package["version"].as_str().expect("a string"))).collect();
        assert!(!versions.is_empty() && versions.iter().all(|version| *version >= least), "{name} {versions:?}");
    }
}

fn version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split(['.', '+', '-']).map(|part| part.parse().expect("a number"));
    let mut next = || parts.next().expect("three parts");
    (next(), next(), next())
}
