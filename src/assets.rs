//! What ships inside the binary: the schemas and the scenarios. The only place that includes files; it never reads a disk.

/// Files of a folder by name, as the compiler found them.
macro_rules! files {
    ($folder:literal, $extension:literal, $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../", $folder, "/", $name, $extension)))),*]
    };
}

/// JSON Schemas, one per request and response body, by name.
pub const SCHEMAS: &[(&str, &str)] = files!(
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

/// Scenarios by name, in the order of their names.
pub const SCENARIOS: &[(&str, &str)] = files!(
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
