//! The files that are embedded in the binary: schemas and scenarios.

/// Name and content of files in a folder, embedded at compile time.
macro_rules! files {
    ($folder:literal, $extension:literal, $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../", $folder, "/", $name, $extension)))),*]
    };
}

/// Name and text of each JSON Schema.
pub(crate) const SCHEMAS: &[(&str, &str)] = files!(
    "schemas",
    ".json",
    "accepted"
    "directories.create.params"
    "directories.create.request"
    "directories.get.params"
    "directories.list.params"
    "directory"
    "directory_page"
    "index"
    "index_page"
    "indexes.cancel_sync.params"
    "indexes.create.params"
    "indexes.create.request"
    "indexes.delete.params"
    "indexes.get.params"
    "indexes.list.params"
    "indexes.sync.params"
    "refusal"
    "shared"
    "violations"
);

/// Name and text of each scenario, sorted by name.
pub(crate) const SCENARIOS: &[(&str, &str)] = files!(
    "fixtures/scenarios",
    ".toml",
    "brownout"
    "cancel-409-storm"
    "contract-drift"
    "expired-key"
    "flaky"
    "html-502"
    "lost-create"
    "outage"
    "pages-broken"
    "rate-limited"
    "retry-after-hour"
    "slow"
    "stale-reads"
    "sync-fails"
    "sync-stuck"
    "truncated-json"
);
